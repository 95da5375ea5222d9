/** Writes the ids of calls as a host takes them back: legal by its rule, and each once in a request. The same ids in the same order give the same result. */
import { fingerprint } from "./digest.ts";

/**
 * `as_is`: at most 40 printable characters, which every host takes that only has OpenAI's limit. `words`: letters, digits,
 * `_` and `-` (Anthropic's rule, which also holds at many gateways). `alnum9`: nine letters and digits (Mistral).
 */
export type CallIdRule = "as_is" | "words" | "alnum9";

/** Sources: OpenAI's "string too long. Expected a string with maximum length 40"; Mistral's "must be a-z, A-Z, 0-9, with a length of 9" (opencode#1680). Kimi needs its `functions.name:0` back. */
const rules: Record<CallIdRule, RegExp> = {
  as_is: /^[a-zA-Z0-9_.:-]{1,40}$/,
  words: /^[a-zA-Z0-9_-]{1,40}$/,
  alnum9: /^[a-zA-Z0-9]{9}$/,
};

export class CallIds {
  readonly #rule: CallIdRule;
  readonly #taken = new Set<string>();
  #repeated = false;

  constructor(rule: CallIdRule = "as_is") {
    this.#rule = rule;
  }

  /** Whether an id was legal but taken: then what is written depends on the calls before. */
  get repeated(): boolean {
    return this.#repeated;
  }

  /** The ids that were given, in order. */
  get taken(): readonly string[] {
    return [...this.#taken];
  }

  /** Goes on after messages that were written before, with these ids. */
  resume(taken: readonly string[], repeated: boolean): void {
    for (const id of taken) this.#taken.add(id);
    this.#repeated ||= repeated;
  }

  /** The id for the request. `place`: names this call in the log, so that a repeated id gets another one each time. */
  legal(id: string, place: string): string {
    let legal = id;
    if (rules[this.#rule].test(id)) this.#repeated ||= this.#taken.has(id);
    else legal = this.#own(id);
    for (let salt = 0; this.#taken.has(legal); salt++) {
      this.#repeated = true;
      legal = this.#own(`${id} ${place} ${salt}`);
    }
    this.#taken.add(legal);
    return legal;
  }

  #own(name: string): string {
    const digits = fingerprint(name).padStart(9, "0").slice(-9);
    return this.#rule === "alnum9" ? digits : `call_${digits}`;
  }
}
