import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import type { Agent } from "../../../src/agent/agent.ts";
import { readSettings } from "../../../src/core/settings.ts";
import { mcpServers, mcpSettings } from "../../../src/doors/mcp-servers.ts";
import { KvCount } from "../../../src/prefix-cache/kv-count.ts";
import { readServers } from "../../../src/session/turn/mcp-tools.ts";
import { TurnTools } from "../../../src/session/turn/turn-tools.ts";
import type { McpServerRules } from "../../../src/tools/mcp/server-rules.ts";
import { runTool } from "../../../src/tools/run-tool.ts";
import { createToolbox, defineTool } from "../../../src/tools/tool.ts";
import { agent } from "../../app/agent.ts";
import { createMcpServer } from "../../support/mcp-server.ts";
import { bindings } from "../../support/session-world.ts";
import { toolContext } from "../../support/tool-context.ts";

const { signal } = new AbortController();
/** Lists are kept for the whole isolate, by address: each test has its own. */
let url: string;
let warnings: string[];
/** The times that something is given, in ms; each is over when the test says so, and not where the machine is slow. */
let patience: { ms: number; end(): void }[];
beforeEach(() => {
  url = `https://${crypto.randomUUID()}.example.com/mcp`;
  warnings = [];
  patience = [];
  vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
    const controller = new AbortController();
    patience.push({ ms, end: () => controller.abort(new DOMException("The time is over.", "TimeoutError")) });
    return controller.signal;
  });
  vi.spyOn(console, "warn").mockImplementation((...words) => void warnings.push(words.join(" ")));
});
afterEach(() => {
  vi.restoreAllMocks();
});

const own = (name: string) =>
  defineTool({ name, description: "Ours.", input: z.object({}), effect: "none", run: () => "ours" });
const listed = (...names: string[]) => names.map((name) => ({ name, inputSchema: { type: "object" } }));

type Servers = Record<string, McpServerRules>;

function turnTools({ mcp = {}, ...changed }: Partial<Agent> & { mcp?: Servers }, serve?: typeof fetch): TurnTools {
  if (serve !== undefined) vi.spyOn(globalThis, "fetch").mockImplementation(serve);
  const remoteTools = mcpServers(mcp).configure({}, { bindings: { ...bindings }, isDev: false });
  return new TurnTools({ agent: { ...agent, ...changed }, remoteTools, bindings, count: new KvCount() });
}

async function namesOf(tools: TurnTools, taken: string[] = []): Promise<string[]> {
  const box = await tools.toolbox(taken, signal);
  await tools.close();
  return box.declarations.map(({ name }) => name);
}

describe("the tools of a turn", () => {
  it("[MCP-8] are the agent's own and those of its servers that the allowlist names", async () => {
    const { fetch } = createMcpServer(listed("a", "b", "c"));
    const tools = createToolbox([own("mine")]);
    const found = await namesOf(turnTools({ tools, mcp: { s: { url, tools: ["c", "a", "gone"] } } }, fetch));
    expect(found).toEqual(["mine", "s__a", "s__c"]);
    expect(await turnTools({ mcp: {} }).toolbox([], signal)).toBe(agent.tools);
  });

  it("[MCP-8] never take a name away from the agent or the client, nor more room than there is", async () => {
    const { fetch } = createMcpServer(listed(...Array.from({ length: 128 }, (_, n) => `t${n}`)));
    const tools = createToolbox([own("s__t0"), own("mine")]);
    const found = await namesOf(turnTools({ tools, mcp: { s: { url } } }, fetch), ["s__t1"]);
    expect(found).toHaveLength(127);
    expect(found).not.toContain("s__t1");
    expect(found.filter((name) => name === "s__t0")).toHaveLength(1);
    expect(warnings).toEqual(["1 tools of MCP servers are left out: providers take 128."]);
  });

  it("[MCP-6] are known without the server once it has listed them, and are called where they are", async () => {
    const remote = createMcpServer(listed("a"));
    expect(await namesOf(turnTools({ mcp: { s: { url } } }, remote.fetch))).toContain("s__a");
    const later = turnTools({ mcp: { s: { url } } });
    const box = await later.toolbox([], signal);
    expect(remote.asked.filter((what) => what === "POST tools/list")).toHaveLength(1);
    const call = { id: "c", name: "s__a", arguments: "{}" };
    expect(await runTool(box, call, toolContext())).toMatchObject({ content: "a ran", isError: false });
    await later.close();
    expect(remote.sessions.size).toBe(0);
  });

  it("[MCP-6] are the agent's own where a server is silent, after three seconds, with a warning, and no later turn waits", async () => {
    const asks: string[] = [];
    const silent: typeof fetch = (input, init) => {
      asks.push(String(input));
      const late = Promise.withResolvers<Response>();
      init?.signal?.addEventListener("abort", () => late.reject(new Error("aborted")));
      return late.promise;
    };
    const names = namesOf(turnTools({ mcp: { s: { url }, t: { url: `${url}2` } } }, silent));
    await vi.waitFor(() => expect(asks).toHaveLength(2));
    const [all, ...others] = patience.filter(({ ms }) => ms === 3_000);
    expect(others).toEqual([]);
    all?.end();
    expect(await names).not.toContain("s__a");
    expect(warnings).toEqual([
      expect.stringContaining("The MCP server s did not list its tools; 0 are known."),
      expect.stringContaining("The MCP server t did not list its tools; 0 are known."),
    ]);
    // The server is not asked again: it would not answer.
    asks.length = 0;
    await namesOf(turnTools({ mcp: { s: { url } } }, silent));
    expect(asks).toEqual([]);
  });
});

describe("the servers of an agent", () => {
  const servers = (mcp: Servers, changed: Record<string, string> = {}) => {
    const { values } = readSettings(mcpSettings, changed);
    return readServers(mcp, values.MCP_SERVERS ?? new Map(), { bindings: { ...bindings, ...changed }, isDev: false });
  };
  const docs = "https://docs.example.com/mcp";

  it("[MCP-9] have the secrets that the app names, and are left out without them", () => {
    const mcp = { docs: { url: docs, secret: "DOCS_TOKEN" }, open: { url: docs } };
    expect(servers(mcp, { DOCS_TOKEN: "token" })).toEqual([
      { name: "docs", url: docs, secret: "DOCS_TOKEN", bearer: "token" },
      { name: "open", url: docs },
    ]);
    expect(servers(mcp)).toEqual([{ name: "open", url: docs }]);
    expect(warnings).toEqual(["The MCP server docs is left out: its secret DOCS_TOKEN is not set."]);
  });

  it("[MCP-9] are added by the settings, with a token of their own; rules of the app stay", () => {
    const added = { MCP_SERVERS: `my-docs=${docs} docs=https://other.example.com/mcp`, MCP_TOKEN_MY_DOCS: "token" };
    expect(servers({ docs: { url: docs, effect: "none" } }, added)).toMatchObject([
      { name: "docs", url: "https://other.example.com/mcp", effect: "none" },
      { name: "my-docs", url: docs, bearer: "token" },
    ]);
  });

  it("[MCP-9] stop the Worker where they cannot be asked, with name and reason", () => {
    const wrong = {
      inner: { url: "https://10.0.0.1/mcp" },
      a__b: { url: docs },
      plain: { url: "http://docs.example.com" },
    };
    expect(() => servers(wrong)).toThrow(
      /cannot start.*- inner: its url is not asked.*- a__b: its name must.*- plain: its url is not asked: Only https/s,
    );
  });
});
