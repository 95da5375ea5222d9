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

  /** A source that gives `texts` one after the other; what is added later comes once it is woken. */
  const sourceOf = (texts: (string | undefined)[]) => {
    let woken = () => {};
    const next = vi.fn((wake: () => void) => {
      woken = wake;
      return texts.length > 0 ? texts.shift() : null;
    });
    const add = (...more: (string | undefined)[]) => {
      texts.push(...more);
      woken();
    };
    return { next, add };
  };

  it("[SSE-4] asks for text only when its reader does, and writes each text in one piece", async () => {
    const { next } = sourceOf(["one", "two", undefined]);
    const reader = pullStream({ next }).getReader();
    expect(next).not.toHaveBeenCalled();
    expect(await read(reader)).toBe("one");
    expect(next).toHaveBeenCalledTimes(1);
    expect([await read(reader), await read(reader)]).toEqual(["two", undefined]);
    expect(next).toHaveBeenCalledTimes(3);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("[SSE-4] asks once for all wakes of one piece of work, and not before it is over", async () => {
    const { next, add } = sourceOf([]);
    const reader = pullStream({ next }).getReader();
    const text = read(reader);
    await vi.advanceTimersByTimeAsync(0);
    for (let n = 0; n < 3; n++) add(`${n}`);
    expect(next).toHaveBeenCalledTimes(1);
    expect(await text).toBe("0");
    // The one that found nothing, and one for each of two texts: the second is written ahead.
    expect(next).toHaveBeenCalledTimes(3);
    expect([await read(reader), await read(reader)]).toEqual(["1", "2"]);
  });

  it("[SSE-4] writes at most one text ahead of a reader that has stopped, and loses none", async () => {
    const { next, add } = sourceOf([]);
    const reader = pullStream({ next }).getReader();
    const first = read(reader);
    await vi.advanceTimersByTimeAsync(0);
    for (let n = 0; n < 50; n++) {
      add(`text ${n}`);
      await vi.advanceTimersByTimeAsync(0);
    }
    // One that came while it waited, one ahead, and before each of them the call that found nothing.
    expect(next).toHaveBeenCalledTimes(4);
    const got = [await first];
    for (let n = 1; n < 50; n++) got.push(await read(reader));
    expect(got).toEqual(Array.from({ length: 50 }, (_, n) => `text ${n}`));
    add(undefined);
    expect(await read(reader)).toBeUndefined();
  });

  it("[SSE-5] keeps a silent line open with comments, and loses nothing by it", async () => {
    const { next, add } = sourceOf([]);
    const reader = pullStream({ next, heartbeatMs: 15_000 }).getReader();
    for (let n = 0; n < 3; n++) {
      const beat = read(reader);
      await vi.advanceTimersByTimeAsync(15_000);
      expect(await beat).toBe(": keep-alive\n\n");
    }
    const text = read(reader);
    add("at last");
    expect(await text).toBe("at last");
    const beat = read(reader);
    await vi.advanceTimersByTimeAsync(14_999);
    add("before the comment");
    expect(await beat).toBe("before the comment");
    // Before each of the two texts, and after the last.
    expect(next).toHaveBeenCalledTimes(5);
  });

  it("[SSE-5] text that looks like a heartbeat is text, and comes once", async () => {
    const { next } = sourceOf([sseComment("keep-alive"), "after", undefined]);
    const reader = pullStream({ next }).getReader();
    expect([await read(reader), await read(reader), await read(reader)]).toEqual([
      ": keep-alive\n\n",
      "after",
      undefined,
    ]);
  });

  it.each(["late", "at once"])(
    "[SSE-6] a fault of ours that comes %s is logged once, and ends the stream in the words of its protocol",
    async (when) => {
      const log = vi.spyOn(console, "error").mockImplementation(() => {});
      const onClose = vi.fn();
      for (const onFault of [() => "data: it broke\n\n", undefined]) {
        let isFirst = when === "late";
        const next = (wake: () => void) => {
          if (!isFirst) throw new Error("secret");
          isFirst = false;
          wake();
          return null;
        };
        const reader = pullStream({ next, onClose, ...(onFault && { onFault }) }).getReader();
        if (onFault !== undefined) expect(await read(reader)).toBe("data: it broke\n\n");
        expect(await read(reader)).toBeUndefined();
      }
      expect(log).toHaveBeenCalledTimes(2);
      expect(log).toHaveBeenCalledWith(expect.any(String), new Error("secret"));
      expect([onClose.mock.calls.length, vi.getTimerCount()]).toEqual([2, 0]);
    },
  );

  it("[SSE-6] a reader who hangs up leaves nothing behind, and its source is not asked again", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const { next, add } = sourceOf([]);
    const [onClose, onHangUp] = [vi.fn(), vi.fn()];
    const reader = pullStream({ next, onClose, onHangUp }).getReader();
    void reader.read();
    await vi.advanceTimersByTimeAsync(0);
    expect([next.mock.calls.length, vi.getTimerCount()]).toEqual([1, 1]);
    // One wake is under way when it hangs up, another comes after.
    add("lost");
    await reader.cancel();
    add("lost");
    await vi.advanceTimersByTimeAsync(60_000);
    expect([next.mock.calls.length, vi.getTimerCount()]).toEqual([1, 0]);
    expect(log).not.toHaveBeenCalled();
    expect([onClose.mock.calls.length, onHangUp.mock.calls.length]).toEqual([1, 1]);
  });

  it("[SSE-6] a stream that ends by itself closes once", async () => {
    const onClose = vi.fn();
    const reader = pullStream({ next: () => undefined, onClose }).getReader();
    expect(await read(reader)).toBeUndefined();
    await reader.cancel();
    expect(onClose).toHaveBeenCalledTimes(1);
  });

  it("[SSE-6] a reader who hangs up leaves nothing running, also where what is to be done then fails", async () => {
    const { next, add } = sourceOf([]);
    const onClose = vi.fn();
    const onHangUp = () => {
      throw new Error("It cannot be stopped.");
    };
    const reader = pullStream({ next, onClose, onHangUp }).getReader();
    const text = read(reader);
    await vi.advanceTimersByTimeAsync(0);
    await expect(reader.cancel()).rejects.toThrow("It cannot be stopped.");
    expect(await text).toBeUndefined();
    add("too late");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(next).toHaveBeenCalledTimes(1);
    expect(onClose).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
