/** The Worker: which path leads where, and the Durable Objects it exports. Start reading here. */
import { env } from "cloudflare:workers";
import { Hono } from "hono";
import { cors } from "hono/cors";
import { createMiddleware } from "hono/factory";
import { Access, mustMay } from "./account/access.ts";
import { agent } from "./agent.ts";
import { AppError } from "./core/errors.ts";
import { type Bindings, exampleWarnings, parseSettings } from "./env.ts";
import { mustBeOurHost } from "./http/dev-hosts.ts";
import { openAiErrorResponse } from "./http/openai-error.ts";
import { problemResponse } from "./http/problem.ts";
import { admin } from "./routes/admin.ts";
import { answers } from "./routes/answers.ts";
import { channels } from "./routes/channels.ts";
import { chatCompletions } from "./routes/chat-completions.ts";
import type { RouteContext } from "./routes/context.ts";
import { conversations } from "./routes/conversations.ts";
import { copies } from "./routes/copies.ts";
import { deliveries } from "./routes/deliveries.ts";
import { front, modelLine } from "./routes/front.ts";
import { mcp } from "./routes/mcp.ts";
import { messages } from "./routes/messages.ts";
import { models } from "./routes/models.ts";
import { neededRight } from "./routes/needed-right.ts";
import { wishOf } from "./routes/on-disconnect.ts";
import { openapi } from "./routes/openapi.ts";
import { prefixDoctor } from "./routes/prefix-doctor.ts";
import { prefixes } from "./routes/prefixes.ts";
import { responses } from "./routes/responses.ts";
import { runSchedules } from "./routes/schedules.ts";
import { sessions } from "./routes/sessions.ts";
import { mustBeCurrent, tokens } from "./routes/tokens.ts";
import { uiMessages } from "./routes/ui-messages.ts";
import { usage } from "./routes/usage.ts";
import { mcpServers } from "./session/mcp-servers.ts";
import { unknownModels } from "./session/turn-model.ts";

export { Account } from "./account/account.ts";
export { Session } from "./session/session.ts";

// Parsed when the Worker starts: a wrong setting stops it here, with its name, and not at somebody's first message.
const settings = parseSettings(env as unknown as Bindings);
const access = new Access(env as unknown as Bindings);
console.log(modelLine(settings));
mcpServers(agent, settings, env as unknown as Bindings);
const warnings = [...exampleWarnings(env as unknown as Bindings), ...unknownModels(settings, agent)];
for (const warning of warnings) console.warn(warning);

const open = cors({
  origin: [...settings.allowedOrigins],
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
const admit = createMiddleware<RouteContext>(async (c, next) => {
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

export const app = new Hono<RouteContext>()
  .use(async (c, next) => {
    c.set("settings", settings);
    mustBeOurHost(c.req.raw, settings);
    await next();
  })
  .use("/v1/*", open, admit)
  .use("/mcp", open, admit)
  .route("/", front)
  .route("/v1/sessions", copies)
  .route("/v1/sessions", sessions)
  .route("/v1/sessions", messages)
  .route("/v1/sessions", answers)
  .route("/v1/sessions", tokens)
  .route("/v1/sessions", prefixDoctor)
  .route("/v1/responses", responses)
  .route("/v1/conversations", conversations)
  .route("/v1/prefixes", prefixes)
  .route("/v1/models", models)
  .route("/v1/chat/completions", chatCompletions)
  .route("/v1/ui/messages", uiMessages)
  .route("/v1/deliveries", deliveries)
  .route("/v1/usage", usage)
  .route("/v1/admin", admin)
  .route("/mcp", mcp)
  .route("/channels", channels)
  .route("/openapi.json", openapi)
  .onError((error, c) => refusal(c.req.path, error));

/** For `hc<App>` of `hono/client`: the calls and the JSON they answer. Import it as a type only. */
export type App = typeof app;

/** OpenAI's first path members, those that are offered here and those that are not (its OpenAPI document, 2.3.0). */
const openAiPaths =
  /^\/v1\/(assistants|audio|batches|chat|chatkit|completions|containers|conversations|edits|embeddings|evals|files|fine_tuning|images|models|moderations|organization|projects|realtime|responses|skills|threads|uploads|vector_stores|videos)(\/|$)/;

function isOpenAi(path: string): boolean {
  return openAiPaths.test(path);
}

/** Clients of OpenAI's API are refused in its words. */
function refusal(path: string, error: unknown): Response {
  return isOpenAi(path) ? openAiErrorResponse(error) : problemResponse(error);
}

app.notFound((c) => {
  const path = new URL(c.req.url).pathname;
  const allowed = ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((method) => takes(method, path));
  if (allowed.length === 0) return refusal(path, new AppError("not_found", `There is nothing at ${path}.`));
  const detail = `${path} does not take ${c.req.method}. It takes ${allowed.join(", ")}.`;
  const response = refusal(path, new AppError("method_not_allowed", detail));
  response.headers.set("Allow", allowed.join(", "));
  return response;
});

function takes(method: string, path: string): boolean {
  const [handlers] = app.router.match(method, path);
  return handlers.some(([[, route]]) => route.method === method);
}

export default {
  fetch: app.fetch,
  scheduled: ({ cron, scheduledTime }: ScheduledController, bindings: Bindings) =>
    runSchedules(bindings, { cron, atMs: scheduledTime }),
};
