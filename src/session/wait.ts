/** Waits that end: after a time, or earlier. Each takes its timer and its listener away with it. */

/** Waits; less when the signal is aborted. */
export async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  if (delayMs <= 0 || signal.aborted) return;
  const over = Promise.withResolvers<void>();
  const end = () => over.resolve();
  signal.addEventListener("abort", end, { once: true });
  await within(over.promise, delayMs);
  signal.removeEventListener("abort", end);
}

/** Waits for the promise, but not for longer than `limitMs`. */
export async function within(promise: Promise<void>, limitMs: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, limitMs);
  await Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}
