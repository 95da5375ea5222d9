/** Finds the words for what a session refuses, as the native API says it. A door whose callers know other names for the same things has words of its own, and uses these for the rest. */
import { unwrap } from "../account/outcome.ts";
import { defined } from "../core/defined.ts";
import { AppError, type AppErrorCode } from "../core/errors.ts";
import type { CallOutcome, Refusable, SubmitRefusal } from "../session/refusal.ts";
import type { Submitted } from "../session/submit/submit-rows.ts";
import { modelsNotAllowed } from "../session/turn/turn-model.ts";

/** What a door says of a refusal. */
export type RefusalWords = (refusal: SubmitRefusal) => AppError;

/** Where an accepted submission is answered. */
export type Accepted = Extract<Submitted, { type: "accepted" }>;

/** The value; throws a refusal in the door's words. */
export function takenBy<T>(answer: Refusable<T>, words: RefusalWords = nativeWords): T {
  if (!answer.ok && "refusal" in answer) throw words(answer.refusal);
  return unwrap(answer);
}

/** The same for a submission that cannot be edited or moved on from: it has no history, and is after nothing. */
export function accepted(answer: Refusable<Submitted>, words?: RefusalWords): Accepted {
  return mustBeAccepted(takenBy(answer, words));
}

export function mustBeAccepted(submitted: Submitted): Accepted {
  if (submitted.type !== "accepted") throw new Error(`a submission was ${submitted.type}`);
  return submitted;
}

export function nativeWords(refusal: SubmitRefusal): AppError {
  const { code, detail, field, retryAfterSeconds } = worded(refusal);
  return new AppError(code, detail, {
    ...defined({ field, retryAfterSeconds }),
  });
}

/** What became of a call, to be read after its name. */
export function outcomeWords(outcome: CallOutcome): string {
  switch (outcome.kind) {
    case "denied":
      return `was denied already${byWhom(outcome)}`;
    case "approved":
      return `was approved already${byWhom(outcome)}, and ${sinceWords[outcome.since]}`;
    case "has_result":
      return "has its result already";
    case "unanswered":
      return "is over: it was not answered in time";
    case "turn_over":
      return "is no longer needed: its turn is over";
  }
}

interface DetailWords {
  code: AppErrorCode;
  detail: string;
  field?: string;
  retryAfterSeconds?: number;
}

function worded(refusal: SubmitRefusal): DetailWords {
  switch (refusal.code) {
    case "no_session":
      return { code: "not_found", detail: "There is no such session." };
    case "turn_open":
      return {
        code: "session_busy",
        detail: "A turn is open in this session. Wait for it, cancel it, or send with another on_busy.",
      };
    case "queue_full": {
      const detail = `${refusal.limit} messages wait in this session already. Wait until some are answered, or cancel the turn.`;
      return { code: "queue_full", detail, retryAfterSeconds: 10 };
    }
    case "key_reused": {
      const detail = `The Idempotency-Key "${refusal.key}" was used before with another body. Send the same body, or a new key.`;
      return { code: "idempotency_mismatch", detail, field: "Idempotency-Key" };
    }
    case "message_too_large": {
      const detail = `The message has ${refusal.bytes} bytes with its instructions and tools; at most ${refusal.mostBytes} are taken. Shorten it.`;
      return { code: "payload_too_large", detail, field: "content" };
    }
    case "other_agent": {
      const { agent, named } = refusal;
      const detail = `agent: this session has the agent "${agent}", and keeps it. Leave agent out, or begin another session for "${named}".`;
      return { code: "conflict", detail, field: "agent" };
    }
    case "models_not_allowed": {
      const { message: detail } = modelsNotAllowed(refusal.models, refusal.allowed);
      return { code: "invalid_request", detail, field: "model" };
    }
    case "nothing_submitted":
      return { code: "invalid_request", detail: "There is nothing to answer.", field: "messages" };
    default:
      return answerWords(refusal);
  }
}

/** Of answers about calls. */
function answerWords(refusal: AnswerRefusal): DetailWords {
  switch (refusal.code) {
    case "no_such_call":
      return notFound(`There is no call "${refusal.callId}" in this session.`, "call_id");
    case "no_such_calls":
      return notFound("None of the calls in the last message is one of the session's newest turn.");
    case "call_not_waiting": {
      const outcome =
        refusal.outcome === undefined ? "was answered, or its turn is over" : outcomeWords(refusal.outcome);
      return conflict(`The call "${refusal.callId}" does not wait any more: it ${outcome}.`, "call_id");
    }
    case "ref_not_waiting":
      return refusal.outcome === undefined
        ? conflict("This was answered already, or is no longer needed.")
        : conflict(`${refusal.tool ?? "The call"} ${outcomeWords(refusal.outcome)}.`);
    case "call_of_client":
      return conflict(`The call "${refusal.callId}" runs at the client: send its result to …/tool_results.`, "call_id");
    case "call_of_person":
      return conflict(
        `The call "${refusal.callId}" waits for a person's approval, not for a result: …/approvals/${refusal.callId}.`,
        "results",
      );
    case "other_call_shown":
      return conflict(
        `The call "${refusal.callId}" is not the one that was shown with this digest. Look at its arguments again.`,
        "digest",
      );
    case "decided_before":
      return conflict(`The call ${refusal.id} ${outcomeWords(refusal.outcome)}.`);
    case "stray_result":
      return conflict(`No call "${refusal.callId}" waits for a result.`, "results");
    case "stray_approval":
      return conflict(`No call ${refusal.id} waits for an approval.`);
    case "missing_result":
      return conflict(`The call "${refusal.callId}" waits for its result.`, "results");
    case "missing_approval":
      return conflict(`The call ${refusal.ref} waits for an approval.`);
    case "form_changed":
      return conflict("The form of the answer cannot change between a call and its output.");
    case "tool_forced":
      return conflict("After the output of a call no tool can be forced.");
  }
}

type AnswerRefusal = Exclude<
  SubmitRefusal,
  {
    code:
      | "no_session"
      | "turn_open"
      | "queue_full"
      | "key_reused"
      | "message_too_large"
      | "other_agent"
      | "models_not_allowed"
      | "nothing_submitted";
  }
>;

const sinceWords = { running: "is being run", failed: "failed", run: "has run" };

function byWhom({ by }: { by?: string }): string {
  return by === undefined ? "" : ` by ${by}`;
}

function notFound(detail: string, field?: string): DetailWords {
  return { code: "not_found", detail, ...defined({ field }) };
}

function conflict(detail: string, field?: string): DetailWords {
  return { code: "conflict", detail, ...defined({ field }) };
}
