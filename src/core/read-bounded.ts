/** Reads a body up to a limit, and then stops: the rest is cancelled and never reaches memory. Knows nothing of what the bytes say. */

/** `bytes`: what was read, `maxBytes` at most. `cut`: there was more. `cameBytes`: how many had arrived when reading stopped. */
export interface BoundedBody {
  bytes: Uint8Array;
  cut: boolean;
  cameBytes: number;
}

/** First size of the buffer, which doubles: bodies are mostly small, and may come a byte at a time. */
const firstBytes = 16_384;

/** Rejects when the connection breaks. A body that was cut is cancelled, and its cancellation is not waited for. `between` is waited for after each chunk. */
export async function readBounded(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  between?: (chunk: Uint8Array) => Promise<void>,
): Promise<BoundedBody> {
  if (body === null) return { bytes: new Uint8Array(0), cut: false, cameBytes: 0 };
  const reader = body.getReader();
  let kept = new Uint8Array(Math.min(firstBytes, maxBytes));
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { bytes: kept.subarray(0, size), cut: false, cameBytes: size };
    const left = maxBytes - size;
    kept = withRoom(kept, Math.min(size + value.byteLength, maxBytes), maxBytes);
    kept.set(value.subarray(0, left), size);
    const cameBytes = size + value.byteLength;
    size = Math.min(cameBytes, maxBytes);
    if (cameBytes <= maxBytes) {
      await between?.(value);
      continue;
    }
    void reader.cancel().catch(() => {});
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
