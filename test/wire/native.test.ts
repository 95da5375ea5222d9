import { describe, expect, it } from "vitest";
import type { NewEntry } from "../../src/core/entry.ts";
import type { SessionEvent } from "../../src/core/event.ts";
import { sseFrame } from "../../src/http/sse.ts";
import { sessionGone, streamFault } from "../../src/wire/encoder.ts";
import { sessionEvent } from "../../src/wire/event-shapes.ts";
import { entryJson, type SessionSummary, shownEntry, shownSession } from "../../src/wire/native.ts";
import { nativeEncoder } from "../../src/wire/native-events.ts";
import { entry as entryShape, session as sessionShape } from "../../src/wire/shapes.ts";
import { assistant, ended as endedEntry, failed, result, user } from "../support/entries.ts";

const usage = { inputTokens: 1, cachedTokens: 2, outputTokens: 3, reasoningTokens: 1 };
const call = { id: "c1", name: "clock", arguments: "{}" };
const failure = { code: "model_auth", detail: "The key is wrong.", retryable: false } as const;
const ended = { type: "turn.ended", turn: "turn_1", usage, costMicros: 7, steps: 1 } as const;

/** One of each, with and without what is optional. */
const events: SessionEvent[] = [
  { type: "turn.started", turn: "turn_1", seq: 1 },
  { type: "turn.started", turn: "turn_1", seq: 1, agent: "support" },
  { type: "step.started", step: 1, model: "m", attempt: 1 },
  { type: "step.restarted", step: 1, attempt: 2, reason: "It broke off." },
  { type: "reasoning.delta", text: "Hm." },
  { type: "text.delta", text: "Hi." },
  { type: "text.delta", text: "No.", refusal: true },
  { type: "tool.called", ...call },
  { type: "tool.called", ...call, atClient: true },
  { type: "tool.approval_required", ...call },
  { type: "tool.finished", callId: "c1", name: "clock", content: "12:00", isError: false },
  {
    type: "message.completed",
    seq: 2,
    message: { role: "assistant", content: "Hi.", reasoning: "Hm.", toolCalls: [call] },
    finishReason: "tool_calls",
    usage,
    replayed: true,
  },
  {
    type: "message.completed",
    seq: 2,
    message: { role: "assistant", content: "No.", reasoning: "", toolCalls: [], refusalFrom: 0 },
    finishReason: "refusal",
    usage,
  },
  { ...ended, reason: "completed", refused: true, rowsWritten: 9, kvReads: 1, kvWrites: 1, expectedCachedTokens: 64 },
  { ...ended, reason: "failed", failure },
  { type: "error", failure },
];

describe("native events", () => {
  it.each(events)("[NATIVE-10] $type carries its type, and has the shape in the document", (event) => {
    const [frame] = nativeEncoder("t").events([{ event, cursor: { done: 1 } }]);
    expect(frame?.event).toBe(event.type);
    expect(frame?.data).toMatchObject({ type: event.type });
    const read = sessionEvent.safeParse(frame?.data);
    expect(read.error?.issues).toBeUndefined();
    // Nothing that the document does not name.
    expect(read.data).toEqual(frame?.data);
  });

  it.each(["a", "", '"\\', "\r\n\u0000\u2028", "\ud83d", "😀", "</script>"])(
    "[SPEED-26] the short way of writing a piece of text, here %j, gives the bytes that all other events take",
    (text) => {
      const encoder = nativeEncoder("t-1");
      const cursor = { done: 3, into: { attempt: 1, reasoning: 2, text: 5, calls: 0 } };
      for (const event of events.map((event) => (event.type === "text.delta" ? { ...event, text } : event))) {
        const short = encoder.text?.({ event, cursor });
        expect(short !== undefined).toBe(event.type === "text.delta" && event.refusal !== true);
        if (short !== undefined) expect(short).toBe(encoder.events([{ event, cursor }]).map(sseFrame).join(""));
      }
    },
  );

  it.each([sessionGone, streamFault])("[NATIVE-10] so does the error that ends a stream: $code", (why) => {
    const [frame] = nativeEncoder("t").broken(why);
    expect(frame?.event).toBe("error");
    expect(sessionEvent.parse(frame?.data)).toMatchObject({ type: "error", code: why.code });
  });

  it("[NATIVE-11] the first event alone says after how long a reader comes back", () => {
    const encoder = nativeEncoder("t", 1_500);
    const event = { event: { type: "text.delta", text: "a" } as const, cursor: { done: 1 } };
    expect(encoder.events([event, event]).map(({ retry }) => retry)).toEqual([1_500, undefined]);
    expect(encoder.events([event]).map(({ retry }) => retry)).toEqual([undefined]);
  });
});

const placed = { turn: "turn_1", atMs: 1_700_000_000_000 };
const counts = { expectedCachedTokens: 64, rowsWritten: 9, kvReads: 1, kvWrites: 1 };
const tries = [{ model: "m", failure: { ...failure, raw: "HTTP 401" }, textChars: 0 }];
const timed = { tries, firstEventMs: 3, durationMs: 9 };
const whole = {
  ...timed,
  reasoning: "Hm.",
  toolCalls: [call],
  waits: { c1: "approval" },
  salvaged: ["c1"],
  copies: { c2: "c1" },
  noCall: true,
  fromReasoning: true,
  refusalFrom: 1,
  replayed: true,
  prefix: { expectedTokens: 64, because: "a tool changed", head: "h", windowSeq: 0 },
  cutCalls: 1,
  repairs: ["a bracket was added"],
} as const;
const answered = { step: 1, callId: "c1", name: "clock", approve: true, reason: "Fine.", by: "ann" };
const summed = { throughSeq: 1, summary: "They greeted.", cause: "overflow", model: "m", failure } as const;

/** One of each, with and without what is optional. */
const entries: NewEntry[] = [
  user(),
  user({ speaker: "Ann", metadata: { a: "b" }, agent: "a", agentVersion: "1", joined: true, again: true }),
  assistant(),
  assistant(whole as unknown as Parameters<typeof assistant>[0]),
  result("c1"),
  result("c1", { isError: true, repairs: ["a bracket was added"], metadata: { a: "b" } }),
  { type: "approval", ...placed, ...answered, metadata: { a: "b" } },
  { type: "compaction", ...placed, ...summed, durationMs: 3, usage, costMicros: 1 },
  { type: "note", ...placed, content: "Answer in JSON." },
  failed(timed),
  endedEntry({ ...counts, refused: true, failure }),
];

const session: SessionSummary = {
  ...{ id: "s", agent: "a", agentVersion: "1", title: "T", metadata: { a: "b" }, model: "m", prefix: null },
  ...{ status: "idle", lastSeq: 3, createdAtMs: 1, expiresAtMs: 2, forkedFrom: { session: "t", afterSeq: 1 } },
  lastTurn: { turn: "turn_1", reason: "completed", endedAtMs: 3 },
  usage: { ...usage, steps: 1, costMicros: 3, rowsWritten: 9 },
};

describe("native JSON", () => {
  it.each(entries)(
    "[NATIVE-13] an entry of $type has the shape in the document, and no member that it does not name",
    (entry) => {
      const shown = entryJson({ ...entry, seq: 1 });
      expect(entryShape.safeParse(shown).error?.issues).toBeUndefined();
      expect(Object.keys(shown).filter((name) => !(name in entryShape.shape))).toEqual([]);
    },
  );

  it("[NATIVE-13] so has an entry that is damaged", () => {
    const shown = shownEntry({ seq: 1, turn: "turn_1", type: "tool", broken: "It is damaged." });
    expect(entryShape.parse(shown)).toEqual(shown);
  });

  it.each([session, { ...session, lastTurn: null, forkedFrom: null }, { id: "s", broken: "It is damaged." }])(
    "[NATIVE-13] so has a session, also one that is damaged",
    (row) => {
      const shown = shownSession(row);
      const read = sessionShape.safeParse(shown);
      expect(read.error?.issues).toBeUndefined();
      expect(read.data).toEqual(shown);
    },
  );
});
