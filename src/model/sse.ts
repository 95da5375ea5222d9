/** Reads a provider's body piece by piece and hands on its payloads. Knows nothing of what they say. */
import { PayloadLines } from "./payload-lines.ts";

/**
 * The payloads of `body` (see `PayloadLines`): one batch per upstream read, with all payloads that this read completed. A
 * batch is empty when the read brought a sign of life (a comment, part of a payload) and nothing to hand on. The end of the
 * body gives one more batch when it completes some.
 * Ends at the end of the body, or once `signal` is aborted, also in the middle of a read. A consumer that stops early
 * cancels the body. Throws when the connection breaks or a payload is longer than 16 MB.
 */
export async function* payloadBatches(
  body: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<string[]> {
  const lines = new PayloadLines();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  // Cancelling ends a read that is under way; `return()` on this generator would wait for it.
  const cancel = () => void reader.cancel().catch(() => {});
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    while (signal?.aborted !== true) {
      const { done, value } = await reader.read();
      if (done) {
        const last = lines.end();
        if (last.length > 0) yield last;
        return;
      }
      yield lines.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    signal?.removeEventListener("abort", cancel);
    cancel();
  }
}

/** The beginning of a text that is not needed whole: a refusal. At most about `mostChars`; the rest is not read. */
export async function beginningOf(body: ReadableStream<Uint8Array>, mostChars: number): Promise<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = "";
  while (text.length < mostChars) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
  }
  void reader.cancel().catch(() => {});
  return text;
}
