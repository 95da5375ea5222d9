/** `/` and `/health`: what is running here and how to talk to it. Open to everyone, so they tell nothing about accounts. */
import { Hono } from "hono";
import { version } from "../../package.json";
import { agent } from "../agent.ts";
import type { Settings } from "../env.ts";
import { modelIds } from "../session/turn-model.ts";
import type { RouteContext } from "./context.ts";
import { page } from "./page.ts";

export const front = new Hono<RouteContext>()
  .get("/health", (c) => {
    const { settings } = c.var;
    const demo = settings.model.kind === "demo";
    return c.json({ ok: true, version, model: modelIds(settings, agent)[0], demo });
  })
  .get("/", (c) => {
    const { settings } = c.var;
    const isDev = settings.auth.kind === "dev";
    return page({ welcome: welcome(settings, new URL(c.req.url).origin), ...(isDev && { devKey: "dev-key" }) });
  });

function welcome(settings: Settings, origin: string): string {
  const key = settings.auth.kind === "dev" ? "dev-key" : "$API_KEY";
  return `Longline ${version}

${answerLine(settings)}
${keyLine(settings)}

Try it:

  curl -N ${origin}/v1/sessions/hello/messages \\
    -H "Authorization: Bearer ${key}" -H "Accept: text/event-stream" \\
    --json '{"content":"What time is it in Tokyo, and what is 17 * 23?"}'
`;
}

/** The same for everyone: where the model is asked is for those who run the Worker. */
function answerLine(settings: Settings): string {
  return settings.model.kind === "demo" ? modelLine(settings) : `Answers come from ${modelIds(settings, agent)[0]}.`;
}

/** Which model answers and where, in words, for the Worker's log. */
export function modelLine({ model }: Settings): string {
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
