/** SHA-256 (FIPS 180-4) without a promise, for names that are needed while the Worker starts: `crypto.subtle` only answers later. */

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes, and of the square roots of the first 8. */
const primes = firstPrimes(64);
const constants = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
const start = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));

/** SHA-256 of the text's UTF-8, in 64 hexadecimal digits. It runs at each start of a Worker, where no function is compiled yet: hence plain loops over typed arrays. */
export function sha256(text: string): string {
  const blocks = padded(new TextEncoder().encode(text));
  const state = Int32Array.from(start);
  const words = new Int32Array(64);
  for (let at = 0; at < blocks.length; at += 16) {
    words.set(blocks.subarray(at, at + 16));
    compress(state, words);
  }
  return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

/** The message as 32-bit words, followed by a 1 bit, zeros and its length (section 5.1.1). */
function padded(bytes: Uint8Array): Int32Array {
  const all = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64);
  all.set(bytes);
  all[bytes.length] = 0x80;
  const view = new DataView(all.buffer);
  // Of a text below 512 MB the upper half of the length is 0.
  view.setUint32(all.length - 4, bytes.length * 8);
  const words = new Int32Array(all.length / 4);
  for (let at = 0; at < words.length; at++) words[at] = view.getInt32(at * 4);
  return words;
}

/** One block into the state (section 6.2.2). `words`: its 16 words, and space for 48 that are computed from them. */
function compress(state: Int32Array, words: Int32Array): void {
  for (let at = 16; at < 64; at++) {
    const [a, b] = [word(words, at - 15), word(words, at - 2)];
    const small = turned(a, 7) ^ turned(a, 18) ^ (a >>> 3);
    const large = turned(b, 17) ^ turned(b, 19) ^ (b >>> 10);
    words[at] = word(words, at - 16) + small + word(words, at - 7) + large;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let at = 0; at < 64; at++) {
    const choice = (e & f) ^ (~e & g);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const first =
      (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + choice + word(constants, at) + word(words, at)) | 0;
    const second = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + majority) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  state.set([a, b, c, d, e, f, g, h].map((value, at) => word(state, at) + value));
}

function word(words: Int32Array, at: number): number {
  return words[at] ?? 0;
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
