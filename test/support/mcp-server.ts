/** Remote MCP servers of the tests, written with the official SDKs: they list what the test says, and keep count of what really ran. One of the generation of 2025, stateful as most of those are, and one that speaks 2026-07-28 alone. */

import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { CfWorkerJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/cfworker-provider.js";
import { createMcpHandler, inputRequired, Server as ModernServer } from "@modelcontextprotocol/server";

/** `run` returns a call's result as MCP has it. */
export interface ServedTool {
  name: string;
  description?: string;
  inputSchema?: unknown;
  annotations?: object;
  run?(args: Record<string, unknown>): Promise<object> | object;
}

/** `asksFirst`: a person must answer a form before it runs. */
export interface ModernTool extends ServedTool {
  asksFirst?: boolean;
}

export interface McpServerOptions {
  /** Who does not send it is refused. */
  bearer?: string;
  /** How many tools a page of the list has; all of them. */
  pageSize?: number;
}

export function createMcpServer(tools: ServedTool[], { bearer, pageSize = 1_000 }: McpServerOptions = {}) {
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();
  const ran: { name: string; args: unknown }[] = [];
  /** HTTP methods with what was asked, in order. */
  const asked: string[] = [];
  let alive = true;

  async function begin(): Promise<WebStandardStreamableHTTPServerTransport> {
    const options = { capabilities: { tools: {} }, jsonSchemaValidator: new CfWorkerJsonSchemaValidator() };
    const server = new Server({ name: "test", version: "1" }, options);
    server.setRequestHandler(ListToolsRequestSchema, ({ params }) => {
      const from = Number(params?.cursor ?? 0);
      const page = tools.slice(from, from + pageSize).map(({ run: _, ...tool }) => tool);
      const more = from + pageSize < tools.length;
      return { tools: page, ...(more && { nextCursor: String(from + pageSize) }) };
    });
    server.setRequestHandler(CallToolRequestSchema, async ({ params: { name, arguments: args = {} } }) => {
      ran.push({ name, args });
      const tool = tools.find((each) => each.name === name);
      return { ...((await tool?.run?.(args)) ?? { content: [{ type: "text", text: `${name} ran` }] }) };
    });
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    await server.connect(transport as Parameters<Server["connect"]>[0]);
    return transport;
  }

  const answer = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const said = request.method === "POST" ? ((await request.clone().json()) as { method?: string }).method : "";
    asked.push([request.method, said].filter(Boolean).join(" "));
    if (!alive) throw new TypeError("fetch failed: connection refused");
    if (bearer !== undefined && request.headers.get("authorization") !== `Bearer ${bearer}`)
      return new Response("who are you?", { status: 401 });
    const id = request.headers.get("mcp-session-id");
    const transport = id === null ? await begin() : sessions.get(id);
    return transport?.handleRequest(request) ?? Response.json({ error: "no such session" }, { status: 404 });
  };
  return {
    fetch: answer as typeof fetch,
    ran,
    asked,
    sessions,
    /** Forgets its sessions, as after a restart. */
    expire: () => sessions.clear(),
    die() {
      alive = false;
    },
  };
}

export type TestMcpServer = ReturnType<typeof createMcpServer>;

/** Speaks 2026-07-28 alone: no handshake, no session. */
export function createModernMcpServer(tools: ModernTool[], { bearer }: McpServerOptions = {}) {
  const ran: { name: string; args: unknown }[] = [];
  const asked: string[] = [];
  const handler = createMcpHandler(
    () => {
      const server = new ModernServer({ name: "modern", version: "1" }, { capabilities: { tools: {} } });
      const listed = tools.map(({ run: _, asksFirst: __, ...tool }) => ({
        inputSchema: { type: "object" as const },
        ...tool,
      }));
      server.setRequestHandler("tools/list", () => ({
        tools: listed as { name: string; inputSchema: { type: "object" } }[],
      }));
      server.setRequestHandler("tools/call", async ({ params: { name, arguments: args = {} } }, { mcpReq }) => {
        const tool = tools.find((each) => each.name === name);
        if (tool?.asksFirst && mcpReq.inputResponses === undefined) {
          const sure = { type: "object" as const, properties: { sure: { type: "boolean" as const } } };
          return inputRequired({
            inputRequests: { sure: inputRequired.elicit({ message: "Sure?", requestedSchema: sure }) },
          });
        }
        ran.push({ name, args });
        const result = (await tool?.run?.(args)) ?? { content: [{ type: "text", text: `${name} ran` }] };
        return result as { content: { type: "text"; text: string }[] };
      });
      return server;
    },
    { legacy: "reject" },
  );
  const answer = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const said = request.method === "POST" ? ((await request.clone().json()) as { method?: string }).method : "";
    asked.push([request.method, said].filter(Boolean).join(" "));
    if (bearer !== undefined && request.headers.get("authorization") !== `Bearer ${bearer}`)
      return new Response("who are you?", { status: 401 });
    return handler.fetch(request);
  };
  return { fetch: answer as typeof fetch, ran, asked };
}
