/** WHAT durable steps are to a session: what `longTools()` brings, or a tool that needs it. An app without either carries none of it, and can still read the sessions that have such steps. */
import type { Entry } from "../../core/entry.ts";
import type { SteppedCalls, SuspendedCall, TurnRest } from "../../core/tool-steps.ts";
import type { WaitingCall } from "../../core/waits.ts";
import type { BeginSteps, RecordedStep } from "./step.ts";

/** A call, by the reply that asked for it. */
export interface StepCall {
  seq: number;
  callId: string;
}

/** A step with what it is found by. `parked`: how many outcomes the call had when nothing but waits was left of it. */
export interface StepRow extends RecordedStep, StepCall {
  turn: string;
  parked?: number;
  endedMs?: number;
}

export interface GivenSignal {
  name: string;
  /** JSON; absent where nothing was sent. */
  value?: string;
  /** The call that it is for, where more than one waits for this name. */
  callId?: string;
  /** The sender's Idempotency-Key. */
  key?: string;
}

/** `delivered`: a step had waited for it. `kept`: a call is under way that may still come to wait for it. */
export interface TakenSignal {
  status: "delivered" | "kept";
  turn: string;
  callId?: string;
}

/** The rows of steps, as a session reads them. */
export interface StepRows {
  /** The calls of a reply that have steps. */
  calls(seq: number): SteppedCalls;
  /** The steps of a reply, in the order in which they were begun. */
  ofReply(seq: number): readonly StepRow[];
  steps(call: StepCall): StepRow[];
  /** The steps of this name that wait for a signal, or did; the newest reply's last. */
  signals(name: string): StepRow[];
  /** The steps of the reply were written: these are all. */
  keep(seq: number, steps: readonly StepRow[]): void;
}

/** What of a session its steps are made with. */
export interface StepsHost {
  storage: DurableObjectStorage;
  steps: StepRows;
  turns: {
    readonly open: { turn: string; firstSeq?: number | undefined; stop?: unknown } | undefined;
    readonly suspended: SuspendedCall[];
    readonly waitingFor: readonly WaitingCall[];
    entries(firstSeq: number): readonly Entry[];
    firstSeq(turn: string): number | undefined;
  };
  feed: { readonly draft: unknown; readonly confirmed: number; changed(): void };
  log: { readonly lastSeq: number };
  /** A call that was begun has come further. */
  intents: { progressed(seq: number, callId: string): void };
}

/** A call that is run. `mustLive`: throws once the session is erased. */
export interface RunCall extends StepCall {
  turn: string;
  stepKey(name: string): Promise<string>;
  mustLive(): void;
}

/** The durable steps of one session. */
export interface SessionSteps {
  of(call: RunCall): BeginSteps;
  /** See `takeSignal`. Runs in the caller's transaction. */
  takeSignal(given: GivenSignal, nowMs: number): TakenSignal;
  /** For one client, of this turn or of all. */
  rest(turn?: string): RestWatch;
}

/** Sees for one client whether anything but waiting goes on. */
export interface RestWatch {
  /** What the session rests for; `undefined` where something goes on, or a person is asked. `wake` is called when it is to be looked at again. */
  look(wake: () => void): TurnRest | undefined;
  /** In a dialect that has frames for it: the calls that wait, each once, and once more without waits when it goes on, and the end of an answer whose reader would have to stay for long. */
  frames<F>(encoder: RestEncoder<F>, wake: () => void): F[];
  close(): void;
}

/** See `Encoder`. */
export interface RestEncoder<F> {
  /** Without waits: the call goes on. */
  suspended?(call: SuspendedCall): F[];
  rests?(rest: TurnRest): F[];
}

export interface StepsFeature {
  session(host: StepsHost): SessionSteps;
}
