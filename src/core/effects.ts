/** What a turn may do to the world: core's only port. Who stands behind it, core does not know. */
import type { Draft, Said, StepTry } from "./assemble.ts";
import type { Prices } from "./cost.ts";
import type { AssistantEntry, FailedTry, NewEntry } from "./entry.ts";
import type { ToolCall, ToolResult } from "./message.ts";
import type { ModelEvent } from "./model-event.ts";
import type { Again, TurnView } from "./next-step.ts";

/** None of it throws for what the world does; it throws when we are wrong. */
export interface Effects {
  /** The open turn as the log has it now. */
  look(): TurnView;
  /** Sets aside what the next model call of this step may cost at the worst; false when the account's budget does not allow it. */
  afford(): Promise<boolean>;
  /**
   * Records durably that a model call begins, and tells which try it is. `again`: how it goes on after `failed`. `begun`:
   * what a try that a crash cut off had said, where the model can go on behind it.
   */
  beginStep(
    step: { turn: string; step: number },
    again?: Again,
    failed?: FailedTry,
  ): Promise<StepTry & { prices: Prices; begun?: Said }>;
  /** What the model streams, one array per read from the provider; what `draft` holds already is to be continued. Ends early and quietly once `signal` is aborted. */
  generate(draft: Draft): AsyncIterable<ModelEvent[]>;
  /** The draft has grown: readers may look at it. */
  show(draft: Draft): void;
  /** Records what the call may do to the world before it does it, and runs it. */
  runTool(call: ToolCall, of: { turn: string; step: number }): Promise<ToolResult>;
  /** Appends in one transaction; readers see the entries once they are confirmed. Before a turn's end stand the messages that wait to join it. */
  append(entries: NewEntry[]): Promise<void>;
  /** Appends the messages that wait to join the turn. */
  takeIn(): Promise<void>;
  /** The reply that a crash cut off and that was not begun again, as far as it was saved. */
  cutOff(): Omit<AssistantEntry, "seq"> | undefined;
  /** Which part of the conversation should leave the model's window; `undefined` when nothing can. `overflow`: the provider has refused it as too long. */
  cut(why: CompactionCause): Cut | undefined;
  /** The summary of what is to leave, as the model streams it. */
  summarize(cut: Cut): AsyncIterable<ModelEvent[]>;
  /** This invocation may ask for nothing more: the turn goes on in the next one. */
  readonly isSpent?: boolean;
  /** Aborted when the turn is to stop. */
  readonly signal: AbortSignal;
  now(): number;
  /** Waits; less when `signal` is aborted. */
  pause(delayMs: number): Promise<void>;
  /** A number from 0 to 1, for jitter. */
  chance(): number;
}

/** Why a conversation is put into a summary: before it fills the window, or because it was too long already. */
export type CompactionCause = "in_time" | "overflow";

export interface Cut {
  /** The newest entry that is to leave. */
  throughSeq: number;
  /** The number of the step's next attempt, which the entry of a summary that failed takes; 1 when absent. */
  attempt?: number;
  /** The model that is asked for the summary, and what it costs. */
  model: string;
  prices: Prices;
  /** Most characters of the summary that are kept; all when absent. */
  summaryChars?: number;
  /** What stands in for a summary when the model does not give one. */
  outline(): string;
}
