/** The door for those who run the Worker: accounts, their limits and their keys. */
import { type Door, defineDoor } from "../door.ts";
import { adminOperations } from "./operations.ts";
import { admin as routes } from "./routes.ts";

/** `/v1/admin`: accounts and keys, by the ADMIN_KEY. An app without it has the account `default` alone, with its `API_KEY`. */
export function admin(): Door {
  return defineDoor({
    name: "admin",
    isNative: true,
    routes: () => [["/v1/admin", routes]],
    operations: adminOperations,
  });
}
