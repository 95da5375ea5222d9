/** The tools of one turn: the agent's own and those of its MCP servers, as they are known. A server that is dead or slow delays a turn by `askMs` at most, and fails none. */
import type { Agent } from "../agent/agent.ts";
import { sha256Hex } from "../core/digest.ts";
import type { Bindings, Settings } from "../env.ts";
import type { KvCount } from "../prefix-cache/kv-count.ts";
import { LastKnown } from "../prefix-cache/last-known.ts";
import type { McpConnection } from "../tools/mcp/connection.ts";
import { type PreparedTool, prepareTool, remoteTool } from "../tools/mcp/remote-tool.ts";
import type { McpServer } from "../tools/mcp/server-rules.ts";
import { keptToolList, type ListedTool } from "../tools/mcp/tool-list.ts";
import { toolNames } from "../tools/mcp/tool-names.ts";
import { createToolbox, mostTools, type Tool, type Toolbox } from "../tools/tool.ts";
import { mcpServers } from "./mcp-servers.ts";
import { warnOnce } from "./warn-once.ts";

/** How long servers may take to list their tools, all together. */
const askMs = 3_000;

let lists: LastKnown<ListedTool[]> | undefined;
/** What lists came to, so that schemas are not made strict anew in each turn. */
const prepared = new WeakMap<ListedTool[], PreparedTool[]>();

export interface TurnToolsSetup {
  agent: Agent;
  settings: Settings;
  bindings: Bindings;
  count: KvCount;
  /** Called for each request to a server. */
  asked?: () => void;
}

export class TurnTools {
  readonly #setup: TurnToolsSetup;
  readonly #servers: readonly McpServer[];
  readonly #connections = new Map<string, McpConnection>();

  constructor(setup: TurnToolsSetup) {
    this.#setup = setup;
    this.#servers = mcpServers(setup.agent, setup.settings, setup.bindings);
  }

  /** All tools of the turn. `taken`: names of tools that run at the client; the agent's and the servers' of the same name are not offered beside them. */
  async toolbox(taken: readonly string[], signal: AbortSignal): Promise<Toolbox> {
    const { agent } = this.#setup;
    const own = agent.tools.all.filter(({ declaration }) => !taken.includes(declaration.name));
    if (this.#servers.length === 0) return own.length === agent.tools.all.length ? agent.tools : createToolbox(own);
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(askMs)]);
    const remote = (await Promise.all(this.#servers.map((server) => this.#toolsOf(server, inTime)))).flat();
    const names = new Set([...own.map(({ declaration }) => declaration.name), ...taken]);
    const room = Math.max(0, mostTools - names.size);
    const free = remote.filter(({ declaration: { name } }) => !names.has(name) && names.add(name));
    if (free.length > room) warnOnce(`${free.length - room} tools of MCP servers are left out: providers take 128.`);
    return createToolbox([...own, ...free.slice(0, room)]);
  }

  /** Leaves the servers that were called. */
  async close(): Promise<void> {
    const open = [...this.#connections.values()];
    this.#connections.clear();
    await Promise.all(open.map((connection) => connection.close()));
  }

  async #toolsOf(server: McpServer, signal: AbortSignal): Promise<Tool[]> {
    const { bindings, count } = this.#setup;
    lists ??= new LastKnown(bindings.PREFIXES);
    const { name, url, bearer = "", tools: only } = server;
    const { value: list = [], failure } = await lists.read({
      key: `mcp/${await sha256Hex(`${url} ${bearer}`)}`,
      ask: async () => (await this.#connection(server)).listTools(signal),
      check: keptToolList,
      nowMs: Date.now(),
      count,
    });
    if (failure !== undefined)
      console.warn(`The MCP server ${name} did not list its tools; ${list.length} are known.`, failure);
    return this.#prepare(name, list)
      .filter(({ listed }) => only?.includes(listed.name) ?? true)
      .map((tool) => {
        if (tool.dirty !== undefined)
          warnOnce(`${tool.dirty} It is sent as it is, so requests with it have no strict tools.`);
        if (tool.unchecked !== undefined) warnOnce(tool.unchecked);
        return remoteTool(tool, server, async (args, context) =>
          (await this.#connection(server)).call(tool.listed.name, args, context),
        );
      });
  }

  #prepare(server: string, list: ListedTool[]): PreparedTool[] {
    const names = toolNames(
      server,
      list.map(({ name }) => name),
    );
    const tools = prepared.get(list) ?? list.map((tool) => prepareTool(tool, names.get(tool.name) ?? tool.name));
    prepared.set(list, tools);
    return tools;
  }

  /** The client library is loaded with the first server that is asked, so that others' starts do not pay for it. */
  async #connection(server: McpServer): Promise<McpConnection> {
    const { McpConnection } = await import("../tools/mcp/connection.ts");
    const connection = this.#connections.get(server.name) ?? new McpConnection(server, this.#setup.asked);
    this.#connections.set(server.name, connection);
    return connection;
  }
}
