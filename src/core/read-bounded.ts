/** Reads a body up to a limit, and then stops: the rest is cancelled and never reaches memory. Knows nothing of what the bytes say. */

/** `bytes`: what was read, `maxBytes` at most. `cut`: there was more. `cameBytes`: how many had arrived when reading stopped. */
export interface BoundedBody {
  bytes: Uint8Array;
  cut: boolean;
  cameBytes: number;
}

/**
 * Bytes that are read at once, at first and at most. A runtime's own chunks have 4 kB, and every read leaves objects that its
 * garbage collector destroys in one pause: thousands of them for a body of megabytes.
 */
const roomBytes = { first: 4_096, most: 65_536 };

/** The chunks of a body, larger ones the more comes. Takes streams of bytes, and those that have chunks of their own. */
export class BodyChunks {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #byteReader: ReadableStreamBYOBReader | undefined;
  #room = new Uint8Array(roomBytes.first);

  constructor(body: ReadableStream<Uint8Array>) {
    this.#byteReader = byteReader(body);
    if (this.#byteReader === undefined) this.#reader = body.getReader();
  }

  /** The next chunk, `undefined` after the last one. The next call may overwrite its bytes. Rejects when the connection breaks. */
  async next(): Promise<Uint8Array | undefined> {
    if (this.#byteReader === undefined) return (await this.#reader?.read())?.value;
    const size = this.#room.byteLength;
    const { done, value } = await this.#byteReader.read(this.#room);
    if (done) return undefined;
    // The buffer moves with each read: the one that was handed in has no bytes any more.
    const isFull = value.byteLength === size;
    this.#room = isFull && size < roomBytes.most ? new Uint8Array(size * 4) : new Uint8Array(value.buffer);
    return value;
  }

  /** The rest is never read. Its cancellation is not waited for: it may never end. */
  cancel(): void {
    void (this.#byteReader ?? this.#reader)?.cancel().catch(() => {});
  }
}

function byteReader(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}

/** Rejects when the connection breaks. A body that was cut is cancelled, and its cancellation is not waited for. `between` is waited for after each chunk. */
export async function readBounded(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  between?: (chunk: Uint8Array) => Promise<void>,
): Promise<BoundedBody> {
  if (body === null) return { bytes: new Uint8Array(0), cut: false, cameBytes: 0 };
  const chunks = new BodyChunks(body);
  // Most bodies are small, and some come a byte at a time: the buffer gets the size of the first chunk, and is doubled when it is full.
  let kept = new Uint8Array(0);
  let size = 0;
  for (;;) {
    const chunk = await chunks.next();
    if (chunk === undefined) return { bytes: kept.subarray(0, size), cut: false, cameBytes: size };
    const left = maxBytes - size;
    kept = withRoom(kept, Math.min(size + chunk.byteLength, maxBytes), maxBytes);
    kept.set(chunk.subarray(0, left), size);
    const cameBytes = size + chunk.byteLength;
    size = Math.min(cameBytes, maxBytes);
    if (cameBytes <= maxBytes) {
      await between?.(chunk);
      continue;
    }
    chunks.cancel();
    return { bytes: kept.subarray(0, size), cut: true, cameBytes };
  }
}

/** The same as UTF-8 text. A character that the limit cuts in half is left out. */
export async function readBoundedText(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<{ text: string; cut: boolean }> {
  const { bytes, cut } = await readBounded(body, maxBytes);
  return { text: new TextDecoder().decode(bytes, { stream: cut }), cut };
}

function withRoom(kept: Uint8Array<ArrayBuffer>, size: number, maxBytes: number): Uint8Array<ArrayBuffer> {
  if (size <= kept.byteLength) return kept;
  const larger = new Uint8Array(Math.min(Math.max(size, kept.byteLength * 2), maxBytes));
  larger.set(kept);
  return larger;
}
