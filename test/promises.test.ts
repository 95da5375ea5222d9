/** The table of docs/promises.md: what README and documents promise, and what has seen it. The limits of the README are compared with the code. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { defaultLimits } from "../src/agent/agent.ts";
import { discordCommands } from "../src/channels/discord/commands.ts";
import { slackManifest } from "../src/channels/slack/manifest.ts";
import { deepestJson } from "../src/core/nesting.ts";
import { watchdogMs } from "../src/session/store/heartbeat.ts";
import { defineTool } from "../src/tools/tool.ts";

const read = (path: string) => readFileSync(path, "utf8");
const words = (text: string) => text.replace(/\s+/g, " ");
const readme = words(read("README.md"));

interface Row {
  document: string;
  text: string;
  seenBy: string;
}

function rowsOf(table: string): Row[] {
  return [...table.matchAll(/^\| (\S+\.md) \| (.+) \| (.+) \|$/gm)].map(
    ([, document = "", text = "", seenBy = ""]) => ({
      document,
      text,
      seenBy,
    }),
  );
}

/** Where in its document a row's text is: `##` names a whole section. */
function placesOf(text: string, document: string): { from: number; to: number }[] {
  const isSection = text.startsWith("## ");
  const found: { from: number; to: number }[] = [];
  for (let from = document.indexOf(text); from >= 0; from = document.indexOf(text, from + 1)) {
    const next = document.indexOf(" ## ", from);
    found.push({ from, to: !isSection ? from + text.length : next < 0 ? document.length : next });
  }
  return found;
}

/** A number that says how much of something, such as `30 s`, `5 %` or `6 of`. */
const measured =
  /\b\d[\d,.]*(?: ?(?:%|s\b|ms\b|min\b|minutes?|hours?|h\b|days?|MB|kB|KiB|MiB|GB|characters|times|rows|messages|calls|steps|turns|keys|deep|tokens|points|bytes|entries|lines)|(?= of ))/g;

/** Such numbers of a document that no row is about. Code is run, or compiled. */
function unseen(document: string, rows: readonly Row[]): string[] {
  const text = words(read(document).replace(/```[\s\S]*?```/g, " "));
  const seen = rows.filter((row) => row.document === document).flatMap((row) => placesOf(row.text, text));
  return [...text.matchAll(measured)]
    .filter(({ index }) => !seen.some(({ from, to }) => from <= index && index < to))
    .map(({ index }) => `${document}: ${text.slice(Math.max(0, index - 50), index + 40)}`);
}

/** What is wrong with a row. */
function faultsOf({ document, text, seenBy }: Row, rules: ReadonlySet<string>): string[] {
  const { scripts } = JSON.parse(read("package.json"));
  const means = seenBy.split(", ").map((each) => each.replaceAll("`", ""));
  const isThere = (each: string) => {
    if (/^[A-Z0-9]+-\d+$/.test(each)) return rules.has(each);
    if (each.startsWith("npm run ")) return each.slice("npm run ".length) in scripts;
    if (each.startsWith("test/")) return existsSync(each);
    return /^[\w.-]+ 20\d\d-\d\d-\d\d$/.test(each);
  };
  return [
    ...(existsSync(document) && placesOf(text, words(read(document))).length > 0
      ? []
      : [`${document} does not say: ${text}`]),
    ...means.filter((each) => !isThere(each)).map((each) => `${document}: ${text}: there is no ${each}`),
  ];
}

describe("promises", () => {
  const rules = new Set([...read("test/SPEC.md").matchAll(/^- \*\*([A-Z0-9]+-\d+)\*\*/gm)].map(([, id = ""]) => id));

  it("[DOCS-12] each row of the table names a text of a document, and a rule, file or command that exists", () => {
    const rows = rowsOf(read("docs/promises.md"));
    expect(rows.length).toBeGreaterThan(40);
    expect(rows.flatMap((row) => faultsOf(row, rules))).toEqual([]);
    const documents = new Set(rows.map(({ document }) => document));
    expect([...documents]).toEqual(expect.arrayContaining(["README.md", "OPERATING.md", "docs/scale.md"]));
  });

  it("[DOCS-12] no number with a unit is without a row, and no document", () => {
    const rows = rowsOf(read("docs/promises.md"));
    // Commands print what the other two say: `npm run house`, and `npm run bench`, which writes the whole file.
    const others = ["docs/promises.md", "docs/architecture.md", "docs/bench.md"];
    const documents = readdirSync("docs").map((name) => `docs/${name}`);
    const checked = ["README.md", "OPERATING.md", ...documents].filter((path) => !others.includes(path));
    expect(checked.flatMap((document) => unseen(document, rows))).toEqual([]);
    expect(checked.filter((path) => !rows.some(({ document }) => document === path))).toEqual([]);
    expect(unseen("README.md", []).length).toBeGreaterThan(5);
  });

  it("[DOCS-12] a text that is gone, a rule that is none, and a command that is none are found", () => {
    const noRule = ["TURN", "999"].join("-");
    const [row] = rowsOf(`| README.md | eats the moon | \`${noRule}\`, \`npm run moon\`, test/moon.ts, \`TURN-7\` |`);
    expect(row && faultsOf(row, rules)).toHaveLength(4);
  });

  it("[DOCS-12] the README links every document", () => {
    const linked = new Set([...read("README.md").matchAll(/\]\((docs\/[\w-]+\.md)/g)].map(([, path]) => path));
    const all = [...read("docs/promises.md").matchAll(/^\| (docs\/\S+\.md)/gm)].map(([, path]) => path);
    expect(all.filter((path) => !linked.has(path))).toEqual([]);
    expect(linked).toContain("docs/promises.md");
  });

  it("[DOCS-13] the limits that the README says are those of the code", () => {
    const { maxSteps, turnSeconds, waitSeconds } = defaultLimits;
    expect(readme).toContain(
      `A turn: ${maxSteps} model calls, ${turnSeconds / 60} min of work, ${waitSeconds / 3600} h of waiting for people`,
    );
    const tool = defineTool({ name: "a", description: "", input: z.object({}), effect: "none", run: () => "" });
    expect(readme).toContain(`${tool.timeoutMs / 1000} s a tool unless it says otherwise`);
    expect(readme).toContain(`at most ${watchdogMs / 1000} s after its last sign of work`);
    expect(readme).toContain(`nested at most ${deepestJson} deep`);
  });

  it("[DOCS-14] docs/messengers.md names the scopes of the manifest and the commands of Discord, and no others", () => {
    const document = read("docs/messengers.md");
    const { oauth_config, features } = slackManifest("https://a.example") as {
      oauth_config: { scopes: { bot: string[] } };
      features: { slash_commands: { command: string }[]; shortcuts: { name: string }[] };
    };
    const [, scopes = ""] = /Scopes: ([\s\S]*?)\n\n/.exec(document) ?? [];
    const named = [...scopes.matchAll(/`([a-z:_]+)`/g)].map(([, scope]) => scope);
    expect(named.toSorted()).toEqual(oauth_config.scopes.bot.toSorted());
    for (const { command } of features.slash_commands) expect(document).toContain(`\`${command}\``);
    for (const { name } of features.shortcuts) expect(document).toContain(`*${name}*`);
    for (const { name, type } of discordCommands) expect(document).toContain(type === 1 ? `\`/${name}\`` : `*${name}*`);
  });
});
