/** Reads a regular expression into its parts, as far as the cost of matching depends on them. Pure; matches nothing itself. */

/** One part. `char`: one character, by a test; `look`: tested at its position, and consumes no character. */
export type PatternPart =
  | { kind: "char"; accepts(char: string): boolean }
  | { kind: "empty" }
  | { kind: "start" }
  | { kind: "sequence" | "choice"; parts: PatternPart[] }
  | { kind: "repeat"; part: PatternPart; least: number; most: number }
  | { kind: "look"; part: PatternPart; behind: boolean };

/** Why a pattern cannot be measured, in words that follow "the pattern". */
export class PatternFault extends Error {}

const longestPattern = 4_000;
const deepest = 50;

/** `flags`: `u` for JSON schemas. Throws a PatternFault. */
export function parsePattern(source: string, flags = "u"): PatternPart {
  if (source.length > longestPattern) throw new PatternFault(`is longer than ${longestPattern} characters`);
  try {
    new RegExp(source, flags);
  } catch {
    throw new PatternFault("is not a regular expression with the flag u");
  }
  return new PatternReader(source, flags.replace(/[gymd]/g, "")).whole();
}

/** The reader relies on the check above: what it reads is known to be a regular expression. */
class PatternReader {
  readonly #source: string;
  readonly #flags: string;
  #at = 0;
  #depth = 0;

  constructor(source: string, flags: string) {
    this.#source = source;
    this.#flags = flags;
  }

  whole(): PatternPart {
    return this.#choice();
  }

  #choice(): PatternPart {
    const parts = [this.#sequence()];
    while (this.#take("|")) parts.push(this.#sequence());
    return parts.length === 1 ? (parts[0] as PatternPart) : { kind: "choice", parts };
  }

  #sequence(): PatternPart {
    const parts: PatternPart[] = [];
    while (this.#at < this.#source.length && !"|)".includes(this.#source.charAt(this.#at)))
      parts.push(this.#repeated(this.#atom()));
    return { kind: "sequence", parts };
  }

  #repeated(part: PatternPart): PatternPart {
    const [whole = "", sign = "", min = "", comma = "", max = ""] =
      this.#match(/(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/y) ?? [];
    if (whole === "") return part;
    if (sign !== "") {
      return { kind: "repeat", part, least: sign === "+" ? 1 : 0, most: sign === "?" ? 1 : Number.POSITIVE_INFINITY };
    }
    const most = max !== "" ? Number(max) : comma === "" ? Number(min) : Number.POSITIVE_INFINITY;
    return { kind: "repeat", part, least: Number(min), most };
  }

  #atom(): PatternPart {
    switch (this.#source.charAt(this.#at)) {
      case "(":
        return this.#group();
      case "[":
        return this.#char(this.#match(/\[(?:\\[\s\S]|[^\]\\])*\]/y)?.[0] ?? "[");
      case "^":
        this.#at++;
        return { kind: "start" };
      case "$":
        this.#at++;
        return { kind: "empty" };
      case "\\":
        return this.#escape();
      default:
        return this.#char(this.#match(/[\s\S]/uy)?.[0] ?? "");
    }
  }

  #group(): PatternPart {
    if (++this.#depth > deepest) throw new PatternFault(`has more than ${deepest} groups inside one another`);
    const [, look] = this.#match(/\((?:\?(?:([=!]|<[=!])|:|<[^>]*>))?/y) ?? [];
    if (this.#source.charAt(this.#at) === "?") throw new PatternFault("changes its flags in a group");
    const part = this.#choice();
    this.#at++;
    this.#depth--;
    return look === undefined ? part : { kind: "look", part, behind: look.startsWith("<") };
  }

  #escape(): PatternPart {
    if (this.#match(/\\[bB]/y)) return { kind: "empty" };
    if (this.#match(/\\(?:[1-9]|k<)/y)) throw new PatternFault("refers back to a group");
    const text = this.#match(
      /\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|c[A-Za-z]|[\s\S])/uy,
    );
    return this.#char(text?.[0] ?? "");
  }

  #char(source: string): PatternPart {
    const one = new RegExp(`^(?:${source})$`, this.#flags);
    const known = new Map<string, boolean>();
    return {
      kind: "char",
      accepts(char) {
        const before = known.get(char);
        if (before !== undefined) return before;
        const isAccepted = one.test(char);
        if (known.size < 1_000) known.set(char, isAccepted);
        return isAccepted;
      },
    };
  }

  #take(sign: string): boolean {
    if (this.#source.charAt(this.#at) !== sign) return false;
    this.#at++;
    return true;
  }

  #match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.#at;
    const match = expression.exec(this.#source);
    if (match !== null) this.#at += match[0].length;
    return match ?? undefined;
  }
}
