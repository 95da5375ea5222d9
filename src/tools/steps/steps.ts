/** Runs the durable steps of one call: those that are recorded return what they returned, the others run and are recorded, and a run that can do nothing but wait is ended. Decides nothing about the call's result. */
import type { Effect } from "../../core/next-step.ts";
import { notJson } from "../not-json.ts";
import { macrotask, Replay } from "./replay.ts";
import {
  type BeginSteps,
  type BegunRun,
  isStepName,
  longestWaitMs,
  mostCallBytes,
  mostSteps,
  mostValueBytes,
  type RecordedStep,
  type RunSteps,
  type StepOutcome,
  type StepRun,
  type StepSignal,
  type StepStore,
  suspended,
} from "./step.ts";
import {
  errorOf,
  nameInvalid,
  notRecordable,
  orderChanged,
  type StepError,
  tooLarge,
  tooManySteps,
  unknownOutcome,
  usedTwice,
  waitInvalid,
  withinStep,
} from "./step-error.ts";

/** Where the call's steps are recorded, and the key of each. */
export interface StepsOfCall {
  store: StepStore;
  stepKey(name: string): Promise<string>;
}

export interface StepsSetup extends StepsOfCall, BegunRun {}

/** Begins the steps of each run of a call. */
export function stepsOf(call: StepsOfCall): BeginSteps {
  return (run) => new Steps({ ...call, ...run });
}

interface NewStep<T> {
  name: string;
  run: (of: StepRun) => T;
  effect: Effect;
}

export class Steps implements RunSteps {
  readonly #setup: StepsSetup;
  readonly #replay: Replay;
  readonly #over = Promise.withResolvers<typeof suspended>();
  readonly #names = new Set<string>();
  /** Waits without an outcome. */
  readonly #waits: RecordedStep[] = [];
  #count: number;
  #bytes: number;
  #running = 0;
  /** The step whose function is being called. */
  #within: string | undefined;
  #looking = false;
  #closed = false;

  constructor(setup: StepsSetup) {
    this.#setup = setup;
    const steps = setup.store.take();
    this.#replay = new Replay(steps, (error) => this.#fail(error));
    this.#count = steps.length;
    this.#bytes = steps.reduce((sum, { outcome }) => sum + bytesOf(outcome), 0);
    // A run that comes to its end by itself does not look at it.
    this.#over.promise.catch(() => {});
  }

  get over(): Promise<typeof suspended> {
    return this.#over.promise;
  }

  finish(): void {
    const { missing } = this.#replay;
    if (!this.#closed && missing !== undefined) throw orderChanged(`ended without its step "${missing}"`);
  }

  close(): void {
    this.#closed = true;
    this.#replay.close();
  }

  do<T>(name: string, run: (of: StepRun) => T, options: { effect?: Effect } = {}): Promise<Awaited<T>> {
    const { effect = this.#setup.effect } = options;
    return this.#answer(async () => {
      const before = await this.#reach(name, "do");
      return before?.outcome ?? (await this.#run({ name, run, effect }, { isAgain: before !== undefined }));
    }) as Promise<Awaited<T>>;
  }

  async sleep(name: string, ms: number): Promise<void> {
    await this.#answer(() => this.#wait(name, "sleep", ms));
  }

  async waitFor(name: string, options: { timeout: number }): Promise<StepSignal | undefined> {
    let isOver = false;
    const value = await this.#answer(async () => {
      const outcome = await this.#wait(name, "signal", options?.timeout);
      isOver = outcome.type === "over";
      return outcome;
    });
    return isOver ? undefined : { value: value ?? null };
  }

  async all<const T extends readonly unknown[]>(steps: T): Promise<{ -readonly [At in keyof T]: Awaited<T[At]> }> {
    const settled = await Promise.allSettled(steps);
    const failed = settled.find((each) => each.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    const values = settled.map((each) => (each.status === "fulfilled" ? each.value : undefined));
    return values as { -readonly [At in keyof T]: Awaited<T[At]> };
  }

  /** What the step's outcome is to the code. A broken rule ends the run and gives no answer, so that the code cannot catch it. */
  async #answer(step: () => Promise<StepOutcome>): Promise<unknown> {
    if (this.#closed) return never();
    let outcome: StepOutcome;
    try {
      outcome = await step();
    } catch (error) {
      this.#fail(error);
      return never();
    }
    if (outcome.type === "failed") throw errorOf(outcome.error);
    return outcome.type === "over" || outcome.value === undefined ? undefined : JSON.parse(outcome.value);
  }

  /** The step as it is recorded, with its outcome once that is due; `undefined` for a new one, once it may begin. */
  async #reach(name: string, kind: RecordedStep["kind"]): Promise<RecordedStep | undefined> {
    if (!isStepName(name)) throw nameInvalid(name);
    if (this.#within !== undefined) throw withinStep(name, this.#within);
    if (this.#names.has(name)) throw usedTwice(name);
    this.#names.add(name);
    const step = this.#replay.reach(name);
    if (step === undefined) {
      if (++this.#count > mostSteps) throw tooManySteps();
      await this.#replay.done();
      return this.#closed ? never() : undefined;
    }
    if (step.kind !== kind) throw orderChanged(`uses the name "${name}" for another kind of step`);
    const { outcome } = step;
    if (outcome !== undefined) return this.#replay.deliver({ ...step, outcome }, { isNew: false });
    void this.#replay.proceed();
    return step;
  }

  async #run<T>(step: NewStep<T>, { isAgain }: { isAgain: boolean }): Promise<StepOutcome> {
    const { name, effect } = step;
    const { store, onProgress } = this.#setup;
    this.#running++;
    try {
      // The first row says that the call has steps: from then on they say what it has done.
      if (!isAgain && (effect !== "none" || this.#count === 1)) await store.begin(name);
      const isUnknown = isAgain && effect === "unsafe";
      const outcome = isUnknown ? failed(unknownOutcome(name)) : await this.#outcomeOf(step);
      if (this.#closed) return await never();
      store.end(name, outcome);
      onProgress();
      await this.#replay.deliver({ name, kind: "do", untilMs: 0, outcome }, { isNew: true });
      return outcome;
    } finally {
      this.#running--;
      void this.#look();
    }
  }

  async #outcomeOf<T>({ name, run }: NewStep<T>): Promise<StepOutcome> {
    const { stepKey, signal } = this.#setup;
    const idempotencyKey = await stepKey(name);
    if (this.#closed) return never();
    let value: unknown;
    try {
      value = await this.#call(name, () => run({ idempotencyKey, signal }));
    } catch (error) {
      return failed(messageOf(error));
    }
    return { type: "done", value: this.#recordable(name, value) };
  }

  /** A step that begins in it would not be reached when this one is recorded, and a wait in it would never be over. */
  #call<T>(name: string, run: () => T): T {
    this.#within = name;
    try {
      return run();
    } finally {
      this.#within = undefined;
    }
  }

  /** The value as JSON. What cannot be recorded has run all the same, and is recorded as failed. */
  #recordable(name: string, value: unknown): string | undefined {
    const text = jsonOf(value);
    if (typeof text === "object") throw this.#refused(name, notRecordable(name, text.fault));
    const bytes = bytesOf({ type: "done", value: text });
    this.#bytes += bytes;
    if (bytes > mostValueBytes) throw this.#refused(name, tooLarge(name, { bytes, most: mostValueBytes }));
    if (this.#bytes <= mostCallBytes) return text;
    throw this.#refused(name, tooLarge(name, { bytes: this.#bytes, most: mostCallBytes }));
  }

  #refused(name: string, error: StepError): StepError {
    if (!this.#closed) this.#setup.store.end(name, failed(error.message));
    return error;
  }

  async #wait(name: string, kind: "sleep" | "signal", ms: number): Promise<StepOutcome> {
    const before = await this.#reach(name, kind);
    // One that is recorded ends when it was to: code that reads its length off the clock has another one by now.
    if (before === undefined && !(typeof ms === "number" && ms >= 0 && ms <= longestWaitMs))
      throw waitInvalid(name, ms);
    if (before?.outcome !== undefined) return before.outcome;
    this.#waits.push(before ?? { name, kind, untilMs: this.#setup.now() + Math.ceil(ms) });
    void this.#look();
    return never();
  }

  /** Ends the run once nothing goes on in it: after all that has just come has led where it leads. */
  async #look(): Promise<void> {
    if (this.#looking || this.#waits.length === 0) return;
    this.#looking = true;
    do await macrotask();
    while (this.#replay.isBusy && !this.#closed);
    this.#looking = false;
    if (this.#closed || this.#running > 0) return;
    this.close();
    await this.#setup.store.suspend(this.#waits).then(
      () => this.#over.resolve(suspended),
      (error: unknown) => this.#over.reject(error),
    );
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.close();
    this.#over.reject(error);
  }
}

/** An answer that does not come: one for each that waits for it, so that they are collected together. */
function never(): Promise<never> {
  return new Promise(() => {});
}

function failed(error: string): StepOutcome {
  return { type: "failed", error };
}

function jsonOf(value: unknown): string | undefined | { fault: string } {
  if (value === undefined) return undefined;
  try {
    const lost = notJson(value);
    if (lost !== undefined) return { fault: `it returned ${lost}.` };
    return JSON.stringify(value) ?? { fault: `it returned a ${typeof value}.` };
  } catch (error) {
    return { fault: messageOf(error) };
  }
}

function bytesOf(outcome: StepOutcome | undefined): number {
  if (outcome === undefined || outcome.type === "over") return 0;
  const text = outcome.type === "failed" ? outcome.error : outcome.value;
  return text === undefined ? 0 : new TextEncoder().encode(text).length;
}

/** What was thrown, in words of a length that can be recorded. */
function messageOf(thrown: unknown): string {
  const words = thrown instanceof Error ? thrown.message || thrown.name : thrown;
  const text = typeof words === "string" ? words : "The step failed and did not say why.";
  return text.slice(0, 20_000).toWellFormed();
}
