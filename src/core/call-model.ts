/** One step's model call, tried again or elsewhere as the rules say, until it comes to an answer or to a failure that stands. One entry comes of it. */
import { Draft, type Reply } from "./assemble.ts";
import { addUsage } from "./cost.ts";
import type { Effects } from "./effects.ts";
import type { FailedTry } from "./entry.ts";
import type { AfterFailure, Again, NextStep, Rules } from "./next-step.ts";

export async function callModel(
  next: Extract<NextStep, { type: "call_model" }>,
  effects: Effects,
  rules: Rules,
): Promise<void> {
  let failed: Reply[] = [];
  let tries: FailedTry[] = [];
  let again: Again | undefined;
  for (let draft: Draft | undefined; ; ) {
    const { prices, ...of } = await effects.beginStep(next, again, tries.at(-1));
    draft = new Draft(of, again?.how === "continue" ? draft : undefined);
    const times = await stream(draft, effects);
    const cancelled = effects.signal.aborted;
    const reply = { ...draft.finish({ cancelled, prices, atMs: effects.now() }), ...times };
    const plan = reply.type === "step_failed" ? decide(reply, draft) : ({ type: "give_up" } as const);
    if (plan.type === "give_up") return effects.append([summedUp(reply, failed, tries)]);
    await effects.pause(plan.afterMs);
    // Cancelled while it waited: the failed try stands, with what it had said.
    if (effects.signal.aborted) return effects.append([summedUp(reply, failed, tries)]);
    failed = [...failed, reply];
    tries = [...tries, tryOf(reply as FailedReply, draft)];
    again = plan;
  }

  function decide(reply: FailedReply, draft: Draft): AfterFailure {
    return rules.afterFailure([...tries, tryOf(reply, draft)], effects.chance());
  }
}

type FailedReply = Extract<Reply, { type: "step_failed" }>;

async function stream(draft: Draft, effects: Effects): Promise<{ firstEventMs?: number; durationMs: number }> {
  const beganMs = effects.now();
  let firstMs: number | undefined;
  effects.show(draft);
  for await (const events of effects.generate(draft)) {
    firstMs ??= effects.now();
    for (const event of events) draft.add(event);
    effects.show(draft);
  }
  const durationMs = effects.now() - beganMs;
  return { ...(firstMs !== undefined && { firstEventMs: firstMs - beganMs }), durationMs };
}

function tryOf({ model, failure }: FailedReply, draft: Draft): FailedTry {
  return { model, failure, textChars: draft.hasCalls ? 0 : draft.text.length };
}

/** The entry that stays: with the tries before it, and with what they used. */
function summedUp(reply: Reply, failed: Reply[], tries: FailedTry[]): Reply {
  if (tries.length === 0) return reply;
  const usage = failed.reduce((sum, each) => addUsage(sum, each.usage), reply.usage);
  const costMicros = failed.reduce((sum, each) => sum + each.costMicros, reply.costMicros);
  return { ...reply, tries, usage, costMicros };
}
