/** A refusal of the model, from the provider's stream to what each door makes of it. */
import { describe, expect, it } from "vitest";
import { Draft } from "../../../src/core/assemble.ts";
import type { Entry, NewEntry } from "../../../src/core/entry.ts";
import { eventsOfDraft, eventsOfEntry } from "../../../src/core/event.ts";
import type { ModelEvent } from "../../../src/core/model-event.ts";
import { UiChunks } from "../../../src/doors/ai-sdk/chunks.ts";
import { ChatChunks } from "../../../src/doors/openai/chat/chunks.ts";
import { chatCompletion } from "../../../src/doors/openai/chat/completion.ts";
import { readMessages } from "../../../src/doors/openai/chat/messages.ts";
import { Segment } from "../../../src/doors/openai/chat/segment.ts";
import { ResponseWriter } from "../../../src/doors/openai/responses/response-writer.ts";
import { profileFor } from "../../../src/model/catalog.ts";
import { MemorySession } from "../../../src/test-kit/memory-session.ts";
import { createToolbox } from "../../../src/tools/tool.ts";
import { entryJson } from "../../../src/wire/native.ts";
import { isNativeEvent, nativeEvent } from "../../../src/wire/native-events.ts";
import { assistant, ended, user } from "../../support/entries.ts";
import { createFakeProvider, frames } from "../../support/fake-provider.ts";
import { callDelta, delta, done, stop, sum } from "../../support/wire-frames.ts";

const content = "Well. I cannot do that.";
const log = [
  user(),
  assistant({ content, finishReason: "refusal", refusalFrom: 6 }),
  ended({ refused: true }),
] satisfies NewEntry[];
const placed = log.map((entry, at) => ({ ...entry, seq: at + 1 }) as Entry);
const events = placed.flatMap((entry) => eventsOfEntry(entry));
// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
const dataOf = (all: readonly { data?: any }[]) => all.map(({ data }) => data);

describe("in the log", () => {
  const draftOf = (...some: ModelEvent[]) => {
    const draft = new Draft({ seq: 2, turn: "turn_1", step: 1, attempt: 1, model: "m" });
    for (const event of some) draft.add(event);
    return draft;
  };
  const reply = (...some: ModelEvent[]) =>
    draftOf(...some).finish({ cancelled: false, prices: { hit: 0, miss: 0, output: 0 }, atMs: 1 });
  const said = [{ type: "text", text: "Well. " }, { type: "refusal" }, { type: "text", text: "No." }] as const;

  it.each(["stop", "content_filter", "tool_calls"])("[REFUSAL-1] is the answer, whatever ends it: %s", (reason) => {
    const call = { type: "tool_call", index: 0, id: "a", name: "pay", arguments: "{}" } as const;
    expect(reply(...said, call, { type: "finish", reason })).toMatchObject({
      type: "assistant",
      content: "Well. No.",
      finishReason: "refusal",
      refusalFrom: 6,
      toolCalls: [],
    });
  });

  it("[REFUSAL-1] cut by length or by the connection it is what such an answer is", () => {
    expect(reply(...said, { type: "finish", reason: "length" })).toMatchObject({ finishReason: "length" });
    expect(reply(...said)).toMatchObject({ type: "step_failed", failure: { code: "model_truncated" } });
  });

  it("[REFUSAL-1] a try that goes on behind half a refusal goes on refusing", () => {
    const half = draftOf(...said);
    const rest = new Draft(half.of, half.soFar);
    for (const event of [
      { type: "text", text: " Never." },
      { type: "finish", reason: "stop" },
    ] as const)
      rest.add(event);
    expect(rest.finish({ cancelled: false, prices: { hit: 0, miss: 0, output: 0 }, atMs: 1 })).toMatchObject({
      content: "Well. No. Never.",
      finishReason: "refusal",
      refusalFrom: 6,
    });
  });

  it("[REFUSAL-2] readers get its text as a delta of its own, while it arrives and afterwards, from any place", () => {
    const texts = (all: ReturnType<typeof eventsOfDraft>) =>
      all.flatMap(({ event }) => (event.type === "text.delta" ? [[event.text, event.refusal ?? false]] : []));
    const draft = draftOf(
      { type: "text", text: "Well. " },
      { type: "refusal" },
      { type: "text", text: "I cannot do that." },
    );
    const both = [
      ["Well. ", false],
      ["I cannot do that.", true],
    ];
    expect(texts(eventsOfDraft(draft))).toEqual(both);
    expect(texts(events)).toEqual(both);
    for (let text = 0; text <= content.length; text++) {
      const rest = texts(eventsOfDraft(draft, { attempt: 1, reasoning: 0, text, calls: 0 }));
      expect(rest.map(([piece]) => piece).join("")).toBe(content.slice(text));
      expect(
        rest
          .filter(([, refusal]) => refusal)
          .map(([piece]) => piece)
          .join(""),
      ).toBe(content.slice(Math.max(6, text)));
    }
  });

  it("[REFUSAL-1] takes one model call, runs nothing and asks for nothing else, also where a form was asked for", async () => {
    const provider = createFakeProvider();
    provider.enqueue(
      frames(delta({ refusal: "I cannot do that." }) + callDelta(0, { id: "a", function: sum }) + stop + done),
    );
    const profile = profileFor({ modelId: "m", baseUrl: "https://m.test", demo: false });
    const session = new MemorySession({
      profile,
      baseUrl: "https://m.test",
      fetch: provider.fetch,
      tools: createToolbox([]),
      instructions: "",
    });
    const end = await session.ask("Hello", { responseFormat: { type: "json_object" } });
    expect(end).toMatchObject({ reason: "completed", refused: true, steps: 1 });
    expect(provider.requests).toHaveLength(1);
  });
});

describe("at the doors", () => {
  it("[REFUSAL-2] native: text with a mark, the words in the message, and a turn that says so", () => {
    const all = events.flatMap(({ event }) => (isNativeEvent(event) ? [nativeEvent(event)] : []));
    expect(all.map(({ event }) => event)).toEqual([
      "turn.started",
      "step.started",
      "text.delta",
      "text.delta",
      "message.completed",
      "turn.ended",
    ]);
    expect(dataOf(all).slice(2)).toMatchObject([
      { text: "Well. " },
      { text: "I cannot do that.", refusal: true },
      { finish_reason: "refusal", message: { content, refusal: "I cannot do that." } },
      { reason: "completed", refused: true },
    ]);
    expect(placed.map(entryJson)).toMatchObject([{}, { message: { refusal: "I cannot do that." } }, { refused: true }]);
  });

  it("[REFUSAL-2] chat completions: `refusal` in deltas and in the message", () => {
    const chunks = new ChatChunks(
      {
        as: "openai-chat",
        id: "c",
        created: 7,
        model: "m",
        includeUsage: false,
        showTools: false,
        hasForm: true,
        isPart: false,
      },
      { session: "s", tag: "t" },
    );
    const choices = dataOf(chunks.events(events)).map((data) => data?.choices?.[0]);
    expect(choices.slice(1, 4)).toMatchObject([
      { delta: { content: "Well. " } },
      { delta: { refusal: "I cannot do that." } },
      { finish_reason: "stop" },
    ]);
    const segment = new Segment();
    for (const { event } of events) segment.take(event);
    const { choices: whole } = chatCompletion(segment, { id: "c", created: 7, model: "m", isPart: false });
    expect(whole).toMatchObject([
      { message: { content: "Well. ", refusal: "I cannot do that." }, finish_reason: "stop" },
    ]);
  });

  it("[REFUSAL-2] chat completions: a client that sends it back means the answer that is in the log", () => {
    const { items } = readMessages([
      { role: "user", content: "Hello" },
      { role: "assistant", content: "Well. ", refusal: "I cannot do that." },
      {
        role: "assistant",
        content: [
          { type: "text", text: "Well. " },
          { type: "refusal", refusal: "No." },
        ],
      },
      { role: "user", content: "Why?" },
    ]);
    expect(items[1]).toMatchObject({ content });
    expect(items[2]).toMatchObject({ role: "assistant", content: expect.stringContaining("No.") });
  });

  it("[REFUSAL-2] responses: a part of the message, with events of its own", () => {
    const writer = new ResponseWriter(
      { session: "s", turn: "turn_1", defaultModel: "m" },
      { options: {}, metadata: {}, atMs: 1_700_000_000_000, isQueued: false, isStopped: false },
    );
    const all = dataOf([...writer.opening(), ...writer.events(events)]);
    const parts = all.filter(({ content_index: at }) => at !== undefined);
    expect(parts.map(({ type, content_index: at }) => [type.replace("response.", ""), at])).toEqual([
      ["content_part.added", 0],
      ["output_text.delta", 0],
      ["output_text.done", 0],
      ["content_part.done", 0],
      ["content_part.added", 1],
      ["refusal.delta", 1],
      ["refusal.done", 1],
      ["content_part.done", 1],
    ]);
    expect(parts[6]).toMatchObject({ refusal: "I cannot do that." });
    expect(all.at(-1).response).toMatchObject({
      status: "completed",
      output: [
        {
          type: "message",
          status: "completed",
          content: [
            { type: "output_text", text: "Well. " },
            { type: "refusal", refusal: "I cannot do that." },
          ],
        },
      ],
    });
  });

  it("[REFUSAL-2] the AI SDK's UI: text, and an end by the content filter", () => {
    const chunks = dataOf(new UiChunks({ as: "ai-sdk-ui", turn: "turn_1" }, { session: "s" }).events(events));
    const text = chunks.flatMap((chunk) => (chunk?.type === "text-delta" ? [chunk.delta] : [])).join("");
    expect(text).toBe(content);
    expect(chunks.find((chunk) => chunk?.type === "finish")).toMatchObject({ finishReason: "content-filter" });
  });
});
