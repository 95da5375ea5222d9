/**
 * Keeps long work of one instance apart in time, so that short requests are answered between its pieces: all requests of an
 * instance share one thread, and a piece that has begun cannot be interrupted. Decides only when a piece begins; never what it does.
 */

/** Work of fewer ms is done at once: waiting for a place would take longer. */
const shortestMs = 2;
/** A piece waits no longer than this, however many are before it. */
const longestWaitMs = 10_000;

/** A piece counts as running for so long, when its request ended before it could say that it is over. */
const longestPieceMs = 250;

let freeAtMs = 0;
/** When the piece began after which the runtime has not looked for requests yet; `undefined` when it has. */
let begunAtMs: number | undefined;

/**
 * Resolves when the next piece of long work may begin, and reserves `workMs` for it. Nothing is held while the piece runs, so
 * a request that ends before its place comes leaves a gap and blocks no other request.
 */
export async function pace(workMs: number): Promise<void> {
  if (workMs < shortestMs) return;
  const nowMs = Date.now();
  const beginMs = Math.min(Math.max(nowMs, freeAtMs), nowMs + longestWaitMs);
  freeAtMs = beginMs + workMs;
  // A timer, also of 0 ms: only then does the runtime look for requests that have come.
  await pause(beginMs - nowMs);
  // On a slow machine several places come due together: only one piece begins between two looks.
  while (begunAtMs !== undefined && Date.now() - begunAtMs < longestPieceMs) await pause(1);
  begunAtMs = Date.now();
  setTimeout(() => {
    begunAtMs = undefined;
  }, 0);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** About how long it takes to parse and check JSON, in ms: measured with `npm run bench -- health`, and rounded up. */
export function jsonWorkMs({ units, values }: { units: number; values: number }): number {
  return units / 50_000 + values / 1_000;
}

/** About how long it takes to decode bytes as text, and to read the text once, in ms. */
export function decodingMs({ length }: Uint8Array): number {
  return length / 300_000;
}
