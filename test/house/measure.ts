/** Measures how easy the code is to find one's way in: the figures of `npm run house`. Pure: it is given files, and returns counts. */
import { importsOf, type SourceFile } from "./source-files.ts";

/** Files in `src` and how long they are. */
export interface Sizes {
  files: number;
  medianLines: number;
  /** Files of at most 60 lines that one other file imports, and no more. */
  smallWithOneImporter: string[];
}

export function sizesOf(all: readonly SourceFile[]): Sizes {
  const lines = all.map(lineCount).sort((a, b) => a - b);
  const importers = importersOf(all);
  const small = all.filter((file) => lineCount(file) <= 60 && importers.get(file.path)?.size === 1);
  return {
    files: all.length,
    medianLines: lines[Math.floor(lines.length / 2)] ?? 0,
    smallWithOneImporter: small.map(({ path }) => path),
  };
}

function lineCount({ text }: SourceFile): number {
  return text.trimEnd().split("\n").length;
}

function importersOf(all: readonly SourceFile[]): Map<string, Set<string>> {
  const importers = new Map<string, Set<string>>(all.map(({ path }) => [path, new Set()]));
  for (const file of all) for (const { target } of importsOf(file)) importers.get(target)?.add(file.path);
  return importers;
}

/**
 * Groups of files that import one another, directly or through others of the group (strongly connected components, by
 * Tarjan's algorithm). `withTypes`: imports of types alone count, too.
 */
export function circlesOf(all: readonly SourceFile[], { withTypes }: { withTypes: boolean }): string[][] {
  const known = new Set(all.map(({ path }) => path));
  const next = new Map(all.map((file) => [file.path, targetsOf(file, withTypes).filter((path) => known.has(path))]));
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const groups: string[][] = [];
  const visit = (path: string): number => {
    const own = order.size;
    order.set(path, own);
    lowest.set(path, own);
    open.push(path);
    for (const target of next.get(path) ?? []) {
      const reached = order.has(target) ? (open.includes(target) ? order.get(target) : undefined) : visit(target);
      lowest.set(path, Math.min(lowest.get(path) ?? own, reached ?? own));
    }
    const low = lowest.get(path) ?? own;
    if (low === own) groups.push(open.splice(open.indexOf(path)));
    return low;
  };
  for (const { path } of all) if (!order.has(path)) visit(path);
  return groups.filter(({ length }) => length > 1).map((group) => group.sort());
}

function targetsOf(file: SourceFile, withTypes: boolean): string[] {
  return importsOf(file)
    .filter(({ typeOnly }) => withTypes || !typeOnly)
    .map(({ target }) => target);
}

/** A name and the files that declare a type of that name. */
export interface NamedTwice {
  name: string;
  paths: string[];
}

/** Names of types, interfaces and classes that more than one file declares. `exported`: only those that other files can import. */
export function duplicateTypes(all: readonly SourceFile[], { exported }: { exported: boolean }): NamedTwice[] {
  const declared = new Map<string, string[]>();
  for (const { path, text } of all) {
    const found = text.matchAll(
      /^(export )?(?:declare )?(?:abstract )?(?:interface|type|class) ([A-Z]\w*)(?=[\s<={])/gm,
    );
    for (const [, isExported, name = ""] of found) {
      if (exported && isExported === undefined) continue;
      declared.set(name, [...(declared.get(name) ?? []), path]);
    }
  }
  const several = [...declared].filter(([, paths]) => new Set(paths).size > 1);
  return several
    .map(([name, paths]) => ({ name, paths: [...new Set(paths)] }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Files of the library that import a file of the app. The Worker that `longline init` copies is an app, too. */
export function importersOfApp(all: readonly SourceFile[]): string[] {
  const isApp = (path: string) => path.startsWith("src/app/") || path.startsWith("src/cli/starter/");
  return all
    .filter((file) => !isApp(file.path) && importsOf(file).some(({ target }) => isApp(target)))
    .map(({ path }) => path);
}

/** Which files of `src` are about a dialect, by their paths. */
const dialects: readonly [string, RegExp][] = [
  ["openai-chat", /openai\/chat\/|chat-completions/],
  ["openai-responses", /openai\/responses\/|responses?\.ts$|response-(?!format)[a-z]+\.ts$|conversations\.ts$|item-/],
  ["ai-sdk", /ai-sdk|\/ui-[a-z]+\.ts$/],
  ["mcp", /doors\/mcp\/|\/mcp\.ts$/],
  ["native", /doors\/native\/|wire\/native/],
];

/** What a dialect is made of, and over how many folders it is spread. */
export interface DialectFiles {
  dialect: string;
  files: number;
  folders: string[];
}

export function dialectFiles(all: readonly SourceFile[]): DialectFiles[] {
  const paths = all.map(({ path }) => path).filter((path) => /^src\/(?:wire|doors|session)\//.test(path));
  return dialects.map(([dialect, pattern]) => {
    const own = paths.filter((path) => pattern.test(path));
    const folders = [...new Set(own.map((path) => path.slice(0, path.lastIndexOf("/"))))];
    return { dialect, files: own.length, folders };
  });
}

/** Files that import all of a session at once, beside the two that hold it: a function asks for what it uses. */
export function importersOfParts(all: readonly SourceFile[]): string[] {
  const parts = "src/session/open-session.ts";
  const holders = ["src/session/lifecycle.ts", "src/session/object.ts"];
  const takers = all.filter((file) => importsOf(file).some(({ target }) => target === parts));
  return takers.map(({ path }) => path).filter((path) => !holders.includes(path));
}

/** A journey of `docs/architecture.md`: its heading, and the file of each numbered line. */
export interface Journey {
  title: string;
  paths: string[];
}

export function journeysOf(document: string): Journey[] {
  return document
    .split(/^### /m)
    .slice(1)
    .map((section) => ({
      title: section.slice(0, section.indexOf("\n")).trim(),
      paths: [...section.matchAll(/^\d+\. `([^`]+)`/gm)].map(([, path = ""]) => path),
    }));
}

/** Every file of `src` that a document names. */
export function namedFiles(document: string): string[] {
  return [...new Set([...document.matchAll(/\bsrc\/[\w./-]+\.\w+/g)].map(([path]) => path))];
}
