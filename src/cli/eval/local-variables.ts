/** What this machine has for the Worker: `.dev.vars`, as wrangler reads it, and the environment. */
import { existsSync, readFileSync } from "node:fs";

/** A name that is in both has the environment's value. Of the environment only names that the file has, and those of the model. */
export function localVariables(file = ".dev.vars"): Record<string, string> {
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const own: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const [, name, value = ""] = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined) own[name] = value.replace(/^(["'])(.*)\1$/, "$2");
  }
  const named = Object.entries(process.env).filter(
    ([name]) => name in own || /^(?:MODEL(?:_|$)|COMETAPI_KEY$)/.test(name),
  );
  return { ...own, ...(Object.fromEntries(named) as Record<string, string>) };
}
