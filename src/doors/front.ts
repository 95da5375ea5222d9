/** `/` and `/health`: what is running here and how to talk to it. Open to everyone, so they show nothing of accounts. */
import { version } from "../../package.json";
import { accountList } from "../account/account-object.ts";
import type { Agent } from "../agent/agent.ts";
import type { App } from "../agent/app.ts";
import type { Bindings, Settings } from "../env.ts";
import { modelIds } from "../session/turn/turn-model.ts";
import type { HealthJson } from "../wire/account-shapes.ts";
import { Routes } from "./routes.ts";

export const front = new Routes()
  .get("/health", "everyone", async (c) => {
    const { app } = c.var;
    const { settings, telemetry } = app;
    const demo = settings.model.kind === "demo";
    const about = { ok: true, version, model: modelIds(settings, app.agents.first)[0], demo } as const;
    const dropped = telemetry?.isExported ? await droppedTelemetry(c.env) : undefined;
    return c.json<HealthJson>({ ...about, ...(dropped !== undefined && { telemetry: { dropped } }) });
  })
  // Where the app lists no page.
  .get("/", "everyone", (c) => c.text(welcome(c.var.app, c.req.url)));

/** How long the count is waited for, and how long it is used: it does not show whether the Worker is well. */
const countMs = { patience: 500, remembered: 10_000 };
let counted: { atMs: number; dropped: Promise<number | undefined> } | undefined;

/** How much sessions had to drop that a collector did not take; `undefined` where that is not known in time. */
function droppedTelemetry(bindings: Bindings): Promise<number | undefined> {
  if (counted !== undefined && Date.now() - counted.atMs < countMs.remembered) return counted.dropped;
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, countMs.patience));
  const asked = Promise.resolve(accountList(bindings).droppedTelemetry()).catch(() => undefined);
  counted = { atMs: Date.now(), dropped: Promise.race([asked, late]) };
  return counted.dropped;
}

/** What is running here, in words for a terminal. `url`: of the request. */
export function welcome(app: App, url: string): string {
  const { settings } = app;
  const { origin } = new URL(url);
  const key = settings.auth.kind === "dev" ? "dev-key" : "$API_KEY";
  return `Longline ${version}

${answerLine(app.agents.first, settings)}
${keyLine(settings)}

Try it:

  curl -N ${origin}/v1/sessions/hello/messages \\
    -H "Authorization: Bearer ${key}" -H "Accept: text/event-stream" \\
    --json '{"content":"What time is it in Tokyo, and what is 17 * 23?"}'
`;
}

/** The same for everyone: where the model is asked is for those who run the Worker. */
function answerLine(agent: Agent, settings: Settings): string {
  return settings.model.kind === "demo" || settings.model.isMissing
    ? modelLine(agent, settings)
    : `Answers come from ${modelIds(settings, agent)[0]}.`;
}

/** Which model answers and where, in words, for the Worker's log. */
export function modelLine(agent: Agent, { model }: Settings): string {
  if (model.kind === "provider" && model.isMissing) return "No model is configured: set MODEL_API_KEY.";
  if (model.kind === "provider") return `Answers come from ${model.modelId ?? agent.models[0].id} at ${model.baseUrl}.`;
  return "Answers come from the built-in demo model. Set MODEL_API_KEY to use the real one.";
}

function keyLine({ auth }: Settings): string {
  switch (auth.kind) {
    case "key":
      return "Calls need the API key.";
    case "dev":
      return "No API_KEY is set, so this development server accepts the key dev-key.";
    case "closed":
      return "No API_KEY is set: every call is refused until it is (wrangler secret put API_KEY).";
  }
}
