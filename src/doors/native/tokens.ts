/** `/v1/sessions/:id/tokens`: tokens for this session only, safe in a browser. They end with the session, or when all of them are withdrawn. */
import * as z from "zod/mini";
import { accountObject } from "../../account/account-object.ts";
import { unwrap } from "../../account/outcome.ts";
import { rights, signToken } from "../../account/session-token.ts";
import { erased } from "../../core/erased.ts";
import { lazySchema } from "../../core/lazy-schema.ts";
import { parseBody } from "../../http/parse-body.ts";
import { readJson } from "../../http/read-json.ts";
import { iso } from "../../wire/native.ts";
import type { Caller } from "../caller.ts";
import { Routes } from "../routes.ts";
import { addressOf, sessionAt } from "../session-fields.ts";

/** A day: who needs one for longer requests another. */
const longestSeconds = 86_400;

export const tokenRequest = lazySchema(() =>
  z.strictObject({
    rights: z.array(z.enum(rights)).check(z.minLength(1)),
    ttl_seconds: z._default(z.int().check(z.minimum(1), z.maximum(longestSeconds)), 3_600),
  }),
);

export const tokens = new Routes()
  .post("/:id/tokens", "key", async (c, caller) => {
    const asked = parseBody(tokenRequest, await readJson(c.req.raw));
    const { account, name } = addressOf(caller, c.req.param("id"));
    const tag = await tagOf(caller, name);
    const expiresAtMs = Date.now() + asked.ttl_seconds * 1000;
    const claims = { session: name, rights: [...new Set(asked.rights)], expiresAtMs, tag };
    const secret = await accountObject(c.env, account).tokenSecret(account);
    const token = await signToken(account, claims, secret);
    return c.json({ token, session: name, rights: claims.rights, expires_at: iso(expiresAtMs) }, 201);
  })
  .delete("/:id/tokens", "key", async (c, caller) => {
    unwrap(await sessionAt(caller, c.req.param("id")).withdrawTokens());
    return c.body(null, 204);
  });

/** A page has its token before the first message is sent: a session that is not there is made. The name of an erased one stays erased, as for messages. */
async function tagOf(caller: Caller, name: string): Promise<string> {
  const session = sessionAt(caller, name);
  const known = await session.tokenTag();
  if (known.ok || known.code !== "not_found") return unwrap(known);
  const address = addressOf(caller, name);
  if (await accountObject(caller.bindings, address.account).wasErased(address.name)) throw erased(address.name);
  unwrap(await session.create(address, {}));
  return unwrap(await session.tokenTag());
}
