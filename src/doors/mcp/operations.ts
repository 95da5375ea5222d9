/** The door for MCP clients, described. */
import * as z from "zod/mini";
import type { Operation } from "../operation.ts";
import { anyObject } from "../shapes.ts";

const rpcError = z.object({
  jsonrpc: z.literal("2.0"),
  id: z.nullable(z.union([z.string(), z.number()])),
  error: z.looseObject({ code: z.int(), message: z.string() }),
});

export const mcpOperations: Record<string, Operation> = {
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
};
