/** What a session refuses, in the words of the Responses API: it names calls and approval requests as its clients do. Pure. */
import { AppError } from "../../../core/errors.ts";
import type { SubmitRefusal } from "../../../session/refusal.ts";
import { approvalRequestId } from "../../../wire/answer-id.ts";
import { outcomeWords, type RefusalWords } from "../../refusal-words.ts";
import { conversationWords } from "../../take-conversation.ts";

/** `session`: the one that refuses. */
export function responseWords(session: string): RefusalWords {
  return (refusal) => {
    const detail = inputWords(refusal, session);
    if (detail !== undefined) return new AppError("invalid_request", detail, { field: "input" });
    switch (refusal.code) {
      case "decided_before": {
        const words = `The approval request ${refusal.id} ${outcomeWords(refusal.outcome)}.`;
        return new AppError("conflict", words, { field: "input" });
      }
      case "form_changed": {
        const words = "The form of the answer cannot change between a call and its output. Send the same text.format.";
        return new AppError("invalid_request", words, { field: "text.format" });
      }
      case "tool_forced": {
        const words = 'After the output of a call tool_choice must be "auto" or "none": the model could never answer.';
        return new AppError("invalid_request", words, { field: "tool_choice" });
      }
      default:
        return conversationWords(refusal);
    }
  };
}

/** What is wrong with the input. */
function inputWords(refusal: SubmitRefusal, session: string): string | undefined {
  switch (refusal.code) {
    case "stray_result":
      return `No tool call found for function call output with call_id ${refusal.callId}.`;
    case "stray_approval":
      return `No approval request found with id ${refusal.id}.`;
    case "missing_result":
      return `No tool output found for function call ${refusal.callId}.`;
    case "missing_approval": {
      const id = approvalRequestId({ session, turn: refusal.turn }, refusal.ref);
      return `No approval response found for approval request ${id}.`;
    }
    case "nothing_submitted":
      return "Nothing is asked. Send a message, or the output of a call.";
    default:
      return undefined;
  }
}
