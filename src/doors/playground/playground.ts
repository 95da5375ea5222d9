/** The door for people: the page at `/`, which uses the native door alone. */
import { Hono } from "hono";
import type { RouteContext } from "../context.ts";
import { type Door, defineDoor } from "../door.ts";
import { welcome } from "../front.ts";
import { page } from "./page.ts";

/** The page at `/`. Its scripts are static files: `wrangler.toml` builds and serves them (`[build]` and `[assets]`). */
export function playground(): Door {
  return defineDoor({ name: "playground", routes: () => [["/", routes]] });
}

const routes = new Hono<RouteContext>().get("/", (c) => {
  const isDev = c.var.settings.auth.kind === "dev";
  return page({ welcome: welcome(c), ...(isDev && { devKey: "dev-key" }) });
});
