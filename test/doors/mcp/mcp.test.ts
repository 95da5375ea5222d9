import { exports } from "cloudflare:workers";
import {
  type ClientCapabilities,
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { CfWorkerJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/cfworker-provider.js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { calls, gated, status, text } from "../../support/fake-provider.ts";
import { startProvider } from "../../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
const key = { Authorization: "Bearer test-key" };
const mcpHeaders = { ...key, "Content-Type": "application/json", Accept: "application/json, text/event-stream" };
const ping = { jsonrpc: "2.0", id: 1, method: "ping" };

let provider: ReturnType<typeof startProvider>;
let client: Client | undefined;
beforeEach(() => {
  provider = startProvider();
});
afterEach(async () => {
  await client?.close();
  client = undefined;
  vi.restoreAllMocks();
});

function post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const init = { method: "POST", headers: { ...mcpHeaders, ...headers }, body: JSON.stringify(body) };
  return worker.fetch("https://longline.test/mcp", init);
}

/** The official client, behind whose `fetch` is the Worker. */
async function connected(): Promise<Client> {
  client = new Client({ name: "test", version: "1" }, { jsonSchemaValidator: new CfWorkerJsonSchemaValidator() });
  const fetch: typeof globalThis.fetch = (input, init) => worker.fetch(String(input), init);
  const transport = new StreamableHTTPClientTransport(new URL("https://longline.test/mcp"), {
    requestInit: { headers: key },
    fetch,
  });
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  return client;
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
async function ask(args: Record<string, unknown>, options: Parameters<Client["callTool"]>[2] = {}): Promise<any> {
  return (await connected()).callTool({ name: "ask", arguments: args }, undefined, options);
}

describe("the agent as an MCP server", () => {
  it("[MCP-11] lists its tools to the official client", async () => {
    const { tools } = await (await connected()).listTools();
    expect(tools.map(({ name }) => name)).toEqual(["ask", "read_answer", "search_sessions"]);
    expect(tools[0]).toMatchObject({
      inputSchema: { type: "object", required: ["question"], additionalProperties: false },
      outputSchema: { required: ["session", "turn", "status", "answer"] },
    });
  });

  it("[MCP-11] refuses who has no key of an account, and a session's token", async () => {
    expect((await post(ping, { Authorization: "Bearer wrong" })).status).toBe(401);
    const made = {
      method: "POST",
      headers: { ...key, "Content-Type": "application/json" },
      body: '{"ttl_seconds":60,"rights":["read","append"]}',
    };
    const id = crypto.randomUUID();
    await worker.fetch("https://longline.test/v1/sessions", { ...made, body: JSON.stringify({ id }) });
    const token = (await (await worker.fetch(`https://longline.test/v1/sessions/${id}/tokens`, made)).json()) as {
      token: string;
    };
    expect(token.token).toEqual(expect.any(String));
    expect((await post(ping, { Authorization: `Bearer ${token.token}` })).status).toBe(403);
  });

  it("[MCP-11] takes POST only", async () => {
    for (const method of ["GET", "DELETE"]) {
      const answer = await worker.fetch("https://longline.test/mcp", { method, headers: mcpHeaders });
      expect([answer.status, answer.headers.get("Allow")]).toEqual([405, "POST"]);
    }
  });

  it("[MCP-11] refuses origins it does not know, versions it does not speak, and what is no MCP", async () => {
    expect((await post(ping)).status).toBe(200);
    expect((await post(ping, { Origin: "https://app.example" })).status).toBe(200);
    expect((await post(ping, { Origin: "https://longline.test" })).status).toBe(403);
    expect((await post(ping, { "MCP-Protocol-Version": "2025-06-18" })).status).toBe(200);
    expect((await post(ping, { "MCP-Protocol-Version": "1999-01-01" })).status).toBe(400);
    expect((await post("hello")).status).toBe(400);
    expect((await post(ping, { Accept: "text/html" })).status).toBe(406);
    for (const Accept of ["*/*", "text/html, */*;q=0.8"]) expect((await post(ping, { Accept })).status).toBe(200);
    expect((await post({ ...ping, method: "x".repeat(2_000_000) })).status).toBe(413);
  });

  it("[MCP-12] answers a question in a session of its own, and goes on with it", async () => {
    provider.enqueue(text("Hello."));
    const first = await ask({ question: "Hi?" });
    const { session } = first.structuredContent;
    expect(first).toEqual({
      content: [{ type: "text", text: `Hello.\n\n[session: ${session}]` }],
      structuredContent: { session, turn: "turn_1", status: "completed", answer: "Hello." },
    });
    provider.enqueue(text("Again."));
    expect((await ask({ question: "And?", session })).structuredContent).toEqual({
      session,
      turn: "turn_2",
      status: "completed",
      answer: "Again.",
    });
    expect(provider.requests[1]?.body.messages.map(({ role }: { role: string }) => role)).toEqual([
      "system",
      "user",
      "assistant",
      "user",
    ]);
  });

  it("[MCP-12] tells a client that wants to know that it is at work", async () => {
    provider.enqueue(text("Hello."));
    const progress: unknown[] = [];
    const { structuredContent } = await ask({ question: "Hi?" }, { onprogress: (told) => progress.push(told) });
    expect(progress).toEqual([{ progress: 1, message: `It is turn_1 of the session ${structuredContent.session}.` }]);
  });

  it("[MCP-12] says what a turn waits for, and where to say yes", async () => {
    provider.enqueue(
      calls([{ name: "send_request", arguments: '{"method":"POST","url":"https://a.example.com/","body":null}' }]),
    );
    const { isError, structuredContent } = await ask({ question: "Send it", session: crypto.randomUUID() });
    expect([isError, structuredContent.status]).toEqual([undefined, "waiting"]);
    const at = `https://longline.test/v1/sessions/${structuredContent.session}/approvals/call_00_x`;
    expect(structuredContent.answer).toContain("A person must approve the call send_request");
    expect(structuredContent.answer).toContain(`POST ${at} {"approve": true}`);
  });

  it("[MCP-12] tells a turn that failed, and arguments that are wrong, as errors", async () => {
    provider.enqueue(status(401, { error: { message: "bad key" } }));
    const failed = await ask({ question: "Hi?" });
    expect([failed.isError, failed.structuredContent.status]).toEqual([true, "failed"]);
    for (const args of [{}, { question: "" }, { question: "x", session: "a b" }, { question: "x", mode: 1 }]) {
      const { isError, content } = await ask(args);
      expect([isError, content[0].text]).toEqual([true, expect.stringContaining("The arguments are wrong.")]);
    }
    const unknown = await (await connected()).callTool({ name: "delete_all" });
    expect(unknown).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining("ask, read_answer, search_sessions") }],
    });
  });

  it("[MCP-12] a client that hangs up does not stop the turn", async () => {
    const gate = gated("all of ", "it");
    provider.enqueue(gate.reply);
    const session = crypto.randomUUID();
    const gone = new AbortController();
    const asking = ask({ question: "Hi?", session }, { signal: gone.signal }).catch(() => "gone");
    await gate.reached(1);
    gone.abort();
    expect(await asking).toBe("gone");
    gate.release();
    provider.enqueue(text("Next."));
    expect((await ask({ question: "And?", session })).structuredContent.answer).toBe("Next.");
    expect(JSON.stringify(provider.requests[1]?.body.messages)).toContain("all of it");
  });

  it("[MCP-12] finds the account's sessions by what was said in them", async () => {
    const word = `w${crypto.randomUUID().slice(0, 8)}`;
    provider.enqueue(text("Noted."));
    const { session } = (await ask({ question: `The word is ${word}.` })).structuredContent;
    const search = async (query: string) =>
      (await connected()).callTool({ name: "search_sessions", arguments: { query } });
    await expect
      .poll(() => search(word))
      .toMatchObject({ structuredContent: { sessions: [{ id: session, status: "idle" }] } });
    expect(await search("nothing of the kind")).toMatchObject({ content: [{ text: "No conversation matches." }] });
  });
});

describe("the agent as an MCP server of 2026-07-28", () => {
  let modern: ModernClient | undefined;
  afterEach(async () => {
    await modern?.close();
    modern = undefined;
  });

  async function modernClient(capabilities: ClientCapabilities = {}): Promise<ModernClient> {
    modern = new ModernClient(
      { name: "test", version: "1" },
      { capabilities, versionNegotiation: { mode: { pin: "2026-07-28" } } },
    );
    const fetch: typeof globalThis.fetch = (input, init) => worker.fetch(String(input), init);
    const options = { requestInit: { headers: key }, fetch };
    await modern.connect(new ModernTransport(new URL("https://longline.test/mcp"), options));
    return modern;
  }
  const order = { method: "POST", url: "https://shop.example.com/orders", body: '{"item":17}' };
  const asksToSend = () => calls([{ id: "call_pay", name: "send_request", arguments: JSON.stringify(order) }]);

  it("[MCP-15] lists its tools, with what they may do, and answers without a handshake", async () => {
    const client = await modernClient();
    const { tools } = await client.listTools();
    expect(
      tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint, annotations?.destructiveHint]),
    ).toEqual([
      ["ask", false, true],
      ["read_answer", true, undefined],
      ["search_sessions", true, undefined],
    ]);
    provider.enqueue(text("Hello."));
    const answer = await client.callTool({ name: "ask", arguments: { question: "Hi?" } });
    expect(answer.structuredContent).toMatchObject({ status: "completed", answer: "Hello." });
    const { session } = answer.structuredContent as { session: string };
    expect(answer.content).toEqual([{ type: "text", text: `Hello.\n\n[session: ${session}]` }]);
  });

  it("[MCP-15] a call that waits is put to the person at the client with its arguments, and runs after a yes", async () => {
    const client = await modernClient({ elicitation: { form: {} } });
    const shown: string[] = [];
    client.setRequestHandler("elicitation/create", ({ params }) => {
      shown.push(params.message);
      return { action: "accept", content: { approve: true } };
    });
    provider.enqueue(asksToSend(), text("Ordered."));
    const answer = await client.callTool({ name: "ask", arguments: { question: "Order it" } });
    expect(answer.structuredContent).toMatchObject({ status: "completed", answer: "Ordered." });
    expect(shown).toEqual([expect.stringContaining('url: "https://shop.example.com/orders"')]);
    expect(provider.outside).toHaveBeenCalledTimes(1);
  });

  it.each([
    ["a no with its reason", { action: "accept", content: { approve: false, reason: "Too dear" } }, "Too dear"],
    ["a form that is declined", { action: "decline" }, "a person denied this call"],
  ] as const)("[MCP-15] after %s it does not run, and the model reads so", async (_, response, read) => {
    const client = await modernClient({ elicitation: {} });
    client.setRequestHandler("elicitation/create", () => response as { action: "decline" });
    provider.enqueue(asksToSend(), text("As you wish."));
    const answer = await client.callTool({ name: "ask", arguments: { question: "Order it" } });
    expect(answer.structuredContent).toMatchObject({ status: "completed", answer: "As you wish." });
    expect(JSON.stringify(provider.requests.at(-1)?.body.messages)).toContain(read);
    expect(provider.outside).not.toHaveBeenCalled();
  });

  it("[MCP-15] a form that is closed leaves the call waiting, and a client without forms reads where to answer", async () => {
    const client = await modernClient({ elicitation: {} });
    client.setRequestHandler("elicitation/create", () => ({ action: "cancel" as const }));
    provider.enqueue(asksToSend());
    const closed = await client.callTool({ name: "ask", arguments: { question: "Order it" } });
    expect(closed.structuredContent).toMatchObject({ status: "waiting" });
    provider.enqueue(asksToSend());
    const plain = await (await modernClient()).callTool({ name: "ask", arguments: { question: "Order it" } });
    expect(plain.structuredContent).toMatchObject({
      status: "waiting",
      answer: expect.stringContaining("/approvals/call_pay"),
    });
    expect(provider.outside).not.toHaveBeenCalled();
  });

  it("[MCP-15] a requestState that was not given out is refused, and answers nothing", async () => {
    const envelope = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "t", version: "1" },
      "io.modelcontextprotocol/clientCapabilities": { elicitation: {} },
    };
    for (const requestState of ["rubbish", '{"session":"../x","turn":"turn_1","calls":[]}', '{"session":1}']) {
      const params = { name: "ask", arguments: { question: "Hi" }, requestState, inputResponses: {}, _meta: envelope };
      const answer = await post(
        { jsonrpc: "2.0", id: 1, method: "tools/call", params },
        { "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "ask" },
      );
      expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('"isError":true')]);
    }
    expect(provider.requests).toHaveLength(0);
  });
});
