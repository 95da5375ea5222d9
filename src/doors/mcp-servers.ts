/** Remote MCP servers as an app lists them, whose tools all its agents have. */
import type { RemoteToolsSource } from "../agent/remote-tools.ts";
import { namedUrls } from "../core/setting-lists.ts";
import { type SettingValues, text } from "../core/settings.ts";
import { mcpTools, readServers } from "../session/turn/mcp-tools.ts";
import type { McpServerRules } from "../tools/mcp/server-rules.ts";

/**
 * MCP servers by name; their tools are `name__tool`. The setting `MCP_SERVERS` (`docs=https://docs.example.com/mcp`) adds
 * others without code, with the secret `MCP_TOKEN_<NAME>` as their bearer.
 *
 * @example
 * longline({ agents, mcp: mcpServers({ docs: { url: "https://docs.example.com/mcp", effect: "none" } }) })
 */
export function mcpServers(servers: Readonly<Record<string, McpServerRules>> = {}): RemoteToolsSource {
  return {
    settings: mcpSettings,
    configure(values, deployment) {
      const { MCP_SERVERS: urls } = values as SettingValues<typeof mcpSettings>;
      const all = readServers(servers, urls ?? new Map(), deployment);
      return all.length === 0 ? undefined : mcpTools(all);
    },
  };
}

/** The addresses of MCP servers that are added without code. The bearer of each is the secret `MCP_TOKEN_<NAME>`. */
export const mcpSettings = {
  // Some servers have their key in the address.
  MCP_SERVERS: { schema: text(namedUrls), secret: true },
} as const;
