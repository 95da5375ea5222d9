import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Ladder, type Rung } from "../src/account/ladder.ts";
import { accountLadder } from "../src/account/schema.ts";
import { sessionLadder } from "../src/session/store/schema.ts";
import { compareReleases, contractions, ladderFaults } from "./support/rung-rules.ts";

describe("the rungs of storage", () => {
  it("[UPGRADE-2] only add, or contract what the release before no longer uses", () => {
    expect(ladderFaults("session", sessionLadder.rungs)).toEqual([]);
    expect(ladderFaults("account", accountLadder.rungs)).toEqual([]);
  });

  const adds = [
    "CREATE TABLE notes (id TEXT PRIMARY KEY) STRICT",
    "CREATE TABLE notes (id TEXT) STRICT; CREATE UNIQUE INDEX notes_id ON notes (id); INSERT INTO notes SELECT name FROM session",
    "CREATE VIRTUAL TABLE more USING fts5(content)",
    "CREATE INDEX entries_by_turn ON entries (turn, seq)",
    "ALTER TABLE entries ADD COLUMN agent TEXT",
    "ALTER TABLE entries ADD COLUMN cost INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE session ADD COLUMN life_ms INTEGER; UPDATE session SET life_ms = expires_at WHERE expires_at IS NOT NULL",
  ];
  it.each(adds)("[UPGRADE-2] %s is an addition", (sql) => {
    expect(contractions(sql)).toEqual([]);
  });

  const contracts = [
    "DROP TABLE claims",
    "ALTER TABLE inbox DROP COLUMN joins",
    "ALTER TABLE inbox RENAME COLUMN joins TO part_of",
    "ALTER TABLE inbox RENAME TO accepted",
    "ALTER TABLE entries ADD COLUMN agent TEXT NOT NULL",
    "ALTER TABLE entries ADD COLUMN agent TEXT CHECK (agent <> '')",
    "CREATE UNIQUE INDEX entries_at ON entries (at)",
    "CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM inbox; END",
    "UPDATE session SET usage = '{}'",
    "ALTER TABLE session ADD COLUMN a TEXT; UPDATE session SET title = a",
    "INSERT INTO claims (name, turn) VALUES ('a', 'b')",
    "DELETE FROM heads",
    "DROP INDEX inbox_waiting",
    "CREATE VIEW recent AS SELECT 1",
    "PRAGMA user_version = 3",
  ];
  it.each(contracts)("[UPGRADE-2] %s is no addition", (sql) => {
    expect(contractions(sql)).not.toEqual([]);
  });

  const now = sessionLadder.version;
  const add = { sql: "CREATE TABLE notes (id TEXT) STRICT" };
  const drop = { sql: "ALTER TABLE inbox DROP COLUMN joins" };
  const ladders: [what: string, next: Rung[], faults: number][] = [
    ["an addition", [{ since: "0.3.0", ...add }], 0],
    [
      "a contraction a release later",
      [
        { since: "0.3.0", ...add },
        { since: "0.4.0", ...drop, contracts: now + 1 },
      ],
      0,
    ],
    ["a contraction of what 0.2.0 no longer uses", [{ since: "0.3.0", ...drop, contracts: now }], 0],
    ["a contraction that is not marked", [{ since: "0.3.0", ...drop }], 1],
    [
      "a contraction in the same release",
      [
        { since: "0.3.0", ...add },
        { since: "0.3.0", ...drop, contracts: now + 1 },
      ],
      1,
    ],
    ["a contraction that only its own code can read", [{ since: "0.3.0", ...drop, contracts: now + 1 }], 1],
    ["an older release on top", [{ since: "0.1.0", ...add }], 1],
    ["the version's table taken away", [{ since: "0.3.0", sql: "DROP TABLE session", contracts: now }], 1],
    [
      "the version's column renamed",
      [{ since: "0.3.0", sql: "ALTER TABLE session RENAME COLUMN schema_version TO v", contracts: now }],
      1,
    ],
  ];
  it.each(ladders)("[UPGRADE-2] %s", (_, next, faults) => {
    expect(ladderFaults("session", [...sessionLadder.rungs, ...next])).toHaveLength(faults);
  });
});

describe("a ladder", () => {
  const rungs: Rung[] = [
    { since: "1.0.0", sql: "one" },
    { since: "1.1.0", sql: "two" },
    { since: "1.2.0", sql: "three", contracts: 2 },
  ];
  const ladder = new Ladder("session", rungs);
  it("[UPGRADE-3] says which code can read what it makes", () => {
    expect([ladder.version, ladder.readableFrom]).toEqual([3, 2]);
    expect(new Ladder("session", rungs.slice(0, 2)).readableFrom).toBe(1);
  });

  const found: [version: number, readableFrom: number, missing: string[]][] = [
    [0, 0, ["one", "two", "three"]],
    [1, 1, ["two", "three"]],
    [3, 2, []],
    [4, 2, []],
    [9, 3, []],
  ];
  it.each(found)("[UPGRADE-3] leaves version %i, readable from %i, with these rungs to climb: %j", (...of) => {
    const [version, readableFrom, missing] = of;
    expect(ladder.missing({ version, readableFrom })).toEqual(missing);
  });

  it("[UPGRADE-5] refuses what only newer code can read, and says what to deploy", () => {
    const words = /^The session's storage is of version 6; this Longline reads up to 3\. .* version 5 .*UPGRADING\.md/;
    expect(() => ladder.missing({ version: 6, readableFrom: 5 })).toThrow(words);
  });
});

describe("statements of the code", () => {
  const sources = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((path) => /\.tsx?$/.test(path));
  /** Statements that do not name their columns, or replace whole rows, in a text. */
  const nameless = (text: string) =>
    [
      /\bINSERT\s+(?:OR\s+\w+\s+)?INTO\s+"?\w+"?\s+(?:VALUES|SELECT)\b/g,
      /\bSELECT\s+(?:DISTINCT\s+)?(?:\w+\.)?\*/g,
      /\bRETURNING\s+\*/g,
      /\bREPLACE\s+INTO\b/g,
    ].flatMap((pattern) => text.match(pattern) ?? []);

  it("[UPGRADE-4] name their columns and keep the others, so that columns of a newer version stay", () => {
    const ladders = ["account/schema.ts", "session/store/schema.ts"].map((path) => join(path));
    const found = sources
      .filter((path) => !ladders.includes(path))
      .flatMap((path) => nameless(readFileSync(join("src", path), "utf8")).map((statement) => `${path}: ${statement}`));
    expect(found).toEqual([]);
  });

  const bad = [
    "INSERT INTO keys VALUES (?)",
    "INSERT OR IGNORE INTO keys VALUES (?)",
    "INSERT INTO keys SELECT 1",
    "INSERT OR REPLACE INTO keys (id) VALUES (?)",
    "SELECT * FROM keys",
    "SELECT keys.* FROM keys",
    "INSERT INTO keys (id) VALUES (1) RETURNING *",
  ];
  it.each(bad)("[UPGRADE-4] %s is found", (statement) => {
    expect(nameless(statement)).not.toEqual([]);
  });
  it.each([
    "INSERT INTO keys (id) VALUES (?)",
    "SELECT count(*) FROM keys",
    "INSERT INTO search (rowid, content) VALUES (?, ?)",
  ])("[UPGRADE-4] %s is not", (statement) => {
    expect(nameless(statement)).toEqual([]);
  });
});

describe("the release", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  const changelog = readFileSync("CHANGELOG.md", "utf8");
  const upgrading = readFileSync("UPGRADING.md", "utf8");
  const releases = [...changelog.matchAll(/^## (\d+\.\d+\.\d+)/gm)].map(([, release = ""]) => release);

  it("[UPGRADE-7] is the newest of the changelog, and has a section in UPGRADING.md", () => {
    expect(releases[0]).toBe(version);
    expect(releases).toEqual(releases.toSorted((a, b) => compareReleases(b, a)));
    expect(upgrading).toContain(`## ${version}`);
  });

  it("[UPGRADE-7] brought every rung, and UPGRADING.md says which", () => {
    const rungs = [...sessionLadder.rungs, ...accountLadder.rungs];
    for (const { since } of rungs) {
      expect(releases).toContain(since);
      expect(compareReleases(since, version)).toBeLessThanOrEqual(0);
    }
    const newest = new RegExp(
      `\\| ${version.replaceAll(".", "\\.")} \\| ${sessionLadder.version} \\| ${accountLadder.version} \\|`,
    );
    expect(upgrading).toMatch(newest);
  });
});
