/** The MCP servers of the agent: those that the app lists and those of the setting `MCP_SERVERS`, with their secrets. Asks none of them. */
import type { Agent } from "../agent/agent.ts";
import type { Bindings, Settings } from "../env.ts";
import { type McpServer, type McpServerRules, serverFault } from "../tools/mcp/server-rules.ts";
import { warnOnce } from "./warn-once.ts";

/** Throws an Error that names each server that cannot be asked, and says why. One whose secret is not set is left out, with a warning. */
export function mcpServers(agent: Agent, settings: Settings, bindings: Bindings): McpServer[] {
  const secrets = bindings as unknown as Record<string, unknown>;
  const servers = Object.entries(rulesOf(agent, settings)).flatMap(([name, rules]): McpServer[] => {
    const bearer = rules.secret === undefined ? undefined : secrets[rules.secret];
    if (typeof bearer === "string" && bearer !== "") return [{ ...rules, name, bearer }];
    if (agent.mcp[name]?.secret === undefined) return [{ ...rules, name }];
    warnOnce(`The MCP server ${name} is left out: its secret ${rules.secret} is not set.`);
    return [];
  });
  const faults = servers.flatMap((server) => {
    const fault = serverFault(server, settings.isDev);
    return fault === undefined ? [] : [`- ${server.name}: ${fault}`];
  });
  if (faults.length > 0)
    throw new Error(
      `Longline cannot start, because of its MCP servers (mcp of the app, MCP_SERVERS):\n${faults.join("\n")}`,
    );
  return servers;
}

/** A server of the settings has the secret `MCP_TOKEN_<NAME>`, if there is one; where the app names it, too, its rules stay and the setting says where it is. */
function rulesOf(agent: Agent, { mcpServers: urls }: Settings): Record<string, McpServerRules> {
  const added = [...urls].map(([name, url]): [string, McpServerRules] => {
    const secret = `MCP_TOKEN_${name.toUpperCase().replaceAll("-", "_")}`;
    return [name, { secret, ...agent.mcp[name], url }];
  });
  return { ...agent.mcp, ...Object.fromEntries(added) };
}
