/** Where this package is, and which version: its sources are the templates of a new project. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export function packageFolder(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const path = join(folder, "package.json");
    if (existsSync(path) && JSON.parse(readFileSync(path, "utf8")).name === "longline") return folder;
    if (dirname(folder) === folder) throw new Error("The package's own package.json was not found.");
  }
}

export function packageVersion(): string {
  return JSON.parse(readFileSync(join(packageFolder(), "package.json"), "utf8")).version;
}
