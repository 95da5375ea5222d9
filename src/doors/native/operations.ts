/** The calls of the native door, described: those about usage, turns and agents here. */
import * as z from "zod/mini";
import { agent, health, usageSum } from "../../wire/account-shapes.ts";
import { listedTurn } from "../../wire/shapes.ts";
import type { Operation } from "../operation.ts";
import { anyObject } from "../shapes.ts";
import { usageQuery } from "../usage-sums.ts";
import { sessionOperations } from "./session-operations.ts";
import { turnListing } from "./turns.ts";

export const nativeOperations = (): Record<string, Operation> => ({
  ...sessionOperations(),
  "GET /v1/usage": {
    tag: "Accounts",
    summary: "Tokens, money, failures and times, by day, model, session, agent or its version",
    query: usageQuery,
    answers: { 200: { what: "Sums.", schema: z.object({ group_by: z.string(), usage: z.array(usageSum) }) } },
  },
  "GET /v1/turns": {
    tag: "Accounts",
    summary:
      "The ended turns of all sessions, newest first, by how they ended, what ran, what they cost and how long they took",
    query: turnListing,
    answers: {
      200: {
        what: "A page. It may be short or empty, and have a cursor.",
        schema: z.object({ turns: z.array(listedTurn), next_cursor: z.nullable(z.string()) }),
      },
    },
  },
  "GET /v1/agents": {
    tag: "Agents",
    summary: "The app's agents: their models, tools and versions, and where they are reached",
    answers: { 200: { what: "All of them, the default one first.", schema: z.object({ agents: z.array(agent) }) } },
  },
});

/** What is open to everyone. */
export const frontOperations = (): Record<string, Operation> => ({
  "GET /health": {
    tag: "The Worker",
    key: "none",
    summary: "Version, model, and whether it is the demo",
    answers: {
      200: {
        what: "It runs.",
        schema: health,
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
});
