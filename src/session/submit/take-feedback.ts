/** Takes in what a person thinks of a turn's answer, in place of what was said of it before. Runs in the caller's transaction. */
import { mustBeTagged } from "../read/session-tag.ts";
import type { SessionParts } from "../session-parts.ts";
import type { Feedback } from "../store/feedback.ts";
import { noSuchTurn } from "../turn/turns.ts";

/** `tag`: of the session that is meant (`sessionTag`). Throws `not_found` for another session or an unknown turn. */
export function takeFeedback(
  { record, turns, feedback: store, telemetry }: SessionParts,
  { turn, feedback, tag }: { turn: string; feedback: Feedback; tag: string | undefined },
): null {
  mustBeTagged(record.read(), tag);
  if (turns.state(turn) === undefined) throw noSuchTurn(turn);
  store.put(turn, feedback);
  telemetry?.owe({ kind: "feedback", turn, atMs: feedback.atMs });
  return null;
}
