/**
 * Keeps long work of one instance apart in time, so that short requests are answered between its pieces: all requests of an
 * instance share one thread, and a piece that has begun cannot be interrupted. Decides only when a piece begins; never what it does.
 */

/** Work of fewer ms is done at once: waiting for a place would take longer. */
const shortestMs = 2;
/** A piece waits no longer than this, however many are before it. */
const longestWaitMs = 10_000;
/** Nor longer than this many times its own work: a caller's large bodies must not hold up the small ones of others. */
const longestWaitFactor = 100;

/** The pause between two pieces: requests that came meanwhile are read, handled and answered, which takes several rounds of the event loop. */
const gapMs = 3;

let freeAtMs = 0;
/** When the piece that began last was over, at the latest; `undefined` until a timer comes, of whichever request: none comes while a piece runs. */
let overAtMs: number | undefined = 0;

/**
 * Resolves when the next piece of long work may begin, and reserves `workMs` for it. Nothing is held while the piece runs, so
 * a request that ends before its place comes leaves a gap and blocks no other request.
 */
export async function pace(workMs: number): Promise<void> {
  if (workMs < shortestMs) return;
  const nowMs = Date.now();
  const waitMs = Math.min(longestWaitMs, workMs * longestWaitFactor);
  const beginMs = Math.min(Math.max(nowMs, freeAtMs), nowMs + waitMs);
  // A small piece that goes before others moves the end of the queue, and never to an earlier time.
  freeAtMs = Math.min(Math.max(freeAtMs, beginMs) + workMs, nowMs + longestWaitMs);
  // A timer, also of 0 ms: only then does the runtime look for requests that have come.
  await pause(beginMs - nowMs);
  await apart();
}

/** Waits for a place of `workMs`, or, without it, between pieces of work that has its place already: short requests are answered, and hardly any other long work begins meanwhile. False: nothing of the work is wanted any more. */
export type Pause = (workMs?: number) => Promise<boolean>;

/** The pauses of work that may be over before it is done. */
export function pausing(isOver: () => boolean): Pause {
  return async (workMs) => {
    if (workMs === undefined) {
      await pause(0);
      await apart();
    } else await pace(workMs);
    return !isOver();
  };
}

/** Begins a piece once the one before is over for long enough. */
async function apart(): Promise<void> {
  overAtMs ??= Date.now();
  // On a slow machine several places come due together. A clock may be set back.
  while (Date.now() >= overAtMs && Date.now() - overAtMs < gapMs) {
    await pause(1);
    overAtMs ??= Date.now();
  }
  overAtMs = undefined;
  setTimeout(() => {
    overAtMs ??= Date.now();
  }, 0);
}

/** A piece is worth a place of its own from so many ms on. */
const pieceMs = 8;

/** Await this before each of many small parts of work: parts are done together until they add up to a piece. `ms`: of work that was done. */
export function inPieces(ms = 0): (workMs: number) => Promise<void> {
  let sumMs = ms;
  return async (workMs) => {
    sumMs += workMs;
    if (sumMs <= pieceMs) return;
    const waiting = pace(sumMs);
    sumMs = 0;
    await waiting;
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** About how long it takes to parse and check JSON, in ms: measured with `npm run bench -- health`, and rounded up. */
export function jsonWorkMs({ units, values }: { units: number; values: number }): number {
  return units / 50_000 + values / 2_000;
}

/** From so many values on, what follows the parsing of a body takes long: passing them on, storing them, writing the request. */
const manyValues = 10_000;

/** About how long all that is done with such a body takes, in ms; 0 with others. Kept free in time, so that few of them are worked on at once. */
export function followingMs(values: number): number {
  return Math.max(0, values - manyValues) / 500;
}

/** About how long it takes to pass the tools of a message to its session, and to write them into a request, in ms. */
export function toolsWorkMs(tools: readonly unknown[] = []): number {
  return JSON.stringify(tools).length / 16_000;
}

const bytesPerMs = 300_000;

/** About how long it takes to decode bytes as text, and to read the text once, in ms. */
export function decodingMs({ length }: Uint8Array): number {
  return length / bytesPerMs;
}

/** A body of more bytes is large: all that has arrived of it would be read at once. */
const largeBytes = 65_536;
/** Bodies of more bytes are read one at a time: of those that wait nothing is in memory, and what one of them was made of is gone before the next. */
export const aloneBytes = 262_144;
/** Where nothing comes of a body for so long, another one is read. */
const silenceMs = 100;
/** How long a body may keep others waiting, in all: its sender may be slow. */
const longestAloneMs = 1_000;
/** What is done with a body once it is here: parsing, checking, passing it on. */
const followingBytesPerMs = 12_000;
const longestFollowingMs = 250;
const lookAgainMs = 10;

/** From parsed values to a request of the model that has them: they are in memory several times meanwhile, and what the collector has to mark holds everything up. */
const valuesPerMs = 200;

/** The body that is read alone, until that time. */
let alone: { body: object; untilMs: number } | undefined;

/** Call this when a body was parsed that was read alone, and before others can be: many values keep them waiting for longer. */
export function parsedAlone(values: number): void {
  if (alone !== undefined) alone.untilMs = Math.max(alone.untilMs, Date.now() + values / valuesPerMs);
}

/** Await this after each chunk of a body: large bodies are read one after the other, in pieces. `announced`: bytes, by its header. */
export function readingPace(announced: number): (chunk: Uint8Array) => Promise<void> {
  const pieces = inPieces(pieceMs + announced / bytesPerMs);
  const body = {};
  let cameBytes = 0;
  let lastMs: number | undefined;
  return async (chunk) => {
    cameBytes += chunk.length;
    const bytes = Math.max(cameBytes, announced);
    if (bytes > aloneBytes) {
      // Only once: what was begun is not left lying, half of it in memory and half with its sender.
      if (lastMs === undefined) {
        const patienceMs = Math.min(longestWaitMs, (bytes / followingBytesPerMs) * longestWaitFactor);
        for (const endMs = Date.now() + patienceMs; isOther(body) && Date.now() < endMs; ) await pause(lookAgainMs);
        lastMs = Date.now() + longestAloneMs;
      }
      const restMs = cameBytes < announced ? 0 : Math.min(longestFollowingMs, bytes / followingBytesPerMs);
      if (Date.now() < lastMs) alone = { body, untilMs: Date.now() + Math.max(silenceMs, restMs) };
    }
    if (cameBytes > largeBytes) await pieces(decodingMs(chunk));
  };
}

function isOther(body: object): boolean {
  return alone !== undefined && alone.body !== body && Date.now() < alone.untilMs;
}
