/** The MCP servers of an app: those that it lists and those of the setting `MCP_SERVERS`, with their secrets. Asks none of them. */
import type { RemoteDeployment } from "../../agent/remote-tools.ts";
import { type McpServer, type McpServerRules, serverFault } from "../../tools/mcp/server-rules.ts";
import { warnOnce } from "./warn-once.ts";

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
