/** Declares what a turn may do outside core (call models, run tools, store entries): core's only port. Core does not know who implements it. */
import type { Draft, PartialReply, StepTry } from "./assemble.ts";
import type { Shortage } from "./budget-words.ts";
import type { Prices, Usage } from "./cost.ts";
import type { AssistantEntry, CompactionCause, FailedTry, NewEntry } from "./entry.ts";
import type { Sent } from "./estimate-usage.ts";
import type { ModelPlace } from "./failure-words.ts";
import type { ToolCall, ToolResult } from "./message.ts";
import type { ModelEvent } from "./model-event.ts";
import type { Again, TurnView } from "./next-step.ts";

/** Model events as they come, one array per read. */
export type Streamed = HandedEvents | AsyncIterable<ModelEvent[]> | Iterable<ModelEvent[]>;

/** The same, each array handed on in the read that brought it. Resolves at the end. */
export interface HandedEvents {
  each(take: (events: ModelEvent[]) => void): Promise<void>;
}

/** None of it throws when the outside world fails; it throws when our own code is wrong. */
export interface Effects {
  /** The open turn as the log has it now. */
  look(): TurnView;
  /** Sets aside what the next model call of this step may cost at the worst. When the account's budget does not allow it: what is missing, or false where that is not known, or where it is a share. */
  afford(): Promise<boolean | Shortage>;
  /**
   * Records durably that a model call begins, and returns which try it is. `again`: how it goes on after the tries of
   * `before`. `begun`: what a try that a crash cut off had brought, where the model can go on after it.
   */
  beginStep(
    step: { turn: string; step: number },
    again?: Again,
    before?: { failed: FailedTry; spent: Spent },
  ): Promise<BegunStep>;
  /** What the model streams, one array per read from the provider; what `draft` holds already is to be continued. Ends early and quietly once `signal` is aborted. */
  generate(draft: Draft): Streamed | Promise<Streamed>;
  /** The draft has grown: readers may look at it. */
  show(draft: Draft): void;
  /** Records what the call may do to the world before it does it, and runs it; `undefined` when its tool now waits, or another agent works at it: the view says for what. */
  runTool(call: ToolCall, of: { turn: string; step: number }): Promise<ToolResult | undefined>;
  /** Appends in one transaction; readers see the entries once they are confirmed. Messages that wait to join the turn are appended before its end. */
  append(entries: NewEntry[]): Promise<void>;
  /** Appends the messages that wait to join the turn. */
  takeIn(): Promise<void>;
  /** The reply that a crash cut off and that was not begun again, as far as it was saved. */
  cutOff(): Omit<AssistantEntry, "seq"> | undefined;
  /** Whether the newest request and its answer take nine tenths of the model's window or more, by our own estimate. */
  nearlyFillsWindow?(): boolean;
  /** Which part of the conversation should leave the model's window; `undefined` when nothing can. `overflow`: the provider has refused it as too long. */
  cut(why: CompactionCause): Cut | undefined;
  /** The summary of what is to leave, as the model streams it; `draft` is marked when the answer begins. */
  summarize(cut: Cut, draft: Draft): AsyncIterable<ModelEvent[]>;
  /** This invocation may make no more requests: the turn goes on in the next one. */
  readonly isSpent?: boolean;
  /** Aborted when the turn is to stop. */
  readonly signal: AbortSignal;
  now(): number;
  /** Waits; less when `signal` is aborted. */
  pause(delayMs: number): Promise<void>;
  /** A number from 0 to 1, for jitter. */
  chance(): number;
}

/** What model calls cost that are over. */
export interface Spent {
  usage: Usage;
  costMicros: number;
}

export interface BegunStep extends StepTry {
  prices: Prices;
  begun?: PartialReply;
  /** What the request is, for calls whose provider sends no counts; absent: nothing is estimated. */
  sent?: () => Sent;
  place?: ModelPlace;
  /** Tries of this step that crashes cut off, and what they and the tries before them cost. */
  crashed?: Spent & { tries: FailedTry[] };
}

export interface Cut {
  /** The newest entry that is to leave. */
  throughSeq: number;
  /** The number of the step's next attempt, which the entry of a summary that failed takes; 1 when absent. */
  attempt?: number;
  /** The model that writes the summary, and what it costs. */
  model: string;
  prices: Prices;
  sent?: () => Sent;
  place?: ModelPlace;
  /** Calls that crashes cut off before this one, and what they cost. */
  crashed?: Spent & { tries: FailedTry[] };
  /** Most characters of the summary that are kept; all when absent. */
  summaryChars?: number;
  /** What replaces a summary when the model does not write one. */
  outline(): string;
}
