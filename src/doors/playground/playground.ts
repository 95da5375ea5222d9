/** The door for people: the page at `/`, and the two calls that it alone needs. For everything else the page uses the native door. */

import * as z from "zod/mini";
import { agentDetails as details } from "../../wire/agent-shapes.ts";
import { type Door, defineDoor } from "../door.ts";
import { welcome } from "../front.ts";
import type { Operation } from "../operation.ts";
import { Routes } from "../routes.ts";
import { agentDetails, toolTry } from "./agent-details.ts";
import { page } from "./page.ts";

/** The page at `/`. Its scripts are static files: `wrangler.toml` builds and serves them (`[build]` and `[assets]`). */
export function playground(): Door {
  return defineDoor({
    name: "playground",
    routes: () => [
      ["/", routes],
      ["/v1/agents", agentDetails],
    ],
    operations: playgroundOperations,
  });
}

const routes = new Routes().get("/", "everyone", (c) => {
  const isDev = c.var.app.settings.auth.kind === "dev";
  return page({ welcome: welcome(c.var.app, c.req.url), ...(isDev && { devKey: "dev-key" }) });
});

const operate = { tag: "Agents" } as const;
function playgroundOperations(): Record<string, Operation> {
  const forAccount = z.object({ account: z.optional(z.string()) });
  const outcome = z.object({ content: z.string(), is_error: z.boolean(), duration_ms: z.int().check(z.minimum(0)) });
  return {
    "GET /v1/agents/{agent}": {
      ...operate,
      summary: "The whole definition of an agent",
      query: forAccount,
      answers: { 200: { what: "The agent.", schema: details } },
      refusals: [403, 404],
    },
    "POST /v1/agents/{agent}/tools/{tool}/run": {
      ...operate,
      summary: "Tries a tool whose effect is `none`, outside of a session",
      query: forAccount,
      body: toolTry,
      answers: { 200: { what: "What the tool made of it.", schema: outcome } },
      refusals: [403, 404, 409],
    },
  };
}
