/** Writes down the public face as text: each exported name with its type, and our own types that those lead to. Made of the declarations that the compiler emits, so that two equal faces give equal texts. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { declarationsOf, type Module, moduleOf } from "./declarations.ts";

const run = promisify(execFile);

/** Passes between the library's own parts: an app can only hand it on. The same holds for every class. */
const opaque = new Set(["RouteContext", "MessageSchemas", "TurnSchemas"]);

/** `entries`: from the top of the checkout, such as `src/index.ts`. Throws when one exports a name that cannot be found. */
export async function apiReport(entries: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "longline-api-"));
  try {
    await emit(entries, folder);
    const modules = modulesIn(folder);
    return [heading, ...entries.map((entry) => reportOf(entry, modules))].join("\n\n").concat("\n");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the compiler complains about is the business of `npm run check`: a type that is too long to be written down is read from its source. */
async function emit(entries: string[], folder: string): Promise<void> {
  const top = process.cwd();
  const compilerOptions = {
    ...{ noEmit: false, declaration: true, emitDeclarationOnly: true, noCheck: true, removeComments: true },
    ...{ rootDir: top, outDir: folder, types: [join(top, "node_modules/@cloudflare/workers-types")] },
  };
  const config = join(folder, "tsconfig.json");
  const files = entries.map((entry) => resolve(entry));
  await writeFile(config, JSON.stringify({ extends: join(top, "tsconfig.json"), compilerOptions, files, include: [] }));
  const compiler = join(top, "node_modules/typescript/lib/tsc.js");
  await run(process.execPath, [compiler, "-p", config], { maxBuffer: 16_000_000 }).catch(() => {});
}

type Modules = (path: string) => Module;

function modulesIn(folder: string): Modules {
  const known = new Map<string, Module>();
  return (path) => {
    const emitted = join(folder, path.replace(/\.ts$/, ".d.ts"));
    const isEmitted = existsSync(emitted);
    const text = () => readFileSync(isEmitted ? emitted : path, "utf8");
    // The compiler indents by four, the formatter by two.
    const read = () =>
      moduleOf(isEmitted ? text().replace(/^(?: {4})+/gm, (all) => " ".repeat(all.length / 2)) : text());
    const module = known.get(path) ?? read();
    known.set(path, module);
    return module;
  };
}

interface Place {
  path: string;
  name: string;
}

function reportOf(entry: string, modules: Modules): string {
  const exported = modules(entry).exports.map(({ from, name, as }) => ({
    as,
    place: placeOf(entry, from, name, modules),
  }));
  exported.sort((one, other) => (one.as < other.as ? -1 : 1));
  const seen = new Map(exported.map(({ place }) => [keyOf(place), place]));
  const shown = exported.map(({ as, place }) => `## ${as}\n\n${shownOf(place, modules)}`);
  const reached: Place[] = [];
  const open = exported.map(({ place }) => place);
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    for (const next of placesIn(place, modules)) {
      if (seen.has(keyOf(next))) continue;
      seen.set(keyOf(next), next);
      reached.push(next);
      open.push(next);
    }
  }
  reached.sort((one, other) => (headOf(one) < headOf(other) ? -1 : 1));
  const inner = reached.map((place) => `## ${headOf(place)}\n\n${shownOf(place, modules)}`);
  return [`# Exported by ${entry}`, ...shown, `# Reached from ${entry}`, ...inner].join("\n\n");
}

const heading = `Everything an app may import from "longline", "longline/client" and "longline/test", and the types of ours that it leads to.
Made by \`UPDATE_API=1 npx vitest run --project unit test/api\`; a test compares it.`;

const keyOf = ({ path, name }: Place) => `${path} ${name}`;
const headOf = ({ path, name }: Place) => `${name} (${path})`;

/** Where a name is declared, through files that only hand it on. */
function placeOf(path: string, from: string | undefined, name: string, modules: Modules): Place {
  const target = from === undefined ? path : pathOf(path, from);
  const module = modules(target);
  if (declarationsOf(module, name).length > 0) return { path: target, name };
  const on = module.exports.find(({ as }) => as === name) ?? module.imports.get(name);
  if (on?.from === undefined) throw new Error(`${path} exports ${name}, and ${target} does not declare it.`);
  return placeOf(target, on.from, on.name, modules);
}

function pathOf(importer: string, target: string): string {
  return relative(process.cwd(), resolve(dirname(importer), target));
}

/** Our own types that a declaration names: in its own file, imported from another, or written as `import("./x.ts").Name`. */
function placesIn({ path, name }: Place, modules: Modules): Place[] {
  const module = modules(path);
  const text = shownOf({ path, name }, modules);
  const inline = [...text.matchAll(/import\("(\.[^"]+)"\)\.(\w+)/g)].map(([, from = "", each = ""]) =>
    placeOf(path, from, each, modules),
  );
  const withoutNames = text.replace(/"(?:[^"\\]|\\.)*"/g, "").replace(/[\w$]+\??:/g, "");
  const words = new Set(withoutNames.match(/[A-Za-z_$][\w$]*/g));
  const named = [...words].flatMap((word) => {
    if (word === name) return [];
    if (declarationsOf(module, word).length > 0) return [{ path, name: word }];
    const imported = module.imports.get(word);
    return imported?.from?.startsWith(".") ? [placeOf(path, imported.from, imported.name, modules)] : [];
  });
  return [...inline, ...named];
}

function shownOf({ path, name }: Place, modules: Modules): string {
  const text = declarationsOf(modules(path), name).join("\n");
  const isClass = /^(?:export )?(?:declare )?(?:abstract )?class /.test(text);
  return isClass || opaque.has(name) ? (text.split("\n")[0] ?? "").replace(/\{$/, "{ … }") : text;
}
