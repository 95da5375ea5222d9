/** What hosts were seen to make of the chat-completions wire, shape by shape: all of it comes to the same events. */
import { describe, expect, it } from "vitest";
import type { ModelEvent } from "../../src/core/model-event.ts";
import { textIsDeeper } from "../../src/core/nesting.ts";
import { createTranslator } from "../../src/model/translate.ts";
import { bodyOf, eventBatches, eventsIn, joined, tape } from "./wire-tape.ts";

const delta = (fields: object, finish: string | null = null) => ({
  choices: [{ index: 0, delta: fields, finish_reason: finish }],
});
const message = (fields: object) => ({ choices: [{ index: 0, message: fields, finish_reason: "stop" }] });
const call = (text: string, more: object = {}) => ({ function: { name: "a", arguments: text }, ...more });

function events(...chunks: (object | string)[]): ModelEvent[] {
  const translator = createTranslator();
  const some = chunks.flatMap((chunk) =>
    eventsIn(translator.translate(typeof chunk === "string" ? chunk : JSON.stringify(chunk))),
  );
  return [...some, ...translator.end()];
}
const sums = (...chunks: (object | string)[]) => joined(events(...chunks));

const usage: ModelEvent = {
  type: "usage",
  usage: { inputTokens: 84, cachedTokens: 320, outputTokens: 48, reasoningTokens: 12 },
};
const finish = (reason: string): ModelEvent => ({ type: "finish", reason });

describe("the tapes", () => {
  const hello = { reasoning: "", text: "Hello, world.", calls: [], rest: [finish("stop"), usage] };
  const oneCall = { ...hello, text: "", rest: [finish("tool_calls"), usage] };
  it.each([
    ["STREAM-23", "message-again", hello],
    ["STREAM-23", "calls-again", { ...oneCall, calls: [{ id: "call_1", name: "a", arguments: '{"n":1}' }] }],
    ["STREAM-24", "cumulative", hello],
    ["STREAM-21", "keep-alive-data", hello],
    ["STREAM-22", "pretty-json", hello],
    ["STREAM-22", "json-lines", hello],
    ["STREAM-22", "no-blank-lines", hello],
    ["STREAM-2", "no-last-line-end", hello],
    ["STREAM-22", "double-data", hello],
    ["STREAM-25", "content-parts", { ...hello, reasoning: "The user greets." }],
    ["STREAM-27", "think-tags", { ...hello, reasoning: "The user greets." }],
    ["STREAM-28", "special-tokens", hello],
    ["STREAM-12", "usage-in-choice", hello],
    ["STREAM-30", "text-after-finish", hello],
    ["STREAM-32", "legacy-function-call", { ...oneCall, calls: [{ id: undefined, name: "a", arguments: '{"n":1}' }] }],
    ["REFUSAL-1", "refusal", { ...hello, text: "I cannot do that.", rest: [{ type: "refusal" }, ...hello.rest] }],
  ])("[%s] %s", async (_rule, name, expected) => {
    expect(joined((await eventBatches(bodyOf([tape(name)]))).flat())).toEqual(expected);
  });

  it("[STREAM-22] bare-error: JSON without `data:`, over several lines, is the error that it says", async () => {
    const last = (await eventBatches(bodyOf([tape("bare-error")]))).flat().at(-1);
    expect(last).toMatchObject({ type: "failure", failure: { code: "model_payment", retryable: false } });
  });
});

it.each([
  ["two spaces before", (json: string) => `  ${json}`],
  ["a tab before", (json: string) => `\t${json}`],
  ["a space behind", (json: string) => `${json} `],
])("[STREAM-22] a payload of JSON with %s is read like any other", (_what, spaced) => {
  const chunks = ["Hel", "lo,", " world."].map((content) => spaced(JSON.stringify(delta({ content }))));
  expect(sums(...chunks)).toMatchObject({ text: "Hello, world.", rest: [] });
});

describe("what is no chunk", () => {
  const signs = ["", " ", ": keepalive", "ping", "[HEARTBEAT]", "null", '"x"', "[]", "1", "true", "upstream error"];
  it.each([
    ...signs,
    '{"type":"ping"}',
    '{"id":"x"}',
    '{"message":"queued"}',
    '{"type":"status","message":"queued","code":200}',
  ])("[STREAM-21] %j is a sign of life", (sign) => {
    const chunks = [delta({ content: "a" }), sign, delta({ content: "b" }, "stop")];
    expect(sums(...chunks)).toMatchObject({ text: "ab", rest: [finish("stop")] });
  });

  it.each([
    ["upstream error: connect timeout", "model_malformed"],
    ["Insufficient Balance", "model_payment"],
    ["<html><title>Bad gateway</title></html>", "model_malformed"],
    ['{"message":"Insufficient Balance"}', "model_payment"],
  ])("[STREAM-21] %j is the failure when nothing else comes", (words, code) => {
    expect(events(": keepalive", words, "ping")).toMatchObject([{ type: "failure", failure: { code } }]);
    expect(events(": keepalive", "ping")).toEqual([]);
  });

  it.each([
    { error: { message: "boom" } },
    { error: "boom" },
    { choices: [{ delta: { content: "" }, finish_reason: "error" }], error: { message: "boom", code: 502 } },
    { choices: [{ error: { message: "boom" }, delta: {} }] },
    { error_type: "x", error_message: "boom" },
    { object: "error", message: "boom", code: 400 },
    { type: "error", message: "boom" },
    { code: "InternalError", message: "boom", request_id: "1" },
    { detail: "boom" },
    { success: false, message: "boom" },
    { base_resp: { status_code: 1000, status_msg: "boom" } },
    { errors: [{ message: "boom" }] },
  ])("[STREAM-7] is an error: %j", (error) => {
    const [text, failure, ...more] = events(delta({ content: "a" }), error);
    expect([text?.type, failure?.type, more]).toEqual(["text", "failure", []]);
    expect(JSON.stringify(failure)).toContain("boom");
  });

  it.each([{ error: null }, { error: {} }, { error: "" }, { base_resp: { status_code: 0 } }])(
    "[STREAM-7] is no error: %j",
    (fields) => {
      expect(sums({ ...delta({ content: "a" }, "stop"), ...fields })).toMatchObject({ text: "a" });
    },
  );
});

describe("repetition", () => {
  const text = "The answer to that is 42, I am sure.";
  const halves = [delta({ content: text.slice(0, 9) }), delta({ content: text.slice(9) })];
  it.each([
    ["the same message", [...halves, message({ content: text })], text],
    ["a shorter message", [...halves, message({ content: "The answer" })], text],
    ["another message", [...halves, message({ content: "42" })], text],
    ["a message that goes on", [...halves, message({ content: `${text} Bye.` })], `${text} Bye.`],
    ["a message in parts", [...halves, message({ content: [{ type: "text", text }] })], text],
    ["delta and message in one frame", [...halves, { choices: [{ delta: {}, message: { content: text } }] }], text],
    ["all of it in the last delta", [...halves, delta({ content: text }, "stop")], text],
    ["all of it in a delta before the last", [...halves, delta({ content: text }), delta({}, "stop")], text],
    ["messages that are deltas", [message({ content: "a" }), message({ content: "b" })], "ab"],
    ["messages with all so far", ["T", "The ", "The an", text].map((content) => message({ content })), text],
    ["a message alone", [message({ content: text })], text],
  ])("[STREAM-23] %s is read once", (_what, chunks, expected) => {
    expect(sums(...chunks).text).toBe(expected);
  });

  it("[STREAM-23] reasoning and a refusal are not repeated either", () => {
    const chunks = [
      delta({ reasoning_content: "I think " }),
      delta({ reasoning_content: "of it." }),
      delta({ refusal: "I will " }),
      delta({ refusal: "not." }),
      message({ content: "", reasoning_content: "I think of it.", refusal: "I will not." }),
    ];
    expect(sums(...chunks)).toMatchObject({ reasoning: "I think of it.", text: "I will not." });
  });

  const parts = [
    call("", { index: 0, id: "x" }),
    { index: 0, function: { arguments: '{"n":' } },
    { index: 0, function: { arguments: "1}" } },
  ];
  const streamed = parts.map((each) => delta({ tool_calls: [each] }));
  it.each([
    ["a message with the same id", message({ tool_calls: [call('{"n":1}', { id: "x" })] }), 1],
    ["a message with another id", message({ tool_calls: [call('{"n":1}', { id: "y" })] }), 1],
    ["a message with other spaces", message({ tool_calls: [call('{ "n": 1 }', { id: "y" })] }), 1],
    [
      "a message with one call more",
      message({ tool_calls: [call('{"n":1}', { id: "y" }), call('{"n":2}', { id: "z" })] }),
      2,
    ],
    ["the whole call again as a delta", delta({ tool_calls: [call('{"n":1}', { index: 0, id: "x" })] }), 1],
    ["the whole call, spaced, as a delta", delta({ tool_calls: [call('{"n": 1}', { index: 0, id: "x" })] }), 1],
    ["the whole call again without an index", delta({ tool_calls: [call('{"n":1}', { id: "x" })] }), 1],
    ["a second call with the same arguments", delta({ tool_calls: [call('{"n":1}', { index: 1, id: "y" })] }), 2],
  ])("[STREAM-23] calls behind %s", (_what, chunk, count) => {
    const { calls } = sums(...streamed, chunk);
    expect(calls).toHaveLength(count);
    expect(calls[0]).toEqual({ id: "x", name: "a", arguments: '{"n":1}' });
  });

  it("[STREAM-23] calls with arguments that are too deep to be written again are compared as they came", () => {
    const deep = `{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
    const again = delta({ tool_calls: [call(deep, { index: 0, id: "x" })] });
    const { calls } = sums(again, again, message({ tool_calls: [call(deep, { id: "y" }), call("{}", { id: "z" })] }));
    expect(calls).toEqual([
      { id: "x", name: "a", arguments: deep },
      { id: "z", name: "a", arguments: "{}" },
    ]);
  });

  it("[STREAM-23] arguments that are an object, and too deep to be made text, are refused for their depth", () => {
    const deep = `{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
    const { calls } = sums(
      JSON.stringify(delta({ tool_calls: [call("DEEP", { index: 0, id: "x" })] })).replace('"DEEP"', deep),
    );
    expect(calls).toMatchObject([{ id: "x", name: "a" }]);
    expect(textIsDeeper(calls[0]?.arguments ?? "")).toBe(true);
  });

  it("[STREAM-23] a last delta with all text again has all calls again", () => {
    const chunks = [
      ...halves,
      ...streamed,
      delta({ content: text, tool_calls: [call('{"n":1}', { id: "y" })] }, "stop"),
    ];
    expect(sums(...chunks)).toMatchObject({ text, calls: [{ id: "x" }] });
  });

  it.each([
    [["Hel", "Hello, ", "Hello, wor", "Hello, world."], "Hello, world."],
    [["I", "I am", "I am here, and so are you."], "I am here, and so are you."],
    [["I", "I am here, and so are you."], "I am here, and so are you."],
    [["Hello", "Hello, world."], "Hello, world."],
    // What models write is kept, however alike it looks.
    [["哈", "哈哈", "哈哈哈"], "哈哈哈哈哈哈"],
    [["-", "---"], "----"],
    [["1", "10"], "110"],
    [["    ", "    return"], "        return"],
    [["I will not.\n", "I will not.\n", "I will not.\n"], "I will not.\nI will not.\nI will not.\n"],
    [["ha", "ha"], "haha"],
    [["[", "[1, 2], [3, 4], [5, 6]]"], "[[1, 2], [3, 4], [5, 6]]"],
    [["1", "10 apples are enough."], "110 apples are enough."],
  ])("[STREAM-24] %j is %j", (contents, expected) => {
    expect(sums(...contents.map((content) => delta({ content })), delta({}, "stop")).text).toBe(expected);
  });

  it("[STREAM-24] arguments may come with all so far, and hold what they hold", () => {
    const of = (...texts: string[]) =>
      sums(...texts.map((text) => delta({ tool_calls: [call(text, { index: 0, id: "x" })] }))).calls[0]?.arguments;
    expect(of("{", '{"n":', '{"n":1', '{"n":1}')).toBe('{"n":1}');
    expect(of('{"a":', '{"a":1}', "}")).toBe('{"a":{"a":1}}');
    expect(of("{", '"a":1', "}")).toBe('{"a":1}');
  });
});

describe("where words are", () => {
  it.each([
    ["text", { content: "x" }, "", "x"],
    ["a part of text", { content: [{ type: "text", text: "x" }] }, "", "x"],
    [
      "parts of text",
      {
        content: [
          { type: "text", text: "x" },
          { type: "output_text", text: "y" },
        ],
      },
      "",
      "xy",
    ],
    ["one part", { content: { type: "text", text: "x" } }, "", "x"],
    ["plain text in a list", { content: ["x", "y"] }, "", "xy"],
    ["a part without a type", { content: [{ text: "x" }] }, "", "x"],
    ["text with a value", { content: [{ type: "text", text: { value: "x" } }] }, "", "x"],
    [
      "unknown parts",
      { content: [{ type: "image_url", image_url: {} }, { type: "redacted_thinking", data: "z" }, 5, null] },
      "",
      "",
    ],
    [
      "Mistral's thinking",
      {
        content: [
          { type: "thinking", thinking: [{ type: "text", text: "r" }] },
          { type: "text", text: "x" },
        ],
      },
      "r",
      "x",
    ],
    ["Anthropic's thinking", { content: [{ type: "thinking", thinking: "r" }] }, "r", ""],
    ["a thought", { content: [{ text: "r", thought: true }, { text: "x" }] }, "r", "x"],
    ["reasoning", { reasoning: "r" }, "r", ""],
    ["reasoning in parts", { reasoning_content: [{ type: "text", text: "r" }] }, "r", ""],
    ["reasoning as an object", { reasoning_content: { text: "r" } }, "r", ""],
    ["thinking", { thinking: "r", content: "x" }, "r", "x"],
    ["reasoning_text", { reasoning_text: "r" }, "r", ""],
    [
      "details",
      {
        reasoning_details: [
          { type: "reasoning.text", text: "r" },
          { type: "reasoning.encrypted", data: "z" },
        ],
      },
      "r",
      "",
    ],
    ["a summary", { reasoning_details: [{ type: "reasoning.summary", summary: "r" }] }, "r", ""],
    [
      "both fields",
      { reasoning: "r", reasoning_content: "r", reasoning_details: [{ type: "reasoning.text", text: "r" }] },
      "r",
      "",
    ],
    [
      "field and part",
      {
        reasoning: "r",
        content: [
          { type: "thinking", thinking: "r" },
          { type: "text", text: "x" },
        ],
      },
      "r",
      "x",
    ],
    ["a transcript", { audio: { id: "a", transcript: "x", data: "AAAA" } }, "", "x"],
    [
      "annotations",
      { content: "x", annotations: [{ type: "url_citation", url_citation: { url: "https://a.test" } }] },
      "",
      "x",
    ],
    ["a deep list", { content: [[[[[[[["x"]]]]]]]] }, "", ""],
  ])("[STREAM-25] [STREAM-32] %s, in a delta and in a message", (_what, fields, reasoning, text) => {
    expect(sums(delta(fields, "stop"))).toMatchObject({ reasoning, text, rest: [finish("stop")] });
    expect(sums(message(fields))).toMatchObject({ reasoning, text, rest: [finish("stop")] });
  });

  it("[STREAM-26] the field that reasoned first is the one that is read", () => {
    const chunks = [delta({ reasoning: "a" }), delta({ reasoning_content: "x" }), delta({ reasoning: "b" })];
    expect(sums(...chunks).reasoning).toBe("ab");
  });

  it.each([
    [["<think>r</think>x"], "r", "x"],
    [["<", "think", ">\n", "r<", "/b></thi", "nk>\n\n", "x </think>"], "r</b>", "x </think>"],
    [["<thinking>r</thinking>x"], "r", "x"],
    [["<thought>r</thought>x"], "r", "x"],
    [["<think>\n\n</think>\n\nx"], "", "x"],
    [["<think>r"], "r", ""],
    [["<thi"], "", "<thi"],
    [["<thinker> x"], "", "<thinker> x"],
    [["`<think>` is a tag"], "", "`<think>` is a tag"],
    [["a <think>b</think>"], "", "a <think>b</think>"],
  ])("[STREAM-27] tags in %j", (contents, reasoning, text) => {
    expect(sums(...contents.map((content) => delta({ content })))).toMatchObject({ reasoning, text });
  });

  it.each([
    ["in one piece", ["</think>\n\nHi"]],
    ["cut", ["\n", "</th", "ink>", "\n", "\nH", "i"]],
    ["of another name", ["</thought>Hi"]],
  ])("[STREAM-27] a closing tag alone at the beginning, %s, is no text", (_, contents) => {
    const said = contents.map((content) => delta({ content }));
    expect(sums(...said)).toMatchObject({ reasoning: "", text: "Hi" });
    expect(sums(delta({ reasoning_content: "r" }), ...said)).toMatchObject({ reasoning: "r", text: "Hi" });
    expect(sums(...said.slice(0, -1))).toMatchObject({ reasoning: "" });
  });

  it("[STREAM-27] a closing tag behind other text, and what only begins like one, is text", () => {
    for (const whole of ["Close with </think> then.", "</thin", "</b>Hi", " \n"]) {
      expect(sums(...[...whole].map((content) => delta({ content })))).toMatchObject({ text: whole });
      const fielded = [delta({ reasoning_content: "r" }), ...[...whole].map((content) => delta({ content }))];
      expect(sums(...fielded)).toMatchObject({ reasoning: "r", text: whole });
    }
  });

  it("[STREAM-25] a number is a token that a host wrote as JSON", () => {
    const chunks = [
      delta({ content: "It is " }),
      delta({ content: 4 }),
      delta({ content: 2 }),
      delta({ content: "." }),
    ];
    expect(sums(...chunks)).toMatchObject({ text: "It is 42." });
    expect(sums(delta({ reasoning_content: 7 }), message({ content: 42 }))).toMatchObject({
      reasoning: "7",
      text: "42",
    });
  });

  it("[STREAM-27] tags are text where reasoning has a field of its own", () => {
    const chunks = [delta({ reasoning_content: "r" }), delta({ content: "<think>x</think>" })];
    expect(sums(...chunks)).toMatchObject({ reasoning: "r", text: "<think>x</think>" });
  });

  it.each([
    ["function_call", "tool_calls"],
    ["tool_use", "tool_calls"],
    ["end_turn", "stop"],
    ["STOP", "stop"],
    ["MAX_TOKENS", "length"],
    ["sensitive", "content_filter"],
    ["RECITATION", "content_filter"],
    ["PROHIBITED_CONTENT", "content_filter"],
    ["guardrail_intervened", "content_filter"],
    ["model_length", "length"],
    ["network_error", "network_error"],
  ])("[STREAM-33] finish reason %s is %s", (word, reason) => {
    expect(events(delta({ content: "a" }, word)).at(-1)).toEqual(finish(reason));
  });

  it.each([
    ["cline#13348", (answer: object) => ({ data: answer, success: true })],
    ["Cloudflare's REST API", (answer: object) => ({ result: answer, success: true, errors: [], messages: [] })],
  ])("[STREAM-22] reads an answer in the envelope of %s", (_, envelope) => {
    const used = { prompt_tokens: 404, completion_tokens: 48 };
    expect(sums(envelope({ ...message({ content: "Hi" }), usage: used }))).toMatchObject({
      text: "Hi",
      rest: [finish("stop"), { type: "usage", usage: { inputTokens: 404, outputTokens: 48 } }],
    });
    expect(sums(envelope(delta({ content: "H" })), envelope(delta({ content: "i" }, "stop")))).toMatchObject({
      text: "Hi",
    });
  });

  it("[STREAM-25] reads the `text` of the older completions wire", () => {
    const of = (text: string, finish_reason: string | null) => ({ choices: [{ index: 0, text, finish_reason }] });
    expect(sums(of("H", null), of("i", "stop"))).toMatchObject({ text: "Hi", rest: [finish("stop")] });
  });

  it("[REFUSAL-1] is read in parts, too, and marked once", () => {
    const chunks = [delta({ content: [{ type: "refusal", refusal: "No" }] }), delta({ refusal: "." }, "stop")];
    expect(events(...chunks).map(({ type }) => type)).toEqual(["refusal", "text", "text", "finish"]);
  });
});

describe("calls under indexes that lie", () => {
  const part = (index: number, fields: object) => delta({ tool_calls: [{ index, ...fields }] });
  const head = (index: number, id: string, name: string, text = "") =>
    part(index, { id, type: "function", function: { name, arguments: text } });
  const tail = (index: number, text: string) => part(index, { function: { arguments: text } });

  it("[STREAM-6] the arguments of a call whose head came under the index of the call before (agno#8879)", () => {
    const chunks = [head(0, "c1", "a", '{"n"'), tail(0, ":1}"), head(0, "c2", "b"), tail(1, '{"n"'), tail(1, ":2}")];
    expect(sums(...chunks).calls).toEqual([
      { id: "c1", name: "a", arguments: '{"n":1}' },
      { id: "c2", name: "b", arguments: '{"n":2}' },
    ]);
  });

  it("[STREAM-6] what comes without a head behind a whole call is not added to it", () => {
    const { calls } = sums(head(0, "c1", "a", '{"n":1}'), tail(1, '{"n":2}'));
    expect(calls).toHaveLength(2);
    expect(calls[0]).toEqual({ id: "c1", name: "a", arguments: '{"n":1}' });
  });
});

describe("usage", () => {
  const of = (chunk: object) => events(chunk).find((event) => event.type === "usage")?.usage;
  it.each([
    ["OpenAI", { usage: { prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 4 } } }],
    ["DeepSeek", { usage: { prompt_cache_hit_tokens: 4, prompt_cache_miss_tokens: 6, completion_tokens: 5 } }],
    ["Moonshot", { choices: [{ delta: {}, usage: { prompt_tokens: 10, completion_tokens: 5, cached_tokens: 4 } }] }],
    [
      "Groq",
      { x_groq: { usage: { prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 4 } } } },
    ],
    ["llama.cpp", { choices: [], timings: { cache_n: 4, prompt_n: 6, predicted_n: 5 } }],
    ["newer names", { usage: { input_tokens: 10, output_tokens: 5, input_tokens_details: { cached_tokens: 4 } } }],
    ["Anthropic's names", { usage: { input_tokens: 6, cache_read_input_tokens: 4, output_tokens: 5 } }],
    ["numbers as text", { usage: { prompt_tokens: "10", completion_tokens: "5", cached_tokens: "4" } }],
    [
      "zeros beside",
      { usage: { prompt_tokens: 10, prompt_cache_hit_tokens: 0, completion_tokens: 5, cached_tokens: 4 } },
    ],
    [
      "a null at the top",
      { usage: null, choices: [{ usage: { prompt_tokens: 10, completion_tokens: 5, cached_tokens: 4 } }] },
    ],
  ])("[STREAM-12] %s", (_host, chunk) => {
    expect(of(chunk)).toEqual({ inputTokens: 6, cachedTokens: 4, outputTokens: 5, reasoningTokens: 0 });
  });

  it.each([
    {},
    { prompt_tokens: 0, completion_tokens: 0 },
    { prompt_tokens: -5, completion_tokens: "NaN" },
    { prompt_tokens: 1e300 },
    { prompt_tokens: "many" },
  ])("[STREAM-12] %j is none", (usage) => {
    expect(of({ choices: [], usage })).toBeUndefined();
  });

  it("[STREAM-12] of several the largest counts, and the same is not sent again", () => {
    const frame = (prompt_tokens: number, completion_tokens: number) => ({
      choices: [],
      usage: { prompt_tokens, completion_tokens },
    });
    const counts = events(frame(10, 1), frame(10, 1), frame(10, 7), frame(10, 0), frame(0, 0)).map(
      (event) => event.type === "usage" && event.usage.outputTokens,
    );
    expect(counts).toEqual([1, 7]);
  });
});

describe("after the finish reason", () => {
  const end = delta({}, "stop");
  it("[STREAM-30] text, calls and usage still count, and the first reason stays", () => {
    const chunks = [
      delta({ content: "a" }),
      end,
      delta({ content: "b" }),
      delta({ tool_calls: [call("{}", { id: "x" })] }, "tool_calls"),
    ];
    expect(sums(...chunks)).toMatchObject({ text: "ab", calls: [{ id: "x" }], rest: [finish("stop")] });
  });

  it("[STREAM-30] an error or a damaged chunk changes nothing, unless nothing was said", () => {
    const late = { error: { message: "late" } };
    expect(sums(delta({ content: "a" }), end, late, '{"choi', delta({ content: "b" }))).toMatchObject({
      text: "ab",
      rest: [finish("stop")],
    });
    expect(events(end, late).at(-1)).toMatchObject({ type: "failure" });
  });

  it("[STREAM-11] half a character at the very end becomes U+FFFD, once", () => {
    expect(sums(delta({ content: "a\ud83c" }), end).text).toBe("a\ufffd");
    expect(sums(delta({ content: "a\ud83c" }), end, delta({ content: "\udf89" })).text).toBe("a🎉");
  });
});

describe("bounds", () => {
  it("[STREAM-31] a reply with more than 128 calls is refused", () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, n) => delta({ tool_calls: [call("{}", { index: n, id: `c${n}` })] }));
    expect(events(...many(128)).at(-1)).toMatchObject({ type: "tool_call", index: 127 });
    expect(events(...many(129)).at(-1)).toMatchObject({ type: "failure", failure: { code: "model_malformed" } });
  });

  it("[STREAM-31] names and ids of calls are kept to a length", () => {
    const [event] = events(
      delta({ tool_calls: [{ index: 0, id: "i".repeat(10_000), function: { name: "n".repeat(10_000) } }] }),
    );
    expect(event).toEqual({ type: "tool_call", index: 0, name: "n".repeat(256), arguments: "" });
  });

  it("[STREAM-31] an answer of more than 16 million characters is refused", () => {
    const million = delta({ content: "x".repeat(1_000_000) });
    expect(events(...Array.from({ length: 18 }, () => million)).at(-1)).toMatchObject({ type: "failure" });
  });
});
