/** Sums of what children used: what one adds to the other, and what is new in a sum that grows. Pure. */
import type { ChildUse } from "../agent/delegation-feature.ts";
import { addUsage, noUsage } from "../core/cost.ts";

export const noUse: ChildUse = { usage: noUsage, costMicros: 0, steps: 0 };

export function plusUse(a: ChildUse, b: ChildUse): ChildUse {
  return { usage: addUsage(a.usage, b.usage), costMicros: a.costMicros + b.costMicros, steps: a.steps + b.steps };
}

/** What a sum has that an earlier one had not. A sum that came late, and is the smaller one, brings nothing. */
export function grownBy(now: ChildUse, before: ChildUse): ChildUse {
  const more = (to: number, from: number) => Math.max(0, to - from);
  const { inputTokens, cachedTokens, outputTokens, reasoningTokens, estimated } = now.usage;
  return {
    usage: {
      inputTokens: more(inputTokens, before.usage.inputTokens),
      cachedTokens: more(cachedTokens, before.usage.cachedTokens),
      outputTokens: more(outputTokens, before.usage.outputTokens),
      reasoningTokens: more(reasoningTokens, before.usage.reasoningTokens),
      ...(estimated && { estimated }),
    },
    costMicros: more(now.costMicros, before.costMicros),
    steps: more(now.steps, before.steps),
  };
}
