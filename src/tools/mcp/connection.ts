/** Talks to one MCP server for one turn, by the official client. Connects when it is first needed; a call is sent again only where the server answered that it did not accept it. */
import { Client, type PriorDiscovery, SdkHttpError, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { CfWorkerJsonSchemaValidator } from "@modelcontextprotocol/client/validators/cf-worker";
import { withoutCredentials, withoutSecret } from "../../core/secrets.ts";
import { type CallResult, callResult } from "./result-text.ts";
import type { McpServer } from "./server-rules.ts";
import { type ListedTool, listPage, readToolList } from "./tool-list.ts";

/** How long a server may take for the handshake. */
const helloMs = 10_000;
/** How long the end of a session may take: it is optional. */
const goodbyeMs = 1_000;
/** Most characters of an error that are shown to the model. */
const longestReason = 10_000;
/** Most bytes of an answer that are read. */
const mostBytes = 8_000_000;
/** The longest that a timer can be set to. */
const mostMs = 2 ** 31 - 1;
/** How long after the end of a stream the client may still be reading what was in it. */
const graceMs = 500;
/** The header that identifies the call for a server that can use it; a tool whose effect is `keyed` must use it. */
const keyName = "longline/idempotency-key";

type FetchLike = (input: string | URL, init?: RequestInit) => Promise<Response>;

/** What a call needs to know. The key is the same for this call whenever it is made. */
export interface CallOptions {
  idempotencyKey: string;
  signal: AbortSignal;
  /** W3C trace context of the call's span. */
  traceparent?: string;
  tracestate?: string;
}

/**
 * Which protocol generation each server speaks, by url and bearer: 2026-07-28 has no handshake, so a known server is called at
 * once. Requested again after ten minutes, since a server that was upgraded still takes the handshake of 2025.
 */
const generations = new Map<string, { prior: PriorDiscovery; untilMs: number }>();
const rememberedMs = 600_000;
const mostRemembered = 1_000;

interface McpLine {
  client: Client;
  transport: StreamableHTTPClientTransport;
}

function traceHeaders({ traceparent, tracestate }: Partial<CallOptions>): [name: string, value: string][] {
  return Object.entries({ traceparent, tracestate }).filter((pair): pair is [string, string] => pair[1] !== undefined);
}

export class McpConnection {
  readonly #server: McpServer;
  readonly #onRequest: () => void;
  #line: Promise<McpLine> | undefined;
  /** A session that has expired is begun anew once. */
  #renewed = false;
  /** Calls under way, by idempotency key: what is to be done where the answer ends too early. */
  readonly #open = new Map<string, { lost(): void; trace: [name: string, value: string][] }>();

  /** `onRequest`: called for each request that is made. */
  constructor(server: McpServer, onRequest: () => void = () => {}) {
    this.#server = server;
    this.#onRequest = onRequest;
  }

  /** Rejects when the server does not list its tools, or not before `signal` aborts. */
  async listTools(signal: AbortSignal): Promise<ListedTool[]> {
    try {
      const { client } = await this.#connected(signal);
      if (client.getServerCapabilities()?.tools === undefined) return [];
      return await readToolList((cursor) =>
        client.request({ method: "tools/list", params: { ...(cursor && { cursor }) } }, listPage, { signal }),
      );
    } catch (error) {
      // It may speak another generation now.
      generations.delete(keyOf(this.#server));
      throw new Error(this.#reasonOf(error));
    }
  }

  /** Rejects with a text for the model when there is no result; it states whether the tool may have run. */
  async call(name: string, args: Record<string, unknown>, of: CallOptions): Promise<CallResult> {
    const line = this.#connected(of.signal);
    const { client, transport } = await line.catch((error: unknown) => {
      throw new Error(
        `The MCP server ${this.#server.name} was not reached, so the tool was not run: ${this.#reasonOf(error)}`,
      );
    });
    try {
      // In the request's `_meta`, as the GenAI conventions have it (docs/gen-ai/mcp.md); servers over HTTP see the header.
      const _meta = { [keyName]: of.idempotencyKey, ...Object.fromEntries(traceHeaders(of)) };
      return await this.#send(client, { name, arguments: args, _meta }, of);
    } catch (error) {
      const expired = error instanceof SdkHttpError && error.status === 404 && transport.sessionId !== undefined;
      generations.delete(keyOf(this.#server));
      if (!expired || this.#renewed)
        throw new Error(`The call of a tool of the MCP server ${this.#server.name} failed: ${this.#reasonOf(error)}`);
    }
    // The server knows no such session, so it ran nothing (MCP 2025-11-25, transports, session management).
    if (this.#line === line) this.#line = undefined;
    this.#renewed = true;
    return this.call(name, args, of);
  }

  /** `fetch` without the permanent stream for messages that a server sends by itself, which would keep the object awake. */
  readonly #fetch: FetchLike = async (input, init) => {
    const resumes = new Headers(init?.headers).has("last-event-id");
    if (init?.method === "GET" && !resumes) return new Response(null, { status: 405 });
    const body = String(init?.body);
    const key = [...this.#open.keys()].find((key) => body.includes(key)) ?? "";
    // Looked up at each call, so that a test can replace it by a server.
    this.#onRequest();
    const headers = new Headers(init?.headers);
    for (const [name, value] of this.#open.get(key)?.trace ?? []) headers.set(name, value);
    const response = await globalThis.fetch(input, { ...init, headers });
    return bounded(response, () => void setTimeout(() => this.#open.get(key)?.lost(), graceMs));
  };

  async close(): Promise<void> {
    const line = this.#line;
    this.#line = undefined;
    const { client, transport } = (await line?.catch(() => undefined)) ?? {};
    const goodbye = setTimeout(() => void client?.close(), goodbyeMs);
    await transport?.terminateSession().catch(() => {});
    clearTimeout(goodbye);
    await client?.close();
  }

  /** A server's error page may repeat what it was sent, its key among it. */
  #reasonOf(error: unknown): string {
    return withoutCredentials(withoutSecret(reasonOf(error), this.#server.bearer)).slice(0, longestReason);
  }

  /** The client would wait for ever for an answer whose stream has ended without it. */
  async #send(
    client: Client,
    params: Record<string, unknown>,
    { signal, idempotencyKey, ...trace }: CallOptions,
  ): Promise<CallResult> {
    const lost = Promise.withResolvers<never>();
    this.#open.set(idempotencyKey, {
      lost: () => lost.reject(new Error("Its answer broke off. The tool may have run all the same.")),
      trace: traceHeaders(trace),
    });
    // The client takes a stream with ids up again by itself. How long a call may take is the business of `runTool`.
    const onresumptiontoken = () => void this.#open.delete(idempotencyKey);
    const options = { signal, timeout: mostMs, onresumptiontoken };
    try {
      return await Promise.race([client.request({ method: "tools/call", params }, callResult, options), lost.promise]);
    } finally {
      this.#open.delete(idempotencyKey);
    }
  }

  /** Calls that come while it connects wait for the same connection; one that failed is not kept. */
  #connected(signal: AbortSignal): Promise<McpLine> {
    if (this.#line !== undefined) return this.#line;
    const line = connect(this.#server, this.#fetch, AbortSignal.any([signal, AbortSignal.timeout(helloMs)]));
    this.#line = line;
    line.catch(() => {
      if (this.#line === line) this.#line = undefined;
    });
    return line;
  }
}

async function connect(server: McpServer, fetch: FetchLike, signal: AbortSignal): Promise<McpLine> {
  const { url, bearer } = server;
  const headers = { "user-agent": "longline", ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }) };
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers }, fetch });
  // Never used: tools are called without it, and their arguments are checked before. Without one it would load ajv.
  const jsonSchemaValidator = new CfWorkerJsonSchemaValidator();
  const client = new Client(
    { name: "longline", version: "1" },
    { capabilities: {}, jsonSchemaValidator, versionNegotiation: { mode: "auto" } },
  );
  const known = priorOf(server);
  const late = Promise.withResolvers<never>();
  const giveUp = () => {
    late.reject(new Error("It did not answer in time."));
    // While it requests the generation the transport is not yet the client's to close.
    void transport.close();
    void client.close();
  };
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    signal.throwIfAborted();
    await Promise.race([client.connect(transport, { signal, ...(known && { prior: known }) }), late.promise]);
    if (known === undefined) remember(server, client);
    return { client, transport };
  } catch (error) {
    generations.delete(keyOf(server));
    throw error;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

function keyOf({ url, bearer = "" }: McpServer): string {
  return `${url} ${bearer}`;
}

function priorOf(server: McpServer): PriorDiscovery | undefined {
  const known = generations.get(keyOf(server));
  return known === undefined || Date.now() >= known.untilMs ? undefined : known.prior;
}

function remember(server: McpServer, client: Client): void {
  const discover = client.getDiscoverResult();
  const prior: PriorDiscovery = discover === undefined ? { kind: "legacy" } : { kind: "modern", discover };
  generations.delete(keyOf(server));
  generations.set(keyOf(server), { prior, untilMs: Date.now() + rememberedMs });
  const [oldest] = generations.keys();
  if (generations.size > mostRemembered && oldest !== undefined) generations.delete(oldest);
}

/** The response with an end: it breaks off at `mostBytes`, and `ended` is called when it is over. */
function bounded(response: Response, ended: () => void): Response {
  if (response.body === null) return response;
  let read = 0;
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      read += chunk.byteLength;
      if (read > mostBytes) controller.error(new Error(`Its answer has more than ${mostBytes} bytes.`));
      else controller.enqueue(chunk);
    },
  });
  response.body.pipeTo(writable).then(ended, ended);
  return new Response(readable, response);
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(
    /^Version negotiation (?:probe )?failed: /,
    "",
  );
}
