/** The size limits of a session's parts, wherever they come from: the native calls, the dialects and an import have the same limits. */

/** Latest moment that a JavaScript `Date` can be, in ms since 1970 (ECMA-262, 21.4.1.1). */
export const latestMs = 8_640_000_000_000_000;

/** Most UTF-16 units. */
export const mostUnits = { title: 200, instructions: 100_000, reason: 2_000 } as const;

/** OpenAI's bounds for metadata: 16 pairs, keys of 64 and values of 512 characters. */
export const metadataBounds = { pairs: 16, key: 64, value: 512 } as const;

/** Metadata as far as the bounds let it in: longer keys and values are cut, what is too much is left out. */
export function boundedMetadata(metadata: Record<string, string>): Record<string, string> {
  const { pairs, key, value } = metadataBounds;
  const kept = Object.entries(metadata).filter(([name]) => name !== "");
  return Object.fromEntries(kept.slice(0, pairs).map(([name, text]) => [name.slice(0, key), text.slice(0, value)]));
}
