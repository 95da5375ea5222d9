import { afterEach, describe, expect, it, vi } from "vitest";
import { PayloadLines } from "../../src/model/payloads.ts";
import { payloadBatches } from "../support/payload-batches.ts";
import { randomOf } from "../support/random.ts";
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

/** A body as the runtime's own are: read into the reader's buffer, piece by piece. */
function bodyOfBytes(pieces: Uint8Array[], pulled: (view: ArrayBufferView | null | undefined) => void = () => {}) {
  const left = [...pieces];
  return new ReadableStream({
    type: "bytes",
    pull(to) {
      const view = to.byobRequest?.view;
      pulled(view);
      const piece = left.shift();
      if (piece === undefined) {
        to.close();
        to.byobRequest?.respond(0);
      } else if (view instanceof Uint8Array) {
        view.set(piece.subarray(0, view.length));
        if (piece.length > view.length) left.unshift(piece.subarray(view.length));
        to.byobRequest?.respond(Math.min(piece.length, view.length));
      } else to.enqueue(piece);
    },
  });
}

describe("a body of bytes", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("[SPEED-25] is read into one buffer, which no read makes anew", async () => {
    let buffers = 0;
    const Plain = ArrayBuffer;
    vi.stubGlobal(
      "ArrayBuffer",
      class extends Plain {
        constructor(length: number) {
          super(length);
          buffers++;
        }
      },
    );
    const views: number[] = [];
    const pieces = Array.from({ length: 500 }, (_, n) => bytes(`data: ${n}\n\n`));
    const body = bodyOfBytes(pieces, (view) => void views.push(view?.byteLength ?? 0));
    expect((await Array.fromAsync(payloadBatches(body))).length).toBe(500);
    expect(buffers).toBe(1);
    expect(new Set(views)).toEqual(new Set([4_096]));
  });

  it.each([1, 2, 20_261_126])("[SPEED-25] seed %i: gives the payloads that any other body gives", async (seed) => {
    const random = randomOf(seed);
    for (let run = 0; run < 40; run++) {
      const texts = Array.from({ length: 1 + Math.floor(random() * 30) }, () =>
        ["é", "哈", "😀", "a"][Math.floor(random() * 4)]?.repeat(Math.floor(random() ** 3 * 4_000)),
      );
      const all = bytes(texts.map((text) => `data: ${JSON.stringify(text)}\n\n`).join(""));
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < all.length; ) {
        const length = 1 + Math.floor(random() ** 2 * 9_000);
        pieces.push(all.slice(at, at + length));
        at += length;
      }
      const [read, other] = [bodyOfBytes(pieces), bodyOf(pieces)].map((body) => Array.fromAsync(payloadBatches(body)));
      expect((await read)?.flat()).toEqual((await other)?.flat());
    }
  });

  it("[SPEED-25] is cancelled in the middle of a read", async () => {
    const cancel = vi.fn();
    const body = new ReadableStream({ type: "bytes", cancel });
    const abort = new AbortController();
    const reading = Array.fromAsync(payloadBatches(body, abort.signal));
    abort.abort();
    expect(await reading).toEqual([]);
    expect(cancel).toHaveBeenCalledTimes(1);
  });
});
