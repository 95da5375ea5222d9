/** HOW a door declares its routes: a path, who may call it, and what answers. A route that declares no right does not compile. */
import type { Context, MiddlewareHandler } from "hono";
import { Hono } from "hono/tiny";
import type { Access } from "../account/access.ts";
import type { App } from "../agent/app.ts";
import { AppError } from "../core/errors.ts";
import type { Bindings } from "../env.ts";
import { bearerOf, isOwnKey, unauthorized } from "../http/authenticate.ts";
import { problemResponse } from "../http/problem.ts";
import { admitCaller, type Caller, type CallerNeeds, type RequestContext } from "./caller.ts";
import type { MessageSchemas } from "./message-schemas.ts";
import type { Operation } from "./operation.ts";

/** What a route finds in its context. */
export interface RouteContext {
  Bindings: Bindings;
  Variables: {
    app: App;
    access: Access;
    /** What the app's doors say of their calls. */
    operations: () => Promise<Record<string, Operation>>;
    /** Of an app whose doors take JSON schemas. */
    schemas: MessageSchemas | undefined;
  };
}

/** Who may call a route without a key of an account. `everyone`: it shows nothing of accounts. `sender`: the request is signed, and the route checks that. `admin`: who has the Worker's ADMIN_KEY. */
export type OpenNeeds = "everyone" | "sender" | "admin";

type RouteHandler<P extends string, Rest extends unknown[]> = (
  c: Context<RouteContext, P>,
  ...rest: Rest
) => Response | Promise<Response>;

/** Declares a route: `path` below the one that the routes are listed under, with `:id` for the session where there is one. */
interface Declare {
  <P extends string>(path: P, needs: CallerNeeds, handler: RouteHandler<P, [caller: Caller]>): Routes;
  <P extends string>(path: P, needs: OpenNeeds, handler: RouteHandler<P, []>): Routes;
}

/**
 * The routes of a door, or a part of them. `refuse`: the response to an error of one of them; `application/problem+json`
 * when absent.
 *
 * @example
 * new Routes().get("/:id", "read", (c, caller) => c.json({ account: caller.account })).post("/ping", "everyone", (c) => c.text("pong"));
 */
export class Routes {
  readonly hono = new Hono<RouteContext>();
  readonly get: Declare = this.#declaring("GET");
  readonly post: Declare = this.#declaring("POST");
  readonly put: Declare = this.#declaring("PUT");
  readonly patch: Declare = this.#declaring("PATCH");
  readonly delete: Declare = this.#declaring("DELETE");

  constructor({ refuse = problemResponse }: { refuse?: (error: unknown) => Response } = {}) {
    this.hono.onError(refuse);
  }

  #declaring(method: string): Declare {
    return (path: string, needs: CallerNeeds | OpenNeeds, handler: RouteHandler<string, [caller: Caller]>) => {
      // Without a caller only where the route takes none: `Declare` holds the two together.
      this.hono.on(method, path, async (c) => handler(c, (await admitted(c, needs)) as Caller));
      return this;
    };
  }
}

async function admitted(c: Context<RouteContext>, needs: CallerNeeds | OpenNeeds): Promise<Caller | undefined> {
  switch (needs) {
    case "everyone":
    case "sender":
      return undefined;
    case "admin":
      await mustBeAdmin(c);
      return undefined;
    default:
      return admitCaller({ ...requestOf(c), access: c.get("access"), session: c.req.param("id") }, needs);
  }
}

/** The request of a route that needs no caller. */
export function requestOf(c: Context<RouteContext>): RequestContext {
  return {
    app: c.get("app"),
    bindings: c.env,
    request: c.req.raw,
    waitUntil: (work) => c.executionCtx.waitUntil(work),
  };
}

async function mustBeAdmin(c: Context<RouteContext>): Promise<void> {
  const { adminKey } = c.get("app").settings;
  const bearer = bearerOf(c.req.raw);
  if (adminKey === undefined)
    throw new AppError("not_configured", "No ADMIN_KEY is set: npx wrangler secret put ADMIN_KEY.");
  if (bearer === undefined || !isOwnKey(bearer, { apiKey: adminKey })) throw unauthorized();
}

/** Answers where no route is: a caller without any key learns nothing, not even that. Throws `not_found` for the others. */
export const nothingHere: MiddlewareHandler<RouteContext> = async (c, next) => {
  const isAdmin = await mustBeAdmin(c).then(
    () => true,
    () => false,
  );
  if (!isAdmin) await admitted(c, "key");
  await next();
};
