import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import type { ModelEvent } from "../../../src/core/model-event.ts";
import { generate } from "../../../src/model/client.ts";
import { decide } from "../../../src/model/demo/decide.ts";
import { createDemoFetch } from "../../../src/model/demo/demo-fetch.ts";
import { dueIn } from "../../../src/model/demo/due-dates.ts";
import { PrefixMeter } from "../../../src/model/demo/prefix-meter.ts";
import type { DemoMessage, DemoRequest } from "../../../src/model/demo/request-rules.ts";
import { calls, createFakeProvider, text } from "../../support/fake-provider.ts";
import { providerContract } from "../../support/provider-contract.ts";
import { toolsRefusal } from "../../support/strict-check.ts";

describe("the demo model", () => providerContract("[DEMO-1]", () => createDemoFetch({ paceMs: 0, toolsRefusal })));
describe("the tests' provider", () =>
  providerContract("[FAKE-1]", (answer) => {
    const provider = createFakeProvider();
    provider.enqueue(
      answer === "text" ? text("Hi") : calls([{ name: "calculator", arguments: '{"expression":"2+2"}' }]),
    );
    return provider.fetch;
  }));

const names = {
  current_time: ["timezone"],
  calculator: ["expression"],
  fetch_url: ["url"],
  search_transcript: ["query", "limit"],
};
const tools = Object.entries(names).map(([name, required]) => ({
  type: "function",
  function: { name, parameters: { type: "object", required } },
}));
const url = "https://demo.test/v1/chat/completions";
const post = (fetch: typeof globalThis.fetch, request: object, init: RequestInit = {}) =>
  fetch(url, {
    ...init,
    method: "POST",
    body: JSON.stringify({ model: "demo", max_tokens: 8192, stream: true, ...request }),
  });
const user = (content: string): DemoMessage => ({ role: "user", content });
const answer = (content: string, more: Partial<DemoRequest> = {}) =>
  decide({ messages: [user(content)], tools, ...more });

describe("its wire", () => {
  it("[DEMO-2] thinks, calls in fragments, and counts, frame by frame", async () => {
    const raw = await (
      await post(createDemoFetch({ paceMs: 0 }), {
        messages: [user("What time is it in Tokyo, and what is 17 * 23?")],
        stream_options: { include_usage: true },
        tools,
      })
    ).text();
    const frames = raw.split("\n\n").filter((frame) => frame !== "");
    expect(frames[0]).toBe(": keep-alive");
    const chunks = frames.slice(1, -1).map((frame) => JSON.parse(frame.replace(/^data: /, "")));
    const deltas = chunks.map(({ choices }) => choices[0].delta);
    expect(deltas[0]).toEqual({ role: "assistant", content: null, reasoning_content: "" });
    expect(deltas[1]).toEqual({ content: null, reasoning_content: "I" });
    const opening = deltas
      .filter((delta) => delta.tool_calls?.[0].id !== undefined)
      .map((delta) => delta.tool_calls[0]);
    expect(opening).toEqual([
      {
        index: 0,
        id: expect.stringMatching(/^call_00_/),
        type: "function",
        function: { name: "current_time", arguments: "" },
      },
      {
        index: 1,
        id: expect.stringMatching(/^call_01_/),
        type: "function",
        function: { name: "calculator", arguments: "" },
      },
    ]);
    const joined = (index: number) =>
      deltas
        .map((delta) => (delta.tool_calls?.[0].index === index ? delta.tool_calls[0].function.arguments : ""))
        .join("");
    expect([joined(0), joined(1)]).toEqual(['{"timezone":"Asia/Tokyo"}', '{"expression":"17 * 23"}']);
    const last = chunks.at(-1);
    expect(last.choices[0]).toMatchObject({
      delta: { content: "", reasoning_content: null },
      finish_reason: "tool_calls",
    });
    expect(last.usage.prompt_tokens).toBe(last.usage.prompt_cache_hit_tokens + last.usage.prompt_cache_miss_tokens);
    expect(last.usage.completion_tokens_details.reasoning_tokens).toBeGreaterThan(10);
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
  });

  it("[DEMO-2] the stream joined is the answer unstreamed", async () => {
    const fetch = createDemoFetch({ paceMs: 0 });
    const events: ModelEvent[] = [];
    const timeouts = { firstByteMs: 1000, idleMs: 1000, dataMs: 1000, finishMs: 1000 };
    const body = JSON.stringify({ model: "demo", stream: true, max_tokens: 8192, messages: [user("Hello there")] });
    const signal = new AbortController().signal;
    for await (const some of generate({ baseUrl: "https://demo.test/v1", body, fetch, signal, timeouts }))
      events.push(...some);
    const whole = (await (await post(fetch, { messages: [user("Hello there")], stream: false })).json()) as {
      choices: { message: { content: string; reasoning_content: string } }[];
    };
    const join = (type: string) =>
      events.map((event) => (event.type === type && "text" in event ? event.text : "")).join("");
    expect([join("text"), join("reasoning")]).toEqual([
      whole.choices[0]?.message.content,
      whole.choices[0]?.message.reasoning_content,
    ]);
    expect(events.slice(-2).map(({ type }) => type)).toEqual(["finish", "usage"]);
  });

  it("[DEMO-3] is cut by max_tokens, and says so", async () => {
    const raw = await (await post(createDemoFetch({ paceMs: 0 }), { messages: [user("Hello")], max_tokens: 5 })).text();
    expect(raw).toContain('"finish_reason":"length"');
    expect(raw).toMatch(/"completion_tokens":[1-5],/);
  });

  it("[DEMO-3] stops when its reader hangs up or the request is aborted", async () => {
    const cancelled = await post(createDemoFetch({ paceMs: 0 }), { messages: [user("Hello")] });
    await cancelled.body?.cancel();
    const abort = new AbortController();
    const aborted = await post(createDemoFetch({ paceMs: 0 }), { messages: [user("Hello")] }, { signal: abort.signal });
    abort.abort();
    await expect(aborted.text()).rejects.toThrow();
  });

  it("[DEMO-3] paces its writes", async () => {
    vi.useFakeTimers();
    try {
      const reader = (await post(createDemoFetch({ paceMs: 20 }), { messages: [user("Hello")] })).body?.getReader();
      await reader?.read();
      let written = false;
      const next = reader?.read().then(() => (written = true));
      await vi.advanceTimersByTimeAsync(19);
      expect(written).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      await next;
      expect(written).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  it("[DEMO-4] lists itself, and knows nothing else", async () => {
    const fetch = createDemoFetch();
    expect(await (await fetch("https://demo.test/v1/models")).json()).toMatchObject({ data: [{ id: "demo" }] });
    expect((await fetch("https://demo.test/v1/files")).status).toBe(404);
    expect((await fetch(url, { method: "POST", body: "{" })).status).toBe(400);
  });
});

describe("its prefix cache", () => {
  const long = "The harbor master counts the ships. ".repeat(60);

  it("[DEMO-5] hits what it was really sent before, in whole blocks of 64 tokens", () => {
    const meter = new PrefixMeter();
    expect(meter.measure(long)).toEqual({ promptTokens: 540, hitTokens: 0 });
    expect(meter.measure(long)).toEqual({ promptTokens: 540, hitTokens: 512 });
    expect(meter.measure(`${long}And the boats.`).hitTokens).toBe(512);
    expect(meter.measure(`${long.slice(0, 1000)}X${long.slice(1001)}`).hitTokens).toBe(192);
    expect(meter.measure(`x${long}`).hitTokens).toBe(0);
    expect(new PrefixMeter().measure(long).hitTokens).toBe(0);
  });

  it("[DEMO-5] forgets the oldest blocks instead of growing", () => {
    const meter = new PrefixMeter();
    meter.measure(long);
    for (let n = 0; n < 25; n++) meter.measure(`${n}${"x".repeat(256 * 1000)}`);
    expect(meter.measure(long).hitTokens).toBe(0);
  });

  it("[DEMO-5] a changed tool misses everything, since tools stand in the head", async () => {
    const fetch = createDemoFetch({ paceMs: 0 });
    const hits = async (request: object) => {
      const body = (await (await post(fetch, { messages: [user(long)], stream: false, ...request })).json()) as {
        usage: { prompt_cache_hit_tokens: number };
      };
      return body.usage.prompt_cache_hit_tokens;
    };
    expect(await hits({ tools })).toBe(0);
    expect(await hits({ tools })).toBeGreaterThan(500);
    expect(await hits({ tools: tools.slice(1) })).toBe(0);
  });
});

const { content: question } = JSON.parse(readFileSync("test/fixtures/meeting.json", "utf8")) as { content: string };
const transcript = readFileSync("test/fixtures/meeting.txt", "utf8");
const clock = '{"iso":"2026-11-23T10:00:00+00:00","weekday":"Monday","timezone":"UTC"}';
const answered = (ask: string, called: DemoMessage[], results: string[]): DemoMessage[] => [
  user(ask),
  ...called,
  ...results.map((content, n) => ({ role: "tool", tool_call_id: `c${n}`, content })),
];
const calling = (...tools: string[]): DemoMessage => ({
  role: "assistant",
  content: "",
  tool_calls: tools.map((name, n) => ({ id: `c${n}`, function: { name, arguments: "{}" } })),
});

describe("the meeting", () => {
  it("[DEMO-6] is real material: named speakers, 150 lines and more, the same in both files", () => {
    expect(transcript.split("\n").length).toBeGreaterThan(150);
    expect(new Set([...transcript.matchAll(/^\[\d\d:\d\d\] (\S+):/gm)].map(([, name]) => name)).size).toBe(5);
    expect(question.endsWith(`--- attached: meeting.txt ---\n${transcript}`)).toBe(true);
  });

  it("[DEMO-6] first asks what day it is, then reports", () => {
    expect(answer(question)).toMatchObject({
      calls: [{ name: "current_time", arguments: '{"timezone":null}' }],
      text: "",
    });
    const { text } = decide({ messages: answered(question, [calling("current_time")], [clock]), tools });
    expect(text.match(/^- .+/gm)).toHaveLength(3);
    expect(text).toContain("Harbor 2.0 launches on 15 December");
    const rows = [...text.matchAll(/^\| (.+) \| (\S+) \| (.+) \|$/gm)]
      .slice(1)
      .map(([, what = "", owner, due]) => [what.slice(0, 20), owner, due]);
    expect(rows).toEqual([
      ["fix the file name mi", "Jonas", "Wednesday (2026-11-25)"],
      ["move the newsletter ", "Tomás", "tomorrow (2026-11-24)"],
      ["tell the two launch ", "Tomás", "Thursday (2026-11-26)"],
      ["ship the proration f", "Jonas", "today (2026-11-23)"],
      ["send the refund list", "Priya", "Tuesday (2026-11-24)"],
      ["draft the apology ma", "Tomás", "end of day (2026-11-23)"],
      ["make the invoice pag", "Zoë", "4 December (2026-12-04)"],
      ["ask Anselm to write ", "Maya", "next Friday (2026-12-04)"],
      ["post the twenty ques", "Priya", "Thursday (2026-11-26)"],
      ["have the first ten p", "Zoë", "9 December (2026-12-09)"],
      ["set up the handbook ", "Jonas", "3 December (2026-12-03)"],
      ["reschedule the trial", "Priya", "tomorrow (2026-11-24)"],
      ["invite both backend ", "Jonas", "next Tuesday (2026-12-01)"],
      ["clear the desk quest", "Maya", "end of the week (2026-11-27)"],
      ["ask her today and se", "Tomás", "today (2026-11-23)"],
      ["write the go/no-go c", "Jonas", "1 December (2026-12-01)"],
    ]);
  });

  it.each([
    ["in five bullets", 5],
    ["in 7 key points", 7],
    ["please", 3],
  ])("[DEMO-6] summarises %s", (how, count) => {
    const { text } = decide({ messages: [user(`Summarize this ${how}.\n\n${transcript}`)] });
    expect(text.match(/^- .+/gm)).toHaveLength(count);
    expect(text).not.toContain("Action items");
  });

  it("[DEMO-6] finds the text in an earlier message, and has words without one", () => {
    const messages = [
      user(`Read this.\n\n${transcript}`),
      { role: "assistant", content: "Read." },
      user("Now summarize it in 2 bullet points."),
    ];
    expect(decide({ messages }).text.match(/^- .+/gm)).toHaveLength(2);
    expect(answer("Summarize it in 2 bullet points.").text).toContain("You wrote:");
  });

  it.each(["", "日本語の長い文章。".repeat(100), `${"word ".repeat(200_000)}`, "<>|`*_[]()".repeat(200)])(
    "[DEMO-6] takes any text (%#)",
    (material) => {
      expect(
        decide({ messages: [user(`Summarize in 3 bullet points, with action items.\n\n${material}`)] }).text,
      ).toContain("demo model");
    },
  );
});

describe("what it does with a question", () => {
  it.each<[string, [string, object][]]>([
    ["What time is it?", [["current_time", { timezone: null }]]],
    ["What time is it in Tokyo?", [["current_time", { timezone: "Asia/Tokyo" }]]],
    ["Tell me the date in America/New_York", [["current_time", { timezone: "America/New_York" }]]],
    ["What is 17 * 23?", [["calculator", { expression: "17 * 23" }]]],
    ["What is 17% of 2,450?", [["calculator", { expression: "17% of 2,450" }]]],
    ["How much is 12 times (3+4)?", [["calculator", { expression: "12 * (3+4)" }]]],
    ["Read https://example.com/a?b=1, please.", [["fetch_url", { url: "https://example.com/a?b=1" }]]],
    ["What did we say about the budget?", [["search_transcript", { query: "the budget", limit: null }]]],
    [
      "What time is it in Berlin, and what is 2+2?",
      [
        ["current_time", { timezone: "Europe/Berlin" }],
        ["calculator", { expression: "2+2" }],
      ],
    ],
    ["See you on 2026-11-23", []],
    ["Hello", []],
  ])("[DEMO-7] %s", (ask, expected) => {
    expect(answer(ask).calls.map(({ name, arguments: args }) => [name, JSON.parse(args)])).toEqual(expected);
  });

  it("[DEMO-7] uses only tools that are offered, and answers from their results, errors included", () => {
    expect(answer("What time is it, and 2+2?", { tools: tools.slice(1) }).calls.map(({ name }) => name)).toEqual([
      "calculator",
    ]);
    expect(answer("What time is it?", { tools: [] })).toMatchObject({
      calls: [],
      text: expect.stringContaining("demo model"),
    });
    const messages = answered(
      "Time, 1/0 and a page?",
      [calling("current_time", "calculator", "fetch_url")],
      [clock, "The result is not a number", "Page text"],
    );
    const { text } = decide({ messages, tools });
    expect(text).toMatch(
      /It is 10:00 on Monday, 2026-11-23 \(UTC\)\.[\s\S]*The result is not a number[\s\S]*> Page text/,
    );
  });

  it("[DEMO-8] thinks unless told not to, and every final answer says what it is", () => {
    expect(answer("Hello").reasoning).not.toBe("");
    expect(answer("Hello", { thinking: { type: "disabled" } }).reasoning).toBe("");
    expect(answer("What time is it?", { thinking: { type: "disabled" } }).reasoning).toBe("");
    for (const ask of ["Hello", "Summarize this.", question]) {
      expect(answer(ask, { tools: [] }).text).toMatch(/Longline's built-in demo model\. Set MODEL_API_KEY/);
    }
  });
});

describe("due dates", () => {
  it.each([
    ["by Friday", "Friday (2026-11-27)"],
    ["by Monday", "Monday (2026-11-30)"],
    ["on Sunday", "Sunday (2026-11-29)"],
    ["next Monday", "next Monday (2026-11-30)"],
    ["by next Sunday", "next Sunday (2026-12-06)"],
    ["today", "today (2026-11-23)"],
    ["tonight", "tonight (2026-11-23)"],
    ["by tomorrow", "tomorrow (2026-11-24)"],
    ["by end of day", "end of day (2026-11-23)"],
    ["by the end of the week", "the end of the week (2026-11-27)"],
    ["next week", "next week (2026-11-30)"],
    ["before 3 December", "3 December (2026-12-03)"],
    ["by the 3rd of December", "the 3rd of December (2026-12-03)"],
    ["until December 24", "December 24 (2026-12-24)"],
    ["by 5 January", "5 January (2027-01-05)"],
    ["on 2027-02-03", "2027-02-03"],
    ["soon", undefined],
    ["by hand", undefined],
    ["sundayschool", undefined],
  ])("[DEMO-9] %j is %j, on Monday 2026-11-23", (text, expected) => {
    expect(dueIn(`do it ${text}`, "2026-11-23")).toBe(expected);
  });

  it("[DEMO-9] without a date to count from says what was said", () => {
    expect(dueIn("do it by Friday", undefined)).toBe("Friday");
  });
});
