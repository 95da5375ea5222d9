import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { pullStream, sseComment, sseFrame, sseResponse } from "../../src/http/sse.ts";

describe("sseFrame", () => {
  it("[SSE-1] is one event, one line of JSON data, and an id when there is one", () => {
    expect(sseFrame({ event: "text.delta", data: { text: "a" }, id: "2.1" })).toBe(
      'id: 2.1\nevent: text.delta\ndata: {"text":"a"}\n\n',
    );
    expect(sseFrame({ event: "error", data: null })).toBe("event: error\ndata: null\n\n");
  });

  it("[SSE-2] text cannot break out of its line", () => {
    for (const text of ["a\nb", "a\r\nevent: x", "\u2028", "\0", "data: x\n\n"]) {
      const lines = sseFrame({ event: "e", data: { text } }).split(/\r\n|\r|\n/);
      expect(lines).toHaveLength(4);
      expect(JSON.parse(lines[1]?.slice(6) ?? "")).toEqual({ text });
    }
  });

  it.each(["a\nb", "a\rb", "a\0b"])("[SSE-2] %j in a name or id is a fault of ours", (text) => {
    expect(() => sseFrame({ event: text, data: 1 })).toThrow(/must not hold line breaks/);
    expect(() => sseFrame({ event: "e", data: 1, id: text })).toThrow(/must not hold line breaks/);
  });

  it("[SSE-2] a comment is one line", () => {
    expect(sseComment("keep-alive")).toBe(": keep-alive\n\n");
    expect(() => sseComment("a\ndata: b")).toThrow(/must not hold line breaks/);
  });

  it("[SSE-3] headers come on top, and change none of these", () => {
    const { headers } = sseResponse(new ReadableStream(), { "X-Session-Id": "s", "Cache-Control": "public" });
    expect([headers.get("x-session-id"), headers.get("cache-control")]).toEqual(["s", "no-store"]);
  });

  it("[SSE-3] a response is neither buffered nor cached", () => {
    const { headers } = sseResponse(new ReadableStream());
    expect(Object.fromEntries(headers)).toEqual({
      "cache-control": "no-store",
      "content-type": "text/event-stream; charset=utf-8",
      "x-accel-buffering": "no",
    });
  });
});

describe("pullStream", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  const decoder = new TextDecoder();
  const read = async (reader: ReadableStreamDefaultReader<Uint8Array>) => {
    const { done, value } = await reader.read();
    return done ? undefined : decoder.decode(value);
  };

  it("[SSE-4] asks for text only when its reader does, and writes each text in one piece", async () => {
    const texts = ["one", "two", undefined];
    const next = vi.fn(async () => texts.shift());
    const reader = pullStream({ next }).getReader();
    expect(next).not.toHaveBeenCalled();
    expect(await read(reader)).toBe("one");
    expect(next).toHaveBeenCalledTimes(1);
    expect([await read(reader), await read(reader)]).toEqual(["two", undefined]);
    expect(next).toHaveBeenCalledTimes(3);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("[SSE-5] keeps a silent line open with comments, and loses nothing by it", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const next = vi.fn(() => promise);
    const reader = pullStream({ next, heartbeatMs: 15_000 }).getReader();
    for (let n = 0; n < 3; n++) {
      const beat = read(reader);
      await vi.advanceTimersByTimeAsync(15_000);
      expect(await beat).toBe(": keep-alive\n\n");
    }
    const text = read(reader);
    resolve("at last");
    expect(await text).toBe("at last");
    expect(next).toHaveBeenCalledTimes(1);
  });

  it("[SSE-5] text that looks like a heartbeat is text, and comes once", async () => {
    const texts = [sseComment("keep-alive"), "after", undefined];
    const reader = pullStream({ next: async () => texts.shift() }).getReader();
    expect([await read(reader), await read(reader), await read(reader)]).toEqual([
      ": keep-alive\n\n",
      "after",
      undefined,
    ]);
  });

  it.each([
    ["late", () => Promise.reject(new Error("secret"))],
    [
      "at once",
      () => {
        throw new Error("secret");
      },
    ],
  ])(
    "[SSE-6] a fault of ours that comes %s is logged once, and ends the stream in the words of its protocol",
    async (_, next) => {
      const log = vi.spyOn(console, "error").mockImplementation(() => {});
      const onClose = vi.fn();
      for (const onFault of [() => "data: it broke\n\n", undefined]) {
        const reader = pullStream({ next, onClose, ...(onFault && { onFault }) }).getReader();
        if (onFault !== undefined) expect(await read(reader)).toBe("data: it broke\n\n");
        expect(await read(reader)).toBeUndefined();
      }
      expect(log).toHaveBeenCalledTimes(2);
      expect(log).toHaveBeenCalledWith(expect.any(String), new Error("secret"));
      expect(onClose).toHaveBeenCalledTimes(2);
    },
  );

  it("[SSE-6] a reader who hangs up leaves nothing behind", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const onClose = vi.fn();
    // As `fetch` does: the wait ends with an error once the signal is aborted.
    const next = vi.fn(
      (signal: AbortSignal) =>
        new Promise<string>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    );
    const reader = pullStream({ next, onClose }).getReader();
    void reader.read();
    await vi.advanceTimersByTimeAsync(0);
    expect([next.mock.calls[0]?.[0].aborted, vi.getTimerCount()]).toEqual([false, 1]);
    await reader.cancel();
    await vi.advanceTimersByTimeAsync(0);
    expect(next.mock.calls[0]?.[0].aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
    expect(log).not.toHaveBeenCalled();
    expect(onClose).toHaveBeenCalledTimes(1);
  });

  it("[SSE-6] no timer outlives a reader whose source does not listen to the signal", async () => {
    const reader = pullStream({ next: () => new Promise(() => {}) }).getReader();
    void reader.read();
    await vi.advanceTimersByTimeAsync(0);
    await reader.cancel();
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("[SSE-6] a stream that ends by itself closes once", async () => {
    const onClose = vi.fn();
    const reader = pullStream({ next: async () => undefined, onClose }).getReader();
    expect(await read(reader)).toBeUndefined();
    await reader.cancel();
    expect(onClose).toHaveBeenCalledTimes(1);
  });
});
