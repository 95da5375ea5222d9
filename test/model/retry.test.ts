import { describe, expect, it } from "vitest";
import type { FailedTry } from "../../src/core/entry.ts";
import type { Failure } from "../../src/core/errors.ts";
import { profileFor } from "../../src/model/catalog.ts";
import { afterFailure, mostCalls, type RetryPolicy, retryAfterMs } from "../../src/model/retry.ts";

const policy: RetryPolicy = { retriesPerModel: 2, baseMs: 500, longestPauseMs: 1_500, longestRetryAfterMs: 60_000 };
const exp = profileFor({ modelId: "deepseek-v3.2-exp", baseUrl: "https://api.cometapi.com/v1", demo: false });
const flash = profileFor({ modelId: "deepseek-flash", baseUrl: "https://api.deepseek.com", demo: false });
const models = [exp, flash];

const tried = (model: string, failure: Partial<Failure> = {}, textChars = 0): FailedTry => ({
  model,
  failure: { code: "model_unavailable", detail: "503", retryable: true, ...failure },
  textChars,
});
const at = (tries: FailedTry[], chance = 0.5) => afterFailure(tries, { models, policy, chance });
const times = (count: number, one: FailedTry) => Array.from({ length: count }, () => one);
const restart = (afterMs: number) => ({ type: "again", how: "restart", afterMs });
const fallback = { type: "again", how: "restart", afterMs: 0, model: flash.id };
const give_up = { type: "give_up" };

const lasting = { code: "model_auth", retryable: false } as const;
const rule = { code: "model_reasoning_rule", retryable: false } as const;

describe("afterFailure", () => {
  it.each<[string, FailedTry[], object]>([
    ["[RETRY-1] the first failure waits the base", times(1, tried(exp.id)), restart(500)],
    ["[RETRY-1] the second twice that", times(2, tried(exp.id)), restart(1000)],
    ["[RETRY-3] then the next model is asked", times(3, tried(exp.id)), fallback],
    ["[RETRY-1] whose own tries count from one", [...times(3, tried(exp.id)), tried(flash.id)], restart(500)],
    ["[RETRY-3] the last model gives up", [...times(3, tried(exp.id)), ...times(3, tried(flash.id))], give_up],
    ["[RETRY-3] what will not pass goes to the next model at once", [tried(exp.id, lasting)], fallback],
    ["[RETRY-3] and gives up behind the last", [tried(flash.id, lasting)], give_up],
    [
      "[RETRY-3] a refused content is not taken elsewhere",
      [tried(exp.id, { code: "content_filter", retryable: false })],
      give_up,
    ],
    ["[RETRY-2] a pause that is asked for is kept", [tried(exp.id, { retryAfterMs: 7_000 })], restart(7_000)],
    ["[RETRY-2] a shorter one than ours is not", [tried(exp.id, { retryAfterMs: 10 })], restart(500)],
    ["[RETRY-2] more than a minute is not waited for", [tried(exp.id, { retryAfterMs: 60_001 })], fallback],
    ["[RETRY-4] half an answer is void where it cannot be continued", [tried(exp.id, {}, 40)], restart(500)],
    ["[RETRY-4] and continued where it can", [tried(flash.id, {}, 40)], { ...restart(500), how: "continue" }],
    ["[RETRY-4] but not without text", [tried(flash.id, {}, 0)], restart(500)],
    [
      "[RETRY-5] the reasoning rule is turned round",
      [tried(exp.id, rule)],
      { ...restart(0), change: "reasoning:other" },
    ],
    ["[RETRY-5] once", times(2, tried(exp.id, rule)), fallback],
    ["[RETRY-1] no tries, nothing to do", [], give_up],
  ])("%s", (_, tries, expected) => {
    expect(at(tries)).toEqual(expected);
  });

  const patient: RetryPolicy = { ...policy, retriesPerModel: 5, baseMs: 0 };
  /** Calls until another model is asked, or none, when every one fails like this. */
  const callsOf = (one: FailedTry, from: readonly (typeof exp)[] = [exp]) => {
    const tries = [one];
    while (afterFailure(tries, { models: from, policy: patient, chance: 0.5 }).type === "again") tries.push(one);
    return tries.length;
  };
  const retryable = [
    ["model_unreachable", false, 6],
    ["model_rate_limited", false, 6],
    ["model_unavailable", false, 6],
    ["model_unavailable", true, 3],
    ["model_stalled", false, 6],
    ["model_stalled", true, 3],
    ["model_truncated", false, 6],
    ["model_truncated", true, 3],
    ["model_malformed", false, 3],
    ["model_malformed", true, 3],
    ["model_empty", true, 3],
    ["model_no_call", true, 3],
  ] as const;
  it.each(retryable)("[RETRY-9] %s, paid: %s: %i calls at most", (code, paid, most) => {
    const one = { ...tried(exp.id, { code }), ...(paid && { paid }) };
    expect(callsOf(one)).toBe(most);
    expect(mostCalls(one.failure, paid, patient)).toBe(most);
  });

  it.each([
    "model_auth",
    "model_payment",
    "model_refused",
    "model_not_found",
    "content_filter",
    "context_overflow",
  ] as const)("[RETRY-9] %s: one call", (code) => {
    expect(callsOf(tried(exp.id, { code, retryable: false }))).toBe(1);
  });

  it("[RETRY-9] paid answers are counted together, and calls that cost nothing do not make room for them", () => {
    const paid: FailedTry = { ...tried(exp.id, { code: "model_truncated" }), paid: true };
    const free = tried(exp.id);
    const next = (tries: FailedTry[]) => afterFailure(tries, { models: [exp], policy: patient, chance: 0.5 }).type;
    expect(next([paid, free, free, paid])).toBe("again");
    expect(next([paid, free, paid, paid])).toBe("give_up");
    expect(next([paid, paid, free])).toBe("again");
    expect(next([free, free, free, free, free, free])).toBe("give_up");
  });

  it("[RETRY-10] an answer that is wrong with the same bytes is not requested a third time", () => {
    const empty = tried(exp.id, { code: "model_empty" });
    expect(at([empty, { ...empty, repeats: true }])).toEqual(fallback);
    const silent: FailedTry = { ...tried(exp.id, { code: "model_stalled" }), repeats: true };
    expect(at([silent])).toEqual(restart(500));
  });

  it("[RETRY-9] a request that is written anew at the host's word does not count, and the same word twice does", () => {
    const next = (tries: FailedTry[]) => afterFailure(tries, { models: [exp], policy: patient, chance: 0.5 });
    const asks = (retryable: boolean) => tried(exp.id, { code: "model_refused", change: "drop:top_p", retryable });
    const wrong = tried(exp.id, { code: "model_malformed" });
    expect(next([asks(false)])).toEqual({ ...restart(0), change: "drop:top_p" });
    expect(next([asks(false), wrong, wrong]).type).toBe("again");
    expect(next([asks(false), wrong, wrong, wrong])).toEqual(give_up);
    expect(next([asks(false), asks(false)])).toEqual(give_up);
    expect(callsOf(asks(true))).toBe(4);
  });

  it("[RETRY-9] each model has its own count", () => {
    const wrong = (model: string) => tried(model, { code: "model_malformed" });
    const tries = [wrong(exp.id), wrong(exp.id), wrong(exp.id), wrong(flash.id)];
    expect(afterFailure(tries, { models, policy: patient, chance: 0.5 })).toMatchObject({ type: "again" });
    expect(
      afterFailure([...tries, wrong(flash.id), wrong(flash.id)], { models, policy: patient, chance: 0.5 }),
    ).toEqual(give_up);
  });

  it("[RETRY-1] spreads the pauses by a tenth, and never beyond the longest", () => {
    expect([0, 0.5, 1].map((chance) => at(times(1, tried(exp.id)), chance))).toEqual([
      restart(450),
      restart(500),
      restart(550),
    ]);
    const patient = { models, policy: { ...policy, retriesPerModel: 20 }, chance: 0.5 };
    expect(afterFailure(times(20, tried(exp.id)), patient)).toEqual(restart(1_500));
  });
});

describe("retryAfterMs", () => {
  const now = Date.parse("2026-11-23T12:00:00Z");
  it.each([
    [null, undefined],
    ["", undefined],
    ["soon", undefined],
    ["0", 0],
    ["7", 7_000],
    [" 1.5 ", 1_500],
    ["Mon, 23 Nov 2026 12:00:30 GMT", 30_000],
    ["Mon, 23 Nov 2026 11:00:00 GMT", 0],
  ])("[RETRY-2] reads %j as %s ms", (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });
});
