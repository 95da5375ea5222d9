/** The load client, in a process of its own: takes runs from its parent one at a time and answers with what it measured. */
import { Agent, request } from "node:http";
import { ageMs } from "./plan.ts";

/** One request, as the subject takes it. */
export interface Shot {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** Shots that are sent at once; the answer of each is read to its end. */
export interface Run {
  shots: Shot[];
  /** Tokens say when they were sent. */
  timed?: boolean;
}

export interface Measured {
  /** Until the first token of each, in ms. */
  firstMs: number[];
  /** From the first request to the last end, in ms. */
  wholeMs: number;
  /** How late each timed token was, in ms. */
  lagsMs: number[];
  /** Answers that did not come to their end, with the beginning of one. */
  faults: string[];
}

const agent = new Agent({ keepAlive: true, maxSockets: 1_000 });

function shoot({ url, headers, body }: Shot, into: Measured, timed: boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const began = performance.now();
  let isFirst = true;
  let end = "";
  let newest = 0;
  const sent = request(url, { method: "POST", agent, headers: { "content-type": "application/json", ...headers } });
  sent.on("response", (response) => {
    response.setEncoding("utf8");
    response.on("data", (text: string) => {
      if (isFirst && (timed ? / t\d/ : / word|Message/).test(text)) {
        isFirst = false;
        into.firstMs.push(performance.now() - began);
      }
      if (timed) newest = lags(text, newest, into.lagsMs);
      end = text.length > 400 ? text.slice(-400) : (end + text).slice(-400);
    });
    response.on("end", () => {
      if (isFirst || response.statusCode !== 200 || /"(?:failed|budget_exhausted)"/.test(end))
        into.faults.push(`${response.statusCode} ${end.slice(-200)}`);
      resolve();
    });
  });
  sent.on("error", (error) => {
    into.faults.push(error.message);
    resolve();
  });
  sent.end(body);
  return promise;
}

/** Some subjects tell the whole text once more at the end: what was seen does not count again. */
function lags(text: string, newest: number, into: number[]): number {
  let last = newest;
  for (const [, digits] of text.matchAll(/ t(\d+)/g)) {
    const token = Number(digits);
    if (token <= last) continue;
    last = token;
    into.push(ageMs(token));
  }
  return last;
}

process.on("message", async ({ shots, timed = false }: Run) => {
  const measured: Measured = { firstMs: [], wholeMs: 0, lagsMs: [], faults: [] };
  const began = performance.now();
  await Promise.all(shots.map((shot) => shoot(shot, measured, timed)));
  measured.wholeMs = performance.now() - began;
  process.send?.(measured);
});
process.on("disconnect", () => process.exit(0));
