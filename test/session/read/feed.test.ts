import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Draft } from "../../../src/core/assemble.ts";
import { type Cursor, formatCursor, start } from "../../../src/core/cursor.ts";
import type { PlacedEvent } from "../../../src/core/event.ts";
import { pullStream } from "../../../src/http/sse.ts";
import { profileFor } from "../../../src/model/catalog.ts";
import { eventStream } from "../../../src/session/read/event-stream.ts";
import { Feed } from "../../../src/session/read/feed.ts";
import { RequestWindow } from "../../../src/session/turn/request-window.ts";
import { MemoryLog } from "../../../src/test-kit/memory-log.ts";
import { nativeEncoder } from "../../../src/wire/native-events.ts";
import { asking, assistant, ended, result, user } from "../../support/entries.ts";
import { calls, type createFakeProvider, frames, gated, text } from "../../support/fake-provider.ts";
import { SessionWorld, startProvider } from "../../support/session-world.ts";
import { eventReads, type ReadEvent } from "../../support/sse-reader.ts";

const told = (events: PlacedEvent[]) => events.map(({ event, cursor }) => `${formatCursor(cursor)} ${event.type}`);

const streamOf = (feed: Feed, log: MemoryLog, of: { from: Cursor; live: boolean }) =>
  eventStream({ feed, log, turns: { suspended: [] } as never }, { ...of, encoder: nativeEncoder("t") });

describe("Feed", () => {
  it("[EVENT-5] shows an entry only once it is confirmed", () => {
    const log = new MemoryLog();
    const feed = new Feed(log);
    log.append([user(), assistant()]);
    expect(feed.read(start)).toEqual({ events: [], cursor: start });
    feed.confirm(1);
    expect(told(feed.read(start).events)).toEqual(["1 turn.started"]);
    feed.confirm(2);
    expect(told(feed.read({ done: 1 }).events)).toEqual([
      "2.1.0.0.0 step.started",
      "2.1.0.2.0 text.delta",
      "2 message.completed",
    ]);
  });

  it("[EVENT-6] a slow reader gets what it missed in one piece", () => {
    const log = new MemoryLog();
    log.append([user()]);
    const feed = new Feed(log);
    const draft = new Draft({ seq: 2, turn: "turn_1", step: 1, attempt: 1, model: "m" });
    for (let n = 0; n < 1000; n++) {
      draft.add({ type: "text", text: "word " });
      feed.show(draft);
    }
    const { events, cursor } = feed.read({ done: 1 });
    expect(events.map(({ event }) => event.type)).toEqual(["step.started", "text.delta"]);
    expect(events[1]?.event).toMatchObject({ text: "word ".repeat(1000) });
    expect(feed.read(cursor)).toEqual({ events: [], cursor });
  });

  it("[EVENT-6] wakes every reader once per change, until it leaves", () => {
    const feed = new Feed(new MemoryLog());
    const woken = [0, 0];
    const leave = woken.map((_, reader) => feed.subscribe(() => (woken[reader] = (woken[reader] ?? 0) + 1)));
    feed.confirm(0);
    leave[0]?.();
    feed.confirm(0);
    expect(woken).toEqual([1, 2]);
  });

  it("[EVENT-2] an entry that has nothing to tell is passed over, also at the tail", () => {
    const log = new MemoryLog();
    log.append([user(), { type: "note", turn: "turn_1", content: "JSON, please.", atMs: 0 }]);
    const wake = () => {};
    const all = streamOf(new Feed(log), log, { from: start, live: false });
    expect(all.next(wake)).toContain("turn.started");
    expect(all.next(wake)).toBeUndefined();
    const late = streamOf(new Feed(log), log, { from: { done: 1 }, live: false });
    expect(late.next(wake)).toBeUndefined();
  });

  it("[EVENT-6] a reader who hangs up is let go at once", async () => {
    const feed = new Feed(new MemoryLog());
    const left = vi.fn();
    const subscribe = feed.subscribe.bind(feed);
    feed.subscribe = (wake) => {
      const leave = subscribe(wake);
      return () => {
        left();
        leave();
      };
    };
    const reader = pullStream(streamOf(feed, new MemoryLog(), { from: start, live: true })).getReader();
    const read = reader.read();
    await Promise.resolve();
    expect(left).not.toHaveBeenCalled();
    await reader.cancel();
    expect((await read).done).toBe(true);
    expect(left).toHaveBeenCalledTimes(1);
  });
});

describe("a replay", () => {
  it("[EVENT-9] is read in pages of 256 KB, or of one entry", () => {
    const log = new MemoryLog();
    const read = vi.spyOn(log, "read");
    const big = (chars: number) => assistant({ content: "x".repeat(chars) });
    log.append([user(), big(200_000), big(200_000), big(400_000), big(10), ended()]);
    const feed = new Feed(log);
    const pages: number[] = [];
    for (let cursor = start; ; ) {
      const { events, cursor: next } = feed.read(cursor);
      if (events.length === 0) break;
      pages.push(next.done);
      cursor = next;
    }
    expect(pages).toEqual([3, 4, 6]);
    for (const [range] of read.mock.calls) expect(range.maxUnits).toBe(262_144);
  });
});

describe("RequestWindow", () => {
  it("[WINDOW-1] trusts the provider's count, and measures what came since by it", () => {
    const log = new MemoryLog();
    const profile = profileFor({ modelId: "demo", baseUrl: "https://demo.invalid", demo: true });
    const conversation = new RequestWindow(log, () => 0);
    const counted = { inputTokens: 900, cachedTokens: 100, outputTokens: 50, reasoningTokens: 20 };
    log.append([user({ content: "x".repeat(1_000) }), assistant({ usage: counted }), ended()]);
    conversation.read(profile, "x".repeat(100));
    // What was sent, and the answer without its reasoning.
    expect(conversation.tokens).toBe(1_030);
    log.append([user({ turn: "turn_2", content: "x".repeat(1_000) })]);
    conversation.read(profile, "x".repeat(100));
    const estimate = conversation.tokens - 1_030;
    // Ours would be about 320; the provider counted more than twice what we had estimated before.
    expect(estimate).toBeGreaterThan(600);
    expect(estimate).toBeLessThan(1_300);
  });

  it("[SESSION-8] reads and encodes only what is new", () => {
    const log = new MemoryLog();
    const read = vi.spyOn(log, "read");
    const profile = profileFor({ modelId: "demo", baseUrl: "https://demo.invalid", demo: true });
    const conversation = new RequestWindow(log, () => 0);
    log.append([user(), asking(["clock"]), result("c0")]);
    const messages = () => {
      conversation.read(profile, "head");
      return [...conversation.messages()];
    };
    const first = messages();
    expect(first).toHaveLength(3);
    log.append([assistant({ step: 2 }), ended(), user({ turn: "turn_2" })]);
    const second = messages();
    expect(second.slice(0, 3)).toEqual(first);
    expect(second).toHaveLength(5);
    expect(read.mock.calls.map(([range]) => range.after)).toEqual([0, 3]);
    conversation.read({ ...profile, reasoningReplay: "replay" }, "head");
    expect(read.mock.calls.map(([range]) => range.after)).toEqual([0, 3, 0]);
  });
});

describe("in the session's object", () => {
  let provider: ReturnType<typeof createFakeProvider>;
  let world: SessionWorld;
  beforeEach(() => {
    provider = startProvider();
    world = new SessionWorld();
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it("[EVENT-5] no id leaves before storage has confirmed its row", async () => {
    provider.enqueue(text("warm"));
    await world.ask("warm up");
    const confirmed = Promise.withResolvers<void>();
    await world.inside((storage) => {
      vi.spyOn(storage, "sync").mockReturnValue(confirmed.promise);
    });
    provider.enqueue(text("Hi"));
    await world.send("Hello");
    expect((await world.told("live=false&after=3")).length).toBe(0);
    expect((await world.entries()).length).toBe(4);
    confirmed.resolve();
    await world.ended("turn_2");
    const events = await world.told("live=false&after=3");
    expect(events.map(({ event }) => event)).toEqual([
      "turn.started",
      "step.started",
      "text.delta",
      "message.completed",
      "turn.ended",
    ]);
  });

  it("[EVENT-6] writes once for everything an upstream read brought, to each of several readers", async () => {
    const delta = (content: string) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;
    const gate = gated("0 ");
    provider.enqueue(gate.reply);
    const { turn } = await world.send("wait");
    provider.enqueue(
      frames(
        [1, 2, 3, 4].map((n) => delta(`${n} `)).join(""),
        `${delta("5")}data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`,
      ),
    );
    const second = await world.send("count");
    const readers = await Promise.all([0, 1].map(() => world.events(`turn=${second.turn}`)));
    gate.release();
    await world.ended(turn);
    const reads: ReadEvent[][][] = await Promise.all(
      readers.map(async (reader) => Array.fromAsync(eventReads(reader))),
    );
    for (const batches of reads) {
      const texts = batches
        .flat()
        .filter(({ event }) => event === "text.delta")
        .map(({ data }) => data.text);
      expect(texts.join("")).toBe("1 2 3 4 5");
      // Four deltas came in one read, so they are one event; never more writes than reads and entries.
      expect(texts.length).toBeLessThanOrEqual(2);
      expect(batches.length).toBeLessThanOrEqual(6);
    }
  });

  it("[EVENT-4] several attempts: a fresh reader sees the last one only", async () => {
    provider.enqueue(text("Hi"));
    const { turn } = await world.send("Hello");
    await world.ended(turn);
    expect((await world.told()).map(({ event }) => event)).toEqual([
      "turn.started",
      "step.started",
      "text.delta",
      "message.completed",
      "turn.ended",
    ]);
  });

  it("[SESSION-9] search finds earlier entries by any word, best first, and not the question itself", async () => {
    provider.enqueue(text("The budget for März is 4,000 euros."), text("Lunch is at noon."));
    await world.ask("What is the budget?");
    await world.ask("When is lunch?");
    provider.enqueue(
      calls([{ name: "search_transcript", arguments: '{"query":"marz budget OR \\"*","limit":null}' }]),
      text("Found."),
    );
    await world.ask("Search the budget of März");
    const found = (await world.entries()).find((entry) => entry.type === "tool");
    expect(found).toMatchObject({ isError: false });
    const lines = found?.type === "tool" ? found.content.split("\n") : [];
    expect(lines.map((line) => line.slice(0, 20))).toEqual(
      ["[entry 2, assistant,", "[entry 1, user, 2026"].map((head) => head.slice(0, 20)),
    );
    expect(lines[0]).toContain("The budget for März is 4,000 euros.");
  });

  it("[REQUEST-2] the body of request n+1 begins with the bytes of request n", async () => {
    provider.enqueue(
      calls([{ name: "current_time", arguments: '{"timezone": null}' }]),
      text("Noon."),
      text("Still noon."),
    );
    await world.ask("Time?");
    await world.ask("And now?");
    const bodies = provider.requests.map((request) => request.text);
    expect(bodies).toHaveLength(3);
    bodies.slice(1).forEach((body, n) => {
      expect(body.startsWith((bodies[n] ?? "").slice(0, -2))).toBe(true);
    });
  });
});
