import { describe, expect, it } from "vitest";
import { PayloadLines } from "../../src/model/payloads.ts";
import { payloadBatches } from "../support/payload-batches.ts";
import { bodyOf, eventBatches, handFed, joined, tape, tapes } from "./wire-tape.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

async function batchesOf(...pieces: string[]): Promise<string[][]> {
  return Array.fromAsync(payloadBatches(bodyOf(pieces.map(bytes))));
}

describe("a recorded stream, cut anew", () => {
  it("[STREAM-1] finds the tapes", () => {
    expect(tapes.length).toBeGreaterThanOrEqual(18);
  });

  it.each(tapes)("[STREAM-1] %s comes to the same wherever its bytes are cut in two", async (name) => {
    const all = tape(name);
    const whole = joined((await eventBatches(bodyOf([all]))).flat());
    expect(whole.rest.length).toBeGreaterThan(0);
    // Every place in a short tape; of a long one as many, with a stride that falls on each kind of byte.
    const stride = Math.max(1, Math.floor(all.length / 400)) | 1;
    for (let cut = 1; cut < all.length; cut += stride) {
      const batches = await eventBatches(bodyOf([all.slice(0, cut), all.slice(cut)]));
      expect(joined(batches.flat()), `cut at byte ${cut}`).toEqual(whole);
    }
  });

  it.each(tapes)("[STREAM-1] %s comes to the same byte by byte", async (name) => {
    const all = tape(name);
    const whole = joined((await eventBatches(bodyOf([all]))).flat());
    const batches = await eventBatches(bodyOf(Array.from(all, (byte) => Uint8Array.of(byte))));
    expect(joined(batches.flat())).toEqual(whole);
  });
});

describe("PayloadBatches", () => {
  it("[STREAM-2] gives one batch per read, with all payloads the read completed", async () => {
    const batches = await batchesOf("data: 1\n\ndata: 2\n\nda", "ta: 3\n\n", ": keep-alive\n\n", "data: 4\n\n");
    expect(batches).toEqual([["1", "2"], ["3"], [], ["4"]]);
  });

  it("[STREAM-2] drops a payload that its sender did not end, unless its JSON is whole", async () => {
    expect(await batchesOf("data: 1\n\ndata: 2\n")).toEqual([["1"]]);
    expect(await batchesOf('data: {"a":{"b":1}')).toEqual([[]]);
    expect(await batchesOf('data: {"a":"}"', "}")).toEqual([[], [], ['{"a":"}"}']]);
  });

  it("[STREAM-31] a payload in reads of one byte, and in lines of none, costs no more than its length", async () => {
    const lines = new PayloadLines();
    // Work that grows with the square would not end within the test's time.
    for (const unit of `data: ${"x".repeat(500_000)}`) lines.feed(unit);
    expect(lines.feed("\n\n")).toEqual(["x".repeat(500_000)]);
    lines.feed("\r".repeat(500_000));
    lines.feed(`${"a\r".repeat(250_000)}\n`);
  });

  it("[STREAM-3] cancels the body when its consumer stops early", async () => {
    const { body, seen, feed } = handFed();
    feed("data: 1\n\n");
    for await (const batch of payloadBatches(body)) {
      expect(batch).toEqual(["1"]);
      break;
    }
    expect(seen.cancelled).toBe(true);
  });

  it("[STREAM-3] ends a read that is under way when the signal is aborted, and cancels the body", async () => {
    const { body, seen } = handFed();
    const abort = new AbortController();
    const read = payloadBatches(body, abort.signal).next();
    abort.abort();
    expect(await read).toEqual({ done: true, value: undefined });
    expect(seen.cancelled).toBe(true);
  });

  it("[STREAM-4] refuses a payload without end instead of keeping it all", async () => {
    const endless = bytes("x".repeat(1024 * 1024));
    const body = bodyOf([bytes("data: "), ...Array.from({ length: 20 }, () => endless)]);
    await expect(Array.fromAsync(payloadBatches(body))).rejects.toThrow("max buffer size");
  });
});
