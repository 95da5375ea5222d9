/** Counts tokens and prefix-cache hits of what the demo model is really sent, the way DeepSeek bills V3.2-Exp: whole blocks of 64 tokens, from the first on. */

/** About what English and code have in DeepSeek's tokenizer. */
const charsPerToken = 4;
const blockTokens = 64;
/** Blocks remembered; the oldest are forgotten first. About 1 MB of numbers. */
const mostBlocks = 20_000;

export class PrefixMeter {
  /** Digest of everything up to the end of a block. A Set keeps its order of insertion. */
  readonly #seen = new Set<string>();

  /** Tokens of this prompt, and how many of them were the beginning of an earlier one. Remembers it. */
  measure(prompt: string): { promptTokens: number; hitTokens: number } {
    let hits = 0;
    let missed = false;
    for (const digest of blockDigests(prompt)) {
      missed ||= !this.#seen.has(digest);
      if (!missed) hits++;
      this.#seen.delete(digest);
      this.#seen.add(digest);
    }
    for (const oldest of this.#seen) {
      if (this.#seen.size <= mostBlocks) break;
      this.#seen.delete(oldest);
    }
    return { promptTokens: tokensOf(prompt), hitTokens: hits * blockTokens };
  }
}

export function tokensOf(text: string): number {
  return Math.ceil(text.length / charsPerToken);
}

/** Two FNV-1a chains side by side: 64 bits are plenty where a collision costs nothing but a wrong figure. */
function* blockDigests(text: string): Generator<string> {
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193) >>> 0;
    b = Math.imul(b ^ (code + i), 0x85ebca6b) >>> 0;
    if ((i + 1) % (blockTokens * charsPerToken) === 0) yield `${a}.${b}`;
  }
}
