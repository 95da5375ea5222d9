/** Composition: what an app says becomes the Worker and its Durable Objects. Start reading here: which path leads where. */
import { env } from "cloudflare:workers";
import { Hono, type MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { createMiddleware } from "hono/factory";
import { Access, mustMay } from "./account/access.ts";
import { Account } from "./account/account.ts";
import { type App, type AppDefinition, makeApp } from "./agent/app.ts";
import { AppError } from "./core/errors.ts";
import { type Channel, rulesOf } from "./doors/channels.ts";
import type { Door } from "./doors/door.ts";
import { type Bindings, exampleWarnings } from "./env.ts";
import { mustBeOurHost } from "./http/dev-hosts.ts";
import { openAiErrorResponse } from "./http/openai-error.ts";
import { problemResponse } from "./http/problem.ts";
import { admin } from "./routes/admin.ts";
import { agents } from "./routes/agents.ts";
import { answers } from "./routes/answers.ts";
import { channels } from "./routes/channels.ts";
import type { RouteContext } from "./routes/context.ts";
import { copies } from "./routes/copies.ts";
import { deliveries } from "./routes/deliveries.ts";
import { front, modelLine } from "./routes/front.ts";
import { messages } from "./routes/messages.ts";
import { mustBeTold } from "./routes/named-model.ts";
import { neededRight } from "./routes/needed-right.ts";
import { wishOf } from "./routes/on-disconnect.ts";
import { openapi } from "./routes/openapi.ts";
import { prefixDoctor } from "./routes/prefix-doctor.ts";
import { prefixes } from "./routes/prefixes.ts";
import { scheduleWarnings } from "./routes/schedule-fault.ts";
import { runSchedules } from "./routes/schedules.ts";
import { sessions } from "./routes/sessions.ts";
import { mustBeCurrent, tokens } from "./routes/tokens.ts";
import { usage } from "./routes/usage.ts";
import { mcpServers } from "./session/mcp-servers.ts";
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
  .route("/v1/agents", agents)
  .route("/v1/admin", admin)
  .route("/channels", channels)
  .route("/openapi.json", openapi)
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
  Account: typeof Account;
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
  const doorNames = doors.map(({ name }) => name);
  return serve(makeApp(definition, { channels: rulesOf(channels), bindings, doorNames }), doors);
}

/** The Worker of an app that was made. */
export function serve(app: App, doors: readonly Door[]): Longline {
  const bindings = env as unknown as Bindings;
  announce(app, bindings);
  const { fetch } = router(app, doors);
  return {
    fetch: (request, bindings, context) => fetch(request, bindings as Bindings, context),
    scheduled: ({ cron, scheduledTime }, bindings) =>
      runSchedules(app, bindings as Bindings, { cron, atMs: scheduledTime }),
    crons: [...new Set(app.schedules.map(({ cron }) => cron))],
    Session: sessionClass(app),
    Account,
  };
}

/** Says in the log what runs here, and what is doubtful about it. Throws for what cannot work. */
function announce(app: App, bindings: Bindings): void {
  const { agents, settings } = app;
  console.log(modelLine(agents.first, settings));
  mustBeTold({ app: { agents, settings }, bindings });
  for (const agent of agents.all) mcpServers(agent, settings, bindings);
  const unknown = agents.all.flatMap((agent) => unknownModels(settings, agent));
  const doubts = [...exampleWarnings(bindings), ...unknown, ...scheduleWarnings(app)];
  for (const warning of new Set(doubts)) console.warn(warning);
}

/** All routes of an app: the native ones and those of its doors. */
export function router(app: App, doors: readonly Door[]): Hono<RouteContext> {
  const { settings } = app;
  const all = new Hono<RouteContext>()
    .use(async (c, next) => {
      c.set("app", app);
      c.set("settings", settings);
      mustBeOurHost(c.req.raw, settings);
      await next();
    })
    .use("/v1/*", crossOrigin(settings.allowedOrigins), admission(app))
    .use("/mcp", crossOrigin(settings.allowedOrigins), admission(app));
  mustDiffer(doors);
  for (const [path, routes] of doors.flatMap((door) => door.routes)) all.route(path, routes);
  all.route("/", native);
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

function mustDiffer(doors: readonly Door[]): void {
  const names = doors.map(({ name }) => name);
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice !== undefined) throw new Error(`The door ${twice} is listed twice. Remove one.`);
}

function crossOrigin(origins: readonly string[]): MiddlewareHandler<RouteContext> {
  return cors({
    origin: [...origins],
    exposeHeaders: [
      "Location",
      "Retry-After",
      "X-Session-Id",
      "X-Session-Forked-From",
      "X-Vercel-AI-UI-Message-Stream",
      "MCP-Protocol-Version",
    ],
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

/** OpenAI's first path members, those that are offered here and those that are not (its OpenAPI document, 2.3.0). */
const openAiPaths =
  /^\/v1\/(assistants|audio|batches|chat|chatkit|completions|containers|conversations|edits|embeddings|evals|files|fine_tuning|images|models|moderations|organization|projects|realtime|responses|skills|threads|uploads|vector_stores|videos)(\/|$)/;

/** Clients of OpenAI's API are refused in its words. */
function refusal(path: string, error: unknown): Response {
  return openAiPaths.test(path) ? openAiErrorResponse(error) : problemResponse(error);
}

function takes(app: Hono<RouteContext>, method: string, path: string): boolean {
  const [handlers] = app.router.match(method, path);
  return handlers.some(([[, route]]) => route.method === method);
}
