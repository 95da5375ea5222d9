import { uiMessageChunkSchema } from "ai";
import { describe, expect, it } from "vitest";
import type { Entry, NewEntry } from "../../../src/core/entry.ts";
import { eventsOfEntry } from "../../../src/core/event.ts";
import { UiChunks } from "../../../src/doors/ai-sdk/chunks.ts";
import { ChatChunks } from "../../../src/doors/openai/chat/chunks.ts";
import { ResponseWriter } from "../../../src/doors/openai/responses/response-writer.ts";
import { type BrokenStream, type Encoder, type Frame, sessionGone, streamFault } from "../../../src/wire/encoder.ts";
import { nativeEncoder } from "../../../src/wire/native-events.ts";
import { assistant, call, result, user } from "../../support/entries.ts";
import { publisherFaults } from "../../support/publisher-check.ts";

const log: NewEntry[] = [
  user(),
  assistant({ reasoning: "Hm.", content: "Hello.", toolCalls: [call("c1", "clock")], finishReason: "tool_calls" }),
  result("c1"),
  assistant({ step: 2, reasoning: "So.", content: "It is noon." }),
];
const events = log.flatMap((entry, at) => eventsOfEntry({ ...entry, seq: at + 1 } as Entry));

const chat = { as: "openai-chat", id: "chatcmpl-1", created: 1, model: "m" } as const;
const place = { session: "s", turn: "turn_1", defaultModel: "m", encrypted: false };
const asked = { options: {}, metadata: {}, atMs: 1, isQueued: false, isStopped: false, birth: null };

async function uiFaults(frames: readonly Frame[]): Promise<string[]> {
  const schema = typeof uiMessageChunkSchema === "function" ? uiMessageChunkSchema() : uiMessageChunkSchema;
  const checked = frames
    .filter(({ text }) => text === undefined)
    .map(async ({ data }) => ((await schema.validate?.(data))?.success ? [] : [JSON.stringify(data)]));
  return (await Promise.all(checked)).flat();
}

interface Dialect {
  encoder: () => Encoder;
  /** The last frames say so. */
  last: (why: BrokenStream) => Frame[];
  faults: (frames: readonly Frame[]) => Promise<string[]>;
}
const dialects: Record<string, Dialect> = {
  native: {
    encoder: () => nativeEncoder("tag"),
    last: ({ message, detail }) => [
      expect.objectContaining({ event: "error", data: expect.objectContaining({ message, detail }) }),
    ],
    faults: async () => [],
  },
  "openai-chat": {
    encoder: () =>
      new ChatChunks(
        { ...chat, includeUsage: true, showTools: true, hasForm: false, isPart: false },
        { session: "s", tag: "t" },
      ),
    last: ({ detail }) => [{ data: { error: expect.objectContaining({ message: detail, type: "server_error" }) } }],
    faults: async (frames) =>
      frames.flatMap(({ data, text }) => {
        if (text !== undefined) return [`[DONE] says that the answer is whole: ${text}`];
        const { error } = data as { error?: unknown };
        return error === undefined ? publisherFaults("chunk", data) : publisherFaults("error", error);
      }),
  },
  "openai-responses": {
    encoder: () => new ResponseWriter(place, asked),
    last: ({ detail }) => [
      expect.objectContaining({ event: "error", data: expect.objectContaining({ type: "error", message: detail }) }),
    ],
    faults: async (frames) => frames.flatMap(({ data }) => publisherFaults("event", data)),
  },
  "ai-sdk-ui": {
    encoder: () => new UiChunks({ as: "ai-sdk-ui", turn: "turn_1" }, { session: "s" }),
    last: ({ message }) => [{ data: { type: "error", errorText: message } }, { text: "[DONE]" }],
    faults: uiFaults,
  },
};

describe("a stream that ends before its answer", () => {
  it.each(Object.entries(dialects))("[DIALECTS-2] %s says so, wherever it is cut", async (_, dialect) => {
    for (const why of [sessionGone, streamFault]) {
      for (let cut = 0; cut <= events.length; cut++) {
        const encoder = dialect.encoder();
        const begun = [...(encoder.opening?.() ?? []), ...encoder.events(events.slice(0, cut))];
        const frames = JSON.parse(JSON.stringify([...begun, ...encoder.broken(why)])) as Frame[];
        const last = dialect.last(why);
        expect(frames.slice(-last.length), `cut at ${cut}`).toEqual(last);
        expect(await dialect.faults(frames), `cut at ${cut}`).toEqual([]);
      }
    }
  });
});
