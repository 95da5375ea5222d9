/** What is open to everyone, described. */
import * as z from "zod";
import type { Operation } from "./operation.ts";
import { anyObject } from "./shapes.ts";

export const frontOperations: Record<string, Operation> = {
  "GET /health": {
    tag: "The Worker",
    key: "none",
    summary: "Version, model, and whether it is the demo",
    answers: {
      200: {
        what: "It runs.",
        schema: z.object({ ok: z.literal(true), version: z.string(), model: z.string(), demo: z.boolean() }),
      },
    },
  },
  "GET /openapi.json": {
    tag: "The Worker",
    key: "none",
    summary: "This document",
    answers: { 200: { what: "OpenAPI 3.1.", schema: anyObject } },
  },
  "GET /": {
    tag: "The Worker",
    key: "none",
    summary: "The playground",
    answers: { 200: { what: "A page.", schema: z.string(), type: "text/html" } },
  },
};
