/** `/v1/sessions`: make, list, read, rename and erase sessions. */
import { type Context, Hono } from "hono";
import * as z from "zod";
import { accountObject } from "../account/account.ts";
import { unwrap } from "../account/outcome.ts";
import type { Agent } from "../agent/agent.ts";
import { metadataBounds, mostUnits } from "../core/bounds.ts";
import { turnEndReasons } from "../core/entry.ts";
import { AppError } from "../core/errors.ts";
import { queuedJson, sessionJson, shownSession } from "../dialects/native.ts";
import { wellFormed } from "../dialects/well-formed.ts";
import { parseBody, parseQuery } from "../http/parse-body.ts";
import { readJson } from "../http/read-json.ts";
import { sessionObject } from "../session/session-object.ts";
import type { SessionAddress } from "../session/store/session-record.ts";
import { modelIds } from "../session/turn/turn-model.ts";
import type { RouteContext } from "./context.ts";
import { newName, receiptOf } from "./receipt-of.ts";

export const sessionName = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, _ or -");
export const title = wellFormed(mostUnits.title);
export const metadata = z
  .record(z.string().min(1).max(metadataBounds.key), z.string().max(metadataBounds.value))
  .refine((pairs) => Object.keys(pairs).length <= metadataBounds.pairs, "must have at most 16 entries");

/** One that is not there is refused as `no_such_agent`. */
export const agentName = z.string().min(1).max(100);

export const sessionCreation = z.strictObject({
  id: sessionName.optional(),
  agent: agentName.optional(),
  title: title.optional(),
  metadata: metadata.optional(),
  instructions: wellFormed(mostUnits.instructions).optional(),
  model: z.string().optional(),
  prefix: z.string().max(100).optional(),
  ttl_seconds: z.int().min(60).max(31_536_000).optional(),
});
export const sessionChanges = z.strictObject({ title: title.nullable().optional(), metadata: metadata.optional() });
export const sessionListing = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().max(200).optional(),
  q: z.string().max(200).optional(),
  reason: z.enum(turnEndReasons).optional(),
  agent: agentName.optional(),
});

export const sessions = new Hono<RouteContext>()
  .post("/", async (c) => {
    const body = parseBody(sessionCreation, await readJson(c.req.raw));
    const { title, metadata, instructions, model, prefix, ttl_seconds: ttlSeconds } = body;
    const { agents } = c.var.app;
    const agent = body.agent === undefined ? agents.first : agents.mustHave(body.agent);
    const id = body.id ?? (await newName(await receiptOf(c, body), "POST /v1/sessions"));
    const choices = {
      ...(body.agent !== undefined && { agent: agent.name }),
      ...(title !== undefined && { title }),
      ...(metadata && { metadata }),
      ...(instructions !== undefined && { instructions }),
      ...(model !== undefined && { model: knownModel(c, model, agent) }),
      ...(prefix !== undefined && { prefix: await knownPrefix(c, prefix) }),
      ...(ttlSeconds !== undefined && { ttlSeconds }),
    };
    const address = { account: c.var.account, name: id };
    const { created, session } = unwrap(await sessionObject(c.env, address).create(address, choices));
    return c.json(sessionJson(session), created ? 201 : 200, { Location: `/v1/sessions/${session.id}` });
  })
  .get("/", async (c) => {
    const { agent, ...page } = parseQuery(sessionListing, new URL(c.req.url));
    const { name: first } = c.var.app.agents.first;
    const only = agent === undefined ? {} : { agent: { name: agent, isDefault: agent === first } };
    const { sessions, next } = await accountObject(c.env, c.var.account).listSessions({ ...page, ...only });
    // What was reported before agents had names was the default one's.
    const shown = sessions.map((row) => shownSession({ ...("broken" in row ? {} : { agent: first }), ...row }));
    return c.json({ sessions: shown, next_cursor: next ?? null });
  })
  .get("/:id", async (c) => {
    const details = unwrap(await sessionAt(c).describe());
    return c.json({ last_turn: null, ...shownSession(details), queued: details.queued.map(queuedJson) });
  })
  .patch("/:id", async (c) => {
    const { title, metadata } = parseBody(sessionChanges, await readJson(c.req.raw));
    const change = { ...(title !== undefined && { title }), ...(metadata && { metadata }) };
    return c.json(sessionJson(unwrap(await sessionAt(c).change(change))));
  })
  .delete("/:id", async (c) => c.json({ deleted: unwrap(await sessionAt(c).erase(addressOf(c))) }));

/** The address of the session in the path, `:id`, for whoever is asking. */
export function addressOf(c: Context<RouteContext>): SessionAddress {
  return { account: c.var.account, name: parseBody(sessionName, c.req.param("id"), "id") };
}

/** The object behind `:id`. */
export function sessionAt(c: Context<RouteContext>): ReturnType<typeof sessionObject> {
  return sessionObject(c.env, addressOf(c));
}

/** The id of a prefix that the account has; the same 404 for unknown ones and those of others. */
export async function knownPrefix(c: Context<RouteContext>, prefix: string): Promise<string> {
  if ((await accountObject(c.env, c.var.account).prefixInfo(prefix)) !== undefined) return prefix;
  throw new AppError("not_found", "There is no such prefix.", { field: "prefix" });
}

/** The id of a model that the agent has, and the account may use; an AppError that lists them when it is none. */
export function knownModel(c: Context<RouteContext>, model: string, agent: Agent): string {
  const { models } = c.var.limits;
  const [first, ...others] = modelIds(c.var.settings, agent).filter((id) => models?.includes(id) ?? true);
  return parseBody(z.enum(first === undefined ? [] : [first, ...others]), model, "model");
}
