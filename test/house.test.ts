import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type SourceFile as File, importsOf, readSourceFile, trackedPaths } from "./house/source-files.ts";

const tracked = trackedPaths();
const files = tracked.filter((path) => /\.(ts|tsx|md)$/.test(path)).map(readSourceFile);
const src = files.filter(({ path }) => /^src\/.*\.tsx?$/.test(path));
const tests = files.filter(({ path }) => /^test\/.*\.ts$/.test(path));
const file = (path: string, text = "/** What it does. */\n"): File => ({ path, text });

/** The layer of each folder of `src`. */
const layers: Record<string, number> = {
  core: 0,
  "env.ts": 1,
  model: 1,
  tools: 1,
  "prefix-cache": 1,
  channels: 1,
  wire: 1,
  rollout: 1,
  http: 1,
  observe: 1,
  agent: 2,
  account: 2,
  session: 3,
  doors: 4,
  delegation: 4,
  "longline.ts": 5,
  "test-kit": 5,
  client: 5,
  "index.ts": 6,
  "client.ts": 6,
  "test.ts": 6,
  app: 7,
  cli: 8,
};

const folderOf = (path: string) => path.split("/")[1] ?? "";

function layerFaults(all: File[]): string[] {
  return all.flatMap((each) => {
    const folder = folderOf(each.path);
    if (folder === "playground") return [];
    const layer = layers[folder];
    if (layer === undefined) return [`${each.path} is in a folder that no layer has`];
    return importsOf(each).flatMap(({ target }) => {
      if (target.startsWith("test/")) return [`${each.path} imports ${target}: the Worker does not carry tests`];
      if (!target.startsWith("src/"))
        return folder === "core" ? [`${each.path} imports ${target}: core imports nothing from outside`] : [];
      const other = folderOf(target);
      const below = layers[other];
      const fine = other === folder || (below !== undefined && below < layer);
      return fine ? [] : [`${each.path} (layer ${layer}) imports ${target} (layer ${below})`];
    });
  });
}

/** A door can be taken out with its folder: it imports what doors share (the files of `src/doors` itself), and no other door. */
function doorFaults(all: File[]): string[] {
  const doorOf = (path: string) => /^src\/doors\/([^/]+)\//.exec(path)?.[1];
  return all.flatMap((each) => {
    const door = doorOf(each.path);
    if (!each.path.startsWith("src/doors/") || each.path === describing) return [];
    return importsOf(each)
      .filter(({ target }) => doorOf(target) !== undefined && doorOf(target) !== door)
      .map(({ target }) => `${each.path} imports ${target}: of another door`);
  });
}

/** It describes the calls that every app has. */
const describing = "src/doors/openapi/document.ts";

/** An app is what a user owns: it knows the library by its public face alone, and its own files. */
function appFaults(all: File[]): string[] {
  return all.flatMap((each) => {
    if (folderOf(each.path) !== "app") return [];
    return importsOf(each)
      .filter(({ target }) => target.startsWith("src/") && folderOf(target) !== "app")
      .map(({ target }) => `${each.path} imports ${target}: an app imports "longline"`);
  });
}

function shapeFaults(all: File[]): string[] {
  return all.flatMap(({ path, text }) => {
    const name = path.split("/").at(-1) ?? "";
    const parts = path.replace(/\.tsx?$/, "").split("/");
    const lines = text.trimEnd().split("\n").length;
    return [
      ...(lines > 400 ? [`${path} has ${lines} lines; 400 are the most`] : []),
      ...(text.replace(/^#!.*\n/, "").startsWith("/**")
        ? []
        : [`${path} does not open with a comment on what it does`]),
      ...(/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.tsx?$/.test(name) ? [] : [`${path} is not named in kebab-case`]),
      ...(parts.some((part) => /^(utils?|helpers?|common|types?|misc)$/.test(part))
        ? [`${path} is a drawer without a name`]
        : []),
      ...(name === "index.ts" && path !== "src/index.ts" ? [`${path} is a barrel`] : []),
      ...(/\bas any\b|@ts-ignore|@ts-expect-error|biome-ignore/.test(text) ? [`${path} escapes the checkers`] : []),
    ];
  });
}

/** Files that import one another in a circle when the program runs. */
function circles(all: File[]): string[] {
  const next = new Map(
    all.map((each) => [
      each.path,
      importsOf(each)
        .filter(({ typeOnly }) => !typeOnly)
        .map(({ target }) => target),
    ]),
  );
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, way: string[]) => {
    if (way.includes(path)) found.push([...way.slice(way.indexOf(path)), path].join(" -> "));
    if (way.includes(path) || done.has(path)) return;
    for (const target of next.get(path) ?? []) visit(target, [...way, path]);
    done.add(path);
  };
  for (const path of next.keys()) visit(path, []);
  return found;
}

/** Rule ids that titles begin with. A literal that is an id alone fills a `[%s]` title from a table; a digest's name is none. */
function titledRules({ text }: File): string[] {
  const literals = text.matchAll(/["'`]((?:\[[A-Z][A-Z0-9]*-\d+\] ?)+|(?!SHA-)[A-Z][A-Z0-9]*-\d+(?=["'`]))/g);
  return [...literals].flatMap(([, ids = ""]) => [...ids.matchAll(/[A-Z][A-Z0-9]*-\d+/g)].map(([id]) => id));
}

/** What this file tests itself, without the wrong examples that it quotes. */
function ownTitles({ path, text }: File): File {
  const lines = text.split("\n").filter((line) => /^ {2}it\("\[/.test(line));
  return { path, text: lines.join("\n") };
}

function specFaults(spec: string, all: File[]): string[] {
  const rules = [...spec.matchAll(/^- \*\*([A-Z0-9]+-\d+)\*\*/gm)].map(([, id]) => id ?? "");
  const tested = new Set(all.flatMap(titledRules));
  return [
    ...rules.filter((id, place) => rules.indexOf(id) !== place).map((id) => `${id} stands twice in SPEC.md`),
    ...rules.filter((id) => !tested.has(id)).map((id) => `${id} has no test`),
    ...[...tested].filter((id) => !rules.includes(id)).map((id) => `${id} is tested, but SPEC.md does not have it`),
  ];
}

const topLevel = new Set(
  "package.json package-lock.json tsconfig.json wrangler.toml README.md src test vitest.config.ts biome.json .npmrc .gitignore .ci LICENSE CHANGELOG.md CONTRIBUTING.md SECURITY.md OPERATING.md UPGRADING.md docs evals .github knip.json .editorconfig .dev.vars.example".split(
    " ",
  ),
);

function topLevelFaults(paths: string[]): string[] {
  const tops = new Set(paths.filter((path) => path !== "").map((path) => path.split("/")[0] ?? ""));
  return [...tops].filter((top) => !topLevel.has(top)).map((top) => `${top} does not belong at the top level`);
}

function focusFaults(all: File[]): string[] {
  const marks = /\b(?:it|test|describe)(?:\.\w+)*\.(?:skip|only|todo|fails)\b|\b(?:xit|xdescribe|fit|fdescribe)\(/;
  return all.filter(({ text }) => marks.test(text)).map(({ path }) => `${path} skips or focuses a test`);
}

/** What a page shows changes after the words that a test waited for: a look that is not repeated passes or fails by chance. */
function glanceFaults(all: File[]): string[] {
  const glance =
    /expect\((?:[\w.]+\()*await [^;]*?\.(?:count|inner(?:Text|HTML)|all\w+s|inputValue|textContent|is[A-Z]\w+)\(/;
  return all.filter(({ text }) => glance.test(text)).map(({ path }) => `${path} looks at a page once; use expect.poll`);
}

/** How long something took says as much about the machine as about the code: benches print times, tests count. */
function clockFaults(all: File[]): string[] {
  const asserted = /expect\((?:performance|Date)\.now\(\) ?-[^)]*\)\.toBeLess/;
  return all.filter(({ text }) => asserted.test(text)).map(({ path }) => `${path} asserts a time`);
}

/** Where rows are the subject, and the few files that look into rows for other tests. */
const rowReaders = [
  ...["test/session/store/", "test/account/"],
  ...["stored-rows", "stored-fixture", "stores-nothing", "sql-spy", "node-storage"].map(
    (name) => `test/support/${name}.ts`,
  ),
  // What older code wrote, what the disk holds after a kill, and databases of which no row is looked at.
  ...["test/fixtures/stored-6939c3a/make.ts", "test/soak/damage.test.ts", "test/soak/harness/commits.ts"],
  ...["test/soak/shim-storage.ts", "test/bench/subjects/sketch.ts", "test/bench/turns.ts"],
];

/** A test of rows fails when a column is renamed, and passes while what callers see is broken. */
function rowFaults(all: File[]): string[] {
  const runsSql = /\bsql\s*\??\.\s*exec\b|\bspyOn\([^)]*sql, "exec"|node:sqlite|support\/(?:stored-rows|sql-spy)\.ts"/;
  const writesSource = /\b(?:writeFile|appendFile)(?:Sync)?\(\s*(?:join\()?["'`](?:\.\/)?src\b/;
  return all.flatMap(({ path, text }) => [
    ...(runsSql.test(text) && !rowReaders.some((place) => path.startsWith(place)) ? [`${path} looks into rows`] : []),
    ...(writesSource.test(text) ? [`${path} changes the source`] : []),
  ]);
}

describe("the house", () => {
  it("[HOUSE-1] imports go down, or stay in their folder", () => {
    expect(layerFaults(src)).toEqual([]);
  });

  it("[HOUSE-1] would notice an import that goes up, sideways or out of core", () => {
    const wrong = [
      file("src/core/a.ts", 'import { b } from "../model/b.ts";\nimport * as z from "zod";'),
      file("src/model/a.ts", 'import type {\n  B,\n} from "../tools/b.ts";\nimport { a } from "./demo/a.ts";'),
      file("src/session/a.ts", 'export { r } from "../doors/r.ts";\nimport { c } from "../core/c.ts";'),
      file("src/extra/a.ts"),
      file("src/http/a.ts", 'import { a } from "../../test/support/a.ts";'),
    ];
    expect(layerFaults(wrong)).toEqual([
      "src/core/a.ts (layer 0) imports src/model/b.ts (layer 1)",
      "src/core/a.ts imports zod: core imports nothing from outside",
      "src/model/a.ts (layer 1) imports src/tools/b.ts (layer 1)",
      "src/session/a.ts (layer 3) imports src/doors/r.ts (layer 4)",
      "src/extra/a.ts is in a folder that no layer has",
      "src/http/a.ts imports test/support/a.ts: the Worker does not carry tests",
    ]);
  });

  it("[HOUSE-14] a door imports no other door", () => {
    expect(doorFaults(src)).toEqual([]);
    const wrong = [
      file("src/doors/mcp/a.ts", 'import { b } from "../native/b.ts";\nimport { c } from "../c.ts";'),
      file("src/doors/c.ts", 'import type { A } from "./mcp/a.ts";'),
      file("src/longline.ts", 'import { b } from "./doors/native/b.ts";'),
    ];
    expect(doorFaults(wrong)).toEqual([
      "src/doors/mcp/a.ts imports src/doors/native/b.ts: of another door",
      "src/doors/c.ts imports src/doors/mcp/a.ts: of another door",
    ]);
  });

  it("[HOUSE-15] the framework's context stays in the routes", () => {
    const knows = (all: File[]) =>
      all.filter((each) => importsOf(each).some(({ target }) => target === "hono")).map(({ path }) => path);
    expect(knows(src)).toEqual(["src/doors/routes.ts", "src/longline.ts"]);
    expect(knows([file("src/doors/mcp/a.ts", 'import type { Context } from "hono";')])).toEqual(["src/doors/mcp/a.ts"]);
  });

  it("[HOUSE-8] an app imports the library by its name alone", () => {
    expect(appFaults(src)).toEqual([]);
    const wrong = [
      file("src/app/a.ts", 'import { defineTool } from "../tools/tool.ts";\nimport { b } from "./b.ts";'),
      file("src/app/b.ts", 'import { defineTool } from "longline";'),
    ];
    expect(appFaults(wrong)).toEqual(['src/app/a.ts imports src/tools/tool.ts: an app imports "longline"']);
  });

  it("[HOUSE-2] files are short, say what they do, have plain names, and hide nothing from the checkers", () => {
    expect(shapeFaults(src)).toEqual([]);
  });

  it("[HOUSE-2] would notice each of these", () => {
    const wrong = [
      file("src/core/long.ts", `/** Long. */\n${"x\n".repeat(400)}`),
      file("src/core/mute.ts", "export {};"),
      file("src/core/camelCase.ts"),
      file("src/core/utils.ts"),
      file("src/core/index.ts"),
      file("src/core/loose.ts", `/** Loose. */\nlet a = b ${"as"} any;`),
    ];
    expect(shapeFaults(wrong).map((fault) => fault.replace(/^src\/core\//, ""))).toEqual([
      "long.ts has 401 lines; 400 are the most",
      "mute.ts does not open with a comment on what it does",
      "camelCase.ts is not named in kebab-case",
      "utils.ts is a drawer without a name",
      "index.ts is a barrel",
      "loose.ts escapes the checkers",
    ]);
  });

  it("[HOUSE-3] no files import one another in a circle", () => {
    expect(circles(src)).toEqual([]);
    const round = [
      file("src/a.ts", 'import { b } from "./b.ts";'),
      file("src/b.ts", 'import { c } from "./c.ts";'),
      file("src/c.ts", 'import { a } from "./a.ts";'),
    ];
    expect(circles(round)).toEqual(["src/a.ts -> src/b.ts -> src/c.ts -> src/a.ts"]);
    expect(
      circles([file("src/a.ts", 'import type { b } from "./b.ts";'), file("src/b.ts", 'import { a } from "./a.ts";')]),
    ).toEqual([]);
  });

  it("[HOUSE-4] every rule of SPEC.md has a test, and every rule a test names is in SPEC.md", () => {
    const titled = tests.map((each) => (each.path === "test/house.test.ts" ? ownTitles(each) : each));
    expect(specFaults(readFileSync("test/SPEC.md", "utf8"), titled)).toEqual([]);
  });

  it("[HOUSE-4] would notice a rule without a test, twice, or unknown, and is not fooled by a mention", () => {
    const spec = "- **A-1** One.\n- **A-2** Two.\n- **A-2** Two.";
    expect(specFaults(spec, [file("t.ts", 'it("[A-1] one"); it("[B-1] other")')])).toEqual([
      "A-2 stands twice in SPEC.md",
      "A-2 has no test",
      "A-2 has no test",
      "B-1 is tested, but SPEC.md does not have it",
    ]);
    const mentions = 'const a = 1; // see [A-1]\nit("shows [A-1] in passing"); it("[A-2] [A-3] two"); ["A-4", 1]';
    expect(
      specFaults("- **A-1** One.\n- **A-2** Two.\n- **A-3** Three.\n- **A-4** Four.", [file("t.ts", mentions)]),
    ).toEqual(["A-1 has no test"]);
    expect(titledRules(ownTitles(file("h.ts", '  it("[C-1] own", () => {\n    file("x", \'it("[C-2]")\');')))).toEqual([
      "C-1",
    ]);
  });

  it("[HOUSE-5] the top level holds what is listed, and nothing else", () => {
    expect(topLevelFaults(tracked)).toEqual([]);
    expect(topLevelFaults(["src/a.ts", "notes/x", ""])).toEqual(["notes does not belong at the top level"]);
  });

  it("[HOUSE-6] no test is skipped or focused, and the README is at most 200 lines", () => {
    expect(focusFaults(tests.filter(({ path }) => path !== "test/house.test.ts"))).toEqual([]);
    expect(
      focusFaults([
        file("a", 'it.only("x")'),
        file("b", "it.skipIf(y)"),
        file("c", "describe.skip("),
        file("d", "it.concurrent.only("),
      ]),
    ).toEqual(["a skips or focuses a test", "c skips or focuses a test", "d skips or focuses a test"]);
    expect(readFileSync("README.md", "utf8").split("\n").length).toBeLessThanOrEqual(200);
  });

  it("[HOUSE-7] what a page shows is asserted by looking until it is so", () => {
    expect(glanceFaults(tests.filter(({ path }) => path.startsWith("test/e2e/")))).toEqual([]);
    expect(
      glanceFaults([
        file("a", "expect(await page.getByLabel(x).count()).toBe(0)"),
        file("b", "expect(JSON.parse(await page.locator(x).innerText()).y).toBe(1)"),
        file("c", "await expect.poll(() => page.getByLabel(x).count()).toBe(0)"),
      ]),
    ).toEqual(["a looks at a page once; use expect.poll", "b looks at a page once; use expect.poll"]);
  });

  it("[HOUSE-19] no test looks into rows but those of the store, and none changes the source", () => {
    const mine = (path: string) => path !== "test/house.test.ts";
    expect(rowFaults(tests.filter(({ path }) => mine(path)))).toEqual([]);
    const used = rowReaders.filter((place) => tests.some(({ path }) => mine(path) && path.startsWith(place)));
    expect(used).toEqual(rowReaders);
    expect(
      rowFaults([
        file("test/a.test.ts", 'sql.exec("SELECT 1")'),
        file("test/b.test.ts", 'storage.sql\n  .exec<{ n: number }>("SELECT 1")'),
        file("test/c.test.ts", 'vi.spyOn(storage.sql, "exec")'),
        file("test/d.test.ts", 'import { DatabaseSync } from "node:sqlite";'),
        file("test/e.test.ts", 'import { change } from "./support/stored-rows.ts";'),
        file("test/f.test.ts", 'writeFileSync("src/core/a.ts", text)'),
        file("test/session/store/a.test.ts", 'sql.exec("SELECT 1"); /x/.exec("y")'),
        file("test/g.test.ts", 'new Outbox(storage.sql); /sql/.exec("y")'),
      ]),
    ).toEqual([
      ...["a", "b", "c", "d", "e"].map((name) => `test/${name}.test.ts looks into rows`),
      "test/f.test.ts changes the source",
    ]);
  });

  it("[HOUSE-9] no test asserts how long something took", () => {
    expect(clockFaults(tests.filter(({ path }) => path !== "test/house.test.ts"))).toEqual([]);
    expect(clockFaults([file("a", "expect(performance.now() - beganMs).toBeLessThan(200);"), file("b")])).toEqual([
      "a asserts a time",
    ]);
  });
});
