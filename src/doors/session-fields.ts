/** WHAT fields of sessions every door checks in the same way, and how a route finds the session in its path. */
import type { Context } from "hono";
import * as z from "zod";
import { accountObject } from "../account/account.ts";
import type { Agent } from "../agent/agent.ts";
import { metadataBounds, mostUnits } from "../core/bounds.ts";
import { AppError } from "../core/errors.ts";
import { parseBody } from "../http/parse-body.ts";
import { sessionObject } from "../session/session-object.ts";
import type { SessionAddress } from "../session/session-record.ts";
import { modelIds } from "../session/turn-model.ts";
import type { RouteContext } from "./context.ts";
import { wellFormed } from "./well-formed.ts";

export const sessionName = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, _ or -");
export const title = wellFormed(mostUnits.title);
export const metadata = z
  .record(z.string().min(1).max(metadataBounds.key), z.string().max(metadataBounds.value))
  .refine((pairs) => Object.keys(pairs).length <= metadataBounds.pairs, "must have at most 16 entries");

/** One that is not there is refused as `no_such_agent`. */
export const agentName = z.string().min(1).max(100);

/** The address of the session in the path, `:id`, for the caller. */
export function addressOf(c: Context<RouteContext>): SessionAddress {
  return { account: c.var.account, name: parseBody(sessionName, c.req.param("id"), "id") };
}

/** The object of the session in `:id`. */
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
