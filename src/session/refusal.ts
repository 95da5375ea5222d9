/** Why a session refuses what was submitted: a code and the facts. The words are the door's, since each door's callers know other names for the same things. Types, and how a refusal travels. */
import { type Outcome, outcome } from "../account/outcome.ts";

/** What became of a call that does not wait any more. `by`: who decided, where that is known. */
export type CallOutcome =
  | { kind: "denied"; by?: string }
  | { kind: "approved"; by?: string; since: "running" | "failed" | "run" }
  | { kind: "has_result" }
  | { kind: "unanswered" }
  | { kind: "turn_over" };

export type SubmitRefusal =
  /** There is none of this name. */
  | { code: "no_session" }
  /** A turn is open, and the sender wants no waiting. */
  | { code: "turn_open" }
  | { code: "queue_full"; limit: number }
  /** The receipt's key came before with another body. */
  | { code: "key_reused"; key: string }
  | { code: "message_too_large"; bytes: number; mostBytes: number }
  /** The session keeps its agent. */
  | { code: "other_agent"; agent: string; named: string }
  /** The answer would come from `models`, and the account may use `allowed` alone. */
  | { code: "models_not_allowed"; models: string[]; allowed: string[] }
  | { code: "no_such_call"; callId: string }
  /** None of the calls is one of the newest turn. */
  | { code: "no_such_calls" }
  | { code: "call_not_waiting"; callId: string; outcome?: CallOutcome }
  /** The same for a call that was named by its ref. `tool`: its name, where it was found. */
  | { code: "ref_not_waiting"; tool?: string; outcome?: CallOutcome }
  | { code: "call_of_client"; callId: string }
  | { code: "call_of_person"; callId: string }
  /** Another call than the person was shown waits under this id. */
  | { code: "other_call_shown"; callId: string }
  /** A result of no call that waits. */
  | { code: "stray_result"; callId: string }
  /** An approval of no call that waits, as its sender named it. */
  | { code: "stray_approval"; id: string }
  /** A call waits, and has no answer. */
  | { code: "missing_result"; callId: string }
  | { code: "missing_approval"; turn: string; ref: string }
  /** Decided before, as its sender named it. */
  | { code: "decided_before"; id: string; outcome: CallOutcome }
  /** The form of the answer is not the one that the turn began with. */
  | { code: "form_changed" }
  /** A tool is to be called after the output of a call. */
  | { code: "tool_forced" }
  | { code: "nothing_submitted" };

/** Thrown where a submission is taken in, so that its transaction is rolled back. */
export class SubmitRefused extends Error {
  readonly refusal: SubmitRefusal;

  constructor(refusal: SubmitRefusal) {
    super(`refused: ${refusal.code}`);
    this.refusal = refusal;
  }
}

/** What a method returns that may refuse. */
export type Refusable<T> = Outcome<T> | { ok: false; refusal: SubmitRefusal };

/** Runs `work`; what it refuses becomes data, as in `outcome`. */
export async function refusable<T>(work: () => T | Promise<T>): Promise<Refusable<T>> {
  try {
    return await outcome(work);
  } catch (error) {
    if (error instanceof SubmitRefused) return { ok: false, refusal: error.refusal };
    throw error;
  }
}
