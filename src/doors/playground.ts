/** The door for people: the page at `/`, which uses the native door alone. */
import { playgroundPage } from "../routes/front.ts";
import type { Door } from "./door.ts";

/** The page at `/`. Its scripts are static files: `wrangler.toml` builds and serves them (`[build]` and `[assets]`). */
export function playground(): Door {
  return { name: "playground", routes: [["/", playgroundPage]] };
}
