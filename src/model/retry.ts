/** Decides what to do about a model call that failed: wait and send it again, continue the partial answer, call the next model, or give up. Pure; `client.ts` and the session do it. */
import type { FailedTry } from "../core/entry.ts";
import type { Failure, RequestChange } from "../core/errors.ts";
import type { AfterFailure } from "../core/next-step.ts";
import type { Profile } from "./profile.ts";

/** Times in ms. */
export interface RetryPolicy {
  /** Further tries of one model. */
  retriesPerModel: number;
  /** The first pause; each further one is twice as long. */
  baseMs: number;
  longestPauseMs: number;
  /** A provider that requires a longer pause than this is not waited for. */
  longestRetryAfterMs: number;
}

/** As DeepSeek's own adapter spreads it (deepseek-harness, llm-deepseek). */
const jitter = 0.1;

export interface RetrySituation {
  /** The models of the session in the order in which they are called; the last try was with one of them. */
  models: readonly Profile[];
  policy: RetryPolicy;
  /** From 0 to 1. */
  chance: number;
}

/** Calls of one model in one step whose answer is paid for, and fails; the same bytes twice are enough. */
const mostPaidCalls = 3;

/** The host or the line failed, not the answer: the next try may succeed with the same bytes. */
const transport = new Set([
  "model_unreachable",
  "model_unavailable",
  "model_rate_limited",
  "model_stalled",
  "model_truncated",
]);

/**
 * Most calls of one model that one step makes for a failure of this kind (the table of RETRY-9 in SPEC). `paid`: the
 * model had begun to answer.
 */
export function mostCalls(failure: Failure, paid: boolean, { retriesPerModel }: RetryPolicy): number {
  if (failure.code === "model_reasoning_rule") return 2;
  if (!failure.retryable) return 1;
  const isAnswer = paid || !transport.has(failure.code);
  return isAnswer ? Math.min(mostPaidCalls, retriesPerModel + 1) : retriesPerModel + 1;
}

/** The next move after `tries` of one step, oldest first. */
export function afterFailure(tries: readonly FailedTry[], situation: RetrySituation): AfterFailure {
  const last = tries.at(-1);
  if (last === undefined) return { type: "give_up" };
  const { models, policy } = situation;
  const at = models.findIndex(({ id }) => id === last.model);
  const sameModel = tries.filter(({ model }) => model === last.model);
  const change = changeOf(last);
  // Each change once in a step: a host that requires it again did not accept it. A refusal costs nothing.
  if (change !== undefined && isNewChange(last, sameModel.slice(0, -1))) {
    return { type: "again", how: "restart", afterMs: 0, change };
  }
  const failures = sameModel.filter((each, at) => !isNewChange(each, sameModel.slice(0, at)));
  const afterMs = pauseMs(last, failures.length, situation);
  if (mayTryAgain(last, failures, policy) && afterMs <= policy.longestRetryAfterMs) {
    const canContinue = models[at]?.continuation === true && last.textChars > 0;
    return { type: "again", how: canContinue ? "continue" : "restart", afterMs };
  }
  const next = isOurFault(last) ? undefined : models[at + 1];
  return next === undefined ? { type: "give_up" } : { type: "again", how: "restart", afterMs: 0, model: next.id };
}

/** Whether another call of the same model may help, and may be paid for. `failures`: its tries, without those whose refusal only showed how to write the request. */
function mayTryAgain(last: FailedTry, failures: readonly FailedTry[], policy: RetryPolicy): boolean {
  if (!last.failure.retryable || failures.length > policy.retriesPerModel) return false;
  if (last.repeats && !transport.has(last.failure.code)) return false;
  const isAnswer = (one: FailedTry) => one.paid === true || !transport.has(one.failure.code);
  const answers = failures.filter(isAnswer).length;
  return !isAnswer(last) || answers < mostCalls(last.failure, true, policy);
}

/** Whether a try failed with a change that none of `before` had required. */
function isNewChange(one: FailedTry, before: readonly FailedTry[]): boolean {
  const change = changeOf(one);
  return change !== undefined && !before.some((each) => changeOf(each) === change);
}

function changeOf({ failure }: FailedTry): RequestChange | undefined {
  return failure.change ?? (failure.code === "model_reasoning_rule" ? "reasoning:other" : undefined);
}

/** Another model would receive the same request: what a content filter refused is not taken elsewhere. */
function isOurFault({ failure }: FailedTry): boolean {
  return failure.code === "content_filter";
}

function pauseMs({ failure }: FailedTry, failures: number, { policy, chance }: RetrySituation): number {
  const pause = Math.min(policy.longestPauseMs, policy.baseMs * 2 ** (failures - 1));
  const spread = Math.round(pause * (1 + jitter * (2 * chance - 1)));
  return Math.max(spread, failure.retryAfterMs ?? 0);
}

/** The pause in ms that a header `Retry-After` requires, from seconds or from an HTTP date (RFC 9110, 10.2.3); `undefined` when it has none. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d{1,9}(\.\d+)?\s*$/.test(header)) return Math.ceil(Number(header) * 1000);
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}
