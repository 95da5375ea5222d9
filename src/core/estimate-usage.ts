/** Estimates what a model call used where the provider sent no counts: the answer was stopped, cut, or failed. Pure; never used where the provider's own counts came. */
import type { Usage } from "./cost.ts";

/** Tokens per character. Measured with DeepSeek's V3 tokenizer: English 3.59 characters a token, Russian 3.41, Chinese 1.72, Japanese 1.50, numeric tables 1.61, ids and base64 about 1.45. */
const perLatin = 1 / 3.59;
const perCyrillic = 1 / 3.41;
const perIdeograph = 1 / 1.72;
const perKana = 1 / 1.5;
const perDigit = 0.72;
const perIdChar = 0.69;
const perOther = 0.6;
/** Emoji and rare signs take two units of UTF-16 and two or three tokens. */
const perSurrogate = 1.1;
/** A run of letters and digits from this length on is an id or base64, no word. */
const shortestId = 16;

/** A longer text is judged by pieces of it: what was sent may be millions of characters, and an instance must not be held. */
const longestRead = 262_144;
const pieceChars = 8_192;

/** Tokens of a text, estimated by script. */
export function textTokens(text: string): number {
  return textsTokens([text]);
}

/** Tokens of many texts together: as much is read of them as of one. */
export function textsTokens(texts: readonly string[]): number {
  const chars = texts.reduce((sum, text) => sum + text.length, 0);
  const stepChars = (chars * pieceChars) / longestRead;
  let [tokens, read, before, next] = [0, 0, 0, 0];
  for (const text of texts) {
    for (; chars > longestRead && next < before + text.length; next += stepChars) {
      const at = Math.floor(next - before);
      const piece = text.slice(at, at + pieceChars);
      tokens += tokensIn(piece);
      read += piece.length;
    }
    before += text.length;
    if (chars <= longestRead) tokens += tokensIn(text);
  }
  return chars <= longestRead ? tokens : (tokens * chars) / read;
}

function tokensIn(text: string): number {
  let tokens = 0;
  let runBegan = 0;
  let runTokens = 0;
  let digits = 0;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 0x20;
    if (isWordChar(code)) {
      const isDigit = code <= 0x39;
      if (isDigit) digits++;
      runTokens += isDigit ? perDigit : perLatin;
      continue;
    }
    const length = i - runBegan;
    const isId = length >= shortestId && digits > 0 && digits < length;
    tokens += isId ? length * perIdChar : runTokens;
    runBegan = i + 1;
    runTokens = 0;
    digits = 0;
    if (i === text.length) break;
    const before = i > 0 ? text.charCodeAt(i - 1) : 0;
    tokens += isSpace(code) && isSpace(before) ? 0.03 : tokensOf(code);
  }
  return tokens;
}

/** ASCII letters, digits, and what ids are made of beside them. */
function isWordChar(code: number): boolean {
  if (code >= 0x61 && code <= 0x7a) return true;
  if (code >= 0x41 && code <= 0x5a) return true;
  return (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x5f || code === 0x2b;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x09;
}

function tokensOf(code: number): number {
  if (code < 0x80) return perLatin;
  if (code < 0x370) return perOther;
  if (code < 0x590) return perCyrillic;
  if (code >= 0xd800 && code < 0xe000) return perSurrogate;
  if ((code >= 0x3040 && code < 0x3100) || (code >= 0xac00 && code < 0xd7b0)) return perKana;
  return code >= 0x2e80 && code < 0xffe0 ? perIdeograph : perOther;
}

/** What arrived of an answer. */
export interface ReceivedAnswer {
  reasoning: string;
  text: string;
  /** Names and arguments of calls, also of those that were not finished. */
  calls: string;
}

/** What is known about a request that was sent. Tokens. */
export interface Sent {
  tokens: number;
  /** How many of them the provider probably had in its cache. */
  cachedTokens: number;
  /** The provider's counts of earlier answers over ours; 1 when there are none. */
  outputRatio: number;
}

/** The usage of a call that began to answer: its request whole, and what arrived. */
export function estimatedUsage(sent: Sent, received: ReceivedAnswer): Usage {
  const reasoningTokens = Math.ceil(textTokens(received.reasoning) * sent.outputRatio);
  const answered = Math.ceil((textTokens(received.text) + textTokens(received.calls)) * sent.outputRatio);
  const cachedTokens = Math.min(Math.max(0, Math.round(sent.cachedTokens)), Math.ceil(sent.tokens));
  return {
    inputTokens: Math.ceil(sent.tokens) - cachedTokens,
    cachedTokens,
    outputTokens: reasoningTokens + answered,
    reasoningTokens,
    estimated: true,
  };
}

/** An answer that was counted by the provider, with what we would have estimated. */
export interface Counted {
  outputTokens: number;
  estimated: number;
}

/** Tokens of estimates that hold the ratio near 1 while little is known. */
const doubt = 32;

/** How the provider counts compared with us. One short answer has little weight, many have much; never more than four times as much or as little. */
export function outputRatio(answers: readonly Counted[]): number {
  const counted = answers.reduce((sum, { outputTokens }) => sum + outputTokens, doubt);
  const ours = answers.reduce((sum, { estimated }) => sum + estimated, doubt);
  return Math.min(4, Math.max(0.25, counted / ours));
}
