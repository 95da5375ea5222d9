/** Type-checks code that a generator has made, together with a program that uses it, as a project of its own. */
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { rolldown } from "rolldown";
import { mustRun } from "./command.ts";

const compilerOptions = {
  target: "es2022",
  module: "esnext",
  moduleResolution: "bundler",
  lib: ["es2023", "dom", "dom.iterable", "dom.asynciterable"],
  types: [],
  strict: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  noEmit: true,
};

/** `program` becomes `use.ts` in the folder; fails with the compiler's words. */
export async function typeCheck(folder: string, program: string): Promise<void> {
  await writeFile(join(folder, "use.ts"), program);
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["**/*.ts"] }));
  await linkPackages(folder);
  await mustRun(join(import.meta.dirname, "../../node_modules/.bin/tsc"), ["-p", "."], { cwd: folder });
}

/** So that generated code finds what it imports. */
export async function linkPackages(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await symlink(join(import.meta.dirname, "node_modules"), join(folder, "node_modules")).catch(() => {});
}

/** Makes one module of generated code, whose imports lack the endings that Node wants, and loads it. */
export async function bundled<T>(file: string): Promise<T> {
  const bundle = await rolldown({ input: file, platform: "node", logLevel: "silent" });
  const made = `${file}.bundle.mjs`;
  await bundle.write({ file: made, format: "esm" });
  return (await import(pathToFileURL(made).href)) as T;
}
