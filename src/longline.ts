/** Composition: what an app says becomes the Worker and its Durable Objects. Start reading here: which path leads where. */
import { env } from "cloudflare:workers";
import type { MiddlewareHandler } from "hono";
import { Hono } from "hono/tiny";
import { Access } from "./account/access.ts";
import { Account } from "./account/account.ts";
import { unwrap } from "./account/outcome.ts";
import { type App, type AppDefinition, makeApp } from "./agent/app.ts";
import { AppError } from "./core/errors.ts";
import { valuesOf } from "./core/settings.ts";
import type { ListedChannel } from "./doors/channels/listed.ts";
import { runSchedules, scheduleWarnings } from "./doors/channels/schedules.ts";
import type { Door } from "./doors/door.ts";
import { modelLine } from "./doors/front.ts";
import type { LongTools } from "./doors/long-tools.ts";
import { native } from "./doors/native/native.ts";
import type { Rollouts } from "./doors/rollouts/rollouts.ts";
import { nothingHere, type RouteContext } from "./doors/routes.ts";
import type { Bindings } from "./env.ts";
import { holdsToken } from "./http/authenticate.ts";
import { mustBeOurHost } from "./http/dev-hosts.ts";
import { problemForPeople, problemResponse } from "./http/problem.ts";
import { RefusedLines } from "./http/refused-lines.ts";
import type { AccountJob, AccountJobHost, Notice } from "./observe/telemetry.ts";
import { type AddressSources, addressFault } from "./session/deliver/outlets.ts";
import { type SessionClass, sessionClass } from "./session/object.ts";
import { sessionObject } from "./session/session-object.ts";
import { unknownModels } from "./session/turn/turn-model.ts";

/** What an app is: what `AppDefinition` says, and how it is reached. */
export interface LonglineConfig extends AppDefinition {
  /** Besides the native one, which is always there. */
  doors?: readonly Door[];
  channels?: readonly ListedChannel[];
  /** `rollouts()`: versions of agents, and rollouts with guardrails. */
  rollouts?: Rollouts;
  /** `longTools()`: tools with durable steps, which can wait. */
  longTools?: LongTools;
}

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
export function longline({
  doors: named = [],
  channels = [],
  rollouts,
  longTools,
  ...definition
}: LonglineConfig): Longline {
  const bindings = env as unknown as Bindings;
  const carried = [rollouts, longTools, ...channels].flatMap((part) => part?.door ?? []);
  const doors = [...named, ...new Set(carried)];
  const app = makeApp(
    definition,
    { doors, channels, rollouts: rollouts?.feature, steps: longTools?.feature },
    bindings,
  );
  const worker = serve(app, doors);
  apps.set(worker, app);
  return worker;
}

const apps = new WeakMap<object, App>();

/** The app of a Worker, for the `longline` command; `undefined` for anything else. */
export function appOf(worker: object): App | undefined {
  return apps.get(worker);
}

/** The Worker of an app that was made. */
export function serve(app: App, doors: readonly Door[]): Longline {
  announce(app);
  for (const door of doors) door.check?.(app, env as unknown as Bindings);
  const { fetch } = router(app, doors);
  const worker: Longline = {
    fetch: (request, bindings, context) => fetch(request, bindings as Bindings, context),
    scheduled: ({ cron, scheduledTime }, bindings) =>
      runSchedules(app, bindings as Bindings, { cron, atMs: scheduledTime }),
    crons: [...new Set(app.schedules.map(({ cron }) => cron))],
    Session: sessionClass({ app, copying: doors.find((door) => door.copying)?.copying }),
    Account: accountClass(app),
  };
  apps.set(worker, app);
  return worker;
}

/** Says in the log what runs here, and what is doubtful about it. Throws for what cannot work. */
function announce(app: App): void {
  const { agents, settings } = app;
  console.log(modelLine(agents.first, settings));
  const { model } = settings;
  const missing = model.kind === "provider" && model.isMissing ? [noModel] : [];
  const unknown = [...agents.all, ...agents.hidden].flatMap((agent) => unknownModels(settings, agent));
  const doubts = [...app.warnings, ...missing, ...unknown, ...scheduleWarnings(app), ...noticeWarnings(app)];
  for (const warning of new Set(doubts)) console.warn(warning);
}

const noModel =
  "MODEL_API_KEY is not set, and the app lists no demo model: every turn fails until the key is set, or `demo: demoModel()` is listed.";

/** All routes of an app: the native ones and those of its doors. */
export function router(app: App, doors: readonly Door[]): Hono<RouteContext> {
  const { settings } = app;
  const access = new Access(env as unknown as Bindings);
  const refused = new RefusedLines();
  const schemas = doors.find((door) => door.schemas)?.schemas;
  const all = new Hono<RouteContext>().use(async (c, next) => {
    c.set("app", app);
    c.set("access", access);
    c.set("schemas", schemas);
    c.set("operations", async () => Object.assign({}, ...(await Promise.all(doors.map((door) => door.operations())))));
    mustBeOurHost(c.req.raw, settings);
    await next();
    const line = refused.lineOf(c.res.status, c.error, Date.now());
    if (line !== undefined) console.log(JSON.stringify(line));
    if (!c.res.ok && holdsToken(c.req.raw)) c.res = await problemForPeople(c.res);
  });
  const guarded = ["/v1/*", ...doors.flatMap(({ guards }) => guards)];
  const exposes = doors.flatMap((door) => door.exposes);
  for (const path of guarded) all.use(path, crossOrigin(settings.allowedOrigins, exposes));
  const listed = doors.flatMap((door) => door.routes(valuesOf(door, app.values), app));
  // Two doors may bring the same routes.
  for (const [hono, path] of new Map([...listed, ...native].map(([path, { hono }]) => [hono, path])))
    all.route(path, hono);
  for (const path of guarded) all.all(path, nothingHere);
  const refusal = refusalIn(doors);
  all.onError((error, c) => refusal(c.req.path, error));
  all.notFound(({ req }) => {
    const path = new URL(req.url).pathname;
    const part = partAt(path);
    if (part !== undefined && doors.every(({ name }) => name !== part))
      return refusal(
        path,
        new AppError("not_found", `There is nothing at ${path}: the app's doors do not list ${part}().`),
      );
    const allowed = ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((method) => takes(all, method, path));
    if (allowed.length === 0) {
      const meant = meantPaths(path).find((each) => takes(all, req.method, each));
      const hint = meant === undefined ? "" : ` ${meant} is there: check the client's base URL.`;
      return refusal(meant ?? path, new AppError("not_found", `There is nothing at ${path}.${hint}`));
    }
    const detail = `${path} does not take ${req.method}. It takes ${allowed.join(", ")}.`;
    const response = refusal(path, new AppError("method_not_allowed", detail));
    response.headers.set("Allow", allowed.join(", "));
    return response;
  });
  return all;
}

/** Lets pages of these origins call (Fetch standard, CORS protocol). Hono's own middleware does more than is used here. */
function crossOrigin(origins: readonly string[], more: readonly string[]): MiddlewareHandler<RouteContext> {
  const exposed = ["Location", "Retry-After", "X-Session-Id", "X-Session-Forked-From", ...more].join();
  return async (c, next) => {
    const { method, headers } = c.req.raw;
    const isPreflight = method === "OPTIONS";
    if (!isPreflight) await next();
    // The headers of a response from a Durable Object cannot be changed, so each response is made anew with the same body.
    const response = isPreflight ? new Response(null, { status: 204 }) : new Response(c.res.body, c.res);
    const allow = (what: string, value: string) => response.headers.set(`Access-Control-${what}`, value);
    const origin = headers.get("Origin") ?? "";
    if (origins.includes(origin)) allow("Allow-Origin", origin);
    allow("Expose-Headers", exposed);
    response.headers.append("Vary", "Origin");
    // A response that is set over another one gets the headers of that one from Hono: here it has them already.
    c.res = undefined;
    c.res = response;
    if (!isPreflight) return;
    allow("Max-Age", "600");
    allow("Allow-Methods", "GET,HEAD,PUT,POST,DELETE,PATCH,QUERY");
    const wanted = headers.get("Access-Control-Request-Headers");
    if (!wanted) return;
    allow("Allow-Headers", wanted.replace(/\s*,\s*/g, ","));
    response.headers.append("Vary", "Access-Control-Request-Headers");
  };
}

/** Where there is no route: in the words of the door whose clients ask there. */
function refusalIn(doors: readonly Door[]): (path: string, error: unknown) => Response {
  const dialects = doors.flatMap(({ refusals }) => refusals ?? []);
  return (path, error) => {
    const response = dialects.find(({ paths }) => paths.test(path))?.response ?? problemResponse;
    return response(error);
  };
}

/** The part of the native door to which a path belongs that an app has only with a line of its own. */
function partAt(path: string): string | undefined {
  if (/^\/v1\/sessions\/(import|.+\/(fork|export))$/.test(path)) return "copies";
  if (/^\/v1\/deliveries\b/.test(path)) return "callbacks";
  return /^\/(?:v1\/(admin|prefixes)|channels\/(webhooks))\b/.exec(path)?.slice(1).find(Boolean);
}

function takes(app: Hono<RouteContext>, method: string, path: string): boolean {
  const [handlers] = app.router.match(method, path);
  return handlers.some(([[, route]]) => route.method === method);
}

/** What may be meant by a path where nothing is: a base URL without `/v1`, with another prefix, or with a slash too many. */
function meantPaths(path: string): string[] {
  const plain = path.replace(/\/{2,}/g, "/").replace(/(?<=.)\/$/, "");
  const start = plain.lastIndexOf("/v1/");
  return [plain, start < 0 ? `/v1${plain}` : plain.slice(start)].filter((each) => each !== path);
}

/** The class of an app's accounts: Cloudflare makes its objects with a context and bindings alone, so the app is closed over. */
export type AccountClass = new (ctx: DurableObjectState, bindings: Bindings) => Account;

/** The session of each account that its alerts are in. */
const alertSession = "longline-alerts";

/** What the Worker's module exports as `Account`. */
function accountClass(app: App): AccountClass {
  return class extends Account {
    constructor(ctx: DurableObjectState, bindings: Bindings) {
      const jobs = (host: AccountJobHost) => jobsOf(app, bindings, host);
      const eraseSession = async (account: string, name: string) =>
        unwrap(await sessionObject(bindings, { account, name }).erase({ account, name }));
      const { keepTurnsMs } = app.settings;
      super(ctx, bindings, { keepTurnsMs, jobs, eraseSession, shares: app.delegation?.shares });
    }
  };
}

function jobsOf(app: App, bindings: Bindings, host: AccountJobHost): AccountJob[] {
  const { alerts, telemetry, rollouts, doors } = app;
  const send = (notice: Notice) => sendNotice(bindings, host.account(), notice);
  const alerted = (name: string) =>
    (alerts?.rules ?? []).filter(({ agent = name }) => agent === name).map(({ to }) => to);
  const ofDoors = doors.map((door) => door.accountJob?.(host, bindings, app));
  const jobs = [alerts?.job(host, send), telemetry?.account?.(host), rollouts?.job(host, send, alerted), ...ofDoors];
  return jobs.filter((job) => job !== undefined);
}

/** By the outbox of a session, so that it comes again like any delivery that fails. */
async function sendNotice(bindings: Bindings, account: string, notice: Notice): Promise<void> {
  const address = { account, name: alertSession };
  const session = sessionObject(bindings, address);
  unwrap(await session.create(address, { title: "Alerts" }));
  unwrap(await session.notify(notice));
}

/** Throws an Error for an alert, or a notice of rollouts, whose address the app must change. Returns what only settings lack: those may come later. */
function noticeWarnings(app: AddressSources & Pick<App, "alerts" | "rollouts">): string[] {
  const alerts = (app.alerts?.rules ?? []).map(({ metric, to }) => ({ what: `The alert about ${metric}: to`, to }));
  const notices = (app.rollouts?.notify ?? []).map((to) => ({ what: "rollouts(): notify", to }));
  return [...alerts, ...notices].flatMap(({ what, to }) => {
    const fault = addressFault(app, to);
    if (fault === undefined) return [];
    const detail = `${what}: ${fault.detail}`;
    if (fault.of === "app") throw new Error(detail);
    return [`${detail} Until then it is not sent.`];
  });
}
