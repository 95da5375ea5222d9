import { describe, expect, it } from "vitest";
import { Draft } from "../../src/core/assemble.ts";
import type { ModelEvent } from "../../src/core/model-event.ts";

const prices = { hit: 28_000, miss: 280_000, output: 420_000 };
const usage = { inputTokens: 100, cachedTokens: 64, outputTokens: 10, reasoningTokens: 3 };
const text = (text: string): ModelEvent => ({ type: "text", text });
const finish = (reason: string): ModelEvent => ({ type: "finish", reason });
const fragment = (index: number, args: string, id?: string, name?: string): ModelEvent => ({
  type: "tool_call",
  index,
  arguments: args,
  ...(id !== undefined && { id }),
  ...(name !== undefined && { name }),
});

function entryOf(events: ModelEvent[], cancelled = false) {
  const draft = new Draft({ seq: 7, turn: "turn_1", step: 2, attempt: 1, model: "m" });
  for (const event of events) draft.add(event);
  return draft.finish({ cancelled, prices, atMs: 5 });
}

const common = { turn: "turn_1", step: 2, attempt: 1, model: "m", reasoning: "", atMs: 5 };
const unpaid = { usage: { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 }, costMicros: 0 };

describe("Draft", () => {
  it("[REPLY-1] joins text, reasoning, usage and cost into one entry", () => {
    const events: ModelEvent[] = [
      { type: "reasoning", text: "hm" },
      text("a"),
      text("b"),
      { type: "usage", usage },
      finish("stop"),
    ];
    expect(entryOf(events)).toEqual({
      ...common,
      type: "assistant",
      reasoning: "hm",
      content: "ab",
      toolCalls: [],
      finishReason: "stop",
      usage,
      costMicros: Math.ceil((64 * 28_000 + 100 * 280_000 + 10 * 420_000) / 1_000_000),
    });
  });

  it("[REPLY-1] joins fragments by index, in the order of the index", () => {
    const events = [
      fragment(1, "", "b", "sum"),
      fragment(0, "{", "a", "clock"),
      fragment(1, '{"x":1}'),
      fragment(0, "}"),
      finish("tool_calls"),
    ];
    expect(entryOf(events)).toMatchObject({
      finishReason: "tool_calls",
      toolCalls: [
        { id: "a", name: "clock", arguments: "{}" },
        { id: "b", name: "sum", arguments: '{"x":1}' },
      ],
    });
  });

  it("[REPLY-1] keeps the provider's bytes, and no bytes mean {}", () => {
    const events = [fragment(0, "", "a", "clock"), fragment(1, '{ "x" :1}', "b", "sum"), finish("stop")];
    expect(entryOf(events)).toMatchObject({
      finishReason: "tool_calls",
      toolCalls: [{ arguments: "{}" }, { arguments: '{ "x" :1}' }],
    });
  });

  it("[REPLY-2] gives blank and repeated ids one of our own", () => {
    const events = [
      fragment(0, "{}", "", "a"),
      fragment(1, "{}", "x", "b"),
      fragment(2, "{}", "x", "c"),
      finish("tool_calls"),
    ];
    const entry = entryOf(events);
    expect(entry).toMatchObject({ toolCalls: [{ id: "call_7_0" }, { id: "x" }, { id: "call_7_2" }] });
    expect(entryOf(events)).toEqual(entry);
  });

  it("[TURN-6] trusts no call of a reply cut by length, and counts them", () => {
    const events = [text("so "), fragment(0, '{"summ', "a", "clock"), finish("length")];
    expect(entryOf(events)).toEqual({
      ...common,
      ...unpaid,
      type: "assistant",
      content: "so ",
      toolCalls: [],
      finishReason: "length",
      cutCalls: 1,
    });
  });

  const noAnswer: [string, ModelEvent[], string, boolean][] = [
    ["no finish reason", [text("half")], "model_truncated", true],
    ["an unknown finish reason", [text("x"), finish("aborted")], "model_malformed", true],
    ["nothing at all", [finish("stop")], "model_empty", true],
    ["only reasoning", [{ type: "reasoning", text: "hm" }, finish("stop")], "model_empty", true],
    ["a call without a name", [fragment(0, '{"a":1}', "a"), finish("tool_calls")], "model_malformed", true],
    ["only calls without name and arguments", [fragment(0, "{}", "a"), finish("tool_calls")], "model_no_call", true],
    ["a call that was announced and did not come", [finish("tool_calls")], "model_no_call", true],
    ["the same in OpenAI's older word", [text(" \n"), finish("function_call")], "model_no_call", true],
    ["white space", [text(" \n"), finish("stop")], "model_empty", true],
    ["half a leaked call", [text("Let me see. "), { type: "broken_call" }, finish("stop")], "model_malformed", true],
    ["a content filter", [text("x"), finish("content_filter")], "content_filter", false],
    ["no resources", [text("x"), finish("insufficient_system_resource")], "model_unavailable", true],
  ];
  it.each(noAnswer)("[REPLY-3] is a failed step: %s", (_, events, code, retryable) => {
    expect(entryOf(events)).toMatchObject({ type: "step_failed", failure: { code, retryable } });
  });

  it("[REPLY-4] a failure keeps what was said before it, and what was used", () => {
    const failure = { code: "model_stalled", detail: "Nothing came for 60 s.", retryable: true } as const;
    const entry = entryOf([text("half an ans"), { type: "usage", usage }, { type: "failure", failure }]);
    expect(entry).toMatchObject({ type: "step_failed", content: "half an ans", failure, usage });
  });

  it("[REPLY-5] a person's stop makes what was said the answer, without calls", () => {
    const entry = entryOf([text("half an ans"), fragment(0, "{", "a", "clock")], true);
    expect(entry).toEqual({
      ...common,
      ...unpaid,
      type: "assistant",
      content: "half an ans",
      toolCalls: [],
      finishReason: "cancelled",
    });
  });
});
