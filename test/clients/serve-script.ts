/** Serves the scripted model on loopback, and what it was sent at `/seen?mark=…`. */
import { once } from "node:events";
import { createServer } from "node:http";
import { createFakeProvider } from "../support/fake-provider.ts";
import { serveProvider } from "../support/serve-provider.ts";
import type { SeenRequest } from "./aspects.ts";
import { scriptedReply } from "./scripted-model.ts";

export interface Script {
  /** A `MODEL_BASE_URL`. */
  modelUrl: string;
  /** `?mark=…` answers `SeenRequest[]`. */
  seenUrl: string;
  close(): Promise<void>;
}

export async function serveScript(): Promise<Script> {
  const provider = createFakeProvider();
  // As the newest models do: the Worker sends earlier reasoning back within a turn.
  provider.allowReasoning();
  const cancelled = new Set<unknown>();
  const outside = await serveProvider({
    ...provider,
    fetch: (input, init) => {
      provider.enqueue((request, signal) => scriptedReply(request, () => void cancelled.add(request))(request, signal));
      return provider.fetch(input, init);
    },
  });
  const seen = createServer((request, response) => {
    const mark = new URL(request.url ?? "/", "http://127.0.0.1").searchParams.get("mark") ?? "";
    const found: SeenRequest[] = provider.requests
      .filter(({ text }) => text.includes(mark))
      .map((each) => ({ body: each.body, cancelled: cancelled.has(each) }));
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(found));
  }).listen(0, "127.0.0.1");
  await once(seen, "listening");
  const address = seen.address();
  return {
    modelUrl: outside.url,
    seenUrl: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/seen`,
    async close() {
      seen.close();
      await outside.close();
    },
  };
}
