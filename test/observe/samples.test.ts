import { expect, it } from "vitest";
import { samplesOf } from "../../src/observe/samples.ts";
import { spanBodies } from "../../src/observe/turn-spans.ts";
import { facts, recordedTurn } from "./recorded-turn.ts";

it("[METRIC-1] what metrics need of a turn is read off its spans: its calls, its tools, and what it cost", () => {
  const { agent, costMicros, calls, tools, seconds } = samplesOf(spanBodies(recordedTurn, facts)) ?? {};
  expect({ agent, costMicros, tools: tools?.map(({ name }) => name) }).toEqual({
    ...{ agent: "assistant", costMicros: 560 },
    tools: ["order_status", "refund"],
  });
  const failures = calls?.map(({ attributes }) => attributes["error.type"]).filter((type) => type !== undefined);
  expect([calls?.length, failures]).toEqual([5, ["model_unavailable", "crash"]]);
  const sum = (of: "inputTokens" | "cachedTokens" | "outputTokens") =>
    calls?.reduce((all, { usage }) => all + (usage?.[of] ?? 0), 0);
  // Those of the conventions have the cached tokens among the input.
  expect([sum("inputTokens"), sum("cachedTokens"), sum("outputTokens")]).toEqual([4_500, 800, 210]);
  expect(seconds).toBeGreaterThan(0);
  expect(calls?.every(({ seconds }) => seconds >= 0)).toBe(true);
});

it("[METRIC-1] an open turn has none, and no sample has words of anyone", () => {
  expect(samplesOf(spanBodies(recordedTurn.slice(0, -1), facts))).toBeUndefined();
  expect(JSON.stringify(samplesOf(spanBodies(recordedTurn, facts)))).not.toMatch(/canary|1017|customer/);
});
