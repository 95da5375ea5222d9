/** Talks to one MCP server for one turn, by the official client. Connects when it is first needed; a call is sent again only where the server said that it did not take it. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport, StreamableHTTPError } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { CfWorkerJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/cfworker-provider.js";
import { type CallResult, callResult } from "./result-text.ts";
import type { McpServer } from "./server-rules.ts";
import { type ListedTool, listPage, readToolList } from "./tool-list.ts";

/** How long a server may take to say hello. */
const helloMs = 10_000;
/** How long leaving may take: it is a courtesy. */
const goodbyeMs = 1_000;
/** Most bytes of an answer that are read. */
const mostBytes = 8_000_000;
/** The longest that a timer can be set to. */
const mostMs = 2 ** 31 - 1;

interface Line {
  client: Client;
  transport: StreamableHTTPClientTransport;
}

export class McpConnection {
  readonly #server: McpServer;
  #line: Promise<Line> | undefined;
  /** A session that has expired is begun anew once. */
  #renewed = false;

  constructor(server: McpServer) {
    this.#server = server;
  }

  /** Rejects when the server does not list its tools, or not before `signal` aborts. */
  async listTools(signal: AbortSignal): Promise<ListedTool[]> {
    const { client } = await this.#connected(signal);
    if (client.getServerCapabilities()?.tools === undefined) return [];
    return readToolList((cursor) =>
      client.request({ method: "tools/list", params: { ...(cursor && { cursor }) } }, listPage, { signal }),
    );
  }

  /** Rejects with words for the model when there is no result; they say whether the tool may have run. */
  async call(name: string, args: Record<string, unknown>, signal: AbortSignal): Promise<CallResult> {
    const line = this.#connected(signal);
    const { client, transport } = await line.catch((error: unknown) => {
      throw new Error(`The MCP server ${this.#server.name} was not reached, so the tool was not run: ${said(error)}`);
    });
    // How long it may take is the business of `runTool`.
    const options = { signal, timeout: mostMs };
    try {
      return await client.request({ method: "tools/call", params: { name, arguments: args } }, callResult, options);
    } catch (error) {
      const expired = error instanceof StreamableHTTPError && error.code === 404 && transport.sessionId !== undefined;
      if (!expired || this.#renewed)
        throw new Error(`The call of a tool of the MCP server ${this.#server.name} failed: ${said(error)}`);
    }
    // The server knows no such session, so it ran nothing (MCP 2025-11-25, transports, session management).
    if (this.#line === line) this.#line = undefined;
    this.#renewed = true;
    return this.call(name, args, signal);
  }

  async close(): Promise<void> {
    const line = this.#line;
    this.#line = undefined;
    const { client, transport } = (await line?.catch(() => undefined)) ?? {};
    const goodbye = setTimeout(() => void client?.close(), goodbyeMs);
    await transport?.terminateSession().catch(() => {});
    clearTimeout(goodbye);
    await client?.close();
  }

  /** Those who come while it connects wait for the same line; one that failed is not kept. */
  #connected(signal: AbortSignal): Promise<Line> {
    if (this.#line !== undefined) return this.#line;
    const line = connect(this.#server, AbortSignal.any([signal, AbortSignal.timeout(helloMs)]));
    this.#line = line;
    line.catch(() => {
      if (this.#line === line) this.#line = undefined;
    });
    return line;
  }
}

async function connect(server: McpServer, signal: AbortSignal): Promise<Line> {
  const { url, bearer } = server;
  const headers = { "user-agent": "longline", ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }) };
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers }, fetch: modestFetch });
  // Never asked for: tools are called without it, and their arguments are checked before. Without one it would load ajv.
  const jsonSchemaValidator = new CfWorkerJsonSchemaValidator();
  const client = new Client({ name: "longline", version: "1" }, { capabilities: {}, jsonSchemaValidator });
  const late = Promise.withResolvers<never>();
  const giveUp = () => {
    late.reject(new Error("It did not answer in time."));
    void client.close();
  };
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    signal.throwIfAborted();
    // The SDK's own types are not written for exactOptionalPropertyTypes.
    await Promise.race([client.connect(transport as Parameters<Client["connect"]>[0], { signal }), late.promise]);
    return { client, transport };
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

/** `fetch` without the standing stream for what a server has to say by itself, which would keep the object awake, and with an end to answers. */
const modestFetch: typeof fetch = async (input, init) => {
  const resumes = new Headers(init?.headers).has("last-event-id");
  if (init?.method === "GET" && !resumes) return new Response(null, { status: 405 });
  // Looked up at each call, so that a test can put a server behind it.
  const response = await globalThis.fetch(input, init);
  if (response.body === null) return response;
  let read = 0;
  const bounded = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      read += chunk.byteLength;
      if (read > mostBytes) controller.error(new Error(`Its answer has more than ${mostBytes} bytes.`));
      else controller.enqueue(chunk);
    },
  });
  return new Response(response.body.pipeThrough(bounded), response);
};

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
