/** Reads the header `Retry-After`. Pure. */

/** The pause that it requires in ms, from seconds or from an HTTP date (RFC 9110, 10.2.3); `undefined` when it has none. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d{1,9}(\.\d+)?\s*$/.test(header)) return Math.ceil(Number(header) * 1000);
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
