/** A remote MCP server of the tests, written with the official SDK: it lists what the test says, and keeps count of what really ran. Stateful, as most servers are. */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { CfWorkerJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/cfworker-provider.js";

/** `run` returns a call's result as MCP has it. */
export interface ServedTool {
  name: string;
  description?: string;
  inputSchema?: unknown;
  annotations?: object;
  run?(args: Record<string, unknown>): Promise<object> | object;
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
