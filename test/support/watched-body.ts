/** A body whose text a test watches while its reader reads it. */

export interface Watcher {
  read(piece: string): void;
  end(): void;
}

/** The same body. It is watched as far as its reader reads: nothing is read ahead, and a hang-up is passed on. */
export function watched(body: ReadableStream<Uint8Array>, watcher: Watcher): ReadableStream<Uint8Array> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  const source: UnderlyingSource<Uint8Array> = {
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) {
        watcher.end();
        controller.close();
        return;
      }
      watcher.read(decoder.decode(value, { stream: true }));
      controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}
