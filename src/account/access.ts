/**
 * Lets callers in: by the Worker's own key, by a key of an account, or by a token of one session. What an account says is remembered for 25 s, so a
 * revoked key is refused everywhere within 30 s; where the call came in that revoked it, at once.
 */
import { sha256Hex } from "../core/digest.ts";
import { AppError } from "../core/errors.ts";
import type { Bindings } from "../env.ts";
import {
  type AuthSettings,
  bearerOf,
  isOwnKey,
  notConfigured,
  unauthorized,
  urlTokenOf,
} from "../http/authenticate.ts";
import type { AccountAccess } from "./account.ts";
import { type KeyRight, keyRights } from "./account-keys.ts";
import { accountObject } from "./account-object.ts";
import type { AccountLimits } from "./account-record.ts";
import { unavailable } from "./call-object.ts";
import { parseToken, type TokenClaims, type UnverifiedToken, verifyToken } from "./session-token.ts";

/** Whose key or token it was. */
export interface Admitted {
  account: string;
  limits: AccountLimits;
  /** What its key may do beside sending messages; all of it with the Worker's own key, nothing with a token. */
  keyRights: readonly KeyRight[];
  /** Present for a caller with a token: it opens this session alone, with these rights. */
  token?: TokenClaims;
}

const rememberMs = 25_000;
/** For how long at most a remembered answer is used while the account cannot be asked. */
const trustMs = 30_000;
/** Most answers that are remembered; beyond that the oldest is forgotten. */
const mostRemembered = 1_000;

/**
 * What accounts answered, by account or by key, the oldest first. By the key itself: its SHA-256 takes 44 us of CPU for each request,
 * 5 % of a turn, and this memory also holds the requests, the Worker's secrets and the secrets of tokens. So keys leave it soon.
 */
export type RememberedAccess = Map<string, { atMs: number; changes: number; access: AccountAccess }>;

const keyShape = /^ll_([a-z0-9-]{1,40})_[A-Za-z0-9_-]{43}$/;

/** How often a call that came in here has changed what an account says. */
let changesHere = 0;

/** From now on each account is asked again: one of them was changed. */
export function forgetCallers(): void {
  changesHere++;
}

export class Access {
  readonly #bindings: Bindings;
  readonly #remembered: RememberedAccess;

  constructor(bindings: Bindings, remembered: RememberedAccess = new Map()) {
    this.#bindings = bindings;
    this.#remembered = remembered;
  }

  /** The caller that the request's bearer names. Throws `unauthorized`, always the same, or `not_configured`. */
  async admit(request: Request, auth: AuthSettings): Promise<Admitted> {
    const inUrl = urlTokenOf(request);
    if (inUrl !== undefined) return this.#byUrl(inUrl);
    const bearer = bearerOf(request);
    const token = bearer === undefined ? undefined : parseToken(bearer);
    if (token !== undefined) return this.#byToken(token);
    const account = keyShape.exec(bearer ?? "")?.[1];
    if (bearer !== undefined && account !== undefined) return this.#byKey(account, bearer);
    if (auth.kind === "closed") throw notConfigured();
    if (bearer === undefined || !isOwnKey(bearer, auth)) throw unauthorized();
    const { limits } = await this.#remember("default", () => accountObject(this.#bindings, "default").access());
    return { account: "default", limits, keyRights };
  }

  /** URLs are kept by proxies, logs and histories: no key is taken from one, and no token that can do more than read. */
  async #byUrl(text: string): Promise<Admitted> {
    const token = parseToken(text);
    if (token === undefined) throw unauthorized();
    const caller = await this.#byToken(token);
    if (caller.token?.rights.every((right) => right === "read")) return caller;
    throw new AppError("forbidden", 'A token in a URL may have the right "read" only. Make one with rights: ["read"].');
  }

  async #byKey(account: string, key: string): Promise<Admitted> {
    const ask = async () => accountObject(this.#bindings, account).accessByKey(await sha256Hex(key));
    const access = await this.#remember(key, ask);
    if (access === undefined) throw unauthorized();
    return { account, limits: access.limits, keyRights: access.keyRights ?? [] };
  }

  async #byToken(token: UnverifiedToken): Promise<Admitted> {
    const { account } = token;
    const ask = () => accountObject(this.#bindings, account).access();
    for (const isFresh of [false, true]) {
      if (isFresh) this.#remembered.delete(account);
      const { limits, tokenSecret } = await this.#remember(account, ask);
      const claims = await verifyToken(token, tokenSecret, Date.now());
      if (claims !== undefined) return { account, limits, token: claims, keyRights: [] };
      // The secret may have been made since it was asked for; once it is known, a second look cannot help.
      if (tokenSecret !== "") break;
    }
    throw unauthorized();
  }

  async #remember<T extends AccountAccess | undefined>(
    name: string,
    ask: () => Promise<T>,
  ): Promise<T | AccountAccess> {
    const known = this.#remembered.get(name);
    // Taken before the account is asked: what it says while it is changed is asked for again.
    const changes = changesHere;
    if (known?.changes === changes && Date.now() - known.atMs < rememberMs) return known.access;
    const access = await this.#ask(ask, known);
    this.#remembered.delete(name);
    // An answer that is used while the account cannot be asked does not become newer by that.
    if (access === known?.access && access !== undefined) this.#remembered.set(name, known);
    // That a key is unknown is not remembered: it may be made the next moment.
    else if (access !== undefined) this.#remembered.set(name, { atMs: Date.now(), changes, access });
    for (const [oldest, { atMs }] of this.#remembered) {
      if (this.#remembered.size <= mostRemembered && Date.now() - atMs < trustMs) break;
      this.#remembered.delete(oldest);
    }
    return access;
  }

  /** While the account fails, what is known of it is used until it is too old to admit a caller; then the call is refused with the reason. */
  async #ask<T extends AccountAccess | undefined>(
    ask: () => Promise<T>,
    known: { atMs: number; changes: number; access: AccountAccess } | undefined,
  ): Promise<T | AccountAccess> {
    try {
      return await ask();
    } catch (error) {
      if (known?.changes === changesHere && Date.now() - known.atMs < trustMs) return known.access;
      if (error instanceof AppError) throw error;
      console.error("an account cannot be read", error);
      throw unavailable("damaged");
    }
  }
}

/** Throws unless the caller may do this to this session. For a token only its own session exists. */
export function mustMay(
  { token }: Pick<Admitted, "token">,
  session: string | undefined,
  right: TokenClaims["rights"][number] | undefined,
) {
  if (token === undefined) return;
  if (session === undefined || right === undefined) {
    throw new AppError("forbidden", "This token opens one session only. Use an API key for this call.");
  }
  if (token.session !== session) throw new AppError("not_found", "There is no such session.");
  if (token.rights.includes(right)) return;
  throw new AppError("forbidden", `This token does not have the right "${right}". Ask for one that has it.`);
}

/** Throws unless the caller's key has this right. */
export function mustHaveRight({ keyRights: own, token }: Admitted, right: KeyRight): void {
  if (own.includes(right)) return;
  const what = token === undefined ? "key" : "token";
  throw new AppError(
    "forbidden",
    `This ${what} does not have the right "${right}". Use ADMIN_KEY, or make a key with rights: ["${right}"].`,
  );
}
