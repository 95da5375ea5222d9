import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ModelEvent } from "../../../src/core/model-event.ts";
import { generate } from "../../../src/model/client.ts";
import { createDemoFetch } from "../../../src/model/demo/demo-fetch.ts";
import { type AnswerMeta, type DemoAnswer, framesOf } from "../../../src/model/demo/frames.ts";
import { toolsRefusal } from "../../support/strict-check.ts";
import { joined } from "../wire-tape.ts";

const url = "https://demo.test/v1/chat/completions";
const meta: AnswerMeta = { id: "a", created: 1, maxTokens: 8192, includeUsage: true, promptTokens: 100, hitTokens: 64 };
const answer = (more: Partial<DemoAnswer>): DemoAnswer => ({ reasoning: "", text: "", calls: [], ...more });
const chunk = (delta: object, end: { finish_reason?: string; usage?: object } = {}) => ({
  id: "a",
  object: "chat.completion.chunk",
  created: 1,
  model: "demo",
  system_fingerprint: "fp_demo",
  choices: [{ index: 0, delta, logprobs: null, finish_reason: end.finish_reason ?? null }],
  usage: end.usage ?? null,
});
const usage = (completion: number, reasoning: number) => ({
  prompt_tokens: 100,
  completion_tokens: completion,
  total_tokens: 100 + completion,
  prompt_tokens_details: { cached_tokens: 64 },
  completion_tokens_details: { reasoning_tokens: reasoning },
  prompt_cache_hit_tokens: 64,
  prompt_cache_miss_tokens: 36,
});

/** The chunks of a stream; its form is checked on the way. */
function chunksOf(frames: readonly string[]): unknown[] {
  expect(frames.at(-1)).toBe("data: [DONE]\n\n");
  return frames.slice(0, -1).map((frame) => {
    expect(frame).toMatch(/^data: \{.*\}\n\n$/);
    return JSON.parse(frame.slice(6));
  });
}

describe("its frames", () => {
  it("[DEMO-2] an answer without thinking: role, words, and the finish with usage", () => {
    expect(chunksOf(framesOf(answer({ text: "Good day" }), meta))).toEqual([
      chunk({ role: "assistant", content: "" }),
      chunk({ content: "Good" }),
      chunk({ content: " day" }),
      chunk({ content: "" }, { finish_reason: "stop", usage: usage(2, 0) }),
    ]);
  });

  it("[DEMO-2] thinking comes with content null, the answer after it with reasoning null", () => {
    expect(chunksOf(framesOf(answer({ reasoning: "So be", text: "Hi" }), meta))).toEqual([
      chunk({ role: "assistant", content: null, reasoning_content: "" }),
      chunk({ content: null, reasoning_content: "So" }),
      chunk({ content: null, reasoning_content: " be" }),
      chunk({ content: "Hi", reasoning_content: null }),
      chunk({ content: "", reasoning_content: null }, { finish_reason: "stop", usage: usage(3, 2) }),
    ]);
  });

  it("[DEMO-2] each call opens with id, name and no arguments, then comes by index", () => {
    const calls = [
      { name: "a", arguments: '{"n":1}' },
      { name: "b", arguments: "{}" },
    ];
    const opened = (index: number, name: string) => ({
      tool_calls: [
        {
          index,
          id: expect.stringMatching(`^call_0${index}_`),
          type: "function",
          function: { name, arguments: "" },
        },
      ],
    });
    const piece = (index: number, text: string) => ({ tool_calls: [{ index, function: { arguments: text } }] });
    expect(chunksOf(framesOf(answer({ calls }), meta))).toEqual([
      chunk({ role: "assistant", content: "" }),
      chunk(opened(0, "a")),
      chunk(piece(0, '{"n":1')),
      chunk(piece(0, "}")),
      chunk(opened(1, "b")),
      chunk(piece(1, "{}")),
      chunk({ content: "" }, { finish_reason: "tool_calls", usage: usage(6, 0) }),
    ]);
  });

  it.each([
    ["while it thinks", 1, { reasoning: "So", text: "", calls: "" }],
    ["before the answer", 2, { reasoning: "So be", text: "", calls: "" }],
    ["in the answer", 3, { reasoning: "So be", text: "it", calls: "" }],
    ["in a call", 6, { reasoning: "So be", text: "it", calls: '{"n":1' }],
  ])("[DEMO-3] max_tokens cuts it %s, and the finish is length", (_, maxTokens, kept) => {
    const all = answer({ reasoning: "So be", text: "it", calls: [{ name: "a", arguments: '{"n":1}' }] });
    const chunks = chunksOf(framesOf(all, { ...meta, maxTokens })) as ReturnType<typeof chunk>[];
    const deltas = chunks.map(({ choices }) => choices[0]?.delta as Record<string, string | undefined>);
    const join = (key: string) => deltas.map((delta) => delta[key] ?? "").join("");
    const calls = JSON.stringify(deltas).match(/"arguments":"((?:[^"\\]|\\.)*)"/g) ?? [];
    expect({
      reasoning: join("reasoning_content"),
      text: join("content"),
      calls: calls.map((each) => JSON.parse(`{${each}}`).arguments).join(""),
    }).toEqual(kept);
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe("length");
    expect(chunks.at(-1)?.usage).toMatchObject({ completion_tokens: maxTokens });
  });

  it("[DEMO-2] loses and adds no character, whatever the text", () => {
    const texts = ["", " ", "a  b\n\n c ", "\n", "日本語、テキスト。", "🙂".repeat(3), `${" ".repeat(5000)}x`];
    for (const text of texts) {
      const events = chunksOf(framesOf(answer({ text, reasoning: text }), meta)) as ReturnType<typeof chunk>[];
      const deltas = events.map(({ choices }) => choices[0]?.delta as Record<string, string | undefined>);
      expect(deltas.map((delta) => delta.content ?? "").join("")).toBe(text);
      expect(deltas.map((delta) => delta.reasoning_content ?? "").join("")).toBe(text);
    }
  });
});

const tools = [
  { name: "current_time", required: ["timezone"] },
  { name: "calculator", required: ["expression"] },
].map(({ name, required }) => ({ type: "function", function: { name, parameters: { type: "object", required } } }));
const both = "What time is it in Tokyo, and what is 17 * 23?";
const timeouts = { firstByteMs: 1000, idleMs: 1000, dataMs: 1000, finishMs: 1000 };
const bodyFor = (request: object) =>
  JSON.stringify({ model: "demo", stream: true, max_tokens: 8192, thinking: { type: "enabled" }, ...request });

async function read(fetch: typeof globalThis.fetch, request: object): Promise<ModelEvent[]> {
  const { signal } = new AbortController();
  const asked = { baseUrl: "https://demo.test/v1", body: bodyFor(request), fetch, signal, timeouts };
  return (await Array.fromAsync(generate(asked))).flat();
}

describe("read by our own client", () => {
  const messages = [{ role: "user", content: both }];

  it("[DEMO-2] gives thinking, calls with their ids, the finish and disjoint counts", async () => {
    const fetch = createDemoFetch({ paceMs: 0 });
    const first = joined(await read(fetch, { messages, tools }));
    expect(first).toEqual({
      reasoning: expect.stringContaining("current_time and calculator"),
      text: "",
      calls: [
        { id: expect.stringMatching(/^call_00_/), name: "current_time", arguments: '{"timezone":"Asia/Tokyo"}' },
        { id: expect.stringMatching(/^call_01_/), name: "calculator", arguments: '{"expression":"17 * 23"}' },
      ],
      rest: [
        { type: "finish", reason: "tool_calls" },
        {
          type: "usage",
          usage: {
            inputTokens: expect.any(Number),
            cachedTokens: 0,
            outputTokens: expect.any(Number),
            reasoningTokens: expect.any(Number),
          },
        },
      ],
    });
    const counts = (events: ModelEvent[]) => {
      const last = events.at(-1);
      return last?.type === "usage" ? last.usage : undefined;
    };
    const long = [{ role: "user", content: `${both} ${"x".repeat(1000)}` }];
    const cold = counts(await read(fetch, { messages: long }));
    const warm = counts(await read(fetch, { messages: long }));
    expect(cold).toMatchObject({ cachedTokens: 0 });
    expect(warm?.cachedTokens).toBe(256);
    expect((warm?.inputTokens ?? 0) + 256).toBe(cold?.inputTokens);
  });

  it("[DEMO-2] an unstreamed answer has the same calls, and the same counts", async () => {
    const fetch = () => createDemoFetch({ paceMs: 0 });
    const streamed = joined(await read(fetch(), { messages, tools }));
    const whole = joined(await read(fetch(), { messages, tools, stream: false }));
    const anyId = (sum: typeof whole) => ({ ...sum, calls: sum.calls.map((call) => ({ ...call, id: "any" })) });
    expect(anyId(whole)).toEqual(anyId(streamed));
    expect(whole.calls.map(({ id }) => id)).toEqual([
      expect.stringMatching(/^call_00_/),
      expect.stringMatching(/^call_01_/),
    ]);
  });
});

describe("a body that is no request", () => {
  it.each([
    ["null"],
    ["5"],
    ['"hello"'],
    ["[]"],
    ["{}"],
    ['{"messages":5}'],
    ['{"messages":[null]}'],
    ['{"messages":[{"role":"user","content":5}]}'],
    ['{"messages":[{"role":"assistant","content":5}]}'],
    ['{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"","tool_calls":[null]}]}'],
    ['{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"","tool_calls":[{"id":"a"}]}]}'],
    ['{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"","tool_calls":{}}]}'],
    ['{"messages":[{"role":"user","content":"x"}],"tools":5}'],
    ['{"messages":[{"role":"user","content":"x"}],"tools":[null]}'],
    ['{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function"}]}'],
    ['{"messages":[{"role":"user","content":"x"}],"max_tokens":"5"}'],
    ['{"messages":[{"role":"user","content":"x"}],"max_tokens":1.5}'],
    [""],
    ["{"],
  ])("[DEMO-1] %s is refused in words, never thrown at", async (body) => {
    const answer = await createDemoFetch({ paceMs: 0, toolsRefusal })(url, { method: "POST", body });
    expect([answer.status, await answer.json()]).toEqual([
      400,
      {
        error: {
          message: expect.stringMatching(/\w+/),
          type: "invalid_request_error",
          param: null,
          code: "invalid_request_error",
        },
      },
    ]);
  });

  it("[DEMO-4] other paths and methods are 404, with an error object", async () => {
    const fetch = createDemoFetch();
    for (const [path, method] of [
      ["/v1/completions", "POST"],
      ["/v1/chat/completions", "GET"],
      ["/v1/models", "POST"],
      ["/", "GET"],
    ]) {
      const answer = await fetch(`https://demo.test${path}`, { method: method ?? "GET" });
      expect([answer.status, await answer.json()]).toMatchObject([404, { error: { message: `Nothing at ${path}` } }]);
    }
  });
});

describe("a reader who goes away", () => {
  const request = { method: "POST", body: bodyFor({ messages: [{ role: "user", content: "Hello" }] }) };
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it.each([0, 20])("[DEMO-3] is refused when the request was aborted before it began (paceMs %i)", async (paceMs) => {
    const signal = AbortSignal.abort(new Error("gone"));
    await expect(createDemoFetch({ paceMs })(url, { ...request, signal })).rejects.toThrow("gone");
  });

  it.each([0, 20])("[DEMO-3] ends a read when it aborts while the request is read (paceMs %i)", async (paceMs) => {
    const abort = new AbortController();
    const answer = createDemoFetch({ paceMs })(url, { ...request, signal: abort.signal });
    abort.abort(new Error("gone"));
    await expect(answer).rejects.toThrow("gone");
  });

  it("[DEMO-3] ends a read that waits for its turn, and sets no further timer", async () => {
    const abort = new AbortController();
    const answer = await createDemoFetch({ paceMs: 20 })(url, { ...request, signal: abort.signal });
    const reader = answer.body?.getReader();
    await reader?.read();
    const waiting = reader?.read();
    abort.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    await vi.advanceTimersByTimeAsync(20);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("[DEMO-3] cancels a paced answer, and no further timer is set", async () => {
    const answer = await createDemoFetch({ paceMs: 20 })(url, request);
    const reader = answer.body?.getReader();
    await reader?.read();
    await vi.advanceTimersByTimeAsync(20);
    await reader?.cancel();
    await vi.advanceTimersByTimeAsync(20);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("[DEMO-3] a slow reader is not written ahead for", async () => {
    await createDemoFetch({ paceMs: 20 })(url, request);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("[DEMO-3] with paceMs 0 no timer is used at all", async () => {
    const answer = await createDemoFetch({ paceMs: 0 })(url, request);
    expect(await answer.text()).toContain("[DONE]");
    expect(vi.getTimerCount()).toBe(0);
  });
});
