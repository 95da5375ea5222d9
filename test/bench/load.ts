/** The load client, in a process of its own: takes runs from its parent one at a time and answers with what it measured. */
import { Agent, request } from "node:http";
import { ageMs } from "./plan.ts";

/** One request, as the subject takes it. */
export interface Shot {
  url: string;
  headers: Record<string, string>;
  body: string;
  /** The address is a WebSocket's: the body is sent as a message, and the answer is the messages up to one that has `"done":true`. */
  isSocket?: boolean;
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

/** Reads one answer: when its first token came, how late its tokens are, how it ends. */
class Answer {
  end = "";
  isBegun = false;
  readonly #beganMs = performance.now();
  readonly #into: Measured;
  readonly #timed: boolean;
  #newest = 0;

  constructor(into: Measured, timed: boolean) {
    this.#into = into;
    this.#timed = timed;
  }

  add(text: string): void {
    if (!this.isBegun && (this.#timed ? / t\d/ : / word|Message/).test(text)) {
      this.isBegun = true;
      this.#into.firstMs.push(performance.now() - this.#beganMs);
    }
    if (this.#timed) this.#newest = lags(text, this.#newest, this.#into.lagsMs);
    this.end = text.length > 400 ? text.slice(-400) : (this.end + text).slice(-400);
  }
}

/** Some subjects send the whole text once more at the end: what was seen does not count again. */
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

function shoot({ url, headers, body }: Shot, into: Measured, timed: boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const answer = new Answer(into, timed);
  const sent = request(url, { method: "POST", agent, headers: { "content-type": "application/json", ...headers } });
  sent.on("response", (response) => {
    response.setEncoding("utf8");
    response.on("data", (text: string) => answer.add(text));
    response.on("end", () => {
      if (!answer.isBegun || response.statusCode !== 200 || /"(?:failed|budget_exhausted)"/.test(answer.end))
        into.faults.push(`${response.statusCode} ${answer.end.slice(-200)}`);
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

/** The socket of the last run of one shot: a client keeps its connection from turn to turn. */
let kept: WebSocket | undefined;

async function shootSocket({ url, body }: Shot, into: Measured, timed: boolean): Promise<WebSocket> {
  const answer = new Answer(into, timed);
  const isKept = kept?.url === url && kept.readyState === WebSocket.OPEN;
  const socket = isKept && kept !== undefined ? kept : new WebSocket(url);
  const { promise, resolve } = Promise.withResolvers<void>();
  const take = ({ data }: { data: unknown }) => {
    const text = String(data);
    // What a server sends of itself is no answer.
    if (!text.includes("use_chat_response")) return;
    answer.add(text);
    if (text.includes('"done":true')) resolve();
  };
  const over = new AbortController();
  socket.addEventListener("message", take, { signal: over.signal });
  socket.addEventListener("close", () => resolve(), { signal: over.signal });
  if (isKept) socket.send(body);
  else socket.addEventListener("open", () => socket.send(body));
  await promise;
  over.abort();
  if (!answer.isBegun || answer.end.includes('"error":true')) into.faults.push(`socket: ${answer.end.slice(-200)}`);
  return socket;
}

/** Sockets of one shot are kept for the next run, those of many are closed. */
async function shootSockets(shots: readonly Shot[], into: Measured, timed: boolean): Promise<void> {
  const sockets = await Promise.all(shots.map((shot) => shootSocket(shot, into, timed)));
  const next = shots.length === 1 ? sockets[0] : undefined;
  for (const socket of new Set([kept, ...sockets])) if (socket !== next) socket?.close();
  kept = next;
}

process.on("message", async ({ shots, timed = false }: Run) => {
  const measured: Measured = { firstMs: [], wholeMs: 0, lagsMs: [], faults: [] };
  const began = performance.now();
  const sockets = shots.filter(({ isSocket }) => isSocket === true);
  const requests = shots.filter(({ isSocket }) => isSocket !== true);
  if (sockets.length > 0) await shootSockets(sockets, measured, timed);
  await Promise.all(requests.map((shot) => shoot(shot, measured, timed)));
  measured.wholeMs = performance.now() - began;
  process.send?.(measured);
});
process.on("disconnect", () => process.exit(0));
