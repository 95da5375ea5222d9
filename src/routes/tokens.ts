/** `POST /v1/sessions/:id/tokens`: a token for this session only, safe in a browser. */
import { Hono } from "hono";
import * as z from "zod";
import { accountObject } from "../account/account.ts";
import { unwrap } from "../account/outcome.ts";
import { rights, signToken } from "../account/session-token.ts";
import { iso } from "../dialects/native.ts";
import { parseBody } from "../http/parse-body.ts";
import { readJson } from "../http/read-json.ts";
import type { RouteContext } from "./context.ts";
import { addressOf, sessionAt } from "./sessions.ts";

/** A day: whoever needs a token for longer asks for another. */
const longestSeconds = 86_400;

export const tokenRequest = z.strictObject({
  rights: z.array(z.enum(rights)).min(1),
  ttl_seconds: z.int().min(1).max(longestSeconds).default(3_600),
});

export const tokens = new Hono<RouteContext>().post("/:id/tokens", async (c) => {
  const asked = parseBody(tokenRequest, await readJson(c.req.raw));
  const { account, name } = addressOf(c);
  unwrap(await sessionAt(c).describe());
  const expiresAtMs = Date.now() + asked.ttl_seconds * 1000;
  const claims = { session: name, rights: [...new Set(asked.rights)], expiresAtMs };
  const secret = await accountObject(c.env, account).tokenSecret(account);
  const token = await signToken(account, claims, secret);
  return c.json({ token, session: name, rights: claims.rights, expires_at: iso(expiresAtMs) }, 201);
});
