import { describe, expect, it } from "vitest";
import { efforts, thinkingByEffort } from "../../src/core/thinking.ts";
import { chatFields, thinkingOf } from "../../src/doors/openai/chat/request.ts";
import { createRequest } from "../../src/doors/openai/responses/create-request.ts";
import { optionsOf } from "../../src/doors/openai/responses/read-request.ts";

const levels = [false, "low", "low", "high", "high", "high", "max"];
const switches = [false, false, true, true, true, true, true];

describe("reasoning effort", () => {
  it("[HOST-12] is mapped to the model's levels, else to on and off", () => {
    expect(efforts.map((effort) => thinkingByEffort(effort, true))).toEqual(levels);
    expect(efforts.map((effort) => thinkingByEffort(effort, false))).toEqual(switches);
  });

  it("[HOST-12] is taken from chat completions, also beside DeepSeek's switch", () => {
    const body = (more: object) =>
      chatFields.parse({ model: "m", messages: [{ role: "user", content: "Hi" }], ...more });
    expect(efforts.map((reasoning_effort) => thinkingOf(body({ reasoning_effort }), true))).toEqual(levels);
    expect(thinkingOf(body({ thinking: { type: "enabled" }, reasoning_effort: "max" }), true)).toBe("max");
    expect(thinkingOf(body({ thinking: { type: "disabled" }, reasoning_effort: "max" }), true)).toBe(false);
    expect(thinkingOf(body({ thinking: { type: "enabled" } }), true)).toBe(true);
    expect(thinkingOf(body({}), true)).toBeUndefined();
  });

  it("[HOST-12] is taken from responses", () => {
    const options = (effort: string, hasLevels: boolean) =>
      optionsOf(createRequest.parse({ input: "Hi", reasoning: { effort } }), { instructions: [], tools: [], hasLevels })
        .thinking;
    expect(efforts.map((effort) => options(effort, true))).toEqual(levels);
    expect(efforts.map((effort) => options(effort, false))).toEqual(switches);
  });
});
