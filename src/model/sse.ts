/** Cuts a byte stream into SSE payloads. Knows nothing of what they say; comments, event names and ids are dropped. */
import { createParser } from "eventsource-parser";

/** A provider that never ends a line must not fill the isolate's 128 MB. */
const longestPayloadChars = 16 * 1024 * 1024;

/**
 * The `data` of every event in `body`: one batch per upstream read, with all payloads that this read completed. A batch is
 * empty when the read brought a sign of life (a comment, part of a payload) and nothing to hand on.
 * Ends at the end of the body, or once `signal` is aborted, also in the middle of a read. A consumer that stops early
 * cancels the body. Throws when the connection breaks or a payload is longer than 16 MB.
 */
export async function* payloadBatches(
  body: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<string[]> {
  let batch: string[] = [];
  const parser = createParser({
    onEvent: ({ data }) => batch.push(data),
    onError: (error) => {
      if (error.type === "max-buffer-size-exceeded") throw error;
    },
    maxBufferSize: longestPayloadChars,
  });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  // Cancelling ends a read that is under way; `return()` on this generator would wait for it.
  const cancel = () => void reader.cancel().catch(() => {});
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    while (signal?.aborted !== true) {
      const { done, value } = await reader.read();
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      yield batch;
      batch = [];
    }
  } finally {
    signal?.removeEventListener("abort", cancel);
    cancel();
  }
}
