/** SHA-256 (FIPS 180-4) without a promise, for names that are needed while the Worker starts: `crypto.subtle` only answers later. */

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes, and of the square roots of the first 8. */
const primes = firstPrimes(64);
const constants = primes.map((prime) => fraction(Math.cbrt(prime)));
const start = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));

/** SHA-256 of the text's UTF-8, in 64 hexadecimal digits. For short texts: nothing here is made to be fast. */
export function sha256(text: string): string {
  const words = padded(new TextEncoder().encode(text));
  const state = [...start];
  for (let at = 0; at < words.length; at += 16) {
    compress(state, words.slice(at, at + 16));
  }
  return state.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

/** The message as 32-bit words, with a 1 bit, zeros and its length behind it (section 5.1.1). */
function padded(bytes: Uint8Array): number[] {
  const length = Math.ceil((bytes.length + 9) / 64) * 64;
  const all = new Uint8Array(length);
  all.set(bytes);
  all[bytes.length] = 0x80;
  const view = new DataView(all.buffer);
  // Of a text below 512 MB the upper half of the length is 0.
  view.setUint32(length - 4, bytes.length * 8);
  return Array.from({ length: length / 4 }, (_, at) => view.getUint32(at * 4));
}

/** One block of 16 words into the state (section 6.2.2). */
function compress(state: number[], block: readonly number[]): void {
  const words = [...block];
  for (let at = 16; at < 64; at++) {
    const [a, b] = [words[at - 15] ?? 0, words[at - 2] ?? 0];
    const small = turned(a, 7) ^ turned(a, 18) ^ (a >>> 3);
    const large = turned(b, 17) ^ turned(b, 19) ^ (b >>> 10);
    words.push(((words[at - 16] ?? 0) + small + (words[at - 7] ?? 0) + large) | 0);
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (const [at, word] of words.entries()) {
    const choice = (e & f) ^ (~e & g);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const first = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + choice + (constants[at] ?? 0) + word) | 0;
    const second = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + majority) | 0;
    [a, b, c, d, e, f, g, h] = [(first + second) | 0, a, b, c, (d + first) | 0, e, f, g];
  }
  for (const [at, value] of [a, b, c, d, e, f, g, h].entries()) state[at] = ((state[at] ?? 0) + value) | 0;
}

function turned(value: number, bits: number): number {
  return (value >>> bits) | (value << (32 - bits));
}

function fraction(value: number): number {
  return ((value - Math.floor(value)) * 2 ** 32) | 0;
}

function firstPrimes(count: number): number[] {
  const found: number[] = [];
  for (let next = 2; found.length < count; next++) if (found.every((prime) => next % prime !== 0)) found.push(next);
  return found;
}
