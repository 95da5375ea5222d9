/** Makes the model call of one step and retries it, with the same model or another one, as the rules decide, until there is an answer or a final failure. Appends one entry for it, or a compaction when the conversation was too long. */
import { Draft, type HowFinished, type ModelReply } from "./assemble.ts";
import { type Shortage, shortageFailure } from "./budget-words.ts";
import { compact } from "./compact.ts";
import { addUsage, noUsage, type Usage } from "./cost.ts";
import { defined } from "./defined.ts";
import type { Effects, Spent } from "./effects.ts";
import { ending, type TurnEnding } from "./ending.ts";
import type { CompactionCause, Entry, FailedTry, NewEntry } from "./entry.ts";
import type { Failure } from "./errors.ts";
import type { ModelEvent } from "./model-event.ts";
import type { AfterFailure, Again, NextStep, Rules } from "./next-step.ts";
import { settleCalls } from "./settle-calls.ts";

export async function callModel(
  next: Extract<NextStep, { type: "call_model" }>,
  effects: Effects,
  rules: Rules,
): Promise<void> {
  const past = new PastTries();
  let again: Again | undefined;
  for (let draft: Draft | undefined; ; ) {
    const afforded = await effects.afford();
    if (afforded !== true) return effects.append(exhausted(effects, past, afforded || undefined));
    const { prices, begun, sent, place, crashed, ...of } = await effects.beginStep(next, again, past.last);
    if (crashed !== undefined) past.addCrashed(crashed);
    draft = new Draft(of, again?.how === "continue" ? draft?.soFar : begun);
    const times = await stream(draft, effects);
    const how = { cancelled: effects.signal.aborted, prices, ...(sent && { sent }), ...(place && { place }) };
    let reply: ModelReply = { ...draft.finish({ ...how, atMs: effects.now() }), ...times };
    const why = tooLong({ reply, draft, tries: past.tries }, effects);
    if (why !== undefined) {
      if (await compact(next, effects, rules, { why, spent: past.withReply(reply) })) return;
      reply = { ...finishedByWindow(draft, { ...how, atMs: effects.now() }), ...times };
    }
    const failed = reply.type === "step_failed" ? past.tryOf(reply, draft) : undefined;
    const plan: AfterFailure =
      failed === undefined ? { type: "give_up" } : rules.afterFailure([...past.tries, failed], effects.chance());
    const last = lastResort({ reply, draft, tries: past.tries, plan }, effects, rules);
    if (last !== undefined) return effects.append([past.summedUp({ ...last, ...times })]);
    if (failed === undefined || plan.type === "give_up") {
      return effects.append([settleCalls(past.summedUp(reply), rules)]);
    }
    await effects.pause(plan.afterMs);
    // Cancelled while it waited: the failed try is the entry, with what it had brought.
    if (effects.signal.aborted) return effects.append([past.summedUp(reply)]);
    past.add(reply, failed, draft.fingerprint);
    again = plan;
  }
}

/** The tries of a step that are over: what they cost, and how they failed. */
class PastTries {
  tries: FailedTry[] = [];
  #replies: ModelReply[] = [];
  #crashed: (Spent & { tries: FailedTry[] }) | undefined;
  #fingerprint: string | undefined;

  /** The newest of them, and what all of them cost. */
  get last(): { failed: FailedTry; spent: Spent } | undefined {
    const failed = this.tries.at(-1);
    return failed && { failed, spent: this.#spent };
  }

  get #spent(): Spent {
    const begin: Spent = this.#crashed ?? { usage: noUsage, costMicros: 0 };
    return this.#replies.reduce(
      (sum: Spent, { usage, costMicros }) => {
        return { usage: addUsage(sum.usage, usage), costMicros: sum.costMicros + costMicros };
      },
      { usage: begin.usage, costMicros: begin.costMicros },
    );
  }

  /** Crashes are no fault of the model: they do not count against its tries. */
  addCrashed(crashed: Spent & { tries: FailedTry[] }): void {
    this.#crashed = crashed;
  }

  tryOf({ model, failure, usage, costMicros, atMs, durationMs }: FailedReply, draft: Draft): FailedTry {
    const before = this.tries.at(-1);
    const isSame = before?.model === model && before.failure.code === failure.code;
    return {
      model,
      failure,
      textChars: draft.hasCalls ? 0 : draft.text.length,
      ...(draft.hasBegun && { paid: true }),
      ...(isUsed(usage) && { usage, costMicros }),
      ...(isSame && this.#fingerprint !== undefined && this.#fingerprint === draft.fingerprint && { repeats: true }),
      atMs,
      ...defined({ durationMs }),
    };
  }

  add(reply: ModelReply, failed: FailedTry, fingerprint: string | undefined): void {
    this.#replies.push(reply);
    this.tries = [...this.tries, failed];
    this.#fingerprint = fingerprint;
  }

  /** What the step cost with this reply. */
  withReply(reply: ModelReply): Spent {
    const { usage, costMicros } = this.summedUp(reply);
    return { usage, costMicros };
  }

  /** The entry that stays: with the tries before it, and with what they used. */
  summedUp(reply: ModelReply): ModelReply {
    const tries = [...(this.#crashed?.tries ?? []), ...this.tries];
    if (tries.length === 0) return reply;
    const { usage, costMicros } = this.#spent;
    return { ...reply, tries, usage: addUsage(usage, reply.usage), costMicros: costMicros + reply.costMicros };
  }

  /** The newest try as the entry, with those before it. */
  get entry(): ModelReply | undefined {
    const last = this.#replies.pop();
    this.tries = this.tries.slice(0, -1);
    return last && this.summedUp(last);
  }
}

function isUsed({ inputTokens, cachedTokens, outputTokens }: Usage): boolean {
  return inputTokens + cachedTokens + outputTokens > 0;
}

/** The end of a turn whose account has no money left for another call; what the last try had brought and cost stays. */
function exhausted(effects: Effects, past: PastTries, shortage: Shortage | undefined): NewEntry[] {
  const { entries } = effects.look();
  const turn = entries[0]?.turn ?? "";
  const reply = entries.findLast((entry) => entry.type === "assistant");
  const last = past.entry;
  const stays = last === undefined ? [] : [last];
  const failure = shortageFailure(shortage);
  const end: TurnEnding = { turn, step: reply?.step ?? 0, reason: "budget_exhausted", refused: [], failure };
  const paid = stays.map((entry): Entry => ({ ...entry, seq: 0 }));
  return [...stays, ...ending(end, [...entries, ...paid], effects.now())];
}

type FailedReply = Extract<ModelReply, { type: "step_failed" }>;

async function stream(draft: Draft, effects: Effects): Promise<{ firstEventMs?: number; durationMs: number }> {
  const beganMs = effects.now();
  let firstMs: number | undefined;
  effects.show(draft);
  const take = (events: readonly ModelEvent[]) => {
    firstMs ??= effects.now();
    for (const event of events) draft.add(event);
    effects.show(draft);
  };
  const streamed = await effects.generate(draft);
  if ("each" in streamed) await streamed.each(take);
  else for await (const events of streamed) take(events);
  const durationMs = effects.now() - beganMs;
  return { ...(firstMs !== undefined && { firstEventMs: firstMs - beganMs }), durationMs };
}

/**
 * Whether less of the conversation should be sent. Hosts that refuse in unknown words, or answer nothing at all
 * (hermes-agent#65631), are believed once per reply, and only where the request nearly fills the window.
 */
function tooLong({ reply, draft, tries }: Omit<Tried, "plan">, effects: Effects): CompactionCause | undefined {
  if (reply.type === "step_failed" && saysNewChange(reply.failure, tries)) return undefined;
  if (reply.type === "step_failed" && reply.failure.code === "context_overflow") return "overflow";
  const isUnclear = reply.type === "step_failed" ? refusedUnclearly(reply, draft) : isEmptyByLength(reply, draft);
  if (!isUnclear || effects.nearlyFillsWindow?.() !== true) return undefined;
  const { entries } = effects.look();
  const since = entries.slice(entries.findLastIndex(({ type }) => type === "assistant") + 1);
  const isSecond = since.some((entry) => entry.type === "compaction" && entry.cause === "unclear");
  return isSecond ? undefined : "unclear";
}

function refusedUnclearly({ failure }: FailedReply, draft: Draft): boolean {
  if (failure.code === "model_refused") return failure.cause === "unclear";
  return !draft.hasBegun && (failure.code === "model_truncated" || failure.code === "model_empty");
}

/** Some hosts cut the request so that it just fits, and leave no tokens for the answer (pi, overflow.ts: Xiaomi MiMo). */
function isEmptyByLength(reply: Exclude<ModelReply, FailedReply>, draft: Draft): boolean {
  const { begun, text, reasoning } = draft;
  const isEmpty = text.length === begun.text && reasoning.length === begun.reasoning && !draft.hasCalls;
  return reply.finishReason === "length" && isEmpty;
}

/** When a host says what to change about the request, the changed request is sent first: it may be that only the tokens reserved for the answer were too many. */
function saysNewChange({ change }: Failure, tries: readonly FailedTry[]): boolean {
  return change !== undefined && !tries.some(({ failure }) => failure.change === change);
}

/** Nothing can leave the window: an answer that it cut is what there is. */
function finishedByWindow(draft: Draft, how: HowFinished): ModelReply {
  return draft.finish({ ...how, cutIsAnswer: true });
}

interface Tried {
  reply: ModelReply;
  draft: Draft;
  /** Those before it. */
  tries: readonly FailedTry[];
  plan: AfterFailure;
}

/**
 * The answer of a try that failed without being worth nothing, once another try has failed the same way or none will be
 * made: text beside half a call, or an answer that came as reasoning alone (hermes-agent#109205, DeepSeek-V3#1453).
 */
function lastResort({ reply, draft, tries, plan }: Tried, effects: Effects, rules: Rules): ModelReply | undefined {
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
