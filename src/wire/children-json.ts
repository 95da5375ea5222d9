/** What the agents that were called add to entries, turns and sessions as clients read them. Pure. */
import type { ChildrenUsage, ToolEntry } from "../core/entry.ts";
import type { ChildrenJson } from "./child-shapes.ts";
import type { EntryJson } from "./shapes.ts";

export function childrenJson(children: ChildrenUsage): ChildrenJson {
  const { count, steps, costMicros, inputTokens, cachedTokens, outputTokens, reasoningTokens } = children;
  return {
    count,
    steps,
    input_tokens: inputTokens,
    cached_tokens: cachedTokens,
    output_tokens: outputTokens,
    reasoning_tokens: reasoningTokens,
    cost_micros: costMicros,
  };
}

/** Who gave a result, or is given the session. */
export function agentFacts({ child, handoff }: ToolEntry): Pick<EntryJson, "child" | "handoff"> {
  if (child === undefined) return handoff === undefined ? {} : { handoff };
  const { session, agent, reason, costMicros } = child;
  return { child: { session, agent, reason, cost_micros: costMicros } };
}
