/** Loads a module of the user's project: TypeScript as it is written, which Node runs from 22.18 on. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { UsageError } from "./usage.ts";

/** Its exports by name. Throws a `UsageError` where this Node reads no TypeScript, and what the module throws. */
export async function loadModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "ERR_UNKNOWN_FILE_EXTENSION") throw error;
    throw new UsageError(
      `Node ${process.version} cannot load ${path}: use Node 22.18 or newer (npx takes the project's own).`,
    );
  }
}
