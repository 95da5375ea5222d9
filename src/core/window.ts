/** Decides how much of a conversation a model is shown: estimates tokens, corrects the estimates by the provider's own counts, and chooses where an over-long conversation is cut. Pure. */

/** Tokens per character, roughly: Latin letters 0.3, Chinese ones 0.6 (api-docs.deepseek.com/quick_start/token_usage). */
const tokensPerAscii = 0.3;
const tokensPerOther = 0.6;
/** What a message costs beside its text. */
const tokensPerMessage = 8;

/** The tokens of a text, estimated. */
export function estimateTokens(text: string): number {
  let others = 0;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) others++;
  return Math.ceil((text.length - others) * tokensPerAscii + others * tokensPerOther) + tokensPerMessage;
}

/** Tokens that a text cannot have more of: one a byte, since a token is at least a byte. For money, where an estimate will not do. */
export function mostTokens(text: string): number {
  let others = 0;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) others++;
  return text.length + 2 * others + tokensPerMessage;
}

/** What a model can take. */
export interface WindowLimits {
  /** The model's window in tokens. */
  contextTokens: number;
  /** Most tokens it may answer with; they have to fit, too. */
  maxTokens: number;
}

/** Most tokens a request may have, so that the answer still fits. At least half the window: some windows are no larger than the longest answer. */
export function requestTokens({ contextTokens, maxTokens }: WindowLimits): number {
  return Math.max(contextTokens - maxTokens, Math.floor(contextTokens / 2));
}

/**
 * Most tokens an answer may have: what is left of the window beside the largest request. `requested`: tokens of the
 * request, where they are known; an answer may always have a few, since an estimate may be too high.
 */
export function answerTokens(limits: WindowLimits, requested = 0): number {
  const share = Math.min(limits.maxTokens, limits.contextTokens - requestTokens(limits));
  // An estimate is a tenth too low at times; then the host would refuse what fits.
  const left = limits.contextTokens - Math.ceil(requested * 1.1) - tokensPerMessage;
  return Math.max(1, Math.min(share, Math.max(left, fewestTokens)));
}

/** Less than this is no answer: then the request is too long, and the host's refusal decides. */
export const fewestTokens = 256;

/** A conversation is put into a summary once it fills this part of what a request may have. */
const fullAt = 0.8;

/** Whether a request of so many tokens comes near to what the model takes. */
export function isFull(tokens: number, limits: WindowLimits): boolean {
  return tokens > fullAt * requestTokens(limits);
}

/** From this part of the window on, a refusal in unknown words may mean that the request is too long. */
const nearlyAt = 0.9;

/** Whether a request of so many tokens and the longest answer to it take nearly all of the window. */
export function nearlyFills(tokens: number, limits: WindowLimits): boolean {
  const answer = limits.contextTokens - requestTokens(limits);
  return tokens + answer >= nearlyAt * limits.contextTokens;
}

/** Parts that are never torn: a message of a person, or a reply with the results of its calls. */
export interface WindowPart {
  /** The newest entry in it. */
  lastSeq: number;
  tokens: number;
  /** It begins a turn. */
  beginsTurn: boolean;
}

/**
 * How much stays as it is: in time a quarter of what a request may have, or half of the tokens left beside `fixedTokens`,
 * what is in every request (head and summary), so that the window does not fill again at once; after an overflow half of
 * what was sent.
 */
export function tokensToKeep(
  why: "in_time" | "overflow" | "unclear",
  sent: number,
  limits: WindowLimits & { fixedTokens?: number },
): number {
  const quarter = Math.min(requestTokens(limits) / 4, roomTokens(limits) / 2);
  return why === "in_time" ? quarter : Math.min(quarter, sent / 2);
}

/** What messages may have beside what is in every request, before the window is full. At least a twentieth: a head may fill it alone. */
function roomTokens({ fixedTokens = 0, ...limits }: WindowLimits & { fixedTokens?: number }): number {
  const request = requestTokens(limits);
  return Math.max(request / 20, fullAt * request - fixedTokens);
}

/** Whether another summary is worth its call: it must free many tokens, more than it takes itself. Else one would be made in nearly every turn. */
export function isWorthwhile(
  freedTokens: number,
  summaryTokens: number,
  limits: WindowLimits & { fixedTokens: number },
): boolean {
  return freedTokens >= Math.max(1.5 * summaryTokens, roomTokens(limits) / 4);
}

/**
 * The newest entry that leaves when about `keepTokens` are to stay; `undefined` when nothing can leave. The last part stays
 * always. A cut between turns is taken before one inside a turn.
 */
export function cutAt(parts: readonly WindowPart[], keepTokens: number): number | undefined {
  let kept = 0;
  let first = parts.length - 1;
  for (let i = parts.length - 1; i > 0; i--) {
    kept += parts[i]?.tokens ?? 0;
    if (kept > keepTokens && i < parts.length - 1) break;
    first = i;
  }
  if (first < 1) return undefined;
  const turn = parts.findIndex(({ beginsTurn }, place) => place >= first && beginsTurn);
  return parts[(turn < 0 ? first : turn) - 1]?.lastSeq;
}

/** Most characters of one text that the model is shown; the rest can be read with `read_entry`. The same for every request, so that the prefix stays. */
export interface TextLimits {
  resultChars: number;
  messageChars: number;
  /** Of all results of one step together: each gets an equal share of it, and short ones leave theirs to the others. */
  stepChars?: number;
  /** Of a summary: a model may ignore the requested length. */
  summaryChars?: number;
}

/** What fits a window of this size: one result takes at most a tenth or so of it, one message at most half. */
export function textLimits(contextTokens: number): Required<TextLimits> {
  return {
    resultChars: Math.min(30_000, Math.max(1_000, Math.floor(contextTokens / 4))),
    messageChars: Math.max(2_000, contextTokens),
    // At 0.6 tokens a Chinese character this is 45 % of the window.
    stepChars: Math.max(2_000, Math.floor(contextTokens * 0.75)),
    summaryChars: Math.min(8_000, Math.max(1_000, Math.floor(contextTokens / 8))),
  };
}

/** About the length of the note at the end of a cut text. */
const handleChars = 100;

/** The largest share that each of these results may have: `resultChars`, or less where all together would pass `stepChars`. */
export function resultShare(
  lengths: readonly number[],
  { resultChars, stepChars = Number.POSITIVE_INFINITY }: TextLimits,
): number {
  const sorted = lengths.map((length) => Math.min(length, resultChars)).sort((a, b) => a - b);
  let left = stepChars;
  for (const [place, length] of sorted.entries()) {
    const share = left / (sorted.length - place);
    if (length > share) return Math.max(200, Math.floor(share) - handleChars);
    left -= length;
  }
  return resultChars;
}
