/** The calls about registered prefixes, described. */
import * as z from "zod/mini";
import { failure, usage } from "../../wire/shapes.ts";
import type { Operation } from "../operation.ts";
import { prefixContent, prefixRemoval, prefixWarming } from "./routes.ts";

const prefix = z.object({ prefix: z.string(), bytes: z.int(), tokens_estimate: z.int() });
const warmed = z.object({ prefix: z.string(), usage, cost_micros: z.int() });
const listed = z.extend(prefix, { created_at: z.iso.datetime() });

export const prefixOperations: Record<string, Operation> = {
  "PUT /v1/prefixes": {
    tag: "Prefixes",
    summary: "Registers a text that sessions begin with; text/plain is taken, too",
    body: prefixContent,
    answers: {
      201: { what: "It is registered.", schema: z.extend(prefix, { created: z.boolean() }) },
      200: { what: "It was there.", schema: z.extend(prefix, { created: z.boolean() }) },
    },
    refusals: [413, 415],
  },
  "GET /v1/prefixes": {
    tag: "Prefixes",
    summary: "Lists the prefixes of the account, the oldest first",
    answers: { 200: { what: "The prefixes.", schema: z.object({ prefixes: z.array(listed) }) } },
  },
  "GET /v1/prefixes/{prefix}": {
    tag: "Prefixes",
    summary: "Reads about a prefix; its text with Accept: text/plain",
    answers: {
      200: { what: "The prefix.", schema: z.extend(listed, { sessions: z.int() }) },
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
    summary: "Has the provider read a prefix before traffic comes, after the tools and instructions of an agent",
    query: prefixWarming,
    answers: {
      200: { what: "What it cost.", schema: warmed },
      502: { what: "The provider failed.", schema: z.extend(warmed, { error: failure }) },
    },
    refusals: [404, 409],
  },
};
