import { describe, expect, it } from "vitest";
import { BodyChunks, readBounded, readBoundedText } from "../../src/core/read-bounded.ts";

/** A body that goes on for ever, and says how much of it was asked for and whether it was cancelled. */
function endless(chunk: Uint8Array<ArrayBuffer>) {
  const seen = { pulled: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull(to) {
        seen.pulled += chunk.byteLength;
        to.enqueue(chunk);
      },
      cancel() {
        seen.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { body, seen };
}

const bodyOf = (...texts: string[]) => new Blob(texts).stream();

describe("bodies from outside", () => {
  it.each([1, 7, 1_000, 65_536])(
    "[BOUND-6] an endless body in pieces of %i bytes is read to the limit, then cancelled",
    async (size) => {
      const { body, seen } = endless(new Uint8Array(size).fill(0x61));
      const { bytes, cut, cameBytes } = await readBounded(body, 20_000);
      expect([bytes.byteLength, cut, seen.cancelled]).toEqual([20_000, true, true]);
      expect(cameBytes).toBe(seen.pulled);
      expect(seen.pulled).toBeLessThanOrEqual(20_000 + size);
    },
  );

  it("[BOUND-6] a body that fits is whole, and exactly the limit is not cut", async () => {
    expect(await readBoundedText(bodyOf("abc", "def"), 6)).toEqual({ text: "abcdef", cut: false });
    expect(await readBoundedText(null, 6)).toEqual({ text: "", cut: false });
  });

  it("[BOUND-6] a character that the limit cuts in half is left out", async () => {
    expect(await readBoundedText(bodyOf("aé"), 2)).toEqual({ text: "a", cut: true });
  });

  it("[BOUND-6] a connection that breaks rejects", async () => {
    const body = new ReadableStream<Uint8Array>({ pull: (to) => to.error(new Error("reset")) });
    await expect(readBounded(body, 10)).rejects.toThrow("reset");
  });

  it("[BOUND-6] a cancellation that never ends is not waited for", async () => {
    const body = new ReadableStream<Uint8Array>({
      pull: (to) => to.enqueue(new Uint8Array(100)),
      cancel: () => new Promise(() => {}),
    });
    expect((await readBounded(body, 10)).cut).toBe(true);
  });

  /** A stream of bytes as a runtime has it: fills what it is handed, with numbers that count up. */
  function byteBody(size: number) {
    const seen = { reads: 0, buffers: new Set<number>() };
    let sent = 0;
    const body = new ReadableStream({
      type: "bytes",
      autoAllocateChunkSize: 4_096,
      pull(to) {
        const room = to.byobRequest?.view as Uint8Array;
        seen.reads++;
        seen.buffers.add(room.buffer.byteLength);
        const count = Math.min(room.byteLength, size - sent);
        for (let at = 0; at < count; at++) room[at] = (sent + at) % 251;
        sent += count;
        if (count === 0) to.close();
        to.byobRequest?.respond(count);
      },
    });
    return { body, seen };
  }

  it("[BOUND-37] a body of megabytes is read 64 kB at a time, and whole", async () => {
    const { body, seen } = byteBody(2_000_000);
    const { bytes, cut } = await readBounded(body, 3_000_000);
    expect([bytes.byteLength, cut]).toEqual([2_000_000, false]);
    expect(bytes.every((byte, at) => byte === at % 251)).toBe(true);
    expect(seen.reads).toBeLessThan(2_000_000 / 65_536 + 5);
  });

  it("[BOUND-37] a small body needs a small buffer, and what comes in small chunks none that grows", async () => {
    const { body, seen } = byteBody(300);
    expect((await readBounded(body, 1_000_000)).bytes.byteLength).toBe(300);
    expect([...seen.buffers]).toEqual([4_096]);
  });

  it("[BOUND-37] a stream that brings its own chunks is read as they come", async () => {
    const given = [new Uint8Array([1]), new Uint8Array([2, 3])];
    const body = new ReadableStream<Uint8Array>({
      start(to) {
        for (const chunk of given) to.enqueue(chunk);
        to.close();
      },
    });
    const chunks = new BodyChunks(body);
    expect([await chunks.next(), await chunks.next(), await chunks.next()]).toEqual([...given, undefined]);
  });
});
