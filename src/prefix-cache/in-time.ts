/** Waits for KV a limited time: KV is only there to make reads faster, so a slow KV must not make them slower. */

/** How long KV is waited for. */
const patienceMs = 50;

/** Its result within the time; `undefined` when it was slower. */
export async function inTime<T>(work: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), patienceMs);
  // An error that comes too late is ignored.
  work.catch(() => {});
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}
