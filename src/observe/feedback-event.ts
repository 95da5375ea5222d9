/** What a person thinks of a turn's answer, as the event of the GenAI conventions for evaluations (`gen-ai-events.md`). Pure. */
import type { Entry } from "../core/entry.ts";
import type { ContentWriter } from "./content.ts";
import { spanIdOf, type TurnPlace, turnTrace } from "./span.ts";
import type { GivenScore, TelemetryEvent } from "./telemetry.ts";
import { rootKey } from "./turn-spans.ts";

/** The words of a person are in it with content capture alone; else the label is one of three. `first`: the turn's first entry. */
export async function feedbackEvent(
  { score, label, comment, by, atMs }: GivenScore,
  place: TurnPlace & { content?: ContentWriter | undefined },
  first: Entry,
): Promise<TelemetryEvent> {
  const { content } = place;
  const user = first.type === "user" ? first : undefined;
  const sign = score > 0 ? "positive" : score < 0 ? "negative" : "neutral";
  return {
    name: "gen_ai.evaluation.result",
    atMs,
    traceId: (await turnTrace(place, first)).traceId,
    spanId: await spanIdOf(place, rootKey(first.seq)),
    attributes: {
      "gen_ai.evaluation.name": "user_feedback",
      "gen_ai.evaluation.score.value": score,
      "gen_ai.evaluation.score.label": content && label !== undefined ? content.text(label) : sign,
      ...(content && comment !== undefined && { "gen_ai.evaluation.explanation": content.text(comment) }),
      ...(content && by !== undefined && { "longline.feedback.by": content.text(by) }),
      "gen_ai.conversation.id": place.session,
      "longline.turn.id": place.turn,
      ...(user?.agent !== undefined && { "gen_ai.agent.name": user.agent }),
      ...(user?.agentVersion !== undefined && { "longline.agent.version": user.agentVersion }),
    },
  };
}
