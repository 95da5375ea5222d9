/** The functions that an agent runs around every call of its tools: to log it, to change it, or to refuse it. Calls that run at a client are not among them. */
import type { Effect } from "../core/next-step.ts";
import type { ToolContext } from "./tool.ts";

/** A call that is about to run, or has run. */
export interface HookedCall {
  name: string;
  /** What the tool gets: checked against its schema. */
  input: unknown;
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

export interface CallHooks {
  /**
   * Called before each call runs, and again when a crash makes it run again; its time counts as the tool's. A throw
   * refuses the call. An input that a person approved cannot be changed: such a change refuses the call.
   *
   * @example before: ({ name }, { speaker }) => (name === "refund" && speaker !== "Ann" ? { refuse: "Only Ann may refund." } : undefined)
   */
  before?(call: HookedCall, context: ToolContext): BeforeCall | Promise<BeforeCall>;
  /** Called with the result of each call that ran, as the model would read it. If it throws, the result becomes an error which states that the tool has run. */
  after?(
    call: HookedCall,
    result: { content: string; isError: boolean },
    context: ToolContext,
  ): AfterCall | undefined | Promise<AfterCall | undefined>;
}
