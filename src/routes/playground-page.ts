/** `/` where the app lists the page. */
import { Hono } from "hono";
import type { RouteContext } from "./context.ts";
import { welcome } from "./front.ts";
import { page } from "./page.ts";

export const playgroundPage: Hono<RouteContext> = new Hono<RouteContext>().get("/", (c) => {
  const isDev = c.var.settings.auth.kind === "dev";
  return page({ welcome: welcome(c), ...(isDev && { devKey: "dev-key" }) });
});
