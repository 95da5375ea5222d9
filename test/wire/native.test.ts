import { describe, expect, it } from "vitest";
import type { SessionEvent } from "../../src/core/event.ts";
import { sessionEvent } from "../../src/doors/native/event-shapes.ts";
import { sessionGone, streamFault } from "../../src/wire/encoder.ts";
import { nativeEncoder } from "../../src/wire/native-encoder.ts";

const usage = { inputTokens: 1, cachedTokens: 2, outputTokens: 3, reasoningTokens: 1 };
const call = { id: "c1", name: "clock", arguments: "{}" };
const failure = { code: "model_auth", detail: "The key is wrong.", retryable: false } as const;
const ended = { type: "turn.ended", turn: "turn_1", usage, costMicros: 7, steps: 1 } as const;

/** One of each, with and without what is optional. */
const events: SessionEvent[] = [
  { type: "turn.started", turn: "turn_1", seq: 1 },
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
  { type: "error", code: "model_auth", detail: "The key is wrong." },
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
