import { describe, expect, it } from "vitest";
import type { Draft } from "../../../../../src/core/assemble.ts";
import { type Cursor, parseCursor } from "../../../../../src/core/cursor.ts";
import type { Entry, NewEntry } from "../../../../../src/core/entry.ts";
import { eventsOfDraft, eventsOfEntry, type PlacedEvent } from "../../../../../src/core/event.ts";
import { ChatChunks, type ChatManner } from "../../../../../src/doors/openai/chat/chunks.ts";
import { chatCompletion } from "../../../../../src/doors/openai/chat/completion.ts";
import { readMessages } from "../../../../../src/doors/openai/chat/messages.ts";
import { Segment } from "../../../../../src/doors/openai/chat/segment.ts";
import type { Frame } from "../../../../../src/wire/encoder.ts";
import { asking, assistant, call, ended, result, user } from "../../../../support/entries.ts";

const manner: ChatManner = {
  as: "openai-chat",
  id: "chatcmpl-s.1",
  created: 7,
  model: "m",
  includeUsage: true,
  showTools: false,
  hasForm: false,
  isPart: false,
};
const of = { session: "s", tag: "tag" };
const chunksOf = (more: Partial<ChatManner> = {}, seen?: Cursor) =>
  new ChatChunks({ ...manner, ...more }, { ...of, ...(seen && { seen }) });
const placed = (entries: readonly NewEntry[]) => entries.map((entry, at) => ({ ...entry, seq: at + 1 }) as Entry);
const eventsOf = (entries: readonly NewEntry[]) => placed(entries).flatMap((entry) => eventsOfEntry(entry));

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Chunk = any;
const choice = ({ data }: Frame): Chunk => (data as Chunk)?.choices?.[0];
const joined = (frames: readonly Frame[], name: string) =>
  frames.map((frame) => choice(frame)?.delta[name] ?? "").join("");

const whole = [
  user(),
  asking(["clock"], { reasoning: "Hm.", content: "Let me see. " }),
  result("c0"),
  assistant({ step: 2, reasoning: "So.", content: "It is **12:00**. Schön 👋" }),
  ended({ usage: { inputTokens: 20, cachedTokens: 8, outputTokens: 12, reasoningTokens: 4 } }),
];
const mixed = [
  user(),
  assistant({
    content: "I book.",
    finishReason: "tool_calls",
    toolCalls: [call("c0", "clock"), call("c1", "mine", '{"a":1}'), call("c2", "mine", "{}")],
    waits: { c1: "client", c2: "client" },
  }),
  result("c0"),
];
const answered = [
  ...mixed,
  result("c1", { name: "mine" }),
  result("c2", { name: "mine" }),
  assistant({ step: 2, content: "Done." }),
  ended(),
];

/** A reply that has said so much, as a reader sees it who stands before it or `into` it. */
function growing(seq: number, text: string, attempt = 1, into?: Parameters<typeof eventsOfDraft>[1]): PlacedEvent[] {
  const grown = (all: string) => ({ length: all.length, since: (offset: number) => all.slice(offset) });
  const draft = { of: { seq, turn: "turn_1", step: 1, attempt, model: "m" }, reasoning: grown(""), text: grown(text) };
  return eventsOfDraft(draft as unknown as Draft, into);
}

describe("chunks", () => {
  it("[CHAT-2] a turn as chunks: role, reasoning and text of all steps, one end, usage of the whole turn", () => {
    const chunks = chunksOf();
    const frames = chunks.events(eventsOf(whole));
    expect(choice(frames[0] as Frame).delta).toEqual({ role: "assistant", content: "" });
    expect(joined(frames, "content")).toBe("Let me see. It is **12:00**. Schön 👋");
    expect(joined(frames, "reasoning_content")).toBe("Hm.\n\nSo.");
    expect(frames.slice(-3)).toMatchObject([
      {
        data: {
          id: manner.id,
          object: "chat.completion.chunk",
          choices: [{ delta: {}, finish_reason: "stop" }],
          usage: null,
        },
      },
      {
        data: {
          choices: [],
          usage: { prompt_tokens: 28, completion_tokens: 12, total_tokens: 40, prompt_cache_hit_tokens: 8 },
        },
      },
      { text: "[DONE]" },
    ]);
    expect(chunks.ended).toBe(true);
    expect(JSON.stringify(frames)).not.toContain("clock");
  });

  it("[CHAT-2] says nothing of usage unless it is asked to", () => {
    const frames = chunksOf({ includeUsage: false }).events(eventsOf(whole));
    expect(JSON.stringify(frames)).not.toContain("usage");
  });

  it("[CHAT-2] a reader who comes back with any id gets exactly the rest", () => {
    const chunks = chunksOf();
    const events = eventsOf(whole);
    for (let cut = 1; cut < events.length; cut++) {
      const before = chunksOf().events(events.slice(0, cut));
      const after = chunksOf({}, events[cut - 1]?.cursor).events(events);
      expect(joined(before, "content") + joined(after, "content")).toBe(joined(chunksOf().events(events), "content"));
    }
    expect(chunks.events(events).filter(({ id }) => id !== undefined).length).toBeGreaterThan(4);
  });

  it("[CHAT-3] ends with the calls that the client is to run; those of the server stay unseen", () => {
    const chunks = chunksOf();
    const frames = [
      ...chunks.events(eventsOf(mixed)),
      ...chunks.waits([{ ...call("c1", "mine"), kind: "client", sinceMs: 0 }]),
    ];
    const calls = frames.flatMap((frame) => choice(frame)?.delta.tool_calls ?? []);
    expect(calls).toEqual([
      { index: 0, id: "c1", type: "function", function: { name: "mine", arguments: '{"a":1}' } },
      { index: 1, id: "c2", type: "function", function: { name: "mine", arguments: "{}" } },
    ]);
    expect(frames.at(-3)).toMatchObject({ data: { choices: [{ finish_reason: "tool_calls" }] } });
    expect(frames.at(-2)).toMatchObject({ data: { usage: { prompt_tokens: 14, completion_tokens: 6 } } });
    expect([chunks.ended, frames.at(-1)]).toEqual([true, { text: "[DONE]" }]);
  });

  it("[CHAT-3] the same answer reads the same once its calls were answered, and what follows is another one", () => {
    const live = chunksOf();
    const before = [...live.events(eventsOf(mixed)), ...live.waits([{ ...call("c1"), kind: "client", sinceMs: 0 }])];
    const events = eventsOf(answered);
    expect(chunksOf().events(events)).toEqual(before);
    const rest = chunksOf({ isPart: true }).events(events.filter(({ cursor }) => cursor.done >= 5));
    expect(joined(rest, "content")).toBe("Done.");
    expect(rest.at(-2)).toMatchObject({ data: { usage: { completion_tokens: 6 } } });
  });

  it("[CHAT-3] tells of the server's tools among the reasoning where it is asked to, and of an approval always", () => {
    const notes = joined(chunksOf({ showTools: true }).events(eventsOf(whole)), "reasoning_content");
    expect(notes).toContain("[clock {}]");
    expect(notes).toContain("[clock -> 12:00]");
    const chunks = chunksOf();
    const [frame] = chunks.waits([{ ...call("c7", "pay", '{"sum":9}'), kind: "approval", sinceMs: 0 }]);
    expect(choice(frame as Frame).delta.reasoning_content).toContain("POST /v1/sessions/s/approvals/c7");
    expect(chunks.ended).toBe(true);
  });

  it("[CHAT-4] a failed turn ends with an error and no [DONE], one without money says so", () => {
    const failure = { code: "context_overflow", detail: "Too long.", retryable: false } as const;
    const frames = chunksOf().events(eventsOf([user(), ended({ reason: "failed", failure })]));
    expect(frames.map(({ data }) => data)).toEqual([
      { error: { message: "Too long.", type: "invalid_request_error", param: null, code: "context_length_exceeded" } },
    ]);
    const broke = chunksOf().events(eventsOf([user(), ended({ reason: "budget_exhausted" })]));
    expect(broke).toMatchObject([{ data: { error: { code: "insufficient_quota" } } }]);
    for (const reason of ["length", "step_limit"] as const) {
      const [finish] = chunksOf().events(eventsOf([user(), ended({ reason })]));
      expect(choice(finish as Frame).finish_reason).toBe("length");
    }
  });

  it("[CHAT-6] an answer that begins again and says the same goes on; one that says something else ends with an error", () => {
    for (const [again, says] of [
      ["Hello world", " world"],
      ["Hello", ""],
      ["Hallo", undefined],
    ] as const) {
      const chunks = chunksOf();
      chunks.events(growing(2, "Hello"));
      const into = { attempt: 1, reasoning: 0, text: 5, calls: 0 };
      const frames = chunks.events(growing(2, again, 2, into));
      if (says === undefined) expect(frames).toMatchObject([{ data: { error: { code: "answer_restarted" } } }]);
      else expect(joined(frames, "content")).toBe(says);
      expect(chunks.ended).toBe(says === undefined);
    }
  });
});

describe("a client that comes back", () => {
  const idOf = (frames: readonly Frame[]) => parseCursor((frames.findLast(({ id }) => id)?.id ?? "").slice(4));

  it("[CURSOR-6] gets each call once, under the index that it has", () => {
    const all = eventsOf(mixed);
    const waits = [{ ...call("c1"), kind: "client", sinceMs: 0 }] as const;
    const indexes = (frames: readonly Frame[]) =>
      frames.flatMap((frame) => choice(frame)?.delta.tool_calls ?? []).map(({ index }: Chunk) => index);
    const frames = chunksOf().events(all);
    for (const [at, { id }] of frames.entries()) {
      if (id === undefined) continue;
      const rest = chunksOf({}, idOf(frames.slice(0, at + 1)));
      const back = [...rest.events(all), ...rest.waits(waits)];
      expect(indexes([...frames.slice(0, at + 1), ...back])).toEqual([0, 1]);
      expect(choice(back.at(-3) as Frame).finish_reason).toBe("tool_calls");
    }
  });

  it("[CURSOR-6] has reasoning in the same paragraphs, and usage of the whole answer", () => {
    const all = eventsOf(whole);
    const frames = chunksOf({ isPart: true }).events(all);
    for (const [at, { id }] of frames.entries()) {
      if (id === undefined) continue;
      const rest = chunksOf({ isPart: true }, idOf(frames.slice(0, at + 1))).events(all);
      expect(joined([...frames.slice(0, at + 1), ...rest], "reasoning_content")).toBe("Hm.\n\nSo.");
      expect(rest.slice(-3)).toEqual(frames.slice(-3));
    }
  });

  it("[CURSOR-5] is told that the answer began again, also in an answer with a form and behind a step with calls", () => {
    const twice = eventsOf([user(), assistant({ content: "No JSON" }), assistant({ step: 2, content: "{}" }), ended()]);
    const seen = { done: 1, into: { attempt: 1, reasoning: 0, text: 7, calls: 0 } };
    expect(chunksOf({ hasForm: true }, seen).events(twice)).toMatchObject([
      { data: { error: { code: "answer_restarted" } } },
    ]);
    const first = chunksOf();
    const before = first.events([...eventsOf([user()]), ...growing(2, "Yes. I will delete all t")]);
    const called = eventsOf([
      user(),
      asking(["clock"], { attempt: 2 }),
      result("c0"),
      assistant({ step: 2, content: "No." }),
      ended(),
    ]);
    const rest = chunksOf({}, idOf(before)).events(called);
    expect([rest.length, rest[0]]).toMatchObject([1, { data: { error: { code: "answer_restarted" } } }]);
  });

  it("[CURSOR-7] with an id of the earlier format, which has no mark, gets the rest of the attempt it saw", () => {
    const events = eventsOf([user(), assistant({ attempt: 2, content: "Hello world" }), ended()]);
    const back = (attempt: number) =>
      chunksOf({}, { done: 1, into: { attempt, reasoning: 0, text: 5, calls: 0 } }).events(events);
    expect(joined(back(2), "content")).toBe(" world");
    expect(back(1)).toMatchObject([{ data: { error: { code: "answer_restarted" } } }]);
  });
});

describe("an answer that was asked for in a form", () => {
  const twice = [user(), assistant({ content: "No JSON" }), assistant({ step: 2, content: "{}" }), ended()];

  it("[CHAT-6] has the last of its tries alone; a stream that has told another one ends with an error", () => {
    const segment = new Segment({ hasForm: true });
    for (const { event } of eventsOf(twice)) segment.take(event);
    expect(segment.text).toBe("{}");
    const frames = chunksOf({ hasForm: true }).events(eventsOf(twice));
    expect(joined(frames, "content")).toBe("No JSON");
    expect(frames.at(-1)).toMatchObject({ data: { error: { code: "answer_restarted" } } });
    expect(joined(chunksOf().events(eventsOf(twice)), "content")).toBe("No JSON{}");
  });
});

describe("a completion", () => {
  const completionOf = (entries: readonly NewEntry[], more = {}) => {
    const segment = new Segment();
    for (const { event } of eventsOf(entries)) segment.take(event);
    // biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
    return chatCompletion(segment, { ...manner, ...more }) as any;
  };

  it("[CHAT-2] says the same as the chunks", () => {
    const [said] = completionOf(whole).choices;
    const frames = chunksOf().events(eventsOf(whole));
    expect(said.message.content).toBe(joined(frames, "content"));
    expect(said.message.reasoning_content).toBe(joined(frames, "reasoning_content"));
    expect(completionOf(whole).usage).toEqual((frames.at(-2) as Chunk).data.usage);
    expect(said.finish_reason).toBe("stop");
  });

  it("[CHAT-3] ends with the client's calls, whether they were answered since or not", () => {
    for (const entries of [mixed, answered]) {
      expect(completionOf(entries).choices).toMatchObject([
        { message: { content: "I book.", tool_calls: [{ id: "c1" }, { id: "c2" }] }, finish_reason: "tool_calls" },
      ]);
    }
  });
});

it('[REACH-7] a message of the role user that is named "user", as some frameworks write it, has no speaker', () => {
  const items = (name: string) => readMessages([{ role: "user", content: "Hi", name }]).items;
  expect([items("user"), items("ada")]).toEqual([
    [{ role: "user", content: "Hi" }],
    [{ role: "user", content: "Hi", speaker: "ada" }],
  ]);
});
