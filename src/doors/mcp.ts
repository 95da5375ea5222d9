/** The door for MCP clients: the app's agents as an MCP server (modelcontextprotocol.io, Streamable HTTP). */
import { mcp as routes } from "../routes/mcp.ts";
import type { Door } from "./door.ts";

/** `/mcp`, with the tools `ask` and `search_sessions`. */
export function mcp(): Door {
  return { name: "mcp", routes: [["/mcp", routes]] };
}
