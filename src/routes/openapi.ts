/** `GET /openapi.json`: what can be called here, for machines. Open to everyone. */
import { Hono } from "hono";
import type { RouteContext } from "./context.ts";

export const openapi: Hono<RouteContext> = new Hono<RouteContext>().get("/", async (c) => {
  // Made with the first request, so that the others' start does not pay for it.
  const { openApiDocument } = await import("./openapi/document.ts");
  return c.json(openApiDocument(new URL(c.req.url).origin), 200, { "Cache-Control": "public, max-age=300" });
});
