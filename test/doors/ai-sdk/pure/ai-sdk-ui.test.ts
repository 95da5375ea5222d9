import { readUIMessageStream, type UIMessage, type UIMessageChunk, uiMessageChunkSchema } from "ai";
import { describe, expect, it } from "vitest";
import type { Draft } from "../../../../src/core/assemble.ts";
import type { Entry, NewEntry } from "../../../../src/core/entry.ts";
import { eventsOfDraft, eventsOfEntry, type PlacedEvent } from "../../../../src/core/event.ts";
import { userWords } from "../../../../src/core/user-words.ts";
import { UiChunks } from "../../../../src/doors/ai-sdk/chunks.ts";
import { newsOf, type UiMessage } from "../../../../src/doors/ai-sdk/request.ts";
import type { Frame } from "../../../../src/wire/encoder.ts";
import { asking, assistant, call, ended, result, user } from "../../../support/entries.ts";
import { randomOf } from "../../../support/random.ts";

const chunksOf = () => new UiChunks({ as: "ai-sdk-ui", turn: "turn_1" }, { session: "s" });
const placed = (entries: readonly NewEntry[]) => entries.map((entry, at) => ({ ...entry, seq: at + 1 }) as Entry);
const eventsOf = (entries: readonly NewEntry[]) => placed(entries).flatMap((entry) => eventsOfEntry(entry));

/** The frames as the AI SDK checks and reads them: the message they make, and the errors they bring. */
async function readBy(frames: readonly Frame[], message?: UIMessage) {
  const schema = typeof uiMessageChunkSchema === "function" ? uiMessageChunkSchema() : uiMessageChunkSchema;
  const chunks = frames.flatMap(({ data, text }) => (text === undefined ? [data] : []));
  for (const chunk of chunks) {
    const checked = await schema.validate?.(chunk);
    expect(checked, JSON.stringify(chunk)).toMatchObject({ success: true });
  }
  const errors: unknown[] = [];
  const stream = new ReadableStream<UIMessageChunk>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk as UIMessageChunk);
      controller.close();
    },
  });
  let last: UIMessage | undefined = message;
  const read = readUIMessageStream({
    stream,
    onError: (error) => errors.push(error),
    ...(message && { message }),
  });
  for await (const each of read) last = structuredClone(each);
  return { message: last, errors };
}

const usage = { inputTokens: 20, cachedTokens: 8, outputTokens: 12, reasoningTokens: 4 };
const whole = [
  user(),
  assistant({
    content: "Let me see.",
    reasoning: "Hm.",
    finishReason: "tool_calls",
    toolCalls: [call("c0", "clock", '{"zone":"UTC"}'), call("c1", "clock", "no JSON")],
  }),
  result("c1", { content: "no such zone", isError: true }),
  result("c0", { content: '{"time":"12:00"}' }),
  assistant({ step: 2, reasoning: "So.", content: "It is **12:00**. Schön 👋" }),
  ended({ usage }),
];
const told = [
  { type: "step-start" },
  { type: "reasoning", text: "Hm.", state: "done" },
  { type: "text", text: "Let me see.", state: "done" },
  {
    type: "dynamic-tool",
    toolName: "clock",
    toolCallId: "c0",
    state: "output-available",
    input: { zone: "UTC" },
    output: { time: "12:00" },
    providerExecuted: true,
  },
  { type: "dynamic-tool", toolCallId: "c1", state: "output-error", input: "no JSON", errorText: "no such zone" },
  { type: "step-start" },
  { type: "reasoning", text: "So.", state: "done" },
  { type: "text", text: "It is **12:00**. Schön 👋", state: "done" },
  { type: "data-usage", id: "usage", data: { input_tokens: 20, cached_tokens: 8, cost_micros: 3 } },
];

/** Deltas in pieces of random length, as a stream brings them. */
function inPieces(events: PlacedEvent[], random: () => number): PlacedEvent[] {
  return events.flatMap((placed) => {
    const { event } = placed;
    if (event.type !== "text.delta" && event.type !== "reasoning.delta") return [placed];
    const pieces: PlacedEvent[] = [];
    for (let at = 0; at < event.text.length; ) {
      const length = 1 + Math.floor(random() * 5);
      pieces.push({ ...placed, event: { ...event, text: event.text.slice(at, at + length) } });
      at += length;
    }
    return pieces;
  });
}

describe("chunks for useChat", () => {
  it("[UI-1] a turn is one message: reasoning, text, tools with their results, usage, an end", async () => {
    const chunks = chunksOf();
    const { message, errors } = await readBy(chunks.events(eventsOf(whole)));
    expect(message).toMatchObject({
      id: "msg_turn_1",
      role: "assistant",
      metadata: { session: "s", turn: "turn_1", reason: "completed", usage: { cost_micros: 3 } },
      parts: told,
    });
    expect([errors, chunks.ended]).toEqual([[], true]);
  });

  it("[UI-1] however it is cut into pieces (50 at random), and told again behind what was seen of it", async () => {
    for (let seed = 0; seed < 50; seed++) {
      const random = randomOf(seed);
      const events = inPieces(eventsOf(whole), random);
      const chunks = chunksOf();
      const frames = events.flatMap((event) => chunks.events([event]));
      const { message } = await readBy(frames);
      expect(message, `seed ${seed}`).toMatchObject({ parts: told });
    }
  });

  it("[UI-2] ends where a person must approve, and goes on in the same message", async () => {
    const waits = { c0: "approval" } as const;
    const begun = [user(), asking(["pay"], { waits, toolCalls: [call("c0", "pay", '{"sum":9}')] })];
    const chunks = chunksOf();
    const frames = [
      ...chunks.events(eventsOf(begun)),
      ...chunks.waits([{ ...call("c0", "pay"), kind: "approval", sinceMs: 0 }]),
    ];
    const { message } = await readBy(frames);
    expect(message?.parts).toMatchObject([
      { type: "step-start" },
      { type: "dynamic-tool", state: "approval-requested", input: { sum: 9 }, approval: { id: "c0" } },
    ]);
    expect(chunks.ended).toBe(true);
    const rest = placed([
      ...begun,
      result("c0", { name: "pay" }),
      assistant({ step: 2, content: "Paid." }),
      ended(),
    ]).slice(begun.length);
    const after = chunksOf().events(rest.flatMap((entry) => eventsOfEntry(entry)));
    const { message: final } = await readBy(after, message);
    expect(final).toMatchObject({
      id: "msg_turn_1",
      parts: [
        { type: "step-start" },
        { type: "dynamic-tool", state: "output-available", output: "12:00" },
        { type: "step-start" },
        { type: "text", text: "Paid." },
        { type: "data-usage" },
      ],
    });
  });

  it("[UI-2] a tool of the client is its own part, which it answers", async () => {
    const chunks = chunksOf();
    const begun = [user(), asking(["mine"], { waits: { c0: "client" } })];
    const frames = [
      ...chunks.events(eventsOf(begun)),
      ...chunks.waits([{ ...call("c0", "mine"), kind: "client", sinceMs: 0 }]),
    ];
    const { message } = await readBy(frames);
    expect(message?.parts.at(-1)).toMatchObject({ type: "tool-mine", state: "input-available", toolCallId: "c0" });
    expect(message?.parts.at(-1)).not.toMatchObject({ providerExecuted: true });
  });

  it("[UI-3] what an attempt said that broke off is taken back", async () => {
    const growing = (text: string, attempt: number, into?: Parameters<typeof eventsOfDraft>[1]) => {
      const grown = (all: string) => ({ length: all.length, since: (offset: number) => all.slice(offset) });
      const of = { seq: 2, turn: "turn_1", step: 1, attempt, model: "m" };
      return eventsOfDraft({ of, reasoning: grown("Hm."), text: grown(text) } as unknown as Draft, into);
    };
    const chunks = chunksOf();
    const frames = [
      ...chunks.events(growing("Hello wor", 1)),
      ...chunks.events(growing("Good day", 2, { attempt: 1, reasoning: 3, text: 9, calls: 0 })),
      ...chunks.events(eventsOf([user(), assistant({ content: "", attempt: 2 }), ended()]).slice(-1)),
    ];
    const { message } = await readBy(frames);
    expect(message?.parts.filter(({ type }) => type === "text")).toMatchObject([{ text: "Good day" }]);
  });

  it("[UI-4] a turn that failed says why, one that was stopped that it was", async () => {
    const failure = { code: "model_auth", detail: "The key is wrong.", retryable: false } as const;
    const failed = await readBy(chunksOf().events(eventsOf([user(), ended({ reason: "failed", failure })])));
    expect(failed.errors).toMatchObject([{ message: userWords(failure) }]);
    const stopped = chunksOf().events(eventsOf([user(), ended({ reason: "cancelled" })]));
    expect(stopped.at(-2)).toMatchObject({ data: { type: "finish", finishReason: "interrupted" } });
    const broke = await readBy(chunksOf().events(eventsOf([user(), ended({ reason: "budget_exhausted" })])));
    expect(broke.errors).toMatchObject([{ message: userWords({ code: "budget_exhausted" }) }]);
  });

  it("[UI-11] a content filter is content-filter, whether it stopped the request or the answer, with a sentence for the person", () => {
    for (const cause of [undefined, "answer"] as const) {
      const failure = { code: "content_filter", ...(cause && { cause }), detail: "x", retryable: false } as const;
      const chunks = chunksOf().events(eventsOf([user(), ended({ reason: "failed", failure })]));
      expect(chunks.slice(-3, -1)).toMatchObject([
        { data: { type: "error", errorText: userWords(failure) } },
        { data: { type: "finish", finishReason: "content-filter" } },
      ]);
    }
  });
});

describe("what useChat sends", () => {
  const message = (role: UiMessage["role"], ...parts: object[]) => ({ id: "m1", role, parts }) as UiMessage;
  const tool = (more: object) => ({
    type: "tool-mine",
    toolCallId: "c1",
    state: "output-available",
    output: "ok",
    ...more,
  });

  it("[UI-5] only the last message is news", () => {
    const messages = [
      message("user", { type: "text", text: "old" }),
      {
        ...message("user", { type: "text", text: "a" }, { type: "data-x" }, { type: "text", text: "b" }),
        metadata: { speaker: "Ann" },
      },
    ];
    expect(newsOf(messages)).toEqual({ kind: "message", id: "m1", content: "a\nb", speaker: "Ann" });
  });

  it("[UI-5] answers are those about the newest step, without what ran on the server", () => {
    const last = message(
      "assistant",
      { type: "step-start" },
      tool({ toolCallId: "old" }),
      { type: "step-start" },
      tool({}),
      tool({ toolCallId: "c2", output: { a: 1 } }),
      tool({ toolCallId: "c3", state: "output-error", errorText: "no" }),
      tool({ toolCallId: "c4", providerExecuted: true }),
      {
        type: "dynamic-tool",
        toolCallId: "c5",
        state: "approval-responded",
        approval: { id: "c5", approved: false, reason: "dear" },
      },
      { type: "dynamic-tool", toolCallId: "c6", state: "approval-requested", approval: { id: "c6" } },
    );
    expect(newsOf([last])).toEqual({
      kind: "answers",
      approvals: [{ callId: "c5", approve: false, reason: "dear" }],
      results: [
        { callId: "c1", content: "ok", isError: false },
        { callId: "c2", content: '{"a":1}', isError: false },
        { callId: "c3", content: "no", isError: true },
      ],
    });
  });

  it.each([
    [message("user", { type: "file", url: "data:," }), "messages.0.parts.0"],
    [message("user", { type: "text", text: "" }), "messages.0.parts"],
    [message("system", { type: "text", text: "x" }), "messages.0"],
  ])("[UI-5] what cannot be taken in is refused by its place (%#)", (last, field) => {
    expect(() => newsOf([last])).toThrow(expect.objectContaining({ field }));
  });
});
