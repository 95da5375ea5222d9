/** The door for people: the page at `/`, which uses the native door alone. */
import { playgroundPage } from "../routes/playground-page.ts";
import { type Door, defineDoor } from "./door.ts";

/** The page at `/`. Its scripts are static files: `wrangler.toml` builds and serves them (`[build]` and `[assets]`). */
export function playground(): Door {
  return defineDoor({ name: "playground", routes: () => [["/", playgroundPage]] });
}
