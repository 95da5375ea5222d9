/** One request over the wire and what came back, as it is: nothing is followed, decoded or hidden. */
import { type IncomingMessage, request } from "node:http";
import { createParser } from "eventsource-parser";

export interface Wire {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string;
  /** Hangs up after so many events. */
  frames?: number;
}

export interface Frame {
  event?: string;
  id?: string;
  data: unknown;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  /** JSON where it is JSON; absent where there is none. */
  body?: unknown;
  frames?: Frame[];
  /** The body as it came, for later rows. */
  text?: string;
}

/** What the transport adds, and what changes from one run to the next. */
const transport = new Set(["connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"]);
const mostTries = 3;
class Late extends Error {}
/** For a whole answer: comments keep an idle stream open for ever. */
const longestMs = 10_000;

/** Sent again where wrangler's proxy loses it by itself (workers-sdk #15317): a dropped connection, or a 503 that is none of the Worker's. */
export async function exchange(wire: Wire): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    const answer = await once(wire).catch((error: unknown) => error);
    const isAnswer = !(answer instanceof Error);
    const isLost = !isAnswer || ((answer as Answer).status === 503 && typeof (answer as Answer).body === "string");
    if (!isLost) return answer as Answer;
    if (tries < mostTries && !(answer instanceof Late)) continue;
    if (isAnswer) return answer as Answer;
    throw answer;
  }
}

function once({ method, url, headers, body, frames }: Wire): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (came) => {
      const head = { status: came.statusCode ?? 0, headers: headersOf(came) };
      const isStream = head.headers["content-type"]?.startsWith("text/event-stream") ?? false;
      const read = isStream ? readFrames(came, frames).then((all) => ({ frames: all })) : readBody(came);
      read.then((content) => resolve({ ...head, ...content }), reject);
    });
    sent.on("error", reject);
    const timer = setTimeout(() => {
      reject(new Late(`${method} ${url} was not answered within ${longestMs} ms`));
      sent.destroy();
    }, longestMs);
    sent.on("close", () => clearTimeout(timer));
    sent.end(body);
  });
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => !transport.has(name) && !name.startsWith("cf-"));
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]).sort());
}

async function readBody(came: IncomingMessage): Promise<{ body?: unknown; text?: string }> {
  const pieces: Buffer[] = [];
  for await (const piece of came) pieces.push(piece);
  const text = Buffer.concat(pieces).toString("utf8");
  if (text === "") return {};
  const isLines = came.headers["content-type"]?.startsWith("application/x-ndjson") ?? false;
  return { body: isLines ? text.trimEnd().split("\n").map(parsed) : parsed(text), text };
}

async function readFrames(came: IncomingMessage, most = Number.POSITIVE_INFINITY): Promise<Frame[]> {
  const all: Frame[] = [];
  const parser = createParser({
    onEvent: ({ event, id, data }) =>
      all.push({ ...(event !== undefined && { event }), ...(id !== undefined && { id }), data: parsed(data) }),
  });
  const decoder = new TextDecoder();
  for await (const bytes of came) {
    parser.feed(decoder.decode(bytes as Uint8Array, { stream: true }));
    if (all.length >= most) break;
  }
  return all.slice(0, most);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
