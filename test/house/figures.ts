/** `npm run house`: prints how easy the code is to find one's way in. `-- --list` names the files behind the figures. Judges nothing; `figures.test.ts` does. */
import { readFileSync } from "node:fs";
import {
  circlesOf,
  dialectFiles,
  duplicateTypes,
  importersOfApp,
  importersOfParts,
  journeysOf,
  sizesOf,
} from "./measure.ts";
import { sourceFiles, testFiles } from "./source-files.ts";

const all = sourceFiles();
const sizes = sizesOf(all, testFiles());
const circles = { run: circlesOf(all, { withTypes: false }), all: circlesOf(all, { withTypes: true }) };
const exported = duplicateTypes(all, { exported: true });
const declared = duplicateTypes(all, { exported: false });
const app = importersOfApp(all);
const parts = importersOfParts(all);

/** What is measured, its figure, and what is behind it. */
const rows: [string, string | number, (readonly string[])?][] = [
  ["files of the library that import the app", app.length, app],
  ["files in src", sizes.files],
  ["median of their lines", sizes.medianLines],
  ["files of at most 60 lines with one importer", sizes.smallWithOneImporter.length, sizes.smallWithOneImporter],
  ...Object.entries(sizes.mayStay).map(([reason, paths]): [string, number, readonly string[]] => [
    `besides, such files that may stay: ${reason}`,
    paths.length,
    paths,
  ]),
  ["files that take all of a session at once", parts.length, parts],
  ["groups of files that import one another when the program runs", circles.run.length, circles.run.map(joined)],
  ["the same with imports of types", circles.all.length, circles.all.map(joined)],
  ["files in these groups", circles.all.flat().length],
  ["names of exported types that occur more than once", exported.length, exported.map(shown)],
  ["the same with types that are not exported", declared.length, declared.map(shown)],
  ...dialectFiles(all).map(({ dialect, files, folders }): [string, string, readonly string[]] => [
    `files of the dialect ${dialect}, over folders`,
    `${files} over ${folders.length}`,
    folders,
  ]),
  ...journeysOf(readFileSync("docs/architecture.md", "utf8")).map(({ title, paths, beside }): [string, string] => [
    `files to open: ${title.charAt(0).toLowerCase()}${title.slice(1)}`,
    `${paths.length}, and ${beside.length} beside the way`,
  ]),
];

const lists = process.argv.includes("--list");
const width = Math.max(...rows.map(([name]) => name.length));
for (const [name, figure, behind = []] of rows) {
  console.log(`${name.padEnd(width)}  ${figure}`);
  if (lists) for (const each of behind) console.log(`    ${each}`);
}

function joined(group: readonly string[]): string {
  return group.join(" ");
}

function shown({ name, paths }: { name: string; paths: readonly string[] }): string {
  return `${name}: ${paths.join(" ")}`;
}
