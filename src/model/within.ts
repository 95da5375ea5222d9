/** Waits for one piece of work, but not for ever. Never throws: however the wait ends is a value. It does not stop the work. */

export type Waited<T> =
  | { type: "came"; value: T }
  | { type: "broke"; error: unknown }
  | { type: "stalled" }
  | { type: "aborted" };

/** How `work` ended: it came, it broke, `limitMs` passed first, or `signal` was aborted first. */
export function within<T>(work: Promise<T>, limitMs: number, signal: AbortSignal): Promise<Waited<T>> {
  return new Promise((resolve) => {
    const settle = (waited: Waited<T>) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      resolve(signal.aborted ? { type: "aborted" } : waited);
    };
    const abort = () => settle({ type: "aborted" });
    const timer = setTimeout(() => settle({ type: "stalled" }), limitMs);
    signal.addEventListener("abort", abort, { once: true });
    work.then(
      (value) => settle({ type: "came", value }),
      (error: unknown) => settle({ type: "broke", error }),
    );
    if (signal.aborted) abort();
  });
}
