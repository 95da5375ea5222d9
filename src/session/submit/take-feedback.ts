/** Takes a person's feedback on a turn's answer, in place of the earlier one. Runs in the caller's transaction. */

import type { SessionTelemetry } from "../../observe/telemetry.ts";
import { mustBeTagged } from "../read/session-tag.ts";
import type { Feedback, FeedbackStore } from "../store/feedback.ts";
import type { SessionRecord } from "../store/session-record.ts";
import { noSuchTurn, type Turns } from "../turn/turns.ts";

interface FeedbackRows {
  record: SessionRecord;
  turns: Turns;
  feedback: FeedbackStore;
  telemetry?: SessionTelemetry;
}

/** `tag`: of the session that is meant (`sessionTag`). Throws `not_found` for another session or an unknown turn. */
export function takeFeedback(
  { record, turns, feedback: store, telemetry }: FeedbackRows,
  { turn, feedback, tag }: { turn: string; feedback: Feedback; tag: string | undefined },
): null {
  mustBeTagged(record.read(), tag);
  if (turns.state(turn) === undefined) throw noSuchTurn(turn);
  store.put(turn, feedback);
  telemetry?.owe({ kind: "feedback", turn, atMs: feedback.atMs });
  return null;
}
