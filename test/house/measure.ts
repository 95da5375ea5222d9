/** Measures how easy the code is to find one's way in: the figures of `npm run house`. Pure: it is given files, and returns counts. */
import { importsOf, type SourceFile } from "./source-files.ts";

/** Files in `src` and how long they are. */
export interface Sizes {
  files: number;
  medianLines: number;
  /** Files of at most 60 lines that one other file of the library imports, and no more, without those that may stay. */
  smallWithOneImporter: string[];
  /** Of such files, those that may stay, by why they may. */
  mayStay: Readonly<Record<Reason, string[]>>;
}

/** Why a small file with one importer may be a file of its own. */
export type Reason = (typeof reasons)[number];

const reasons = ["plug-in", "pure, with a test of its own", "loaded late"] as const;

/** `tests`: all test files. Files of an app are not counted: the rules of the house bind the library. */
export function sizesOf(all: readonly SourceFile[], tests: readonly SourceFile[]): Sizes {
  const lines = all.map(lineCount).sort((a, b) => a - b);
  const importers = importersOf(all);
  const small = all.filter(
    (file) => !isApp(file.path) && lineCount(file) <= 60 && importers.get(file.path)?.length === 1,
  );
  const sorted = small.map((file) => ({ file, reason: reasonFor(file, importers.get(file.path) ?? [], tests) }));
  const pathsOf = (wanted: Reason | undefined) =>
    sorted.filter(({ reason }) => reason === wanted).map(({ file }) => file.path);
  return {
    files: all.length,
    medianLines: lines[Math.floor(lines.length / 2)] ?? 0,
    smallWithOneImporter: pathsOf(undefined),
    mayStay: {
      "plug-in": pathsOf("plug-in"),
      "pure, with a test of its own": pathsOf("pure, with a test of its own"),
      "loaded late": pathsOf("loaded late"),
    },
  };
}

/**
 * HOUSE section 3. A plug-in is what an app lists: the public face is its importer, it is the file of a door (named as its folder), or it
 * defines a tool. A test is a
 * file's own when it has its name and imports it. What is only ever loaded by `import()` would, as a part of its importer, be loaded at start.
 */
function reasonFor(file: SourceFile, importers: readonly Importer[], tests: readonly SourceFile[]): Reason | undefined {
  const name = /([^/]+)\.tsx?$/.exec(file.path)?.[1];
  if (importers.every(({ isLate }) => isLate)) return "loaded late";
  const isPlugIn = importers.some(({ path }) => path === "src/index.ts") || /\/doors\/(\S+)\/\1\.ts$/.test(file.path);
  if (isPlugIn || /\bdefineTool\(/.test(file.text)) return "plug-in";
  const hasTest = tests.some(
    (test) => test.path.endsWith(`/${name}.test.ts`) && importsOf(test).some(({ target }) => target === file.path),
  );
  return hasTest && !impure.test(file.text) ? "pure, with a test of its own" : undefined;
}

/** What waits, reads a clock, is random, or knows the platform. */
const impure =
  /\bawait\b|\basync\b|\bPromise\b|\bfetch\(|\bDate\.now\(|\bperformance\.|\bMath\.random\(|\bcrypto\.|\bset(?:Timeout|Interval)\(|\bprocess\.|\bSqlStorage\b|\bDurableObject\w*\b|\bconsole\.|\bdocument\.|from "(?:node|cloudflare):/;

function lineCount({ text }: SourceFile): number {
  return text.trimEnd().split("\n").length;
}

/** A file that imports another one. `isLate`: by `import()` alone. */
interface Importer {
  path: string;
  isLate: boolean;
}

function importersOf(all: readonly SourceFile[]): Map<string, Importer[]> {
  const importers = new Map<string, Importer[]>(all.map(({ path }) => [path, []]));
  for (const { path, imports } of all.map((file) => ({ path: file.path, imports: importsOf(file) })))
    for (const target of new Set(imports.map((each) => each.target))) {
      const own = imports.filter((each) => each.target === target && !each.typeOnly);
      importers.get(target)?.push({ path, isLate: own.length > 0 && own.every(({ isLate }) => isLate) });
    }
  for (const { path, text } of all)
    for (const target of aliasesIn(text)) importers.get(target)?.push({ path, isLate: false });
  return importers;
}

/** Files that a build puts in the place of others: each is named by its path, and imported by none of these names. */
function aliasesIn(text: string): string[] {
  return [...text.matchAll(/"cloudflare:[a-z]+": (?:\w+\()?"(?:src\/)?([\w/-]+\.ts)"/g)].map(
    ([, path]) => `src/${path}`,
  );
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

/** Files of the app. The Worker that `longline init` copies is an app, too. */
const isApp = (path: string) => path.startsWith("src/app/") || path.startsWith("src/cli/starter/");

/** Files of the library that import a file of the app. */
export function importersOfApp(all: readonly SourceFile[]): string[] {
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

/** A journey of `docs/architecture.md`: its heading, the file of each numbered line, and of each line below one. */
export interface Journey {
  title: string;
  paths: string[];
  beside: string[];
}

export function journeysOf(document: string): Journey[] {
  return document
    .split(/^### /m)
    .slice(1)
    .map((section) => ({
      title: section.slice(0, section.indexOf("\n")).trim(),
      paths: pathsOf(section, /^\d+\. `([^`]+)`/gm),
      beside: pathsOf(section, /^ +- `([^`]+)`/gm),
    }))
    .filter(({ paths }) => paths.length > 0);
}

function pathsOf(section: string, line: RegExp): string[] {
  return [...section.matchAll(line)].map(([, path = ""]) => path);
}

/** Every file of `src` that a document names. */
export function namedFiles(document: string): string[] {
  return [...new Set([...document.matchAll(/\bsrc\/[\w./-]+\.\w+/g)].map(([path]) => path))];
}
