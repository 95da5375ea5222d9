/** The door for MCP clients: the app's agents as an MCP server (modelcontextprotocol.io, Streamable HTTP). */

import { type Door, defineDoor } from "../door.ts";
import { mcp as routes } from "./routes.ts";

/** `/mcp`, with the tools `ask` and `search_sessions`. */
export function mcp(): Door {
  return defineDoor({
    name: "mcp",
    routes: () => [["/mcp", routes]],
    guards: ["/mcp"],
    exposes: ["MCP-Protocol-Version"],
    operations: async () => (await import("./operations.ts")).mcpOperations,
  });
}
