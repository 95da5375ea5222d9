/** Waits for KV, but not for long: what is only faster with it must not become slower. */

/** How long KV is waited for. */
const patienceMs = 50;

/** What it came to within the time; `undefined` when it was slower. */
export async function inTime<T>(work: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), patienceMs);
  // What comes too late may fail unheard.
  work.catch(() => {});
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}
