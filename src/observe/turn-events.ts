/** Events about a turn's span, sent as log records: what a person thinks of its answer, and which version a rollout chose for it. Pure. */
import { sha256Hex } from "../core/digest.ts";
import type { Entry, UserEntry } from "../core/entry.ts";
import type { ContentWriter } from "./content.ts";
import type { Attributes, EventName } from "./names.ts";
import { spanIdOf, type TurnPlace, turnTrace } from "./span.ts";
import type { GivenScore, TelemetryEvent } from "./telemetry.ts";
import { rootKey } from "./turn-spans.ts";

/** The event of the GenAI conventions for evaluations (`gen-ai-events.md`). The words of a person are in it with content capture alone; else the label is one of three. `first`: the turn's first entry. */
export function feedbackEvent(
  { score, label, comment, by, atMs }: GivenScore,
  place: TurnPlace & { content?: ContentWriter | undefined },
  first: Entry,
): Promise<TelemetryEvent> {
  const { content } = place;
  const user = first.type === "user" ? first : undefined;
  const sign = score > 0 ? "positive" : score < 0 ? "negative" : "neutral";
  return turnEvent("gen_ai.evaluation.result", place, {
    first,
    atMs,
    attributes: {
      "gen_ai.evaluation.name": "user_feedback",
      "gen_ai.evaluation.score.value": score,
      "gen_ai.evaluation.score.label": content && label !== undefined ? content.text(label) : sign,
      ...(content && comment !== undefined && { "gen_ai.evaluation.explanation": content.text(comment) }),
      ...(content && by !== undefined && { "longline.feedback.by": content.text(by) }),
      ...(user?.agent !== undefined && { "gen_ai.agent.name": user.agent }),
    },
  });
}

/** The event of the conventions for feature flags (`feature-flags-events.md`): the agent is the flag, the arm its variant. None for a turn that no rollout chose a version for. A speaker is named by a digest alone. */
export async function rolloutEvents(place: TurnPlace, first: Entry): Promise<TelemetryEvent[]> {
  if (first.type !== "user" || first.rollout === undefined) return [];
  const { id, arm, stage, key } = first.rollout;
  const digest = await sha256Hex(JSON.stringify(["key", place.account, key]));
  const attributes: Attributes = {
    "feature_flag.key": first.agent ?? "",
    "feature_flag.result.variant": arm,
    "feature_flag.result.reason": "split",
    "feature_flag.version": `${id}.${stage}`,
    "feature_flag.context.id": key === place.session ? key : digest.slice(0, 16),
    "feature_flag.provider.name": "longline",
  };
  return [await turnEvent("feature_flag.evaluation", place, { first, atMs: first.atMs, attributes })];
}

async function turnEvent(
  name: EventName,
  place: TurnPlace,
  { first, atMs, attributes }: { first: Entry; atMs: number; attributes: Attributes },
): Promise<TelemetryEvent> {
  const [{ traceId }, spanId] = await Promise.all([turnTrace(place, first), spanIdOf(place, rootKey(first.seq))]);
  const { agentVersion }: Partial<UserEntry> = first.type === "user" ? first : {};
  const ofTurn: Attributes = {
    "gen_ai.conversation.id": place.session,
    "longline.turn.id": place.turn,
    ...(agentVersion !== undefined && { "longline.agent.version": agentVersion }),
  };
  return { name, atMs, traceId, spanId, attributes: { ...attributes, ...ofTurn } };
}
