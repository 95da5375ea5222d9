/** The functions that an agent runs around every call of its tools: to log it, to change it, or to refuse it. Calls that run at a client are not among them. */
import type { Effect } from "../core/next-step.ts";
import type { readEntry } from "./read-entry.ts";
import type { searchTranscript } from "./search-transcript.ts";
import type { Tool, ToolContext } from "./tool.ts";

/** A call that is about to run, or has run. */
export interface HookedCall<Name extends string = string, Input = unknown> {
  name: Name;
  /** What the tool gets: checked against its schema. */
  input: Input;
  effect: Effect;
  /** A person has approved exactly this input. */
  approved: boolean;
}

/** `refuse`: it does not run, and the model reads why. `input`: it runs with this instead, checked against the tool's schema. */
export type BeforeCall = { refuse: string } | { input: object } | undefined;

/** What takes the place of the result; what is left out stays. */
export interface AfterCall {
  content?: string;
  isError?: boolean;
}

/**
 * The calls of an agent with these tools, distinguished by their names. Those that MCP servers add are named `<server>__<tool>`,
 * and come unchecked by the compiler; so do all where the tools are known as `Tool[]` only.
 */
export type HookedCalls<Tools extends readonly Tool[]> =
  | CallOfTool<Tools[number] | typeof readEntry | typeof searchTranscript>
  | HookedCall<`${string}__${string}`>;

type CallOfTool<Each> = Each extends Tool<infer Name, infer Input> ? HookedCall<Name, Input> : never;

/** `Call`: the calls of the agent's tools. */
export interface CallHooks<Call extends HookedCall = HookedCall> {
  /**
   * Called before each call runs, and again when a crash makes it run again; its time counts as the tool's. A throw
   * refuses the call. An input that a person approved cannot be changed: such a change refuses the call.
   *
   * @example before: ({ name, input }) => (name === "refund" && input.amount > 100 ? { refuse: "At most 100." } : undefined)
   */
  before?(call: Call, context: ToolContext): BeforeCall | Promise<BeforeCall>;
  /** Called with the result of each call that ran, as the model would read it. If it throws, the result becomes an error which states that the tool has run. */
  after?(
    call: Call,
    result: { content: string; isError: boolean },
    context: ToolContext,
  ): AfterCall | undefined | Promise<AfterCall | undefined>;
}
