/** The door for machines that write clients: `GET /openapi.json`, made of the schemas that validate. */

import { type Door, defineDoor } from "../door.ts";
import { Routes } from "../routes.ts";
import { openApiDocument } from "./document.ts";

/** `/openapi.json`: what can be called in this app, by its native door and by those that it lists. Open to everyone. */
export function openapi(): Door {
  return defineDoor({ name: "openapi", routes: () => [["/openapi.json", document]] });
}

const document = new Routes().get("/", "everyone", async (c) => {
  const made = await openApiDocument(c.var.app, c.var.operations);
  return c.json({ ...made, servers: [{ url: new URL(c.req.url).origin }] }, 200, {
    "Cache-Control": "public, max-age=300",
  });
});
