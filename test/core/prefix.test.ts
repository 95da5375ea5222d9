import { describe, expect, it } from "vitest";
import { fingerprint } from "../../src/core/digest.ts";
import { firstDifference, forecast, type HeadFacts, type RequestFacts, shortfall } from "../../src/core/prefix.ts";

const head: HeadFacts = {
  model: "cometapi/deepseek-v3.2-exp",
  parameters: { max_tokens: "8192", thinking: "null" },
  tools: {
    clock: { description: "d1", parameters: "p1", strict: "true" },
    search: { description: "d2", parameters: "p2", strict: "true" },
  },
  instructions: "i1",
  documents: "",
};
const request: RequestFacts = { head, windowSeq: 0, atMs: 0, tokens: 1_000 };
const search = { description: "d2", parameters: "p2", strict: "true" };
const { search: _, ...withoutSearch } = head.tools;

const mutations: [what: string, now: HeadFacts][] = [
  ["model switched from cometapi/deepseek-v3.2-exp to cometapi/glm-5", { ...head, model: "cometapi/glm-5" }],
  [
    "provider switched from cometapi/deepseek-v3.2-exp to deepseek/deepseek-v3.2-exp",
    { ...head, model: "deepseek/deepseek-v3.2-exp" },
  ],
  ["parameter max_tokens changed", { ...head, parameters: { ...head.parameters, max_tokens: "1" } }],
  ["parameter response_format changed", { ...head, parameters: { ...head.parameters, response_format: "{}" } }],
  ["tool `search` was removed", { ...head, tools: withoutSearch }],
  ["tool `ask` was added", { ...head, tools: { ...head.tools, ask: search } }],
  ["tool `search` description changed", { ...head, tools: { ...head.tools, search: { ...search, description: "x" } } }],
  ["tool `search` parameters changed", { ...head, tools: { ...head.tools, search: { ...search, parameters: "x" } } }],
  ["tool `search` strict changed", { ...head, tools: { ...head.tools, search: { ...search, strict: "false" } } }],
  ["instructions changed by deploy", { ...head, instructions: "i2" }],
  ["documents changed", { ...head, documents: "d9" }],
];

describe("the prefix doctor", () => {
  it.each(mutations)("[DOCTOR-1] names it: %s", (what, now) => {
    expect(firstDifference(head, now)).toBe(what);
    expect(forecast(request, { ...request, head: now }, { blockTokens: 64 })).toEqual({
      expectedTokens: 0,
      because: what,
    });
  });

  it("[DOCTOR-1] of several differences, the one that comes first in the bytes", () => {
    const [, tools, instructions] = [mutations[0], mutations[6], mutations[9]];
    const now = { ...head, tools: tools?.[1].tools ?? {}, instructions: instructions?.[1].instructions ?? "" };
    expect(firstDifference(head, now)).toBe("tool `search` description changed");
    expect(firstDifference(head, structuredClone(head))).toBeUndefined();
  });

  it("[DOCTOR-2] expects all of the request before, in whole blocks", () => {
    expect(forecast(request, request, { blockTokens: 64 })).toEqual({ expectedTokens: 960 });
    expect(forecast(undefined, request, { blockTokens: 64 }).because).toBe("cold: first request");
    expect(forecast(request, { ...request, windowSeq: 7 }, { blockTokens: 64 }).because).toMatch(/entries up to 7/);
  });

  it("[DOCTOR-2] says why a report falls short", () => {
    const expected = { expectedTokens: 960 };
    expect(shortfall(expected, { cachedTokens: 960, idleMs: 0 })).toBeUndefined();
    expect(shortfall(expected, { cachedTokens: 0, idleMs: 7_260_000 })).toBe("expired after 121 min");
    expect(shortfall(expected, { cachedTokens: 64, idleMs: 1_000 })).toMatch(/found 64 of 960 tokens/);
    expect(shortfall({ expectedTokens: 0, because: "cold" }, { cachedTokens: 0, idleMs: 0 })).toBe("cold");
  });

  it("[DOCTOR-1] fingerprints tell texts apart", () => {
    const texts = Array.from({ length: 20_000 }, (_, n) => `text ${n}`);
    expect(new Set(texts.map(fingerprint)).size).toBe(20_000);
    expect(fingerprint("a")).toBe(fingerprint("a"));
  });
});
