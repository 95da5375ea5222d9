/**
 * Counts the work that a function does, without a clock: V8's own counters of how often each block of our code and of the
 * libraries ran, and the characters that native searches pass over. Tests of growth use it; figures differ between versions
 * of V8, their growth does not.
 */
import { Session } from "node:inspector";

const session = new Session();
let isStarted = false;
let scanned = 0;

/** Calls of the inspector return before they are done only for other threads; for this one the callback runs at once. */
function post<T>(method: string, params: object = {}): T {
  let answer: { error: Error | null; result: unknown } | undefined;
  session.post(method, params, (error, result) => {
    answer = { error, result };
  });
  if (answer === undefined || answer.error) throw answer?.error ?? new Error(`${method} did not answer at once.`);
  return answer.result as T;
}

interface Coverage {
  result: { url: string; functions: { ranges: { count: number }[] }[] }[];
}

/** How many blocks ran, and how many characters searches passed over, while `work` did. */
export async function workOf(work: () => unknown): Promise<number> {
  start();
  const restore = watchSearches();
  post("Profiler.takePreciseCoverage");
  scanned = 0;
  try {
    await work();
  } finally {
    restore();
  }
  const { result } = post<Coverage>("Profiler.takePreciseCoverage");
  const counted = result.filter(({ url }) => /\/(?:src|test|node_modules)\//.test(url) && !url.includes("/vitest/"));
  const blocks = counted.flatMap(({ functions }) =>
    functions.flatMap(({ ranges }) => ranges.map(({ count }) => count)),
  );
  return scanned + blocks.reduce((sum, count) => sum + count, 0);
}

/** Code runs at its own speed again. */
export function stopCounting(): void {
  if (!isStarted) return;
  isStarted = false;
  post("Profiler.stopPreciseCoverage");
  post("Profiler.disable");
  session.disconnect();
}

function start(): void {
  if (isStarted) return;
  isStarted = true;
  session.connect();
  post("Profiler.enable");
  post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
}

/** Counts the way of `indexOf` and of `exec` from where they begin to where they find. Anchored and sticky expressions look at one place. */
function watchSearches(): () => void {
  const { indexOf } = String.prototype;
  const { exec } = RegExp.prototype;
  String.prototype.indexOf = function (this: string, ...[mark, from = 0]: Parameters<typeof indexOf>) {
    const found = indexOf.call(this, mark, from);
    scanned += Math.max(0, (found < 0 ? this.length : found) - from);
    return found;
  };
  RegExp.prototype.exec = function (this: RegExp, text: string) {
    const from = this.global || this.sticky ? this.lastIndex : 0;
    const found = exec.call(this, text);
    const isBound = this.sticky || (this.source.startsWith("^") && !this.multiline);
    const end = found === null ? (isBound ? from : String(text).length) : found.index + found[0].length;
    scanned += Math.max(0, end - from);
    return found;
  };
  return () => {
    String.prototype.indexOf = indexOf;
    RegExp.prototype.exec = exec;
  };
}
