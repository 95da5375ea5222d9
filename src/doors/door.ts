/** WHAT a door is: paths by which the world talks in. An app lists the ones it wants; the native one is always there. */
import type { Hono } from "hono";
import type { RouteContext } from "../routes/context.ts";

export interface Door {
  /** Given twice, it is refused by it. */
  name: string;
  /** Where each group of its routes is. */
  routes: readonly (readonly [path: string, routes: Hono<RouteContext>])[];
}
