/** Puts a double's `fetch` behind a loopback port, so that a Worker in another process can call it. A caller who hangs up aborts the call; a double that throws closes the connection. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** `url` has no path: the double sees whatever path is called behind it. */
export async function serveFetch(handler: typeof fetch): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(async (incoming, outgoing) => {
    try {
      await pass(handler, incoming, outgoing);
    } catch {
      outgoing.destroy();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function pass(handler: typeof fetch, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const gone = new AbortController();
  outgoing.on("close", () => gone.abort());
  const pieces: Uint8Array[] = [];
  for await (const piece of incoming) pieces.push(piece);
  const { method = "GET" } = incoming;
  const bare = method === "GET" || method === "HEAD";
  const headers = new Headers(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
  const init = { method, headers, signal: gone.signal, ...(!bare && { body: Buffer.concat(pieces) }) };
  const answer = await handler(`http://${incoming.headers.host}${incoming.url}`, init);
  outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
  const reader = answer.body?.getReader();
  outgoing.on("close", () => void reader?.cancel().catch(() => {}));
  for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) outgoing.write(read.value);
  outgoing.end();
}
