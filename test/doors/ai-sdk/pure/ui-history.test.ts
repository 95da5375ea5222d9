import {
  readUIMessageStream,
  safeValidateUIMessages,
  type UIMessage,
  type UIMessageChunk,
  uiMessageChunkSchema,
} from "ai";
import { describe, expect, it } from "vitest";
import type { Entry, NewEntry } from "../../../../src/core/entry.ts";
import { eventsOfEntry } from "../../../../src/core/event.ts";
import { UiChunks } from "../../../../src/doors/ai-sdk/chunks.ts";
import { UiMessages, type UiSession } from "../../../../src/doors/ai-sdk/messages.ts";
import type { QueuedMessage } from "../../../../src/wire/native.ts";
import { asking, assistant, call, ended, result, user } from "../../../support/entries.ts";
import { randomOf } from "../../../support/random.ts";

const placed = (entries: readonly NewEntry[]) => entries.map((entry, at) => ({ ...entry, seq: at + 1 }) as Entry);
const approval = (callId: string, approve: boolean, reason?: string): NewEntry => ({
  type: "approval",
  turn: "turn_1",
  step: 1,
  callId,
  name: "pay",
  approve,
  ...(reason !== undefined && { reason }),
  atMs: 0,
});
const failed = (content: string): NewEntry => ({
  type: "step_failed",
  turn: "turn_1",
  step: 1,
  attempt: 1,
  model: "m",
  content,
  reasoning: "Hm.",
  failure: { code: "model_truncated", detail: "It broke off.", retryable: true },
  usage: { inputTokens: 1, cachedTokens: 0, outputTokens: 1, reasoningTokens: 0 },
  costMicros: 1,
  atMs: 0,
});
const failure = { code: "model_auth", detail: "The key is wrong.", retryable: false } as const;

function listed(entries: readonly NewEntry[], of: Partial<UiSession> = {}) {
  const messages = new UiMessages({ session: "s", names: new Map(), queued: [], ...of });
  for (const entry of placed(entries)) messages.add(entry);
  return JSON.parse(JSON.stringify(messages.end())) as UIMessage[];
}

/** The message that the AI SDK makes of a turn's stream, each chunk checked by its own schema. */
async function streamed(entries: readonly NewEntry[]): Promise<UIMessage> {
  const schema = typeof uiMessageChunkSchema === "function" ? uiMessageChunkSchema() : uiMessageChunkSchema;
  const events = placed(entries).flatMap((entry) => eventsOfEntry(entry));
  const chunks = new UiChunks({ as: "ai-sdk-ui", turn: "turn_1" }, { session: "s" }).events(events);
  const data = chunks.flatMap((frame) => (frame.data === undefined ? [] : [frame.data as UIMessageChunk]));
  for (const chunk of data)
    expect(await schema.validate?.(chunk), JSON.stringify(chunk)).toMatchObject({ success: true });
  const stream = new ReadableStream<UIMessageChunk>({
    start(controller) {
      // What follows an error is never read.
      for (const chunk of data) if (chunk.type !== "error") controller.enqueue(chunk);
      controller.close();
    },
  });
  let last: UIMessage | undefined;
  for await (const each of readUIMessageStream({ stream })) last = structuredClone(each);
  return JSON.parse(JSON.stringify(last));
}

const calls = [call("c0", "pay", '{"sum":9}'), call("c1", "clock", "no JSON")];
const waits = { c0: "approval" } as const;
const asked = asking(["pay"], { waits, toolCalls: calls, reasoning: "Hm.", content: "Let me see." });
const turns: [name: string, entries: NewEntry[]][] = [
  ["an answer", [user(), assistant({ content: "Hi. 👋", reasoning: "So." }), ended()]],
  ["a refusal", [user(), assistant({ content: "I will not.", finishReason: "refusal", refusalFrom: 2 }), ended()]],
  [
    "tools that err and do not",
    [user(), asking(["a", "b"]), result("c1", { isError: true }), result("c0"), assistant({ step: 2 }), ended()],
  ],
  [
    "an approval",
    [user(), asked, approval("c0", true), result("c1"), result("c0", { name: "pay" }), assistant({ step: 2 }), ended()],
  ],
  [
    "a denial with a reason",
    [
      user(),
      asked,
      result("c1"),
      approval("c0", false, "Too dear."),
      result("c0", { isError: true }),
      assistant({ step: 2 }),
      ended(),
    ],
  ],
  [
    "a call that nobody answered",
    [
      user(),
      asked,
      result("c1"),
      result("c0", { isError: true, content: "Nobody answered in time." }),
      assistant({ step: 2 }),
      ended(),
    ],
  ],
  [
    "a call that was stopped",
    [user(), asked, result("c0", { isError: true }), result("c1", { isError: true }), ended({ reason: "cancelled" })],
  ],
  [
    "a tool of the client",
    [
      user(),
      asking(["mine"], { waits: { c0: "client" } }),
      result("c0", { content: '{"a":[1]}' }),
      assistant({ step: 2 }),
      ended(),
    ],
  ],
  ["a failure", [user(), failed("Half an ans"), ended({ reason: "failed", failure })]],
  ["a failure before any word", [user(), ended({ reason: "failed", failure })]],
  ["no money", [user(), ended({ reason: "budget_exhausted" })]],
  [
    "an interruption",
    [user(), assistant({ content: "Half", finishReason: "cancelled" }), ended({ reason: "interrupted" })],
  ],
];

describe("a session as UI messages", () => {
  it.each(turns)("[UI-7] %s: the message is the one that its stream makes, and valid", async (_, entries) => {
    const list = listed(entries);
    expect(list.map(({ role }) => role)).toEqual(["user", "assistant"]);
    expect(list[1]).toEqual(await streamed(entries));
    const checked = await safeValidateUIMessages({ messages: list });
    expect(checked.success ? undefined : checked.error).toBeUndefined();
    const kept = await safeValidateUIMessages({ messages: [await streamed(entries)] });
    expect(kept.success ? undefined : kept.error).toBeUndefined();
  });

  it("[UI-7] any mixture of these turns is a valid list of messages with ids of their own (20 at random)", async () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = randomOf(seed);
      const some = Array.from({ length: 6 }, (_, n) => {
        const [, entries] = turns[Math.floor(random() * turns.length)] ?? ["", []];
        return entries.map((entry) => ({ ...entry, turn: `turn_${n + 1}` }));
      });
      const list = listed(some.flat(), { names: new Map([["turn_2", "mine"]]) });
      const checked = await safeValidateUIMessages({ messages: list });
      expect(checked.success ? undefined : checked.error, `seed ${seed}`).toBeUndefined();
      expect(new Set(list.map(({ id }) => id)).size, `seed ${seed}`).toBe(12);
      expect(list[2]).toMatchObject({ id: "mine", role: "user" });
    }
  });

  const waiting: QueuedMessage = { id: 2, turn: "turn_2", joins: false, content: "And?", isCut: false, atMs: 0 };
  it("[UI-8] of a running turn the answer is left to its stream; messages that wait stand behind what was said", () => {
    const open = { turn: "turn_1", status: "running" } as const;
    const list = listed([user(), asking(["a"])], { open, queued: [waiting] });
    expect(list.map(({ id, role }) => [id, role])).toEqual([
      ["msg_turn_1_user", "user"],
      ["msg_turn_2_user", "user"],
    ]);
    expect(list[1]).toMatchObject({ metadata: { turn: "turn_2", status: "queued" }, parts: [{ text: "And?" }] });
  });

  it("[UI-8] a turn that waits for somebody is the last message, where clients look for calls to answer", () => {
    const open = { turn: "turn_1", status: "waiting" } as const;
    const list = listed([user(), asked, result("c1")], { open, queued: [waiting] });
    expect(list.map(({ id }) => id)).toEqual(["msg_turn_1_user", "msg_turn_2_user", "msg_turn_1"]);
    expect(list[2]?.parts).toMatchObject([
      { type: "step-start" },
      { type: "reasoning" },
      { type: "text" },
      { type: "dynamic-tool", state: "approval-requested", approval: { id: "c0" } },
      { type: "dynamic-tool", state: "output-available" },
    ]);
  });

  it("[UI-8] messages that joined a turn stand in front of its answer; speakers and metadata are named", () => {
    const joined = { ...user(), content: "And tea.", joined: true, speaker: "Ann", metadata: { a: "b" } } as NewEntry;
    const list = listed([user(), joined, assistant(), ended()]);
    expect(list.map(({ role }) => role)).toEqual(["user", "user", "assistant"]);
    expect(list[1]).toMatchObject({ id: "msg_turn_1_user_2", metadata: { speaker: "Ann", metadata: { a: "b" } } });
  });

  it("[UI-8] a damaged entry hides no other, and a long result is cut with where to read it", () => {
    const messages = new UiMessages({ session: "s", names: new Map(), queued: [] });
    const long = "x".repeat(150_000);
    const entries = placed([user(), asking(["a"]), result("c0", { content: long }), assistant({ step: 2 }), ended()]);
    for (const entry of entries) messages.add(entry);
    messages.add({ seq: 6, turn: "turn_2", type: "user", broken: "It is damaged." });
    const [, answer] = messages.end();
    const output = String(answer?.parts.find((part) => part.state === "output-available")?.output);
    expect(output.length).toBeLessThan(101_000);
    expect(output).toContain("entry 3 of GET /v1/sessions/s/entries");
  });
});
