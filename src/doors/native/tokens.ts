/** `/v1/sessions/:id/tokens`: tokens for this session only, safe in a browser. They end with the session, or when all of them are withdrawn. */
import { type Context, Hono } from "hono";
import * as z from "zod";
import type { Caller } from "../../account/access.ts";
import { accountObject } from "../../account/account.ts";
import { unwrap } from "../../account/outcome.ts";
import { rights, signToken } from "../../account/session-token.ts";
import { erased } from "../../core/erased.ts";
import type { Bindings } from "../../env.ts";
import { unauthorized } from "../../http/authenticate.ts";
import { parseBody } from "../../http/parse-body.ts";
import { readJson } from "../../http/read-json.ts";
import { sessionObject } from "../../session/session-object.ts";
import { iso } from "../../wire/native.ts";
import type { RouteContext } from "../context.ts";
import { addressOf, sessionAt } from "../session-fields.ts";

/** A day: whoever needs a token for longer asks for another. */
const longestSeconds = 86_400;

export const tokenRequest = z.strictObject({
  rights: z.array(z.enum(rights)).min(1),
  ttl_seconds: z.int().min(1).max(longestSeconds).default(3_600),
});

export const tokens = new Hono<RouteContext>()
  .post("/:id/tokens", async (c) => {
    const asked = parseBody(tokenRequest, await readJson(c.req.raw));
    const { account, name } = addressOf(c);
    const tag = await tagOf(c);
    const expiresAtMs = Date.now() + asked.ttl_seconds * 1000;
    const claims = { session: name, rights: [...new Set(asked.rights)], expiresAtMs, tag };
    const secret = await accountObject(c.env, account).tokenSecret(account);
    const token = await signToken(account, claims, secret);
    return c.json({ token, session: name, rights: claims.rights, expires_at: iso(expiresAtMs) }, 201);
  })
  .delete("/:id/tokens", async (c) => {
    unwrap(await sessionAt(c).withdrawTokens());
    return c.body(null, 204);
  });

/** A page has its token before the first message is sent: a session that is not there is made. The name of an erased one stays erased, as for messages. */
async function tagOf(c: Context<RouteContext>): Promise<string> {
  const session = sessionAt(c);
  const known = await session.tokenTag();
  if (known.ok || known.code !== "not_found") return unwrap(known);
  const address = addressOf(c);
  if (await accountObject(c.env, address.account).wasErased(address.name)) throw erased(address.name);
  unwrap(await session.create(address, {}));
  return unwrap(await session.tokenTag());
}

/** Throws `unauthorized` for a token of an earlier session of that name, or one that was withdrawn; `not_found` where there is no session. */
export async function mustBeCurrent(bindings: Bindings, { account, token }: Caller): Promise<void> {
  if (token === undefined) return;
  const session = sessionObject(bindings, { account, name: token.session });
  if (unwrap(await session.tokenTag()) !== (token.tag ?? "")) throw unauthorized();
}
