/** Puts the older part of a conversation into a summary, which the model itself writes: what it is asked begins with the bytes of the request before, so the warm prefix is used once more. */
import { Draft } from "./assemble.ts";
import { addUsage } from "./cost.ts";
import type { CompactionCause, Cut, Effects } from "./effects.ts";
import { ending } from "./ending.ts";
import type { CompactionEntry, FailedTry, NewEntry, StepFailedEntry } from "./entry.ts";
import type { Rules } from "./next-step.ts";
import { keepEnds } from "./outline.ts";

/** The question at the tail of a conversation that is to be put into a summary. */
export const summaryQuestion = `This conversation has become too long to be carried on whole. Write the summary that will stand in its place. You will go on with nothing but this summary and the newest messages.
Keep what is needed to go on: what the person wants and has decided, in their own words where wording matters; names, numbers, dates, ids, links; what was found out and with which tool; what is still open or was promised, and the newest request if it is not answered yet. Leave out what was said twice and what no longer matters. Do not call tools. Write plain text, at most 600 words, in the language of the conversation.`;

interface Place {
  turn: string;
  step: number;
}

/**
 * Appends the compaction, or the failed step when the model cannot be reached, so that nothing leaves the window for an
 * outage. False when nothing can leave the window.
 */
export async function compact(at: Place, effects: Effects, rules: Rules, why: CompactionCause): Promise<boolean> {
  const cut = effects.cut(why);
  if (cut === undefined) return false;
  const tries: FailedTry[] = [];
  const beganMs = effects.now();
  for (let spent: StepFailedEntry | undefined; ; ) {
    // Without money for a summary there is none for an answer either: the loop finds that out.
    if (!(await effects.afford())) {
      await effects.append(
        ending({ ...at, reason: "budget_exhausted", refused: [] }, effects.look().entries, effects.now()),
      );
      return true;
    }
    const reply = await asked(at, cut, effects);
    // Stopped meanwhile: the loop looks again, and the window is as it was.
    if (effects.signal.aborted) return true;
    if (reply.type === "step_failed") {
      tries.push({ model: cut.model, failure: reply.failure, textChars: 0 });
      const plan = rules.afterFailure(tries, effects.chance());
      // Half a summary is no part of an answer: readers are not sent it.
      const unsaid = { content: "", reasoning: "" };
      const sum = { ...reply, ...unsaid, ...added(reply, spent), tries: tries.slice(0, -1) };
      if (plan.type === "again" && plan.model === undefined && plan.change === undefined) {
        spent = { ...sum, seq: 0 };
        await effects.pause(plan.afterMs);
        continue;
      }
      if (reply.failure.retryable && reply.failure.code !== "model_empty") {
        await effects.append([sum]);
        return true;
      }
    }
    const durationMs = effects.now() - beganMs;
    await effects.append([entryOf(at, cut, { ...reply, ...added(reply, spent) }, durationMs)]);
    return true;
  }
}

type Reply = ReturnType<Draft["finish"]>;

async function asked({ turn, step }: Place, cut: Cut, effects: Effects): Promise<Reply> {
  const draft = new Draft({ seq: 0, turn, step, attempt: cut.attempt ?? 1, model: cut.model });
  for await (const events of effects.summarize(cut)) for (const event of events) draft.add(event);
  return draft.finish({ cancelled: false, prices: cut.prices, atMs: effects.now() });
}

function added(reply: Reply, spent: StepFailedEntry | undefined) {
  if (spent === undefined) return {};
  return { usage: addUsage(spent.usage, reply.usage), costMicros: spent.costMicros + reply.costMicros };
}

/** A summary without text, or from a model that refused, is worth nothing: then what is known without a model stands in. */
function entryOf({ turn }: Place, cut: Cut, reply: Reply, durationMs: number): NewEntry {
  const { usage, costMicros, atMs } = reply;
  const common = { type: "compaction", turn, throughSeq: cut.throughSeq, durationMs, usage, costMicros, atMs } as const;
  const summary = keepEnds(reply.content.trim(), cut.summaryChars);
  if (reply.type === "assistant" && summary !== "") return { ...common, summary, model: cut.model } satisfies NewEntry;
  const failure = reply.type === "step_failed" ? reply.failure : noSummary;
  return { ...common, summary: cut.outline(), failure } satisfies Omit<CompactionEntry, "seq">;
}

const noSummary = {
  code: "model_empty",
  detail: "The model called tools instead of writing a summary.",
  retryable: false,
} as const;
