/** The files of this checkout and what they import, as the house rules and `npm run house` read them. Reads files; judges nothing. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** A file of ours: its path from the top, and its text. */
export interface SourceFile {
  path: string;
  text: string;
}

/** One import of a file. `typeOnly`: it is gone when the program runs. */
export interface Import {
  /** A path from the top for a file of ours, else the name of the package. */
  target: string;
  typeOnly: boolean;
  /** By `import()`, when the code comes to it. */
  isLate: boolean;
}

/** Paths that git knows or would add, from the top. */
export function trackedPaths(): string[] {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" });
  return listed.split("\n").filter((path) => path !== "" && existsSync(path));
}

export function readSourceFile(path: string): SourceFile {
  return { path, text: readFileSync(path, "utf8") };
}

/** The TypeScript files of `src`. */
export function sourceFiles(): SourceFile[] {
  return filesLike(/^src\/.*\.tsx?$/);
}

/** The tests, without what they share. */
export function testFiles(): SourceFile[] {
  return filesLike(/^test\/.*\.test\.tsx?$/);
}

function filesLike(pattern: RegExp): SourceFile[] {
  return trackedPaths()
    .filter((path) => pattern.test(path))
    .map(readSourceFile);
}

export function importsOf({ path, text }: SourceFile): Import[] {
  const found = text.matchAll(
    /^\s*(?:import|export)\s+(type\s)?[^;"']*?from\s+"([^"]+)"|^\s*import\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm,
  );
  return [...found].map(([, type, from, bare, late]) => {
    const target = from ?? bare ?? late ?? "";
    return {
      target: target.startsWith(".") ? normalize(join(dirname(path), target)) : target,
      typeOnly: type !== undefined,
      isLate: late !== undefined,
    };
  });
}
