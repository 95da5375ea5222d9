/** What a turn may do to the world: core's only port. Who stands behind it, core does not know. */
import type { Draft, StepTry } from "./assemble.ts";
import type { Prices } from "./cost.ts";
import type { FailedTry, NewEntry } from "./entry.ts";
import type { ToolCall, ToolResult } from "./message.ts";
import type { ModelEvent } from "./model-event.ts";
import type { Again, TurnView } from "./next-step.ts";

/** None of it throws for what the world does; it throws when we are wrong. */
export interface Effects {
  /** The open turn as the log has it now. */
  look(): Omit<TurnView, "interrupted">;
  /** Records durably that a model call begins, and tells which try it is. `again`: how it goes on after `failed`. */
  beginStep(
    step: { turn: string; step: number },
    again?: Again,
    failed?: FailedTry,
  ): Promise<StepTry & { prices: Prices }>;
  /** What the model streams, one array per read from the provider; what `draft` holds already is to be continued. Ends early and quietly once `signal` is aborted. */
  generate(draft: Draft): AsyncIterable<ModelEvent[]>;
  /** The draft has grown: readers may look at it. */
  show(draft: Draft): void;
  runTool(call: ToolCall, of: { turn: string; step: number }): Promise<ToolResult>;
  /** Appends in one transaction; readers see the entries once they are confirmed. */
  append(entries: NewEntry[]): Promise<void>;
  /** Aborted when someone cancels the turn. */
  readonly signal: AbortSignal;
  now(): number;
  /** Waits; less when `signal` is aborted. */
  pause(delayMs: number): Promise<void>;
  /** A number from 0 to 1, for jitter. */
  chance(): number;
}
