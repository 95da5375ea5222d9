/** The tries of a turn's model calls that a crash cut off: how they are recognised, what they cost, and where the model goes on. Reads and writes the checkpoint; calls no model. */
import type { PartialReply } from "../../core/assemble.ts";
import { addUsage, costMicros, noUsage } from "../../core/cost.ts";
import { estimatedUsage } from "../../core/estimate-usage.ts";
import { worded } from "../../core/failure-words.ts";
import type { Again } from "../../core/next-step.ts";
import { pricesAt } from "../../model/profile.ts";
import type { Checkpoint, SavedDraft, SpentTries } from "../store/checkpoint.ts";
import type { Learned } from "../store/learned.ts";
import type { RequestWriter } from "./request-writer.ts";
import type { TurnModel } from "./turn-model.ts";
import type { Turns } from "./turns.ts";

/** A try that begins. `again`: after one that ended by itself. */
interface NewTry {
  turn: string;
  step: number;
  again: Again | undefined;
  model: TurnModel;
}

/** What tries are read from. `models`: those of the turn. */
interface TrySources {
  checkpoint: Checkpoint;
  turns: Turns;
  learned: Learned;
  requests: RequestWriter;
  models: readonly TurnModel[];
  /** Where the turn begins. */
  firstSeq: number;
}

export class CutTries {
  readonly #sources: TrySources;

  constructor(sources: TrySources) {
    this.#sources = sources;
  }

  /** Records the try; what those before it cost outlives a crash in it. Returns its number. */
  begin(seq: number, { turn, step, again, model }: NewTry, spent: SpentTries | undefined): number {
    const { checkpoint } = this.#sources;
    const isPaid =
      spent !== undefined && (spent.tries.length > 0 || spent.usage.inputTokens + spent.usage.cachedTokens > 0);
    const carried = isPaid ? { turn, step, model: model.profile.id, reasoning: "", text: "", spent } : undefined;
    if (again?.how !== "continue") {
      return checkpoint.begin(seq, { atMs: Date.now(), again: again !== undefined }, carried);
    }
    const attempt = checkpoint.attempt(seq);
    const saved = checkpoint.saved(seq);
    if (carried !== undefined)
      checkpoint.carry(seq, { ...carried, attempt, ...saved, ...begunBy(saved), ...(spent && { spent }) });
    return attempt;
  }

  /** The reply that was being made as entry `seq`, as it was saved last. */
  savedAt(seq: number, model: TurnModel): Pick<SavedDraft, "step" | "model"> & PartialReply {
    const { checkpoint, turns, firstSeq } = this.#sources;
    const replies = turns.entries(firstSeq).filter(({ type }) => type === "assistant" || type === "step_failed");
    const nothing = { step: replies.length + 1, model: model.profile.id, reasoning: "", text: "" };
    return checkpoint.saved(seq) ?? nothing;
  }

  /** What tries of entry `seq` cost that a crash cut off: the request, and what was saved of the answer. The provider was asked, so the request is counted also where nothing was saved. `model`: of the next try. */
  spentAt(seq: number, model: TurnModel): SpentTries | undefined {
    const { checkpoint, requests, models } = this.#sources;
    const saved = checkpoint.saved(seq);
    if (!checkpoint.hasBegun(seq)) return saved?.spent;
    const at = models.find(({ profile }) => profile.id === saved?.model) ?? model;
    const { reasoning = "", text = "", begun = { reasoning: 0, text: 0 }, spent } = saved ?? {};
    const received = { reasoning: reasoning.slice(begun.reasoning), text: text.slice(begun.text), calls: "" };
    const request = { begun: text.slice(0, begun.text), expectedTokens: 0 };
    const usage = estimatedUsage(requests.sent(at.profile, request), received);
    const failure = worded({ code: "model_truncated", cause: "crash", detail: "", retryable: true }, at.place);
    const before = spent ?? { usage: noUsage, costMicros: 0, tries: [] };
    const cost = costMicros(usage, pricesAt(at.profile, Date.now()));
    const crashed = {
      model: at.profile.id,
      failure,
      textChars: text.length,
      paid: true,
      usage,
      costMicros: cost,
    } as const;
    return {
      usage: addUsage(before.usage, usage),
      costMicros: before.costMicros + cost,
      tries: [...before.tries, crashed],
    };
  }

  /** What a crash left of the reply, where the model can go on after it instead of being paid for it again. */
  continuable(seq: number, model: TurnModel): PartialReply | undefined {
    const { checkpoint, learned } = this.#sources;
    const { continuation } = learned.of(model.profile);
    const saved = continuation ? checkpoint.saved(seq) : undefined;
    return saved === undefined || saved.text === "" ? undefined : saved;
  }
}

function begunBy(saved: PartialReply | undefined) {
  return saved && { begun: { reasoning: saved.reasoning.length, text: saved.text.length } };
}
