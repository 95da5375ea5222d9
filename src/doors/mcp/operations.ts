/** The door for MCP clients, described. */
import * as z from "zod/mini";
import type { Operation } from "../operation.ts";
import { anyObject } from "../shapes.ts";

export const mcpOperations: Record<string, Operation> = {
  "POST /mcp": {
    tag: "MCP",
    summary: "The agent as an MCP server (Streamable HTTP): tools `ask` and `search_sessions`",
    headers: z.object({ "Idempotency-Key": z.optional(z.string().check(z.maxLength(255))) }),
    body: anyObject,
    answers: { 200: { what: "JSON-RPC, or events.", schema: anyObject, orStream: "foreign" } },
    refusals: [403, 429],
  },
};
