/** The calls of the native door, described: those about prefixes, usage, agents and deliveries here. */
import * as z from "zod";
import type { Operation } from "../operation.ts";
import { agent, anyObject, listedTurn, usage } from "../shapes.ts";
import { deliveryListing } from "./deliveries.ts";
import { prefixContent, prefixRemoval, prefixWarming } from "./prefixes.ts";
import { sessionOperations } from "./session-operations.ts";
import { turnListing } from "./turns.ts";
import { usageQuery } from "./usage.ts";

const prefix = z.object({ prefix: z.string(), bytes: z.int(), tokens_estimate: z.int() });

export const nativeOperations: Record<string, Operation> = {
  ...sessionOperations,
  "PUT /v1/prefixes": {
    tag: "Prefixes",
    summary: "Registers a text that sessions begin with; text/plain is taken, too",
    body: prefixContent,
    answers: {
      201: { what: "It is registered.", schema: prefix.extend({ created: z.boolean() }) },
      200: { what: "It was there.", schema: prefix.extend({ created: z.boolean() }) },
    },
    refusals: [413, 415],
  },
  "GET /v1/prefixes/{prefix}": {
    tag: "Prefixes",
    summary: "Reads about a prefix",
    answers: {
      200: { what: "The prefix.", schema: prefix.extend({ sessions: z.int(), created_at: z.iso.datetime() }) },
    },
    refusals: [404],
  },
  "DELETE /v1/prefixes/{prefix}": {
    tag: "Prefixes",
    summary: "Removes a prefix that no session uses",
    query: prefixRemoval,
    answers: { 200: { what: "What was removed.", schema: z.object({ deleted: prefix }) } },
    refusals: [404, 409],
  },
  "POST /v1/prefixes/{prefix}/warm": {
    tag: "Prefixes",
    summary: "Has the provider read a prefix before traffic comes, behind the tools and instructions of an agent",
    query: prefixWarming,
    answers: {
      200: { what: "What it cost.", schema: z.object({ prefix: z.string(), usage, cost_micros: z.int() }) },
      502: { what: "The provider failed.", schema: anyObject },
    },
    refusals: [404, 409],
  },
  "GET /v1/usage": {
    tag: "Accounts",
    summary: "Tokens, money, failures and times, by day, model, session, agent or its version",
    query: usageQuery,
    answers: { 200: { what: "Sums.", schema: z.object({ group_by: z.string(), usage: z.array(anyObject) }) } },
  },
  "GET /v1/turns": {
    tag: "Accounts",
    summary:
      "The ended turns of all sessions, newest first, by how they ended, what ran, what they cost and how long they took",
    query: turnListing,
    answers: {
      200: {
        what: "A page. It may be short, or empty, and have a cursor: a page looks at so many turns and no more.",
        schema: z.object({ turns: z.array(listedTurn), next_cursor: z.string().nullable() }),
      },
    },
  },
  "GET /v1/agents": {
    tag: "Agents",
    summary: "The app's agents: their models, tools and versions, and where they are reached",
    answers: { 200: { what: "All of them, the default one first.", schema: z.object({ agents: z.array(agent) }) } },
  },
  "GET /v1/deliveries": {
    tag: "Channels",
    summary: "Answers that could not be delivered",
    query: deliveryListing,
    answers: { 200: { what: "Dead letters.", schema: z.object({ deliveries: z.array(anyObject) }) } },
  },
  "GET /v1/deliveries/secret": {
    tag: "Channels",
    summary: "What callbacks are signed with",
    answers: { 200: { what: "The secret.", schema: z.object({ secret: z.string() }) } },
  },
  "POST /v1/deliveries/{id}/retry": {
    tag: "Channels",
    summary: "Tries a delivery again",
    answers: { 202: { what: "It is owed again.", schema: anyObject } },
    refusals: [404],
  },
};

/** What is open to everyone. */
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
