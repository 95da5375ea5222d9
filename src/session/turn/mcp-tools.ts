/** The tools of MCP servers for one turn. Lists are remembered in KV; the servers are connected to when they are asked. Only an app that lists `mcpServers()` carries this. */
import type { RemoteDeployment, RemoteTools, RemoteTurn, TurnRemoteTools } from "../../agent/remote-tools.ts";
import { sha256Hex } from "../../core/digest.ts";
import { LastKnown } from "../../prefix-cache/last-known.ts";
import type { McpConnection } from "../../tools/mcp/connection.ts";
import { type PreparedTool, prepareTool, remoteTool, toolNames } from "../../tools/mcp/remote-tool.ts";
import { type McpServer, type McpServerRules, serverFault } from "../../tools/mcp/server-rules.ts";
import { keptToolList, type ListedTool } from "../../tools/mcp/tool-list.ts";
import type { Tool } from "../../tools/tool.ts";
import { warnOnce } from "./warn-once.ts";

let lists: LastKnown<ListedTool[]> | undefined;
/** The tools made from lists, so that schemas are not made strict anew in each turn. */
const prepared = new WeakMap<ListedTool[], PreparedTool[]>();

export function mcpTools(servers: readonly McpServer[]): RemoteTools {
  return { open: (turn) => new RemoteMcpTools(servers, turn) };
}

class RemoteMcpTools implements TurnRemoteTools {
  readonly #servers: readonly McpServer[];
  readonly #turn: RemoteTurn;
  readonly #connections = new Map<string, McpConnection>();

  constructor(servers: readonly McpServer[], turn: RemoteTurn) {
    this.#servers = servers;
    this.#turn = turn;
  }

  async list(signal: AbortSignal): Promise<Tool[]> {
    return (await Promise.all(this.#servers.map((server) => this.#toolsOf(server, signal)))).flat();
  }

  async close(): Promise<void> {
    const open = [...this.#connections.values()];
    this.#connections.clear();
    await Promise.all(open.map((connection) => connection.close()));
  }

  async #toolsOf(server: McpServer, signal: AbortSignal): Promise<Tool[]> {
    const { cache, count } = this.#turn;
    lists ??= new LastKnown(cache);
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
    const { McpConnection } = await import("../../tools/mcp/connection.ts");
    const connection = this.#connections.get(server.name) ?? new McpConnection(server, this.#turn.asked);
    this.#connections.set(server.name, connection);
    return connection;
  }
}

type Listed = Readonly<Record<string, McpServerRules>>;

/** `urls`: of the setting. Throws an Error that names each server that cannot be asked, and says why. One whose secret is not set is left out, with a warning. */
export function readServers(
  listed: Listed,
  urls: ReadonlyMap<string, string>,
  { bindings, isDev }: RemoteDeployment,
): McpServer[] {
  const servers = Object.entries(rulesOf(listed, urls)).flatMap(([name, rules]): McpServer[] => {
    const bearer = rules.secret === undefined ? undefined : bindings[rules.secret];
    if (typeof bearer === "string" && bearer !== "") return [{ ...rules, name, bearer }];
    if (listed[name]?.secret === undefined) return [{ ...rules, name }];
    warnOnce(`The MCP server ${name} is left out: its secret ${rules.secret} is not set.`);
    return [];
  });
  const faults = servers.flatMap((server) => {
    const fault = serverFault(server, isDev);
    return fault === undefined ? [] : [`- ${server.name}: ${fault}`];
  });
  if (faults.length > 0)
    throw new Error(
      `Longline cannot start, because of its MCP servers (mcp of the app, MCP_SERVERS):\n${faults.join("\n")}`,
    );
  return servers;
}

/** A server of the settings has the secret `MCP_TOKEN_<NAME>`, if there is one; where the app names it, too, its rules stay and the setting says where it is. */
function rulesOf(listed: Listed, urls: ReadonlyMap<string, string>): Listed {
  const added = [...urls].map(([name, url]): [string, McpServerRules] => {
    const secret = `MCP_TOKEN_${name.toUpperCase().replaceAll("-", "_")}`;
    return [name, { secret, ...listed[name], url }];
  });
  return { ...listed, ...Object.fromEntries(added) };
}
