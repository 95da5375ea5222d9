/** `/v1/sessions`: make, list, read, rename and erase sessions. */
import * as z from "zod/mini";
import { accountObject } from "../../account/account-object.ts";
import { unwrap } from "../../account/outcome.ts";
import { mostUnits } from "../../core/bounds.ts";
import { defined } from "../../core/defined.ts";
import { turnEndReasons } from "../../core/entry.ts";
import { lazySchema } from "../../core/lazy-schema.ts";
import { parseBody, parseQuery } from "../../http/parse-body.ts";
import { readJson } from "../../http/read-json.ts";
import { sessionObject } from "../../session/session-object.ts";
import { queuedJson, sessionJson, shownSession } from "../../wire/native.ts";
import { coercedNumber } from "../../wire/zod-parts.ts";
import { newName, receiptOf } from "../receipt-of.ts";
import { Routes } from "../routes.ts";
import {
  addressOf,
  agentName,
  knownModel,
  knownPrefix,
  metadata,
  sessionAt,
  sessionName,
  title,
} from "../session-fields.ts";
import { wellFormed } from "../well-formed.ts";

export const sessionCreation = lazySchema(() =>
  z.strictObject({
    id: z.optional(sessionName),
    agent: z.optional(agentName),
    title: z.optional(title),
    metadata: z.optional(metadata),
    instructions: z.optional(wellFormed(mostUnits.instructions)),
    model: z.optional(z.string()),
    prefix: z.optional(z.string().check(z.maxLength(100))),
    ttl_seconds: z.optional(z.int().check(z.minimum(60), z.maximum(31_536_000))),
  }),
);
export const sessionChanges = lazySchema(() =>
  z.strictObject({ title: z.optional(z.nullable(title)), metadata: z.optional(metadata) }),
);
export const sessionListing = lazySchema(() =>
  z.strictObject({
    limit: z._default(coercedNumber().check(z.int(), z.minimum(1), z.maximum(100)), 20),
    cursor: z.optional(
      z.string().check(z.regex(/^-?\d{1,16}\.[\w-]{1,64}$/, "must be the next_cursor of an earlier page")),
    ),
    q: z.optional(z.string().check(z.maxLength(200))),
    reason: z.optional(z.enum(turnEndReasons)),
    agent: z.optional(agentName),
  }),
);

export const sessions = new Routes()
  .post("/", "key", async (c, caller) => {
    const body = parseBody(sessionCreation, await readJson(c.req.raw, { empty: {} }));
    const { title, metadata, instructions, model, prefix, ttl_seconds: ttlSeconds } = body;
    const { agents } = c.var.app;
    const agent = body.agent === undefined ? agents.first : agents.mustHave(body.agent);
    const id = body.id ?? (await newName(await receiptOf(caller, body), "POST /v1/sessions"));
    const choices = {
      ...(body.agent !== undefined && { agent: agent.name }),
      ...defined({ title }),
      ...(metadata && { metadata }),
      ...defined({ instructions }),
      ...(model !== undefined && { model: knownModel(caller, model, agent) }),
      ...(prefix !== undefined && { prefix: await knownPrefix(caller, prefix) }),
      ...defined({ ttlSeconds }),
    };
    const address = { account: caller.account, name: id };
    const { created, session } = unwrap(await sessionObject(c.env, address).create(address, choices));
    return c.json(sessionJson(session), created ? 201 : 200, { Location: `/v1/sessions/${session.id}` });
  })
  .get("/", "key", async (c, caller) => {
    const { agent, ...page } = parseQuery(sessionListing, new URL(c.req.url));
    const { name: first } = c.var.app.agents.first;
    const only = agent === undefined ? {} : { agent: { name: agent, isDefault: agent === first } };
    const { sessions, next } = await accountObject(c.env, caller.account).listSessions({ ...page, ...only });
    // What was reported before agents had names was the default one's.
    const shown = sessions.map((row) => shownSession({ ...("broken" in row ? {} : { agent: first }), ...row }));
    return c.json({ sessions: shown, next_cursor: next ?? null });
  })
  .get("/:id", "read", async (c, caller) => {
    const details = unwrap(await sessionAt(caller, c.req.param("id")).describe());
    return c.json({ last_turn: null, ...shownSession(details), queued: details.queued.map(queuedJson) });
  })
  .patch("/:id", "key", async (c, caller) => {
    const { title, metadata } = parseBody(sessionChanges, await readJson(c.req.raw, { empty: {} }));
    const change = { ...defined({ title }), ...(metadata && { metadata }) };
    return c.json(sessionJson(unwrap(await sessionAt(caller, c.req.param("id")).change(change))));
  })
  .delete("/:id", "key", async (c, caller) =>
    c.json({
      deleted: unwrap(await sessionAt(caller, c.req.param("id")).erase(addressOf(caller, c.req.param("id")))),
    }),
  );
