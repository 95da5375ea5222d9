/** The door for registered prefixes: texts that sessions begin with. */
import { type Door, defineDoor } from "../door.ts";
import { prefixes as routes } from "./routes.ts";

/** `/v1/prefixes`: upload, read, remove and warm. What is registered is used in any app, with this door or without it. */
export function prefixes(): Door {
  return defineDoor({
    name: "prefixes",
    isNative: true,
    routes: () => [["/v1/prefixes", routes]],
    operations: async () => (await import("./operations.ts")).prefixOperations,
  });
}
