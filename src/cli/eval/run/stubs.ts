/** What tools give in place of running, by the stubs of a case. Each run has its own: stubs are used up. Runs no tool that it was not allowed to. */
import type { Tool } from "../../../tools/tool.ts";
import type { EvalCase, Stub } from "../dataset/case.ts";

/** A call that no stub answers, as a report names it. */
export interface UnmatchedCall {
  name: string;
  input: unknown;
}

export class Stubs {
  readonly #left: { stub: Stub; uses: number; left: number }[];
  readonly #live: ReadonlySet<string>;
  readonly #allLive: boolean;
  readonly unmatched: UnmatchedCall[] = [];

  /** `allLive`: tools without a stub run. */
  constructor({ tools, live }: Pick<EvalCase, "tools" | "live">, allLive: boolean) {
    this.#left = tools.map((stub) => ({
      stub,
      uses: 0,
      left: stub.times === "any" ? Number.POSITIVE_INFINITY : stub.times,
    }));
    this.#live = new Set(live);
    this.#allLive = allLive;
  }

  /** The tool as this run has it. Schema, checks and effect stay. */
  of(tool: Tool): Tool {
    const { name } = tool.declaration;
    const isStubbed = this.#left.some(({ stub }) => stub.name === name);
    if (!isStubbed && (this.#allLive || this.#live.has(name))) return tool;
    return { ...tool, run: (input) => this.#answer(name, input) };
  }

  /** Names of stubs that no call came for. */
  get unused(): string[] {
    return this.#left.filter(({ uses }) => uses === 0).map(({ stub }) => stub.name);
  }

  #answer(name: string, input: unknown): unknown {
    const found = this.#left.find(({ stub, left }) => stub.name === name && left > 0 && isMatch(stub.match, input));
    if (found === undefined) {
      this.unmatched.push({ name, input });
      throw new Error(`This call of ${name} has no recorded result.`);
    }
    found.uses++;
    found.left--;
    if (found.stub.error !== undefined) throw new Error(found.stub.error);
    return found.stub.response;
  }
}

/** Whether `value` has all that `pattern` has: objects by their fields, lists and plain values as they are. */
export function isMatch(pattern: unknown, value: unknown): boolean {
  if (pattern === undefined) return true;
  if (Array.isArray(pattern))
    return (
      Array.isArray(value) && pattern.length === value.length && pattern.every((each, at) => isMatch(each, value[at]))
    );
  if (typeof pattern !== "object" || pattern === null) return pattern === value;
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Record<string, unknown>;
  return Object.entries(pattern).every(([name, inner]) => isMatch(inner, fields[name]));
}
