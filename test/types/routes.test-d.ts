/** What the compiler promises and refuses to who writes the routes of a door. Nothing here is run: `tsc` reads it. */
import { type Door, defineDoor, Routes } from "longline";
import { expectTypeOf } from "vitest";

const routes = new Routes()
  .get("/:id", "read", (c, caller) => {
    expectTypeOf(caller.account).toEqualTypeOf<string>();
    expectTypeOf(c.req.param("id")).toEqualTypeOf<string>();
    return c.json({});
  })
  .post("/", "key", async (c, { limits }) => c.json(limits))
  .get("/ping", "everyone", (c) => c.text("pong"));
expectTypeOf(routes).toEqualTypeOf<Routes>();
expectTypeOf(defineDoor({ name: "pings", routes: () => [["/pings", routes]] })).toEqualTypeOf<Door>();

// @ts-expect-error a route says who may call it
routes.get("/open", (c) => c.text("open"));
// @ts-expect-error by a right that there is
routes.get("/open", "write", (c) => c.text("open"));
// @ts-expect-error who needs no key is no one that is known
routes.get("/open", "everyone", (c, caller) => c.text(caller.account));
// @ts-expect-error a route answers
routes.post("/silent", "key", async () => {});
// @ts-expect-error a path has no such parameter
routes.get("/:id", "read", (c) => c.text(c.req.param("name")));
