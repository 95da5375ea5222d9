/**
 * Names things by their content: the same text has the same name, or the same number, everywhere and for ever. Stored rows
 * hold such names, so none of these functions may change.
 */

const encoder = new TextEncoder();

/** SHA-256 of the text's UTF-8, in 64 hexadecimal digits. `core/sha256.ts` is for names that are needed before a promise can settle. */
export async function sha256Hex(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * A number in [0, 1) for `key`: decides shares, such as which model a session begins with. Evenly spread over keys of any
 * shape: numbered, dated, with a common prefix, random. Another `seed` gives an independent number for the same key. 32 bits
 * of resolution. It is no protection against a person who chooses the keys.
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

/** Names a text for comparing, not for proving anything (cyrb53, public domain). */
export function fingerprint(text: string): string {
  return new FingerprintParts().take(text).name;
}

/** The same of a text that comes in pieces. */
export class FingerprintParts {
  #high = 0xdeadbeef;
  #low = 0x41c6ce57;

  take(piece: string): this {
    let [high, low] = [this.#high, this.#low];
    for (let i = 0; i < piece.length; i++) {
      const code = piece.charCodeAt(i);
      high = Math.imul(high ^ code, 2654435761);
      low = Math.imul(low ^ code, 1597334677);
    }
    [this.#high, this.#low] = [high, low];
    return this;
  }

  /** Of all that was taken. */
  get name(): string {
    let [high, low] = [this.#high, this.#low];
    high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
    low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
    return (4294967296 * (2097151 & low) + (high >>> 0)).toString(36);
  }
}
