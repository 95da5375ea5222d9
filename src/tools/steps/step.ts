/** What a tool's durable steps are: the interface that its `run` uses, their limits, and the errors of a tool that breaks their rules. Runs nothing. */
import type { Effect } from "../../core/next-step.ts";

/** What the function of a step may use. */
export interface StepRun {
  /** The same whenever this step is run: another one for each step of each call. Pass it on where the other side can use it. */
  idempotencyKey: string;
  /** Aborted when the tool's time is over or the turn is cancelled. */
  signal: AbortSignal;
}

/** What came for a step that waited. */
export interface StepSignal {
  /** What its sender sent: any JSON; null when nothing. */
  value: unknown;
}

/**
 * The durable steps of one call. What a step did is recorded; when the call goes on after a wait, a crash or a deploy, `run`
 * is called again from its beginning, and a step that is recorded returns what it returned before, without running. So code
 * outside of steps runs again and again: it may decide by input and by what steps returned, and must change nothing, and a
 * name is used once in a call.
 *
 * @example
 * async run({ order }, { step, fetch }) {
 *   await step.do("order parcel", ({ idempotencyKey }) => orderParcel(order, idempotencyKey));
 *   const shipped = await step.waitFor(`shipped:${order}`, { timeout: 30 * 86_400_000 });
 *   return shipped === undefined ? "It was not shipped within 30 days." : "It was shipped.";
 * }
 */
export interface ToolStep {
  /**
   * Runs `run` once and records what it returns, or throws. `effect`: what running it twice would do; the tool's own when
   * absent. After a crash in the middle of it, a step that is `none` or `keyed` runs again with the same key; one that is
   * `unsafe` does not, and throws an error with the name `step_outcome_unknown`.
   *
   * @returns what `run` returned, as JSON has it: a `Date` becomes text.
   */
  do<T>(name: string, run: (of: StepRun) => T, options?: { effect?: Effect }): Promise<Awaited<T>>;
  /** Waits for so many ms, up to 365 days. Nothing is held in memory meanwhile. */
  sleep(name: string, ms: number): Promise<void>;
  /** Waits for the signal of this name (`POST /v1/sessions/:id/signals/:name`), for at most `timeout` ms, up to 365 days; `undefined` when none came. */
  waitFor(name: string, options: { timeout: number }): Promise<StepSignal | undefined>;
  /** Waits for all of these steps, then throws the first failure, if there is one. Begin them side by side: `step.all([step.do("a", a), step.do("b", b)])`. */
  all<const T extends readonly unknown[]>(steps: T): Promise<{ -readonly [At in keyof T]: Awaited<T[At]> }>;
}

/** The longest wait: that of Cloudflare Workflows (developers.cloudflare.com/workflows/reference/limits). */
export const longestWaitMs = 365 * 86_400_000;
/** Most steps of a call: each wake replays all of them, one after the other. */
export const mostSteps = 256;
/** Most bytes of one value, and of all values of a call: each wake reads all of them, in well under 200 ms. */
export const mostValueBytes = 262_144;
export const mostCallBytes = 4_194_304;

const namePattern = /^[A-Za-z0-9~][^\p{Cc}/?#\\]{0,99}$/u;

/** Whether it can name a step or a signal. Names that begin with `~` are the library's own. */
export function isStepName(name: unknown): name is string {
  return typeof name === "string" && namePattern.test(name) && name.isWellFormed();
}

/** Whether a sender may name a signal so. */
export function isSignalName(name: unknown): name is string {
  return isStepName(name) && !name.startsWith("~");
}

/** What a step came to. `value`: JSON; `undefined` where it returned nothing. */
export type StepOutcome =
  | { type: "done" | "signalled"; value: string | undefined }
  | { type: "failed"; error: string }
  | { type: "over" };

/** A step as it is recorded. */
export interface RecordedStep {
  name: string;
  kind: "do" | "sleep" | "signal";
  /** Until when it waits, in ms since 1970; 0 for one that does not. */
  untilMs: number;
  /** Counts the outcomes of a call from 1: they are replayed in this order. */
  rank?: number;
  /** Absent: it was begun, or it waits. */
  outcome?: StepOutcome;
}

/** Where the steps of one call are recorded. What it returns is recorded. */
export interface StepStore {
  /** The steps of the call. Waits whose time is over get their outcome first, in the order of their times. */
  take(): readonly RecordedStep[];
  /** The step is about to do something; on disk once this settles. */
  begin(name: string): Promise<void>;
  /** It is over. */
  end(name: string, outcome: StepOutcome): void;
  /**
   * The call can do nothing but wait for these, which are all that it waits for, and is not run again before one of them is
   * over; on disk once this settles.
   */
  suspend(waits: readonly Pick<RecordedStep, "name" | "kind" | "untilMs">[]): Promise<void>;
}

/** What a run ends with that was suspended. */
export const suspended: unique symbol = Symbol("suspended");

/** The steps of one run of a call. */
export interface RunSteps extends ToolStep {
  /** Settles when the run can do nothing but wait; rejects when the tool broke a rule. */
  readonly over: Promise<typeof suspended>;
  /** The run came to its end. Throws when a step that is recorded was not reached. */
  finish(): void;
  /** Nothing is run or recorded any more. */
  close(): void;
}

/** A run of a call that begins. */
export interface BegunRun {
  /** Of the tool. */
  effect: Effect;
  signal: AbortSignal;
  now(): number;
  /** Called when a step is over: the next one has its time anew. */
  onProgress(): void;
}

/** Begins the steps of a run, of the call that it is made for. */
export type BeginSteps = (run: BegunRun) => RunSteps;

/** What to do in an app without them. */
export const stepsNotListed =
  'Durable steps are not in this Worker. Add the line `longTools: longTools(),` to longline({ … }), and import it from "longline".';
