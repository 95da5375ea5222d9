/** The rule for the ladders of storage: code can be rolled back by one release, so a rung only adds, or says what it contracts and does so a release later. Reads SQL as text; runs nothing. */
import type { Rung } from "../../src/account/ladder.ts";

/** Versions of each ladder up to here landed before the rule; the release they came with is where the chain begins. */
const beforeTheRule = { session: 6, account: 4 };
const firstRelease = "0.2.0";

/** What every version of the code reads before it knows the version of a database. */
const neverChanged = /\b(DROP TABLE|RENAME TO)\b.*|\b(DROP|RENAME) COLUMN (schema_version|version|ladder_version)\b/i;
const versionTables = /\b(TABLE|ALTER TABLE) (IF EXISTS )?"?(session|account|account_schema)"?\b/i;

/** What in this SQL code of the version before could not live with, a sentence each. */
export function contractions(sql: string): string[] {
  const made = new Set<string>();
  const added = new Set<string>();
  return statementsOf(sql).flatMap((statement) => {
    const fault = faultOf(statement, made, added);
    return fault === undefined ? [] : [`${fault}: ${statement.slice(0, 120)}`];
  });
}

function faultOf(statement: string, made: Set<string>, added: Set<string>): string | undefined {
  const table = /^CREATE (?:VIRTUAL )?TABLE (?:IF NOT EXISTS )?(\w+) ?(?:\(|USING)/i.exec(statement)?.[1];
  if (table !== undefined) return void made.add(table);
  const column = /^ALTER TABLE (\w+) ADD COLUMN (\w+)(.*)$/i.exec(statement);
  if (column !== null) {
    const [, of = "", name = "", rest = ""] = column;
    added.add(`${of}.${name}`);
    if (/NOT NULL/i.test(rest) && !/\bDEFAULT\b/i.test(rest)) return "a column that old code does not fill";
    return /\b(CHECK|REFERENCES|GENERATED|UNIQUE|COLLATE)\b/i.test(rest) ? "a column with a condition" : undefined;
  }
  const index = /^CREATE (UNIQUE )?INDEX (?:IF NOT EXISTS )?\w+ ON (\w+)/i.exec(statement);
  if (index !== null) return index[1] === undefined || made.has(index[2] ?? "") ? undefined : "a condition on old rows";
  const filled = /^INSERT INTO (\w+)/i.exec(statement)?.[1];
  if (filled !== undefined) return made.has(filled) ? undefined : "rows in an old table";
  const changed = /^UPDATE (\w+) SET (\w+) = [^,]*( WHERE .*)?$/i.exec(statement);
  if (changed !== null && added.has(`${changed[1]}.${changed[2]}`)) return undefined;
  return "neither a new table, nor a new index, nor a new column";
}

/** What is wrong with a ladder, a sentence each. */
export function ladderFaults(of: "session" | "account", rungs: readonly Rung[]): string[] {
  return rungs.flatMap((rung, at) => {
    const version = at + 1;
    const faults: string[] = [];
    const before = rungs[at - 1]?.since ?? "0.0.0";
    if (compareReleases(rung.since, before) < 0) faults.push(`came with ${rung.since}, after ${before}`);
    if (version > 2) faults.push(...statementsOf(rung.sql).filter(takesVersionAway));
    if (version > beforeTheRule[of]) faults.push(...ruleFaults(rung, version, rungs));
    return faults.map((fault) => `${of} ${version}: ${fault}`);
  });
}

function ruleFaults({ sql, since, contracts }: Rung, version: number, rungs: readonly Rung[]): string[] {
  if (contracts === undefined) return contractions(sql);
  const released = rungs[contracts - 1]?.since;
  if (contracts >= version || released === undefined) return [`contracts ${contracts}, which is no version before it`];
  const isLater = compareReleases(released, since) < 0 && compareReleases(firstRelease, since) < 0;
  return isLater ? [] : [`contracts in ${since} what code of ${released} still uses`];
}

function takesVersionAway(statement: string): boolean {
  return neverChanged.test(statement) && versionTables.test(statement);
}

/** Negative when `a` is older. */
export function compareReleases(a: string, b: string): number {
  const [left, right] = [a, b].map((release) => release.split(".").map(Number));
  for (const place of [0, 1, 2]) {
    const difference = (left?.[place] ?? 0) - (right?.[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function statementsOf(sql: string): string[] {
  const bare = sql.replaceAll(/--.*$/gm, "").replaceAll(/\s+/g, " ");
  return bare
    .split(";")
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}
