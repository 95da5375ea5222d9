/** Decides what to do about a model call that failed: wait and ask again, go on behind the half answer, ask the next model, or give up. Pure; `client.ts` and the session do it. */
import type { FailedTry } from "../core/entry.ts";
import type { RequestChange } from "../core/errors.ts";
import type { AfterFailure } from "../core/next-step.ts";
import type { Profile } from "./profile.ts";

/** Times in ms. */
export interface RetryPolicy {
  /** Further tries of one model. */
  retriesPerModel: number;
  /** The first pause; each further one is twice as long. */
  baseMs: number;
  longestPauseMs: number;
  /** A provider that asks to be left alone for longer than this is not waited for. */
  longestRetryAfterMs: number;
}

/** As DeepSeek's own adapter spreads it (deepseek-harness, llm-deepseek). */
const jitter = 0.1;

export interface RetrySituation {
  /** The models of the session in the order in which they are asked; the last try was with one of them. */
  models: readonly Profile[];
  policy: RetryPolicy;
  /** From 0 to 1. */
  chance: number;
}

/** The next move after `tries` of one step, oldest first. */
export function afterFailure(tries: readonly FailedTry[], situation: RetrySituation): AfterFailure {
  const last = tries.at(-1);
  if (last === undefined) return { type: "give_up" };
  const { models, policy } = situation;
  const at = models.findIndex(({ id }) => id === last.model);
  const sameModel = tries.filter(({ model }) => model === last.model);
  const change = changeOf(last);
  // Each change once in a step: a host that asks for it again is not content with it. A refusal costs nothing.
  if (change !== undefined && sameModel.filter((each) => changeOf(each) === change).length === 1) {
    return { type: "again", how: "restart", afterMs: 0, change };
  }
  const failures = sameModel.filter((each) => changeOf(each) === undefined).length;
  const afterMs = pauseMs(last, failures, situation);
  if (last.failure.retryable && failures <= policy.retriesPerModel && afterMs <= policy.longestRetryAfterMs) {
    const canContinue = models[at]?.continuation === true && last.textChars > 0;
    return { type: "again", how: canContinue ? "continue" : "restart", afterMs };
  }
  const next = isOurFault(last) ? undefined : models[at + 1];
  return next === undefined ? { type: "give_up" } : { type: "again", how: "restart", afterMs: 0, model: next.id };
}

function changeOf({ failure }: FailedTry): RequestChange | undefined {
  return failure.change ?? (failure.code === "model_reasoning_rule" ? "reasoning:other" : undefined);
}

/** Another model would be asked the same: what a content filter refused is not taken elsewhere. */
function isOurFault({ failure }: FailedTry): boolean {
  return failure.code === "content_filter";
}

function pauseMs({ failure }: FailedTry, failures: number, { policy, chance }: RetrySituation): number {
  const pause = Math.min(policy.longestPauseMs, policy.baseMs * 2 ** (failures - 1));
  const spread = Math.round(pause * (1 + jitter * (2 * chance - 1)));
  return Math.max(spread, failure.retryAfterMs ?? 0);
}
