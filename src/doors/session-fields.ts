/** WHAT fields of sessions every door checks in the same way, and how a route finds the session in its path. */
import * as z from "zod/mini";
import { accountObject } from "../account/account-object.ts";
import type { Agent } from "../agent/agent.ts";
import { metadataBounds, mostUnits } from "../core/bounds.ts";
import { AppError } from "../core/errors.ts";
import { lazySchema } from "../core/lazy-schema.ts";
import { sessionNamePattern } from "../core/session-name.ts";
import { parseBody } from "../http/parse-body.ts";
import { sessionObject } from "../session/session-object.ts";
import type { SessionAddress } from "../session/store/session-record.ts";
import { modelIds } from "../session/turn/turn-model.ts";
import type { Caller } from "./caller.ts";
import { wellFormed } from "./well-formed.ts";

export const sessionName = lazySchema(() =>
  z.string().check(z.regex(sessionNamePattern, "must be 1 to 64 letters, digits, _ or -")),
);
export const title = wellFormed(mostUnits.title);
export const metadata = lazySchema(() =>
  z
    .record(
      z.string().check(z.minLength(1), z.maxLength(metadataBounds.key)),
      z.string().check(z.maxLength(metadataBounds.value)),
    )
    .check(z.refine((pairs) => Object.keys(pairs).length <= metadataBounds.pairs, "must have at most 16 entries")),
);

/** One that is not there is refused as `no_such_agent`. */
export const agentName = lazySchema(() => z.string().check(z.minLength(1), z.maxLength(100)));

/** The address of the session that a path names in `:id`. */
export function addressOf({ account }: Pick<Caller, "account">, name: string): SessionAddress {
  // The schema takes ten times as long, and is needed for its error alone.
  return { account, name: sessionNamePattern.test(name) ? name : parseBody(sessionName, name, "id") };
}

/** The object of the session in `:id`. */
export function sessionAt(caller: Caller, name: string): ReturnType<typeof sessionObject> {
  return sessionObject(caller.bindings, addressOf(caller, name));
}

/** The id of a prefix that the account has; the same 404 for unknown ones and those of others. */
export async function knownPrefix(caller: Caller, prefix: string): Promise<string> {
  if ((await accountObject(caller.bindings, caller.account).prefixInfo(prefix)) !== undefined) return prefix;
  throw new AppError("not_found", "There is no such prefix.", { field: "prefix" });
}

/** The id of a model that the agent has, and the account may use; an AppError that lists them when it is none. */
export function knownModel(caller: Caller, model: string, agent: Agent): string {
  const { models } = caller.limits;
  const [first, ...others] = modelIds(caller.app.settings, agent).filter((id) => models?.includes(id) ?? true);
  return parseBody(z.enum(first === undefined ? [] : [first, ...others]), model, "model");
}
