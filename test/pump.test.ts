import { createHook } from "node:async_hooks";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Draft } from "../src/core/assemble.ts";
import { start } from "../src/core/cursor.ts";
import { pullStream } from "../src/http/sse.ts";
import { generate } from "../src/model/client.ts";
import { ReadWatch } from "../src/model/read-watch.ts";
import { eventStream } from "../src/session/read/event-stream.ts";
import { Feed } from "../src/session/read/feed.ts";
import { MemoryLog } from "../src/test-kit/memory-log.ts";
import { nativeEncoder } from "../src/wire/native-events.ts";
import { assistant, ended, user } from "./support/entries.ts";
import { randomOf } from "./support/random.ts";

const timeouts = { firstByteMs: 120_000, idleMs: 60_000, dataMs: 300_000, finishMs: 5_000 };
const chunk = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }], usage: null })}\n\n`;
const bytes = (text: string) => new TextEncoder().encode(text);
const decoded = (value: Uint8Array | undefined) => new TextDecoder().decode(value);

afterEach(() => {
  vi.restoreAllMocks();
});

/** How often each was called while `work` ran. */
async function counted(work: () => Promise<unknown>) {
  const timers = vi.spyOn(globalThis, "setTimeout");
  const listeners = vi.spyOn(AbortSignal.prototype, "addEventListener");
  const parses = vi.spyOn(JSON, "parse");
  await work();
  const counts = {
    timers: timers.mock.calls.length,
    listeners: listeners.mock.calls.length,
    // Of the payloads, and not of a text in one that is read by a template.
    parses: parses.mock.calls.filter(([json]) => json.startsWith("{")).length,
  };
  vi.restoreAllMocks();
  return counts;
}

/** How many promises were made while `work` ran. */
async function promisesOf(work: () => Promise<unknown>): Promise<number> {
  let made = 0;
  const hook = createHook({ init: (_id, type) => void (type === "PROMISE" && made++) }).enable();
  await work();
  hook.disable();
  return made;
}

/** An answer in so many reads, `perRead` events in each. */
function answerOf(reads: number, perRead: number): typeof fetch {
  return async () => {
    let left = reads;
    const body = new ReadableStream<Uint8Array>({
      pull(to) {
        if (left-- > 0) return to.enqueue(bytes(chunk({ content: " word" }).repeat(perRead)));
        to.enqueue(bytes(`${chunk({}, "stop")}data: [DONE]\n\n`));
        to.close();
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
}

async function streamed(reads: number, perRead: number): Promise<number> {
  const { signal } = new AbortController();
  const request = { baseUrl: "https://model.test", body: "{}", fetch: answerOf(reads, perRead), signal, timeouts };
  let batches = 0;
  for await (const events of generate(request)) if (events.some(({ type }) => type === "text")) batches++;
  return batches;
}

describe("what a read from the provider makes", () => {
  it("[SPEED-1] no timer, no listener, and no parse for each payload that differs in its text alone", async () => {
    // What is made once for all answers.
    await streamed(1, 1);
    const few = await counted(() => streamed(10, 1));
    const many = await counted(() => streamed(1_000, 1));
    expect(many.timers).toBe(few.timers);
    expect(many.listeners).toBe(few.listeners);
    expect(many.parses - few.parses).toBe(0);
    expect((await counted(() => streamed(100, 8))).timers).toBe(few.timers);
  });

  it("[SPEED-1] hands events on with at most one promise more than reading the body and nothing else makes", async () => {
    const { signal } = new AbortController();
    const request = (reads: number) => ({
      baseUrl: "https://model.test",
      body: "{}",
      fetch: answerOf(reads, 1),
      signal,
      timeouts,
    });
    const handing = (reads: number) => promisesOf(() => generate(request(reads)).each(() => {}));
    const reading = (reads: number) =>
      promisesOf(async () => {
        const reader = (await answerOf(reads, 1)("https://model.test")).body?.getReader();
        while ((await reader?.read())?.done === false);
      });
    await handing(10);
    const [few, many] = [await handing(10), await handing(1_010)];
    const [fewRead, manyRead] = [await reading(10), await reading(1_010)];
    expect((many - few - (manyRead - fewRead)) / 1_000).toBeLessThanOrEqual(1);
  });

  it("[SPEED-1] one batch for each read, however many events came in it", async () => {
    expect([await streamed(100, 1), await streamed(100, 8)]).toEqual([100, 100]);
  });
});

describe("ReadWatch", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([1, 2, 3, 20_261_125])(
    "[SPEED-2] seed %i: ends the first read that takes longer than its limit, at that time, and no other",
    async (seed) => {
      const random = randomOf(seed);
      for (let run = 0; run < 50; run++) {
        const stop = vi.fn();
        const watch = new ReadWatch(new AbortController().signal, stop);
        for (let isSlow = false; !isSlow; ) {
          const limitMs = 1 + Math.floor(random() * 1_000);
          const takesMs = Math.floor(random() * 1_200);
          isSlow = takesMs > limitMs;
          watch.began(limitMs);
          await vi.advanceTimersByTimeAsync(Math.min(takesMs, limitMs - 1));
          expect(stop, `limit ${limitMs}, takes ${takesMs}`).not.toHaveBeenCalled();
          if (isSlow) await vi.advanceTimersByTimeAsync(1);
          else watch.came();
          // What its consumer does meanwhile is no silence of the provider.
          if (!isSlow) await vi.advanceTimersByTimeAsync(Math.floor(random() * 3_000));
        }
        expect([stop.mock.calls.length, watch.ended]).toEqual([1, "stalled"]);
        watch.close();
        expect(vi.getTimerCount()).toBe(0);
      }
    },
  );

  it("[SPEED-2] an abort ends the read at once and leaves no timer", () => {
    const abort = new AbortController();
    const stop = vi.fn();
    const watch = new ReadWatch(abort.signal, stop);
    watch.began(1_000);
    abort.abort();
    expect([stop.mock.calls.length, watch.ended, vi.getTimerCount()]).toEqual([1, "aborted", 0]);
  });
});

const draftAt = (seq: number) => new Draft({ seq, turn: "turn_1", step: 1, attempt: 1, model: "m" });

/** A feed whose turn_1 is being answered, and a reader of it. */
function answering(readers: number) {
  const log = new MemoryLog();
  log.append([user()]);
  const feed = new Feed(log);
  const draft = draftAt(2);
  const asked = vi.fn(() => undefined);
  const turns = { firstSeq: () => 1, state: asked } as never;
  const bodies = Array.from({ length: readers }, () => {
    const encoder = nativeEncoder("t", 1_000);
    const source = eventStream({ feed, log, turns }, { from: start, encoder, live: true, turn: "turn_1" });
    return pullStream(source).getReader();
  });
  const say = (text: string) => {
    draft.add({ type: "text", text });
    feed.show(draft);
  };
  const end = () => {
    log.append([assistant({ content: draft.text.toString() }), ended()]);
    feed.confirm(3);
  };
  return { log, feed, asked, bodies, say, end };
}

describe("what a delta makes for its readers", () => {
  it("[SPEED-3] one write for each reader, no timer and no listener, and nothing is asked of the rows", async () => {
    const { bodies, say, asked } = answering(3);
    say("first");
    for (const body of bodies) await body.read();
    for (const body of bodies) await body.read();
    // The first wait sets each reader's one timer.
    const waits = bodies.map((body) => body.read());
    say("second");
    await Promise.all(waits);
    const rowsBefore = asked.mock.calls.length;
    let writes = 0;
    const counts = await counted(async () => {
      for (let n = 0; n < 200; n++) {
        const reads = bodies.map((body) => body.read());
        say(` ${n}`);
        for (const { value } of await Promise.all(reads)) {
          writes++;
          expect(decoded(value)).toContain(`"text":" ${n}"`);
        }
      }
    });
    expect(writes).toBe(600);
    expect(counts).toEqual({ timers: 0, listeners: 0, parses: 0 });
    expect(asked.mock.calls.length).toBe(rowsBefore);
    for (const body of bodies) await body.cancel();
  });

  it("[SPEED-3] a reader that keeps up is pulled once, with one promise for each delta more than a bare stream makes", async () => {
    const pulls: unknown[] = [];
    const Plain = ReadableStream;
    vi.stubGlobal(
      "ReadableStream",
      class extends Plain<Uint8Array> {
        constructor(source: UnderlyingSource<Uint8Array>, strategy: QueuingStrategy) {
          const pull: UnderlyingSource<Uint8Array>["pull"] = (to) => {
            pulls.push(to);
            return source.pull?.(to);
          };
          super({ pull, cancel: (why) => source.cancel?.(why) }, strategy);
        }
      },
    );
    const { bodies, say } = answering(1);
    vi.unstubAllGlobals();
    const [body] = bodies;
    if (body === undefined) return;
    say("first");
    await body.read();
    await body.read();
    const following = (deltas: number) =>
      promisesOf(async () => {
        for (let n = 0; n < deltas; n++) {
          const read = body.read();
          say(` ${n}`);
          await read;
        }
      });
    await following(10);
    const before = pulls.length;
    const [few, many] = [await following(10), await following(1_010)];
    expect(pulls.length - before).toBeLessThanOrEqual(1);
    let push: ReadableStreamDefaultController<string> | undefined;
    const start = (to: ReadableStreamDefaultController<string>) => {
      push = to;
    };
    const bare = new Plain<string>({ start }, { highWaterMark: 0 }).getReader();
    const reading = (deltas: number) =>
      promisesOf(async () => {
        for (let n = 0; n < deltas; n++) {
          const read = bare.read();
          push?.enqueue("");
          await read;
        }
      });
    const [fewBare, manyBare] = [await reading(10), await reading(1_010)];
    expect((many - few - (manyBare - fewBare)) / 1_000).toBeLessThanOrEqual(1);
    await body.cancel();
  });

  it("[SPEED-4] readers at the same place share one encoding of a frame", async () => {
    const { bodies, say } = answering(10);
    say("first");
    for (const body of bodies) await body.read();
    for (const body of bodies) await body.read();
    const encodings = vi.spyOn(JSON, "stringify");
    for (let n = 0; n < 50; n++) {
      const reads = bodies.map((body) => body.read());
      say(` ${n}`);
      await Promise.all(reads);
    }
    expect(encodings).toHaveBeenCalledTimes(50);
    // The text alone, and no frame around it [SPEED-26].
    expect(encodings.mock.calls.filter(([of]) => typeof of !== "string")).toEqual([]);
    for (const body of bodies) await body.cancel();
  });

  it.each([1, 20_261_125])(
    "[SPEED-4] seed %i: readers that come at any time and read at any pace all get the same answer",
    async (seed) => {
      const random = randomOf(seed);
      const { bodies, say, end, feed, log } = answering(6);
      const got = bodies.map(() => "");
      let said = "";
      for (let n = 0; n < 100; n++) {
        const word = ` w${n}`;
        said += word;
        say(word);
        for (const [place, body] of bodies.entries()) {
          // The last reader reads only at the end.
          if (place < 5 && random() < 0.4) got[place] += decoded((await body.read()).value);
        }
      }
      end();
      for (const [place, body] of bodies.entries()) {
        for (let read = await body.read(); !read.done; read = await body.read()) got[place] += decoded(read.value);
      }
      const texts = got.map((all) =>
        [...all.matchAll(/^event: text\.delta\ndata: (.*)$/gm)].map(([, data = ""]) => JSON.parse(data).text).join(""),
      );
      expect(texts).toEqual(texts.map(() => said));
      const whole = await replayed(feed, log);
      for (const all of got) expect(all.slice(all.indexOf("event: message.completed"))).toBe(whole);
    },
  );
});

/** How the stream ends for a reader that comes when all is over. */
async function replayed(feed: Feed, log: MemoryLog): Promise<string> {
  const source = eventStream(
    { feed, log, turns: { firstSeq: () => 1, state: () => undefined } as never },
    { from: start, encoder: nativeEncoder("t"), live: false, turn: "turn_1" },
  );
  const text = await new Response(pullStream(source)).text();
  return text.slice(text.indexOf("event: message.completed"));
}

describe("pullStream", () => {
  it("[SPEED-3] a reader that stops reading has no timer for longer than one heartbeat", async () => {
    vi.useFakeTimers();
    const texts: string[] = [];
    let woken = () => {};
    const next = (wake: () => void) => {
      woken = wake;
      return texts.shift() ?? null;
    };
    const reader = pullStream({ next, heartbeatMs: 1_000 }).getReader();
    const read = reader.read();
    await vi.advanceTimersByTimeAsync(0);
    texts.push("one");
    woken();
    expect(decoded((await read).value)).toBe("one");
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(vi.getTimerCount()).toBe(0);
    const late = reader.read();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(decoded((await late).value)).toBe(": keep-alive\n\n");
    await reader.cancel();
    vi.useRealTimers();
  });
});
