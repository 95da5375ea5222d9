/** Replaces the older part of a conversation by a summary, which the model itself writes: the request for it begins with the bytes of the request before, so the cached prefix is used once more. */
import { Draft, type ModelReply } from "./assemble.ts";
import { shortageFailure } from "./budget-words.ts";
import { addUsage, noUsage } from "./cost.ts";
import { defined } from "./defined.ts";
import type { Cut, Effects, Spent } from "./effects.ts";
import { ending } from "./ending.ts";
import type { AssistantEntry, CompactionCause, CompactionEntry, FailedTry, NewEntry } from "./entry.ts";
import type { Failure, FailureCause, FailureCode } from "./errors.ts";
import { worded } from "./failure-words.ts";
import type { Rules } from "./next-step.ts";
import { keepEnds } from "./outline.ts";

/** The question at the tail of a conversation that is to be put into a summary. */
export const summaryQuestion = `This conversation has become too long to be carried on whole. Write the summary that will stand in its place. You will go on with nothing but this summary and the newest messages.
Keep what is needed to go on: what the person wants and has decided, in their own words where wording matters; names, numbers, dates, ids, links; what was found out and with which tool; what is still open or was promised, and the newest request if it is not answered yet. Leave out what was said twice and what no longer matters. Do not call tools. Write plain text, at most 600 words, in the language of the conversation.`;

interface StepPlace {
  turn: string;
  step: number;
}

/** A summary request has the whole window in it: so many are paid for at most, then an outline takes the place of a summary. */
const mostPaidSummaries = 2;

/** Why it is made, and what calls cost that led to it and have no entry of their own. */
interface Occasion {
  why: CompactionCause;
  spent?: Spent;
}

/**
 * Appends the compaction, or the failed step when the model cannot be reached, so that nothing leaves the window for an
 * outage. False when nothing can leave the window.
 */
export async function compact(at: StepPlace, effects: Effects, rules: Rules, occasion: Occasion): Promise<boolean> {
  const cut = effects.cut(occasion.why);
  if (cut === undefined) return false;
  const beganMs = effects.now();
  const tries: FailedTry[] = [];
  let fingerprint: string | undefined;
  for (let spent = withCrashed(occasion.spent ?? nothing, cut); ; ) {
    // Without money for a summary there is none for an answer either: the loop finds that out.
    const afforded = await effects.afford();
    if (afforded !== true) {
      const failure = shortageFailure(afforded || undefined);
      await effects.append(outOfMoney({ at, cut, failure, spent }, effects));
      return true;
    }
    const { reply, draft } = await requested(at, cut, effects);
    spent = { usage: addUsage(spent.usage, reply.usage), costMicros: spent.costMicros + reply.costMicros };
    if (effects.signal.aborted) {
      // The window is as it was, and the loop looks again; what was received is paid for.
      if (tokensOf(spent) > 0) await effects.append([{ ...stopped(at, cut, effects), ...spent }]);
      return true;
    }
    if (reply.type === "step_failed") {
      const repeats = fingerprint !== undefined && fingerprint === draft.fingerprint;
      fingerprint = draft.fingerprint;
      const isAnswer = draft.hasBegun || wrongAnswers.has(reply.failure.code);
      const one = { model: cut.model, failure: reply.failure, textChars: 0 };
      tries.push({ ...one, ...(isAnswer && { paid: true }), ...(repeats && { repeats }) });
      if (await waitedToTryAgain(tries, rules, effects)) continue;
      if (reply.failure.retryable && !isAnswer) {
        // Half a summary is no part of an answer: readers are not sent it.
        const emptied = { content: "", reasoning: "" };
        await effects.append([{ ...reply, ...emptied, ...spent, tries: tries.slice(0, -1) }]);
        return true;
      }
    }
    const made = { spent, why: occasion.why, durationMs: effects.now() - beganMs };
    await effects.append([entryOf(at, cut, reply, made)]);
    return true;
  }
}

const nothing: Spent = { usage: noUsage, costMicros: 0 };
/** The host was reached, and what it sent is no summary. */
const wrongAnswers: ReadonlySet<FailureCode> = new Set(["model_malformed", "model_empty"] as const);

/** Whether the same model is to be called once more, after a pause that is over now. */
async function waitedToTryAgain(tries: readonly FailedTry[], rules: Rules, effects: Effects): Promise<boolean> {
  if (tries.at(-1)?.paid && tries.filter(({ paid }) => paid).length >= mostPaidSummaries) return false;
  const plan = rules.afterFailure(tries, effects.chance());
  if (plan.type !== "again" || plan.model !== undefined || plan.change !== undefined) return false;
  await effects.pause(plan.afterMs);
  return true;
}

async function requested(
  { turn, step }: StepPlace,
  cut: Cut,
  effects: Effects,
): Promise<{ reply: ModelReply; draft: Draft }> {
  const draft = new Draft({ seq: 0, turn, step, attempt: cut.attempt ?? 1, model: cut.model });
  for await (const events of effects.summarize(cut, draft)) for (const event of events) draft.add(event);
  const { prices, sent, place } = cut;
  const how = { cancelled: false, prices, atMs: effects.now(), ...(sent && { sent }), ...(place && { place }) };
  return { reply: draft.finish(how), draft };
}

/** What was summarised is not shown: the reply is empty, and records what it cost. */
function stopped(
  { turn, step }: StepPlace,
  { model, attempt = 1 }: Cut,
  effects: Effects,
): Omit<AssistantEntry, "seq"> {
  const empty = { content: "", reasoning: "", toolCalls: [], ...nothing };
  return { type: "assistant", turn, step, attempt, model, finishReason: "cancelled", ...empty, atMs: effects.now() };
}

function outOfMoney(
  { at, cut, failure, spent }: { at: StepPlace; cut: Cut; failure: Failure; spent: Spent },
  effects: Effects,
): NewEntry[] {
  const { entries } = effects.look();
  const paid: NewEntry[] = tokensOf(spent) > 0 ? [{ ...stopped(at, cut, effects), ...spent }] : [];
  const all = [...entries, ...paid.map((entry) => ({ ...entry, seq: 0 }))];
  return [...paid, ...ending({ ...at, reason: "budget_exhausted", refused: [], failure }, all, effects.now())];
}

function withCrashed({ usage, costMicros }: Spent, { crashed = { ...nothing, tries: [] } }: Cut): Spent {
  return { usage: addUsage(usage, crashed.usage), costMicros: costMicros + crashed.costMicros };
}

function tokensOf({ usage }: Spent): number {
  return usage.inputTokens + usage.cachedTokens + usage.outputTokens;
}

interface MadeSummary {
  spent: Spent;
  why: CompactionCause;
  durationMs: number;
}

/** A summary without text, or from a model that refused, is worth nothing: what is known without a model takes its place. */
function entryOf({ turn }: StepPlace, cut: Cut, reply: ModelReply, { spent, why, durationMs }: MadeSummary): NewEntry {
  const { throughSeq } = cut;
  const common = { type: "compaction", turn, throughSeq, cause: why, durationMs, ...spent, atMs: reply.atMs } as const;
  const summary = keepEnds(reply.content.trim(), cut.summaryChars);
  if (reply.type === "assistant" && summary !== "") return { ...common, summary, model: cut.model } satisfies NewEntry;
  const failure = worded(whyNoSummary(reply), cut.place);
  return { ...common, summary: cut.outline(), failure } satisfies Omit<CompactionEntry, "seq">;
}

function whyNoSummary(reply: ModelReply): Failure {
  if (reply.type === "step_failed" && reply.failure.code !== "model_empty") return reply.failure;
  const cause = causeOf(reply);
  const raw = reply.type === "step_failed" ? reply.failure.raw : undefined;
  return { code: "model_empty", cause, detail: "", retryable: false, ...defined({ raw }) };
}

function causeOf(reply: ModelReply): FailureCause {
  if (reply.type === "assistant" && reply.finishReason === "length") return "summary_length";
  if (reply.type === "assistant" && reply.toolCalls.length > 0) return "summary_calls";
  return reply.reasoning === "" ? "summary_empty" : "summary_reasoning";
}
