/** The door for people: the page at `/`, and the two calls that it alone needs. For everything else the page uses the native door. */

import { type Door, defineDoor } from "../door.ts";
import { welcome } from "../front.ts";
import { Routes } from "../routes.ts";
import { agentDetails } from "./agent-details.ts";
import { page } from "./page.ts";

/** The page at `/`. Its scripts are static files: `wrangler.toml` builds and serves them (`[build]` and `[assets]`). */
export function playground(): Door {
  return defineDoor({
    name: "playground",
    routes: () => [
      ["/", routes],
      ["/v1/agents", agentDetails],
    ],
    operations: async () => (await import("./operations.ts")).playgroundOperations,
  });
}

const routes = new Routes().get("/", "everyone", (c) => {
  const isDev = c.var.app.settings.auth.kind === "dev";
  return page({ welcome: welcome(c.var.app, c.req.url), ...(isDev && { devKey: "dev-key" }) });
});
