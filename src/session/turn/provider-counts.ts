/** What the provider counted of a window: its own count where there is one, and by how much ours is off. Estimates nothing itself. */
import type { AssistantEntry } from "../../core/entry.ts";
import type { WindowPart } from "../../core/window.ts";
import type { Profile } from "../../model/profile.ts";

/** A request that was answered: the name of its head, and what it weighed. */
export interface LastRequest {
  head: string;
  windowSeq: number;
  atMs: number;
  tokens: number;
}

/** What is known of the counts. */
export interface CountsState {
  /** The provider's count over ours, as it was last. */
  ratio: number;
  /** The provider's own count of everything up to and with so many parts. */
  counted?: { tokens: number; parts: number };
  last?: LastRequest;
}

export class ProviderCounts {
  #ratio = 1;
  #counted: CountsState["counted"];
  #last: LastRequest | undefined;

  get ratio(): number {
    return this.#ratio;
  }

  get counted(): CountsState["counted"] {
    return this.#counted;
  }

  /** The newest request whose cost the provider reported. */
  get last(): LastRequest | undefined {
    return this.#last;
  }

  get state(): CountsState {
    const [counted, last] = [this.#counted, this.#last];
    return { ratio: this.#ratio, ...(counted && { counted }), ...(last && { last }) };
  }

  set state({ ratio, counted, last }: CountsState) {
    this.#ratio = ratio;
    this.#counted = counted;
    this.#last = last ?? this.#last;
  }

  /** Parts have left the window, so its count says nothing any more. */
  dropped(): void {
    this.#counted = undefined;
  }

  /** The window is read anew. */
  reset(): void {
    this.#counted = undefined;
    this.#ratio = 1;
  }

  /** The window in tokens. `estimate`: by our own count. */
  tokens(estimate: number, parts: readonly WindowPart[]): number {
    if (this.#counted === undefined) return Math.ceil(this.#ratio * estimate);
    return Math.ceil(this.#counted.tokens + this.#ratio * sum(parts.slice(this.#counted.parts)));
  }

  /**
   * What the provider counted for a reply is what was sent to it; a count from before the last summary was made, at entry
   * `sinceSeq`, says nothing any more. `results`: tokens of the results of its calls, estimated. `parts`: how many were sent.
   */
  count(
    reply: AssistantEntry,
    { reasoningReplay }: Pick<Profile, "reasoningReplay">,
    { results, estimate, parts, sinceSeq }: { results: number[]; estimate: number; parts: number; sinceSeq: number },
  ): void {
    const { inputTokens, cachedTokens, outputTokens, reasoningTokens } = reply.usage;
    const sent = inputTokens + cachedTokens;
    const isOne = reply.tries === undefined && !reply.usage.estimated;
    if (reply.prefix !== undefined && sent > 0) {
      const { head, windowSeq } = reply.prefix;
      this.#last = { head, windowSeq, atMs: reply.atMs, tokens: isOne ? sent : 0 };
    }
    if (sent === 0 || !isOne || reply.seq < sinceSeq) return;
    this.#ratio = Math.min(4, Math.max(0.25, sent / Math.max(estimate, 1)));
    const replied = reasoningReplay === "replay" ? outputTokens : outputTokens - reasoningTokens;
    const rest = results.reduce((all, each) => all + each, 0) * this.#ratio;
    this.#counted = { tokens: sent + replied + rest, parts: parts + 1 };
  }
}

/** Tokens of parts, estimated. */
export function sum(parts: readonly WindowPart[]): number {
  return parts.reduce((all, { tokens }) => all + tokens, 0);
}
