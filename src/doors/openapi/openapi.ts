/** The door for machines that write clients: `GET /openapi.json`, made of the schemas that validate. */

import { type Door, defineDoor } from "../door.ts";
import { Routes } from "../routes.ts";

/** `/openapi.json`: what can be called in this app, by its native door and by those that it lists. Open to everyone. */
export function openapi(): Door {
  return defineDoor({ name: "openapi", routes: () => [["/openapi.json", document]] });
}

const document = new Routes().get("/", "everyone", async (c) => {
  // Made with the first request, so that the others' start does not pay for it.
  const { openApiDocument } = await import("./document.ts");
  const made = await openApiDocument(c.var.app, c.var.operations);
  return c.json({ ...made, servers: [{ url: new URL(c.req.url).origin }] }, 200, {
    "Cache-Control": "public, max-age=300",
  });
});
