/** The harness's one HTTP server: the model, the tools and the confirmations of commits, behind paths. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Collector } from "./collector.ts";
import type { Commits } from "./commits.ts";
import type { ToolServer } from "./tool-server.ts";
import type { Upstream } from "./upstream.ts";

export interface HarnessServer {
  url: string;
  close(): Promise<void>;
}

export async function serveHarness(parts: {
  upstream: Pick<Upstream, "answer">;
  tools: ToolServer;
  commits: Commits;
  collector: Collector;
}): Promise<HarnessServer> {
  const server = createServer(async (request, response) => {
    response.on("error", () => {});
    try {
      const body = await bodyOf(request);
      const [, first, object = "", n = ""] = (request.url ?? "").split("/");
      if (first === "commit") {
        await parts.commits.confirm(object, Number(n));
        response.end();
      } else if (first === "otlp") parts.collector.answer(request.url ?? "", body, response);
      else if (first === "tool") await parts.tools.answer(body, response);
      else await parts.upstream.answer(body, response);
    } catch (error) {
      // A killed server's half request is no news.
      if (!request.destroyed) console.error("the harness failed", error);
      response.destroy();
    }
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, close: () => closed(server) };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  request.setEncoding("utf8");
  for await (const text of request) body += text;
  return body;
}

async function closed(server: Server): Promise<void> {
  const over = once(server, "close");
  server.close();
  server.closeAllConnections();
  await over;
}
