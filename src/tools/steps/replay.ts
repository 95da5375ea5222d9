/** Gives the outcomes of a call's steps to its code in the order in which they came, and lets new steps begin after all that are recorded. Knows no store. */
import type { RecordedStep } from "./step.ts";
import { orderChanged } from "./step-error.ts";

/** How long the code may take to reach a recorded step, in ms: code that is the same reaches it without waiting for anything outside. */
const quietMs = 500;
/** And so many turns of the event loop after that. */
const lastTurns = 20;

type OverStep = RecordedStep & Required<Pick<RecordedStep, "outcome">>;

/**
 * Outcomes are delivered one at a time, and each may first lead where it leads: so code that waits for the first of several
 * goes the same way at every replay, whatever has come since.
 */
export class Replay {
  readonly #fail: (error: Error) => void;
  readonly #recorded: Map<string, RecordedStep>;
  /** Those that the code has not reached. */
  readonly #missing: Set<string>;
  readonly #outcomes: OverStep[];
  readonly #deliveries = new Map<string, (step: OverStep) => void>();
  #held: (() => void)[] = [];
  #delivering = false;
  /** The code has come to a wait that is not over. */
  #isParked = false;
  #quiet: ReturnType<typeof setTimeout> | undefined;

  /** `fail`: called when the code does not come to the steps that are recorded. */
  constructor(steps: readonly RecordedStep[], fail: (error: Error) => void) {
    this.#fail = fail;
    this.#recorded = new Map(steps.map((step) => [step.name, step]));
    this.#missing = new Set(this.#recorded.keys());
    this.#outcomes = steps.filter(isOver).toSorted((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
  }

  /** The code has reached the step; as it is recorded, where it is. */
  reach(name: string): RecordedStep | undefined {
    this.#missing.delete(name);
    const step = this.#recorded.get(name);
    if (step !== undefined && step.kind !== "do" && step.outcome === undefined) this.#isParked = true;
    return step;
  }

  /** A recorded step that the code has not reached. */
  get missing(): string | undefined {
    return this.#missing.values().next().value;
  }

  /** Something is to be delivered, or waits for that. */
  get isBusy(): boolean {
    return this.#delivering || this.#held.length > 0 || this.#outcomes.length > 0;
  }

  /** The outcome, when its turn has come. `isNew`: it has just been recorded. */
  deliver(step: OverStep, { isNew }: { isNew: boolean }): Promise<OverStep> {
    if (isNew) this.#outcomes.push(step);
    return new Promise((delivery) => {
      this.#deliveries.set(step.name, delivery);
      void this.proceed();
    });
  }

  /** Settles when everything that is recorded was reached and delivered: a new step may begin. */
  async done(): Promise<void> {
    if (this.#outcomes.length === 0 && this.#missing.size === 0) return;
    await new Promise<void>((begin) => {
      this.#held.push(begin);
      void this.proceed();
    });
  }

  /** Delivers what is next as long as its step was reached, then lets new steps begin. */
  async proceed(): Promise<void> {
    this.#watch();
    if (this.#delivering) return;
    this.#delivering = true;
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      next();
      await macrotask();
      this.#watch();
    }
    this.#delivering = false;
    this.#watch();
    if (this.#outcomes.length > 0 || this.#missing.size > 0) return;
    for (const begin of this.#held.splice(0)) begin();
  }

  /** Nothing is delivered any more. */
  close(): void {
    clearTimeout(this.#quiet);
    this.#outcomes.length = 0;
    this.#missing.clear();
    this.#held = [];
  }

  #next(): (() => void) | undefined {
    const [step] = this.#outcomes;
    const delivery = step && this.#deliveries.get(step.name);
    if (step === undefined || delivery === undefined) return undefined;
    this.#outcomes.shift();
    this.#deliveries.delete(step.name);
    return () => delivery(step);
  }

  /** While the code waits for the replay, it must come to what is recorded. Code that waits for something else is slow, and not another. */
  #watch(): void {
    clearTimeout(this.#quiet);
    if (!this.#isStuck) return;
    this.#quiet = setTimeout(async () => {
      // The timer is late where the machine has other work: what was to come first comes now.
      const left = this.#missing.size + this.#outcomes.length;
      for (let turns = 0; turns < lastTurns; turns++) await macrotask();
      if (this.#isStuck && left === this.#missing.size + this.#outcomes.length) {
        this.#fail(orderChanged(`did not come to its step "${this.missing ?? this.#outcomes[0]?.name ?? ""}"`));
      }
    }, quietMs);
  }

  /** The code waits for the replay, and the replay for the code. */
  get #isStuck(): boolean {
    const isWaitedFor = this.#held.length > 0 || this.#deliveries.size > 0 || this.#isParked;
    return isWaitedFor && this.#missing.size + this.#outcomes.length > 0;
  }
}

function isOver(step: RecordedStep): step is OverStep {
  return step.outcome !== undefined;
}

/** Lets everything go on that can go on now. */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
