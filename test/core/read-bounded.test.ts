import { describe, expect, it } from "vitest";
import { readBounded, readBoundedText } from "../../src/core/read-bounded.ts";

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
});
