/** WHO calls, as everything below the routes takes it: no framework's type. Made once for each request, by the right that its route declares. Says, too, whether its account may send one more message. */
import { type Access, type Admitted, mustHaveRight, mustMay } from "../account/access.ts";
import { keyRights } from "../account/account-keys.ts";
import { accountObject } from "../account/account-object.ts";
import { unwrap } from "../account/outcome.ts";
import type { Right } from "../account/session-token.ts";
import type { App } from "../agent/app.ts";
import { AppError } from "../core/errors.ts";
import type { Bindings } from "../env.ts";
import { bearerOf, isOwnKey, unauthorized } from "../http/authenticate.ts";
import { sessionObject } from "../session/session-object.ts";

/** A request that is answered, and by what. */
export interface RequestContext {
  app: App;
  bindings: Bindings;
  /** As it came. Its body is read by the route, once. */
  request: Request;
  /** The work goes on after the response. */
  waitUntil(work: Promise<unknown>): void;
}

/** The caller of one request. Object names are made from its account only. */
export interface Caller extends Admitted, RequestContext {}

/**
 * Who may call a route. `read`, `append`, `approve`, `cancel`: a key, or a token of the session in `:id` that has this
 * right. `key`: a key of the account alone. `operate`: one with that right, or ADMIN_KEY for the account in `?account=`. `named_in_body`: a key or a token, and the route itself checks the session.
 */
export type CallerNeeds = Right | "key" | "operate" | "named_in_body";

/** A request that nothing is known of yet. */
export interface UnadmittedRequest extends RequestContext {
  access: Access;
  /** In the path of the route, where it has one. */
  session: string | undefined;
}

/** The caller, if it may call a route that needs this. Throws an AppError otherwise. */
export async function admitCaller({ access, session, ...of }: UnadmittedRequest, needs: CallerNeeds): Promise<Caller> {
  const admitted =
    (needs === "operate" && (await operator(of))) || (await access.admit(of.request, of.app.settings.auth));
  // Only an outer shield: should it fail, the account's own limits still hold.
  const { success } = await of.bindings.RATE_LIMIT.limit({ key: admitted.account }).catch(() => ({ success: true }));
  if (!success)
    throw new AppError("rate_limited", "Too many requests with this key. Wait a minute.", { retryAfterSeconds: 60 });
  if (needs === "key") mustMay(admitted, undefined, undefined);
  else if (needs === "operate") mustHaveRight(admitted, needs);
  else if (needs !== "named_in_body") mustMay(admitted, session, needs);
  await mustBeCurrent(of.bindings, admitted);
  // Before anything is stored.
  wishOnDisconnect(of.request);
  return { ...admitted, ...of };
}

/** The operator of the Worker, as a caller of one of its accounts; `undefined` for another bearer. */
async function operator({ app, request }: RequestContext): Promise<Admitted | undefined> {
  const { adminKey } = app.settings;
  const bearer = bearerOf(request);
  if (adminKey === undefined || bearer === undefined || !isOwnKey(bearer, { apiKey: adminKey })) return undefined;
  const account = new URL(request.url).searchParams.get("account") ?? "default";
  if (/^[a-z0-9-]{1,40}$/.test(account)) return { account, limits: {}, keyRights };
  throw new AppError("invalid_request", "account: must be 1 to 40 small letters, digits or -.", { field: "account" });
}

/** Throws `unauthorized` for a token of an earlier session of that name, or one that was withdrawn; `not_found` where there is no session. */
async function mustBeCurrent(bindings: Bindings, { account, token }: Admitted): Promise<void> {
  if (token === undefined) return;
  const session = sessionObject(bindings, { account, name: token.session });
  if (unwrap(await session.tokenTag()) !== (token.tag ?? "")) throw unauthorized();
}

/** The object of a session of the caller's account. */
export function sessionOf({ bindings, account }: Caller, name: string): ReturnType<typeof sessionObject> {
  return sessionObject(bindings, { account, name });
}

/** What `X-On-Disconnect` says; `undefined` without one. Throws `invalid_request` for another value. */
export function wishOnDisconnect({ headers }: Request): "stop" | "continue" | undefined {
  const wish = headers.get("X-On-Disconnect")?.trim().toLowerCase();
  if (wish === undefined || wish === "stop" || wish === "continue") return wish;
  const detail = 'X-On-Disconnect must be "stop" or "continue".';
  throw new AppError("invalid_request", detail, { field: "X-On-Disconnect" });
}

/** An account with a rate is asked before each message; throws `rate_limited`. */
export async function mustAdmit(caller: Caller): Promise<void> {
  if (caller.limits.ratePerMinute === undefined) return;
  const retryAfterSeconds = await accountObject(caller.bindings, caller.account).admit(Date.now(), callId());
  if (retryAfterSeconds === 0) return;
  const detail = `The account may send ${caller.limits.ratePerMinute} messages a minute. Wait ${retryAfterSeconds} s.`;
  throw new AppError("rate_limited", detail, { retryAfterSeconds });
}

/** Names a call that is counted, so that it counts once when it has to be made again. */
export function callId(): number {
  return Math.floor(Math.random() * Number.MAX_SAFE_INTEGER);
}
