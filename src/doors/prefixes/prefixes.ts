/** The door for registered prefixes: texts that sessions begin with. */

import * as z from "zod/mini";
import { lazySchema } from "../../core/lazy-schema.ts";
import { failure, usage } from "../../wire/shapes.ts";
import { isoDateTime } from "../../wire/zod-parts.ts";
import { type Door, defineDoor } from "../door.ts";
import type { Operation } from "../operation.ts";
import { prefixContent, prefixRemoval, prefixWarming, prefixes as routes } from "./routes.ts";

/** `/v1/prefixes`: upload, read, remove and warm. What is registered is used in any app, with this door or without it. */
export function prefixes(): Door {
  return defineDoor({
    name: "prefixes",
    isNative: true,
    routes: () => [["/v1/prefixes", routes]],
    operations: prefixOperations,
  });
}

const prefix = lazySchema(() => z.object({ prefix: z.string(), bytes: z.int(), tokens_estimate: z.int() }));
const warmed = lazySchema(() => z.object({ prefix: z.string(), usage, cost_micros: z.int() }));
const listed = lazySchema(() => z.extend(prefix, { created_at: isoDateTime() }));

const prefixOperations = (): Record<string, Operation> => ({
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
    summary: "Has the provider read a prefix before traffic comes",
    query: prefixWarming,
    answers: {
      200: { what: "What it cost.", schema: warmed },
      502: { what: "The provider failed.", schema: z.extend(warmed, { error: failure }) },
    },
    refusals: [404, 409],
  },
});
