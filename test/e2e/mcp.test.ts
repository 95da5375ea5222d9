import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { calls, createFakeProvider, text } from "../support/fake-provider.ts";
import { createMcpServer } from "../support/mcp-server.ts";
import { serveFetch } from "../support/serve-fetch.ts";
import { serveProvider } from "../support/serve-provider.ts";
import { type DevServer, reach, startDev } from "../support/wrangler-dev.ts";

const provider = createFakeProvider();
const weather = createMcpServer(
  [
    {
      name: "forecast",
      description: "Tells the weather.",
      inputSchema: {
        type: "object",
        properties: { city: { type: "string" }, days: { type: "integer", maximum: 10 } },
        required: ["city"],
      },
      annotations: { readOnlyHint: true },
      run: ({ city }) => ({ content: [{ type: "text", text: `Sun over ${city}` }] }),
    },
    {
      name: "storm",
      inputSchema: { type: "object", properties: {} },
      run: () => ({ isError: true, content: [{ type: "text", text: "the barometer broke" }] }),
    },
  ],
  { bearer: "weather-token" },
);
const dirty = createMcpServer([
  {
    name: "store.map",
    inputSchema: { type: "object", properties: { pairs: { type: "object", additionalProperties: true } } },
    run: (args) => ({ content: [], structuredContent: { kept: args } }),
  },
]);

type Served = Awaited<ReturnType<typeof serveFetch>>;
let outside: Awaited<ReturnType<typeof serveProvider>>;
let served: Served[];
let clean: DevServer;
let mixed: DevServer;

function start(servers: Record<string, Served | undefined>): Promise<DevServer> {
  const named = Object.entries(servers).map(([name, { url } = { url: "" }]) => `${name}=${url}/mcp`);
  return startDev({
    vars: {
      MODEL_BASE_URL: outside.url,
      MODEL: "deepseek-flash",
      API_KEY: "e2e-test-key",
      MCP_SERVERS: named.join(","),
      MCP_TOKEN_WEATHER: "weather-token",
    },
  });
}

beforeAll(async () => {
  provider.allowReasoning();
  outside = await serveProvider(provider);
  served = [await serveFetch(weather.fetch), await serveFetch(dirty.fetch)];
  clean = await start({ weather: served[0] });
  mixed = await start({ weather: served[0], dirty: served[1] });
});
afterAll(async () => {
  await Promise.all([clean?.stop(), mixed?.stop()]);
  await Promise.all([outside.close(), ...served.map((each) => each.close())]);
});

const headers = { Authorization: "Bearer e2e-test-key", "Content-Type": "application/json" };

async function send(dev: DevServer, session: string, content: string) {
  const init = { method: "POST", headers, body: JSON.stringify({ content }) };
  // biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
  return (await (await reach(`${dev.url}/v1/sessions/${session}/messages`, init)).json()) as any;
}

/** What the model was told of its calls in its newest request. */
const results = () =>
  provider.requests
    .at(-1)
    ?.body.messages.filter(({ role }: { role: string }) => role === "tool")
    .map(({ content }: { content: string }) => content);

interface WireTool {
  function: { name: string; strict?: boolean };
}

const toolsOf = (place: number) => provider.requests.at(place)?.body.tools as WireTool[];

describe("an agent with remote MCP servers", () => {
  it("[MCP-10] [MCP-2] calls a clean tool in strict mode, without the nulls that strict mode asked for", async () => {
    provider.enqueue(calls([{ name: "weather__forecast", arguments: '{"city":"Rome","days":null}' }]));
    provider.enqueue(text("Sunny."));
    expect(await send(clean, "s1", "How is the weather in Rome?")).toMatchObject({
      status: "completed",
      message: { content: "Sunny." },
    });
    expect(results()).toEqual(["Sun over Rome"]);
    expect(weather.ran.at(-1)).toEqual({ name: "forecast", args: { city: "Rome" } });
    const tools = toolsOf(-1);
    expect(tools.every((tool) => tool.function.strict)).toBe(true);
    expect(tools.map((tool) => tool.function.name)).toEqual(expect.arrayContaining(["calculator", "weather__storm"]));
    // They are ended after the answer.
    await expect.poll(() => weather.sessions.size).toBe(0);
  });

  it("[MCP-10] tells the model of an error, and of arguments that were not sent", async () => {
    const before = weather.ran.length;
    provider.enqueue(
      calls([
        { name: "weather__storm", arguments: '{"proceed":"yes"}' },
        { name: "weather__forecast", arguments: '{"city":"Rome","days":99}' },
      ]),
    );
    provider.enqueue(text("It failed."));
    expect(await send(clean, "s2", "Is there a storm?")).toMatchObject({ status: "completed" });
    expect(results()).toEqual(["the barometer broke", expect.stringContaining("The tool was not called")]);
    expect(weather.ran.slice(before).map(({ name }) => name)).toEqual(["storm"]);
  });

  it("[MCP-10] [MCP-2] takes a dirty schema as it is: no 400, nothing strict, one warning", async () => {
    for (const session of ["s1", "s2"]) {
      provider.enqueue(calls([{ name: "dirty__store_map", arguments: '{"pairs":{"a":1}}' }]));
      provider.enqueue(text("Kept."));
      expect(await send(mixed, session, "Keep this")).toMatchObject({ status: "completed" });
      expect(results()).toEqual(['{"kept":{"pairs":{"a":1}}}']);
    }
    expect(toolsOf(-1).some((tool) => "strict" in tool.function)).toBe(false);
    // What it prints comes by another way than what it answers.
    await vi.waitFor(() => expect(mixed.logs().match(/"dirty__store_map": the schema at pairs/g)).toHaveLength(1));
  });

  it("[MCP-10] goes on with a server that died: the tools stay offered, the call is an error, the prefix the same", async () => {
    provider.enqueue(calls([{ name: "weather__forecast", arguments: '{"city":"Oslo","days":null}' }]), text("Sunny."));
    await send(clean, "dies", "How is the weather in Oslo?");
    const head = JSON.stringify(toolsOf(-1));
    weather.die();
    provider.enqueue(
      calls([{ name: "weather__forecast", arguments: '{"city":"Bonn","days":null}' }]),
      text("No idea."),
    );
    expect(await send(clean, "dies", "And in Bonn?")).toMatchObject({
      status: "completed",
      message: { content: "No idea." },
    });
    expect(results()).toEqual([
      "Sun over Oslo",
      expect.stringContaining("The MCP server weather was not reached, so the tool was not run"),
    ]);
    expect(JSON.stringify(toolsOf(-1))).toBe(head);
  });
});

async function connected(key = "e2e-test-key"): Promise<Client> {
  const client = new Client({ name: "test", version: "1" });
  const requestInit = { headers: { Authorization: `Bearer ${key}` } };
  const transport = new StreamableHTTPClientTransport(new URL(`${clean.url}/mcp`), { requestInit });
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  return client;
}

describe("the agent as an MCP server, to the official client", () => {
  it("[MCP-11] [MCP-12] lists, asks and searches", async () => {
    const client = await connected();
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["ask", "read_answer", "search_sessions"]);
    provider.enqueue(text("The answer is 42."));
    const asked = await client.callTool({ name: "ask", arguments: { question: "What is zweiundvierzig?" } });
    expect(asked).toMatchObject({ structuredContent: { status: "completed", answer: "The answer is 42." } });
    const search = () => client.callTool({ name: "search_sessions", arguments: { query: "zweiundvierzig" } });
    const { session } = asked.structuredContent as { session: string };
    await expect.poll(search).toMatchObject({ structuredContent: { sessions: [{ id: session }] } });
    await client.close();
  });

  it("[MCP-11] refuses a wrong bearer", async () => {
    await expect(connected("wrong-key")).rejects.toMatchObject({ code: 401 });
  });

  // Those left out want tools, prompts or resources of the suite's own, or answers from the client.
  it.each(["server-initialize", "ping", "tools-list", "dns-rebinding-protection"])(
    "[MCP-13] passes the scenario %s of the conformance suite",
    async (scenario) => {
      // The suite has no way to send a bearer.
      const withKey: typeof fetch = (input, init) => {
        const headers = new Headers(init?.headers);
        headers.set("authorization", "Bearer e2e-test-key");
        headers.delete("connection");
        headers.delete("content-length");
        return fetch(new URL(new URL(String(input)).pathname, clean.url), { ...init, headers });
      };
      const door = await serveFetch(withKey);
      try {
        const suite = "node_modules/@modelcontextprotocol/conformance/dist/index.js";
        const args = [suite, "server", "--url", `${door.url}/mcp`, "--scenario", scenario];
        const { stdout } = await promisify(execFile)("npx", ["--no-install", "node", ...args]).catch((error) => error);
        expect(stdout).toMatch(/Passed: (\d+)\/\1, 0 failed/);
      } finally {
        await door.close();
      }
    },
  );
});
