/** Maps a name to a number from 0 to 1, always the same one. Decides shares (which model a session begins with); it is no protection against anyone who chooses the names. */

const encoder = new TextEncoder();

/**
 * A number in [0, 1) for `key`, evenly spread over keys of any shape: numbered, dated, with a common prefix, random.
 * Another `seed` gives an independent number for the same key. 32 bits of resolution.
 *
 * MurmurHash3 x86_32 of the key's UTF-8 bytes (Austin Appleby, public domain, github.com/aappleby/smhasher). Its final mix
 * is what FNV-1a lacks: there, names that differ in their last letters only fall side by side.
 *
 * @example unitHash("customer_42-7") // 0.40..., in this process and in every other
 */
export function unitHash(key: string, seed = 0): number {
  return murmur3(encoder.encode(key), seed) / 2 ** 32;
}

/** The published function, byte for byte; an unsigned 32-bit number. */
export function murmur3(bytes: Uint8Array, seed: number): number {
  let hash = seed | 0;
  const whole = bytes.length - (bytes.length % 4);
  for (let i = 0; i < whole; i += 4) {
    hash ^= scrambled(word(bytes, i));
    hash = Math.imul(rotated(hash, 13), 5) + 0xe6546b64;
  }
  if (whole < bytes.length) hash ^= scrambled(word(bytes, whole));
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Four bytes from `at`, lowest first; those beyond the end count as zero. */
function word(bytes: Uint8Array, at: number): number {
  const byte = (offset: number) => (bytes[at + offset] ?? 0) << (8 * offset);
  return byte(0) | byte(1) | byte(2) | byte(3);
}

function scrambled(value: number): number {
  return Math.imul(rotated(Math.imul(value, 0xcc9e2d51), 15), 0x1b873593);
}

function rotated(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
