/** The calls about accounts, prefixes, usage and deliveries, described; and inbound webhooks. */
import * as z from "zod";
import { accountChanges, accountCreation } from "../admin.ts";
import { deliveryListing } from "../deliveries.ts";
import { prefixContent, prefixRemoval, prefixWarming } from "../prefixes.ts";
import { turnListing } from "../turns.ts";
import { usageQuery } from "../usage.ts";
import type { Operation } from "./operation.ts";
import { account, agent, anyObject, key, listedTurn, usage } from "./shapes.ts";

const prefix = z.object({ prefix: z.string(), bytes: z.int(), tokens_estimate: z.int() });
const admin = { tag: "Accounts", key: "admin" } as const;
const signed = { tag: "Channels", key: "signature", body: anyObject } as const;

export const accountOperations: Record<string, Operation> = {
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
  "POST /v1/admin/accounts": {
    ...admin,
    summary: "Makes an account",
    body: accountCreation,
    answers: { 201: { what: "The account.", schema: account } },
    refusals: [409, 503],
  },
  "GET /v1/admin/accounts": {
    ...admin,
    summary: "Lists accounts",
    answers: { 200: { what: "Their ids.", schema: z.object({ accounts: z.array(z.string()) }) } },
    refusals: [503],
  },
  "GET /v1/admin/accounts/{account}": {
    ...admin,
    summary: "Reads an account",
    answers: { 200: { what: "The account.", schema: account } },
    refusals: [404, 503],
  },
  "PATCH /v1/admin/accounts/{account}": {
    ...admin,
    summary: "Changes an account's limits",
    body: accountChanges,
    answers: { 200: { what: "The account.", schema: account } },
    refusals: [404, 503],
  },
  "POST /v1/admin/accounts/{account}/keys": {
    ...admin,
    summary: "Makes a key",
    answers: { 201: { what: "The key, shown once.", schema: key } },
    refusals: [404, 409, 503],
  },
  "GET /v1/admin/accounts/{account}/keys": {
    ...admin,
    summary: "Lists keys",
    answers: { 200: { what: "Keys without their secrets.", schema: z.object({ keys: z.array(key) }) } },
    refusals: [404, 503],
  },
  "DELETE /v1/admin/accounts/{account}/keys/{key}": {
    ...admin,
    summary: "Revokes a key",
    answers: { 204: { what: "It is refused everywhere within 30 s." } },
    refusals: [404, 503],
  },
  "POST /channels/webhooks/{name}": {
    ...signed,
    summary: "An inbound webhook, signed as its rules say",
    answers: {
      202: {
        what: "The message's turn.",
        schema: z.object({ session: z.string(), turn: z.string(), status_url: z.string() }),
      },
      200: { what: "It was taken before, or is not for us.", schema: anyObject },
    },
    refusals: [404],
  },
};
