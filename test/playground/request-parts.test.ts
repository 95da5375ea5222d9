import { describe, expect, it } from "vitest";
import { requestParts } from "../../src/playground/trace/request-parts.ts";

describe("the parts of a request", () => {
  const body = {
    model: "m",
    tools: [{ type: "function", function: { name: "clock", parameters: {} } }],
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "x".repeat(500) },
      { role: "assistant", content: null, tool_calls: [{ id: "c", function: { name: "clock", arguments: "{}" } }] },
    ],
  };

  it("[PAGE-18] are in the provider's order, and cached from the beginning on, up to the share that was reported", () => {
    const parts = requestParts(body, 0.5);
    expect(parts.map(({ name }) => name)).toEqual(["tools", "system", "user", "assistant"]);
    const shares = parts.map(({ cached }) => cached);
    expect(shares.slice(0, 2)).toEqual([1, 1]);
    expect(shares[2]).toBeGreaterThan(0);
    expect(shares[2]).toBeLessThan(1);
    expect(shares[3]).toBe(0);
    const all = parts.reduce((sum, { characters }) => sum + characters, 0);
    const cached = parts.reduce((sum, { characters, cached }) => sum + characters * cached, 0);
    expect(cached / all).toBeCloseTo(0.5);
    expect(parts[3]?.preview).toContain("clock");
    expect(parts[2]?.preview.length).toBeLessThanOrEqual(140);
  });

  it("[PAGE-18] are none, some or all cached at the bounds, and a body of another shape has none", () => {
    expect(requestParts(body, 0).every(({ cached }) => cached === 0)).toBe(true);
    expect(requestParts(body, 7).every(({ cached }) => cached === 1)).toBe(true);
    expect(requestParts({ prompt: "?" }, 1)).toEqual([]);
    expect(requestParts({ tools: "?", messages: [{}] }, 0)).toMatchObject([{ name: "undefined", preview: "" }]);
  });
});
