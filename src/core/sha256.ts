/** SHA-256 (FIPS 180-4) without a promise, for names that are needed while the Worker starts: `crypto.subtle` only answers later. */

/** SHA-256 of the text's UTF-8, in 64 hexadecimal digits. It runs at each start of a Worker, where no function is compiled yet: hence few calls, and plain loops over typed arrays. */
export function sha256(text: string): string {
  const primes = firstPrimes(64);
  const constants = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
  const state = Int32Array.from(primes.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
  const blocks = padded(new TextEncoder().encode(text));
  const words = new Int32Array(64);
  for (let at = 0; at < blocks.length; at += 16) {
    words.set(blocks.subarray(at, at + 16));
    compress(state, words, constants);
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
  return Int32Array.from({ length: all.length / 4 }, (_, at) => view.getInt32(at * 4));
}

/** One block into the state (section 6.2.2). `words`: its 16 words, and space for 48 that are computed from them. */
function compress(state: Int32Array, words: Int32Array, constants: Int32Array): void {
  for (let at = 16; at < 64; at++) {
    const x = words[at - 15] as number;
    const y = words[at - 2] as number;
    const small = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const large = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    words[at] = (words[at - 16] as number) + small + (words[at - 7] as number) + large;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let at = 0; at < 64; at++) {
    const turned = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const first = (h + turned + ((e & f) ^ (~e & g)) + (constants[at] as number) + (words[at] as number)) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    const second = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const majority = (a & b) ^ (a & c) ^ (b & c);
    d = c;
    c = b;
    b = a;
    a = (first + second + majority) | 0;
  }
  state.set([a, b, c, d, e, f, g, h].map((value, at) => value + (state[at] as number)));
}

function fraction(value: number): number {
  return ((value % 1) * 2 ** 32) | 0;
}

function firstPrimes(count: number): number[] {
  const found: number[] = [];
  for (let next = 2; found.length < count; next++) if (found.every((prime) => next % prime !== 0)) found.push(next);
  return found;
}
