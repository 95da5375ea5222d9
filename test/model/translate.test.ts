import { afterEach, describe, expect, it, vi } from "vitest";
import type { ModelEvent } from "../../src/core/model-event.ts";
import { joinRuns } from "../../src/model/read-answer.ts";
import { createTranslator } from "../../src/model/translate.ts";
import { bodyOf, eventBatches, eventsIn, joined, tape } from "./wire-tape.ts";

const usage: ModelEvent = {
  type: "usage",
  usage: { inputTokens: 84, cachedTokens: 320, outputTokens: 48, reasoningTokens: 12 },
};
const finish = (reason: string): ModelEvent => ({ type: "finish", reason });

function translated(...chunks: unknown[]): ModelEvent[] {
  const translator = createTranslator();
  return chunks.flatMap((chunk) => eventsIn(translator.translate(JSON.stringify(chunk))));
}
const delta = (fields: object) => ({ choices: [{ index: 0, delta: fields, finish_reason: null }], usage: null });

afterEach(() => {
  vi.restoreAllMocks();
});

describe("what the tapes say", () => {
  const hello = { reasoning: "", text: "Hello, world.", calls: [], rest: [finish("stop"), usage] };
  const call = (id: string, name: string, text: string) => ({ id, name, arguments: text });

  it.each([
    ["plain-text", hello],
    ["usage-on-own-chunk", hello],
    ["keep-alive-comments", hello],
    ["crlf", hello],
    ["cr-only", hello],
    ["no-done", hello],
    ["bom-and-multi-line", hello],
    ["thinking-then-text", { ...hello, reasoning: "The user greets.", text: "Hi there" }],
    ["openrouter-reasoning", { ...hello, reasoning: "Let me see.", text: "Yes." }],
    ["emoji-and-cjk", { ...hello, text: "你好，世界 👩‍🚀 née 🎉" }],
    ["split-surrogate-pair", { ...hello, text: "party 🎉 on" }],
  ])("[STREAM-5] %s: reasoning, text, finish and usage", async (name, expected) => {
    expect(joined((await eventBatches(bodyOf([tape(name)]))).flat())).toEqual(expected);
  });

  it.each([
    ["two-parallel-calls", "", [call("call_00_x", "a", "{}"), call("call_01_y", "b", '{"city":"Bonn"}')], "tool_calls"],
    ["text-with-call", "I will look.", [call("call_00_x", "look_up", '{"q":1}')], "tool_calls"],
    ["whole-call-in-one-chunk", "", [call("call_1", "a", '{"n":1}'), call("call_2", "b", "")], "tool_calls"],
    ["calls-without-index", "", [call("call_1", "a", '{"n":1}'), call("call_2", "b", "{}")], "tool_calls"],
    ["reused-index", "", [call("call_1", "a", '{"n":1}'), call("call_2", "b", "{}")], "tool_calls"],
    ["length-cut-call", "", [call("call_00_x", "write", '{"summ')], "length"],
  ])("[STREAM-6] %s: every fragment finds its call", async (name, text, calls, reason) => {
    const expected = { reasoning: "", text, calls, rest: [finish(reason), usage] };
    expect(joined((await eventBatches(bodyOf([tape(name)]))).flat())).toEqual(expected);
  });

  it("[STREAM-7] in-band-error: an error inside a good stream is a failure", async () => {
    expect((await eventBatches(bodyOf([tape("in-band-error")]))).flat()).toEqual([
      { type: "text", text: "Hel" },
      {
        type: "failure",
        failure: expect.objectContaining({ code: "model_unavailable", raw: expect.stringContaining("overloaded") }),
      },
    ]);
  });

  it("[STREAM-8] makes one event per run of a kind and read", async () => {
    expect(await eventBatches(bodyOf([tape("thinking-then-text")]))).toEqual([
      [{ type: "reasoning", text: "The user greets." }, { type: "text", text: "Hi there" }, finish("stop"), usage],
    ]);
  });

  it("[STREAM-9] parses each payload once", async () => {
    const parse = vi.spyOn(JSON, "parse");
    await eventBatches(bodyOf([tape("two-parallel-calls")]));
    expect(parse).toHaveBeenCalledTimes(8);
  });
});

describe("createTranslator", () => {
  it.each([
    ["no choices", {}],
    ["empty choices", { choices: [] }],
    ["null choice", { choices: [null] }],
    ["null delta", { choices: [{ delta: null }] }],
    ["empty delta", delta({ content: "", reasoning_content: null, tool_calls: [] })],
    ["fields of the wrong type", delta({ content: true, reasoning_content: {}, tool_calls: "no" })],
    ["null call", delta({ tool_calls: [null] })],
    ["empty finish reason", { choices: [{ delta: {}, finish_reason: "" }], error: null }],
  ])("[STREAM-10] makes nothing of %s", (_what, chunk) => {
    expect(translated(chunk)).toEqual([]);
  });

  it("[STREAM-6] goes on with the last call when a fragment has neither index nor id", () => {
    const fragments = [
      { id: "x", function: { name: "a", arguments: "{" } },
      { function: { arguments: "}" } },
      { id: "", function: { name: "b", arguments: { n: 1 } } },
    ];
    expect(translated(...fragments.map((fragment) => delta({ tool_calls: [fragment] })))).toEqual([
      { type: "tool_call", index: 0, id: "x", name: "a", arguments: "{" },
      { type: "tool_call", index: 0, arguments: "}" },
      { type: "tool_call", index: 1, name: "b", arguments: '{"n":1}' },
    ]);
  });

  it("[STREAM-6] keeps calls apart that share an id, and numbers them from 0", () => {
    const fragment = (index: number) => ({ index, id: "same", function: { name: "a", arguments: "{}" } });
    expect(translated(delta({ tool_calls: [fragment(3), fragment(5)] }))).toEqual([
      { type: "tool_call", index: 0, id: "same", name: "a", arguments: "{}" },
      { type: "tool_call", index: 1, id: "same", name: "a", arguments: "{}" },
    ]);
  });

  it("[STREAM-6] takes a fragment that repeats its id and name for the same call", () => {
    const fragment = (text: string) => ({ index: 0, id: "x", function: { name: "a", arguments: text } });
    expect(translated(delta({ tool_calls: [fragment("{")] }), delta({ tool_calls: [fragment("}")] }))).toEqual([
      { type: "tool_call", index: 0, id: "x", name: "a", arguments: "{" },
      { type: "tool_call", index: 0, id: "x", name: "a", arguments: "}" },
    ]);
  });

  it("[STREAM-11] never ends a delta inside a character, in text and reasoning alike", () => {
    const [high = "", low = ""] = "🎉".split("");
    expect(
      translated(
        delta({ reasoning_content: `a${high}` }),
        delta({ content: `b${high}` }),
        delta({ reasoning_content: low }),
        delta({ content: `${low}c` }),
      ),
    ).toEqual([
      { type: "reasoning", text: "a" },
      { type: "text", text: "b" },
      { type: "reasoning", text: "🎉" },
      { type: "text", text: "🎉c" },
    ]);
  });

  it("[STREAM-11] replaces half a character that never gets its other half", () => {
    expect(translated(delta({ content: "a\ud83c" }), delta({ content: "b" }))).toEqual([
      { type: "text", text: "a" },
      { type: "text", text: "\ufffdb" },
    ]);
  });

  it.each([
    ["DeepSeek's fields first", { prompt_tokens: 10, prompt_cache_hit_tokens: 8, prompt_cache_miss_tokens: 2 }, 2, 8],
    ["hit and miss without a sum", { prompt_cache_hit_tokens: 8, prompt_cache_miss_tokens: 2 }, 2, 8],
    ["OpenAI's details", { prompt_tokens: 10, prompt_tokens_details: { cached_tokens: 4 } }, 6, 4],
    [
      "details where the own field is nought",
      { prompt_tokens: 10, prompt_cache_hit_tokens: 0, prompt_tokens_details: { cached_tokens: 4 } },
      6,
      4,
    ],
    ["no cache at all", { prompt_tokens: 10, prompt_tokens_details: null }, 10, 0],
    ["more hits than tokens", { prompt_tokens: 10, prompt_cache_hit_tokens: 12 }, 0, 10],
    ["numbers as text, and nonsense", { prompt_tokens: "10", prompt_cache_hit_tokens: -3 }, 10, 0],
  ])("[STREAM-12] counts input and cached tokens apart: %s", (_what, wire, inputTokens, cachedTokens) => {
    expect(translated({ choices: [], usage: { ...wire, completion_tokens: 5 } })).toEqual([
      { type: "usage", usage: { inputTokens, cachedTokens, outputTokens: 5, reasoningTokens: 0 } },
    ]);
  });

  it("[STREAM-5] says that it finished once, and is done at [DONE]", () => {
    const translator = createTranslator();
    const last = JSON.stringify({ choices: [{ delta: {}, finish_reason: "stop" }] });
    expect(translator.translate(last)).toEqual([finish("stop")]);
    expect(translator.translate(last)).toEqual([]);
    expect(translator.done).toBe(false);
    expect(translator.translate("[DONE]")).toEqual([]);
    expect(translator.done).toBe(true);
  });

  it.each(["{", '{"choices":[{"delta":{"conte', '[{"choices":[]},'])(
    "[STREAM-7] fails at the damaged chunk %j",
    (payload) => {
      expect(createTranslator().translate(payload)).toEqual([
        { type: "failure", failure: expect.objectContaining({ code: "model_malformed" }) },
      ]);
    },
  );

  it("[STREAM-13] keeps the API key out of what a stream's error says", () => {
    const [event] = createTranslator("sk-secret").translate('{"error":{"message":"bad key sk-secret"}}');
    expect(JSON.stringify(event)).toContain("bad key");
    expect(JSON.stringify(event)).not.toContain("sk-secret");
  });
});

describe("joinRuns", () => {
  it("[STREAM-8] joins neighbours of a kind only", () => {
    const text = (value: string): ModelEvent => ({ type: "text", text: value });
    const thought = (value: string): ModelEvent => ({ type: "reasoning", text: value });
    const call: ModelEvent = { type: "tool_call", index: 0, arguments: "{" };
    expect(joinRuns([thought("a"), thought("b"), text("c"), text("d"), call, call, text("e")])).toEqual([
      thought("ab"),
      text("cd"),
      call,
      call,
      text("e"),
    ]);
  });
});
