/** `/` and `/health`: what is running here and how to talk to it. Open to everyone, so they tell nothing about accounts. */
import { version } from "../../package.json";
import type { Agent } from "../agent/agent.ts";
import type { App } from "../agent/app.ts";
import type { Settings } from "../env.ts";
import { modelIds } from "../session/turn/turn-model.ts";
import type { HealthJson } from "../wire/shapes.ts";
import { Routes } from "./routes.ts";

export const front = new Routes()
  .get("/health", "everyone", (c) => {
    const { app } = c.var;
    const { settings } = app;
    const demo = settings.model.kind === "demo";
    return c.json<HealthJson>({ ok: true, version, model: modelIds(settings, app.agents.first)[0], demo });
  })
  // Where the app lists no page.
  .get("/", "everyone", (c) => c.text(welcome(c.var.app, c.req.url)));

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
