/** One step's model call, tried again or elsewhere as the rules say, until it comes to an answer or to a failure that stands. One entry comes of it, or a compaction when the conversation was too long. */
import { Draft, type Reply } from "./assemble.ts";
import { compact } from "./compact.ts";
import { addUsage } from "./cost.ts";
import type { Effects } from "./effects.ts";
import { ending, type TurnEnding } from "./ending.ts";
import type { Entry, FailedTry, NewEntry } from "./entry.ts";
import type { AfterFailure, Again, NextStep, Rules } from "./next-step.ts";
import { settleCalls } from "./settle-calls.ts";

export async function callModel(
  next: Extract<NextStep, { type: "call_model" }>,
  effects: Effects,
  rules: Rules,
): Promise<void> {
  let failed: Reply[] = [];
  let tries: FailedTry[] = [];
  let again: Again | undefined;
  for (let draft: Draft | undefined; ; ) {
    if (!(await effects.afford())) return effects.append(exhausted(effects, failed, tries));
    const { prices, begun, ...of } = await effects.beginStep(next, again, tries.at(-1));
    draft = new Draft(of, again?.how === "continue" ? draft?.said : begun);
    const times = await stream(draft, effects);
    const cancelled = effects.signal.aborted;
    const reply = { ...draft.finish({ cancelled, prices, atMs: effects.now() }), ...times };
    if (isOverflow(reply, tries) && (await compact(next, effects, rules, "overflow"))) return;
    const plan = reply.type === "step_failed" ? decide(reply, draft) : ({ type: "give_up" } as const);
    const last = lastResort({ reply, draft, tries, plan }, effects, rules);
    if (last !== undefined) return effects.append([summedUp({ ...last, ...times }, failed, tries)]);
    if (plan.type === "give_up") return effects.append([settleCalls(summedUp(reply, failed, tries), rules)]);
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

/** The end of a turn whose account has no money left for another call; what the last try had said and cost stays. */
function exhausted(effects: Effects, failed: Reply[], tries: FailedTry[]): NewEntry[] {
  const { entries } = effects.look();
  const turn = entries[0]?.turn ?? "";
  const reply = entries.findLast((entry) => entry.type === "assistant");
  const last = failed.at(-1);
  const stands = last === undefined ? [] : [summedUp(last, failed.slice(0, -1), tries.slice(0, -1))];
  const end: TurnEnding = { turn, step: reply?.step ?? 0, reason: "budget_exhausted", refused: [] };
  const paid = stands.map((entry): Entry => ({ ...entry, seq: 0 }));
  return [...stands, ...ending(end, [...entries, ...paid], effects.now())];
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

/** A host that says what to change about the request is first asked again so: only its answer's share may be too long. */
function isOverflow(reply: Reply, tries: readonly FailedTry[]): boolean {
  if (reply.type !== "step_failed" || reply.failure.code !== "context_overflow") return false;
  const { change } = reply.failure;
  return change === undefined || tries.some(({ failure }) => failure.change === change);
}

interface Tried {
  reply: Reply;
  draft: Draft;
  /** Those before it. */
  tries: readonly FailedTry[];
  plan: AfterFailure;
}

/**
 * The answer of a try that failed without being worth nothing, once another try has failed the same way or none will be
 * made: text beside half a call, or an answer that came as reasoning alone (hermes-agent#109205, DeepSeek-V3#1453).
 */
function lastResort({ reply, draft, tries, plan }: Tried, effects: Effects, rules: Rules): Reply | undefined {
  if (reply.type !== "step_failed" || draft.lastResort === undefined) return undefined;
  const isRepeated = tries.some(({ failure }) => failure.code === reply.failure.code);
  if (plan.type !== "give_up" && !isRepeated) return undefined;
  const [first] = effects.look().entries;
  const format = first?.type === "user" ? first.options.responseFormat : undefined;
  if (format !== undefined && rules.complaint(draft.lastResort, format) !== undefined) return undefined;
  draft.takeLastResort();
  effects.show(draft);
  const { usage, costMicros, atMs } = reply;
  return { ...draft.finish({ cancelled: false, prices: noPrices, atMs }), usage, costMicros };
}

const noPrices = { hit: 0, miss: 0, output: 0 };

/** The entry that stays: with the tries before it, and with what they used. */
function summedUp(reply: Reply, failed: Reply[], tries: FailedTry[]): Reply {
  if (tries.length === 0) return reply;
  const usage = failed.reduce((sum, each) => addUsage(sum, each.usage), reply.usage);
  const costMicros = failed.reduce((sum, each) => sum + each.costMicros, reply.costMicros);
  return { ...reply, tries, usage, costMicros };
}
