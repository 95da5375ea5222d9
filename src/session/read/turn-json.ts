/** A turn as clients read it: whole once it has ended, else its state and what it waits for. */
import { latestMs } from "../../core/bounds.ts";
import type { WaitingCall } from "../../core/waits.ts";
import { childrenJson } from "../../wire/children-json.ts";
import { countsJson, errorJson, iso, messageJson, suspendedJson, usageJson } from "../../wire/native.ts";
import type { FeedbackJson, TurnJson } from "../../wire/shapes.ts";
import type { Feedback } from "../store/feedback.ts";
import type { TurnState } from "../turn/turns.ts";

export function turnJson(session: string, turn: string, state: TurnState): TurnJson {
  switch (state.status) {
    case "queued":
    case "running":
      return { session, turn, status: state.status };
    case "waiting": {
      const message = state.reply && messageJson({ role: "assistant", ...state.reply });
      return {
        session,
        turn,
        status: state.status,
        message,
        waiting_for: state.waitingFor.flatMap((call) => waitJson(call, state.waitMs)),
        ...(state.suspended.length > 0 && { suspended: state.suspended.map(suspendedJson) }),
      };
    }
    case "ended": {
      const { ended, reply } = state;
      return {
        session,
        turn,
        status: ended.reason,
        message: reply === undefined ? null : messageJson({ role: "assistant", ...reply }),
        usage: {
          ...usageJson(ended.usage, ended.steps),
          ...countsJson(ended),
          ...(reply?.replayed && { cached: true }),
        },
        cost_micros: ended.costMicros,
        ...(ended.children && { children: childrenJson(ended.children) }),
        ...(state.feedback && { feedback: feedbackJson(state.feedback) }),
        ...(ended.refused && { refused: true }),
        ...(ended.failure && { error: errorJson(ended.failure) }),
      };
    }
  }
}

export function feedbackJson({ score, label, comment, by, atMs }: Feedback): FeedbackJson {
  return { score, label: label ?? null, comment: comment ?? null, by: by ?? null, created_at: iso(atMs) };
}

/** The exact arguments, as the model wrote them: what is approved is what is run. */
function waitJson({ id, name, arguments: text, kind, sinceMs, child }: WaitingCall, waitMs: number) {
  if (kind === "agent") return [];
  const expiresAtMs = Math.min(sinceMs + waitMs, latestMs);
  const of = child && { session: child.session, agent: child.agent };
  return [{ call_id: id, name, arguments: text, kind, expires_at: iso(expiresAtMs), ...of }];
}
