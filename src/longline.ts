/** Composition: what an app says becomes the Worker and its Durable Objects. Start reading here: which path leads where. */
import { env } from "cloudflare:workers";
import { Hono, type MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { createMiddleware } from "hono/factory";
import { Access, mustMay } from "./account/access.ts";
import { type App, type AppDefinition, makeApp } from "./agent/app.ts";
import type { Channel } from "./channels/define-channel.ts";
import { AppError } from "./core/errors.ts";
import { valuesOf } from "./core/settings.ts";
import type { Door } from "./doors/door.ts";
import type { Bindings } from "./env.ts";
import { mustBeOurHost } from "./http/dev-hosts.ts";
import { problemResponse } from "./http/problem.ts";
import { admin } from "./routes/admin.ts";
import { agents } from "./routes/agents.ts";
import { answers } from "./routes/answers.ts";
import { channelRoutes, webhooks } from "./routes/channels.ts";
import type { RouteContext } from "./routes/context.ts";
import { copies } from "./routes/copies.ts";
import { deliveries } from "./routes/deliveries.ts";
import { front, modelLine } from "./routes/front.ts";
import { messages } from "./routes/messages.ts";
import { neededRight } from "./routes/needed-right.ts";
import { wishOf } from "./routes/on-disconnect.ts";
import { prefixDoctor } from "./routes/prefix-doctor.ts";
import { prefixes } from "./routes/prefixes.ts";
import { scheduleWarnings } from "./routes/schedule-fault.ts";
import { runSchedules } from "./routes/schedules.ts";
import { sessions } from "./routes/sessions.ts";
import { mustBeCurrent, tokens } from "./routes/tokens.ts";
import { turns } from "./routes/turns.ts";
import { usage } from "./routes/usage.ts";
import { type AccountClass, accountClass, alertWarnings } from "./session/account-class.ts";
import { type SessionClass, sessionClass } from "./session/session-class.ts";
import { unknownModels } from "./session/turn-model.ts";

/** What an app is: what `AppDefinition` says, and how it is reached. */
export interface LonglineConfig extends AppDefinition {
  /** Besides the native one, which is always there. */
  doors?: readonly Door[];
  channels?: readonly Channel[];
}

/** The routes that every app has. */
const native: Hono<RouteContext> = new Hono<RouteContext>()
  .route("/v1/sessions", copies)
  .route("/v1/sessions", sessions)
  .route("/v1/sessions", messages)
  .route("/v1/sessions", answers)
  .route("/v1/sessions", tokens)
  .route("/v1/sessions", prefixDoctor)
  .route("/v1/prefixes", prefixes)
  .route("/v1/deliveries", deliveries)
  .route("/v1/usage", usage)
  .route("/v1/turns", turns)
  .route("/v1/agents", agents)
  .route("/v1/admin", admin)
  .route("/channels/webhooks", webhooks)
  .route("/", front);

/** What the Worker's module exports: the app as its default, and the two classes by name. */
export interface Longline {
  fetch(request: Request, bindings: unknown, context?: ExecutionContext): Response | Promise<Response>;
  scheduled(controller: ScheduledController, bindings: unknown): Promise<void>;
  /** The crons of the app's schedules: each must be in the wrangler configuration (`longline check` says so). */
  crons: readonly string[];
  /** The Durable Object of a session; `class_name = "Session"` in `wrangler.toml`. */
  Session: SessionClass;
  /** The Durable Object of an account; `class_name = "Account"`. */
  Account: AccountClass;
}

/**
 * Makes the Worker of an app. Throws an Error, which stops the Worker at its start, that names each wrong setting, agent, door or channel.
 *
 * @example
 * const app = longline({ agents: { assistant }, doors: [openai()] });
 * export const { Session, Account } = app;
 * export default app;
 */
export function longline({ doors = [], channels = [], ...definition }: LonglineConfig): Longline {
  const bindings = env as unknown as Bindings;
  return serve(makeApp(definition, { doors, channels }, bindings), doors);
}

/** The Worker of an app that was made. */
export function serve(app: App, doors: readonly Door[]): Longline {
  announce(app);
  for (const door of doors) door.check(app, env as unknown as Bindings);
  const { fetch } = router(app, doors);
  return {
    fetch: (request, bindings, context) => fetch(request, bindings as Bindings, context),
    scheduled: ({ cron, scheduledTime }, bindings) =>
      runSchedules(app, bindings as Bindings, { cron, atMs: scheduledTime }),
    crons: [...new Set(app.schedules.map(({ cron }) => cron))],
    Session: sessionClass(app),
    Account: accountClass(app),
  };
}

/** Says in the log what runs here, and what is doubtful about it. Throws for what cannot work. */
function announce(app: App): void {
  const { agents, settings } = app;
  console.log(modelLine(agents.first, settings));
  const { model } = settings;
  const missing = model.kind === "provider" && model.isMissing ? [noModel] : [];
  const unknown = agents.all.flatMap((agent) => unknownModels(settings, agent));
  const doubts = [...app.warnings, ...missing, ...unknown, ...scheduleWarnings(app), ...alertWarnings(app)];
  for (const warning of new Set(doubts)) console.warn(warning);
}

const noModel =
  "MODEL_API_KEY is not set, and the app lists no demo model: every turn fails until the key is set, or `demo: demoModel()` is listed.";

/** All routes of an app: the native ones and those of its doors. */
export function router(app: App, doors: readonly Door[]): Hono<RouteContext> {
  const { settings } = app;
  const all = new Hono<RouteContext>().use(async (c, next) => {
    c.set("app", app);
    c.set("settings", settings);
    c.set("operations", async () => Object.assign({}, ...(await Promise.all(doors.map((door) => door.operations())))));
    mustBeOurHost(c.req.raw, settings);
    await next();
  });
  const exposes = doors.flatMap((door) => door.exposes);
  for (const path of ["/v1/*", ...doors.flatMap(({ guards }) => guards)])
    all.use(path, crossOrigin(settings.allowedOrigins, exposes), admission(app));
  for (const [path, routes] of doors.flatMap((door) => door.routes(valuesOf(door, app.values))))
    all.route(path, routes);
  all.route("/channels", channelRoutes(app));
  all.route("/", native);
  const refusal = refusalIn(doors);
  all.onError((error, c) => refusal(c.req.path, error));
  all.notFound((c) => {
    const path = new URL(c.req.url).pathname;
    const allowed = ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((method) => takes(all, method, path));
    if (allowed.length === 0) return refusal(path, new AppError("not_found", `There is nothing at ${path}.`));
    const detail = `${path} does not take ${c.req.method}. It takes ${allowed.join(", ")}.`;
    const response = refusal(path, new AppError("method_not_allowed", detail));
    response.headers.set("Allow", allowed.join(", "));
    return response;
  });
  return all;
}

function crossOrigin(origins: readonly string[], more: readonly string[]): MiddlewareHandler<RouteContext> {
  return cors({
    origin: [...origins],
    exposeHeaders: ["Location", "Retry-After", "X-Session-Id", "X-Session-Forked-From", ...more],
    maxAge: 600,
  });
}

function admission({ settings }: App): MiddlewareHandler<RouteContext> {
  const access = new Access(env as unknown as Bindings);
  return createMiddleware<RouteContext>(async (c, next) => {
    // Who runs the Worker is asked for another key, there.
    if (c.req.path.startsWith("/v1/admin/")) return next();
    const caller = await access.admit(c.req.raw, settings.auth);
    // Only an outer shield: should it fail, the account's own limits still hold.
    const { success } = await c.env.RATE_LIMIT.limit({ key: caller.account }).catch(() => ({ success: true }));
    if (!success)
      throw new AppError("rate_limited", "Too many requests with this key. Wait a minute.", { retryAfterSeconds: 60 });
    // Which session it is about stands in the body, there.
    if (c.req.path !== "/v1/ui/messages") {
      const { session, right } = neededRight(c.req.method, c.req.path);
      mustMay(caller, session, right);
    }
    await mustBeCurrent(c.env, caller);
    // Before anything is stored.
    wishOf(c.req.header("X-On-Disconnect"));
    c.set("caller", caller);
    c.set("account", caller.account);
    c.set("limits", caller.limits);
    await next();
  });
}

/** Refuses in the words of the door whose clients ask there. */
function refusalIn(doors: readonly Door[]): (path: string, error: unknown) => Response {
  const dialects = doors.flatMap(({ refusals }) => refusals ?? []);
  return (path, error) => {
    const response = dialects.find(({ paths }) => paths.test(path))?.response ?? problemResponse;
    return response(error);
  };
}

function takes(app: Hono<RouteContext>, method: string, path: string): boolean {
  const [handlers] = app.router.match(method, path);
  return handlers.some(([[, route]]) => route.method === method);
}
