/** Puts a fake provider behind a loopback port, so that a Worker in another process can ask it. A caller who hangs up cancels the answer. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { FakeProvider } from "./fake-provider.ts";

/** `url` is a `MODEL_BASE_URL`. */
export async function serveProvider(provider: FakeProvider): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(async (incoming, outgoing) => {
    const gone = new AbortController();
    outgoing.on("close", () => gone.abort());
    const pieces: Uint8Array[] = [];
    for await (const piece of incoming) pieces.push(piece);
    const headers = new Headers(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
    const url = `http://${incoming.headers.host}${incoming.url}`;
    const init = { method: incoming.method ?? "GET", headers, body: Buffer.concat(pieces), signal: gone.signal };
    try {
      const answer = await provider.fetch(url, init);
      outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
      const reader = answer.body?.getReader();
      outgoing.on("close", () => void reader?.cancel().catch(() => {}));
      for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) outgoing.write(read.value);
      outgoing.end();
    } catch {
      outgoing.destroy();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
