/** The batches of a body in a loop, as tests read them. The model client takes them by callbacks, since a generator adds promises to every read. */
import { type BatchRead, PayloadBatches } from "../../src/model/payloads.ts";

/** Ends at the end of the body, or once `signal` is aborted, also in the middle of a read. A consumer that stops early cancels the body. Throws where the body fails. */
export async function* payloadBatches(
  body: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<string[], undefined> {
  const batches = new PayloadBatches(body);
  signal?.addEventListener("abort", () => batches.stop(), { once: true });
  try {
    for (;;) {
      const read = await new Promise<BatchRead>((take) => batches.readTo(take));
      if (read === undefined) return;
      if (!Array.isArray(read)) throw read.error;
      yield read;
    }
  } finally {
    batches.stop();
  }
}
