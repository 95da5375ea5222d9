/** Makes the names of tools that belong to a group (an MCP server, a namespace of a client), as providers take them: `group__tool`. Pure. */
import { fingerprint } from "./digest.ts";

/** Providers' limit (api-docs.deepseek.com, create-chat-completion). */
const longestName = 64;

/** Letters that providers refuse become `_`, and what is too long is cut: two tools may have the same joined name. */
export function joinedName(group: string, tool: string): string {
  return `${group}__${tool}`.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, longestName);
}

/** The name with a fingerprint of `of` at its end, for a tool whose joined name is another tool's, too. */
export function markedName(name: string, of: string): string {
  const mark = `_${fingerprint(of)}`;
  return `${name.slice(0, longestName - mark.length)}${mark}`;
}
