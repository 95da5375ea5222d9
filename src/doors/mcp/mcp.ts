/** The door for MCP clients: the app's agents as an MCP server (modelcontextprotocol.io, Streamable HTTP). */

import * as z from "zod/mini";
import { lazySchema } from "../../core/lazy-schema.ts";
import { type Door, defineDoor } from "../door.ts";
import type { Operation } from "../operation.ts";
import { anyObject } from "../shapes.ts";
import { mcp as routes } from "./routes.ts";

/** `/mcp`, with the tools `ask` and `search_sessions`. */
export function mcp(): Door {
  return defineDoor({
    name: "mcp",
    routes: () => [["/mcp", routes]],
    guards: ["/mcp"],
    exposes: ["MCP-Protocol-Version"],
    operations: mcpOperations,
  });
}

const rpcError = lazySchema(() =>
  z.object({
    jsonrpc: z.literal("2.0"),
    id: z.nullable(z.union([z.string(), z.number()])),
    error: z.looseObject({ code: z.int(), message: z.string() }),
  }),
);

const mcpOperations = (): Record<string, Operation> => ({
  "POST /mcp": {
    tag: "MCP",
    summary: "The agent as an MCP server (Streamable HTTP): tools `ask` and `search_sessions`",
    headers: z.object({ "Idempotency-Key": z.optional(z.string().check(z.maxLength(255))) }),
    body: anyObject,
    answers: {
      200: { what: "JSON-RPC, or events.", schema: anyObject, orStream: "foreign" },
      202: { what: "A notification was taken." },
      400: { what: "The request is wrong.", schema: rpcError },
      406: { what: "JSON and events must both be accepted.", schema: rpcError },
    },
    refusals: [403, 429],
  },
});
