import { describe, expect, it } from "vitest";
import { daysBetween, shortNumber, ticks, ticksWithin } from "../../src/playground/chart/scale.ts";
import { callSummary, laidOutResult } from "../../src/playground/chat/call-words.ts";
import { chatHash, routeOf, traceHash, turnsHash } from "../../src/playground/route.ts";
import {
  filtersOf,
  perPart,
  queryOf,
  savedFilters,
  sinceMs,
  turnParameters,
  withSaved,
} from "../../src/playground/turns/turn-filters.ts";
import { cachedShare } from "../../src/playground/turns/turn-json.ts";
import { latencyByDay, latencyOf, quantile } from "../../src/playground/usage/latency.ts";

const nowMs = Date.parse("2026-11-26T12:00:00Z");

describe("the list of turns", () => {
  it("[PAGE-16] is narrowed by its address, and its address says what it is narrowed to", () => {
    const asked = { status: "failed", agent: "a b", version: "v_1", since: "24h", min_ms: "5000" };
    const route = routeOf(turnsHash(asked));
    if (route?.page !== "turns") throw new Error("It is no address of the list.");
    const filters = filtersOf(route.query);
    expect(filters).toEqual({ ...asked, model: "", min_cost_micros: "" });
    expect(turnParameters(filters, nowMs)).toEqual({ ...asked, since: "2026-11-25T12:00:00.000Z" });
  });

  it("[PAGE-16] shows the last 7 days where the address says nothing, or nothing that it knows", () => {
    for (const query of ["", "since=soon", "since=9"]) expect(filtersOf(query).since).toBe("7d");
    expect(turnParameters(filtersOf("since="), nowMs)).toEqual({});
    expect([sinceMs("1h", nowMs), sinceMs("7d", nowMs), sinceMs("", nowMs)]).toEqual([
      nowMs - 3_600_000,
      nowMs - 7 * 86_400_000,
      undefined,
    ]);
    expect([turnsHash(), turnsHash({ status: "" })]).toEqual(["#/turns", "#/turns"]);
  });

  it("[PAGE-16] an address that was kept says the same again, all time too", () => {
    for (const query of [
      "",
      "since=",
      "since=all",
      "status=failed&since=24h&min_ms=5000&version=v_1",
      "since=30d&agent=a+b",
    ])
      expect(filtersOf(queryOf(filtersOf(query))), query).toEqual(filtersOf(query));
  });

  it("[PAGE-30] filters that were saved are found again, the newest first; a name means one thing, and what is damaged is left out", () => {
    const one = { name: "Dear", query: "min_cost_micros=1000000&since=7d" };
    const two = { name: "Failed", query: "status=failed&since=24h" };
    const saved = withSaved(withSaved([], one), two);
    expect(savedFilters(JSON.stringify(saved))).toEqual([two, one]);
    expect(withSaved(saved, { ...one, query: "since=1h" })).toEqual([{ name: "Dear", query: "since=1h" }, two]);
    for (const kept of [null, "", "{", "7", "{}", '[null,7,{"name":""},{"name":"x"},{"name":7,"query":""}]'])
      expect(savedFilters(kept)).toEqual([]);
    const many = Array.from({ length: 50 }, (_, n) => ({ name: `f${n}`, query: "" }));
    expect(many.reduce((all, each) => withSaved(all, each), savedFilters(null))).toHaveLength(30);
  });

  it("[PAGE-16] counts failures in equal parts of the time, also those at its very ends", () => {
    expect(perPart([0, 1, 49, 50, 99, 100, -5, 400], { fromMs: 0, toMs: 100, count: 2 })).toEqual([4, 4]);
    expect(perPart([], { fromMs: 5, toMs: 5, count: 3 })).toEqual([0, 0, 0]);
    expect(cachedShare({ input_tokens: 1, cached_tokens: 3 })).toBe("75 %");
    expect(cachedShare({ input_tokens: 0, cached_tokens: 0 })).toBe("–");
  });

  it("[PAGE-9] leads to the chat at a turn and to its trace", () => {
    expect(routeOf(chatHash("s", "turn_3"))).toEqual({ page: "chat", session: "s", turn: "turn_3" });
    expect(routeOf(traceHash("s", "turn_3"))).toEqual({ page: "trace", session: "s", turn: "turn_3" });
    for (const hash of ["#/s/a/../trace", "#/s/a/b%20c", "#/turn"]) expect(routeOf(hash)).toBeUndefined();
    expect(routeOf("#/turns?x=1?y")).toMatchObject({ page: "turns" });
  });
});

describe("a call of a tool", () => {
  it("[PAGE-15] is a line of its arguments, whatever they are, with nothing in it that is not seen", () => {
    expect(callSummary('{"expression":"17 * 23","deep":{"a":[1]}}')).toBe('expression: 17 * 23, deep: {"a":[1]}');
    expect(callSummary("not json {")).toBe("not json {");
    expect(callSummary("[1,2]")).toBe("[1,2]");
    expect(callSummary('{"a":"b\\n\\n  c"}')).toBe("a: b c");
    expect(callSummary(`{"a":"${"👋".repeat(500)}"}`)).toHaveLength(2 * 86 + 4);
    expect(callSummary('{"to":"a\\u202eb"}')).toBe("to: a\\u202eb");
    expect(callSummary("")).toBe("");
  });

  it("[PAGE-15] has its result laid out where it is JSON, and as it came otherwise", () => {
    expect(laidOutResult('{"a":[1]}')).toBe('{\n  "a": [\n    1\n  ]\n}');
    for (const text of ["17", '"x"', "{no", "plain\ntext", ""]) expect(laidOutResult(text)).toBe(text);
    expect(laidOutResult(`[${"1,".repeat(60_000)}1]`)).toMatch(/^\[1,1/);
  });
});

describe("an axis", () => {
  it("[PAGE-19] has round values that reach its largest one", () => {
    expect(ticks(7)).toEqual([0, 2, 4, 6, 8]);
    expect(ticks(0.13)).toEqual([0, 0.05, 0.1, 0.15]);
    expect(ticks(1_000)).toEqual([0, 250, 500, 750, 1_000]);
    expect(ticks(734, 5)).toEqual([0, 200, 400, 600, 800]);
    expect(ticksWithin(734, 5)).toEqual([0, 200, 400, 600]);
    for (const most of [0, -1, Number.NaN]) expect(ticks(most)).toEqual([0, 1]);
    expect([0, 12, 1_500, 3_240_000, 2e9].map(shortNumber)).toEqual(["0", "12", "1.5k", "3.24M", "2G"]);
  });

  it("[PAGE-19] of days has each day, over the ends of months and the days on which clocks are changed", () => {
    expect(daysBetween("2026-02-27", "2026-03-02")).toEqual(["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]);
    expect(daysBetween("2026-10-24", "2026-10-26")).toHaveLength(3);
    expect(daysBetween("2026-03-02", "2026-03-01")).toEqual([]);
  });
});

describe("times of turns", () => {
  const turn = (day: string, ms: number) => ({ ended_at: `${day}T23:59:59.000Z`, ms, first_event_ms: null });

  it("[PAGE-20] have the half and the slowest twentieth, which are times that a turn took", () => {
    const hundred = Array.from({ length: 100 }, (_, place) => 100 - place);
    expect([0, 0.5, 0.95, 1].map((part) => quantile(hundred, part))).toEqual([1, 50, 95, 100]);
    expect([quantile([7], 0.5), quantile([7], 0.95), quantile([3, 9], 0.5), quantile([], 0.5)]).toEqual([
      7,
      7,
      3,
      null,
    ]);
    expect(latencyOf([])).toEqual({ turns: 0, p50: null, p95: null });
  });

  it("[PAGE-20] are nothing for a day without turns", () => {
    const days = daysBetween("2026-01-30", "2026-02-01");
    const byDay = latencyByDay([turn("2026-01-30", 10), turn("2026-02-01", 30), turn("2026-02-01", 20)], days);
    expect(byDay.map(({ turns, p50, p95 }) => [turns, p50, p95])).toEqual([
      [1, 10, 10],
      [0, null, null],
      [2, 20, 30],
    ]);
  });
});
