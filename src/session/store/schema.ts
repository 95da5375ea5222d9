/** The tables of a session's database and how an older one becomes a newer one. What each column means: STORAGE.md beside this file. */
import { inOneBatch, Ladder, type StoredVersion } from "../../account/ladder.ts";

/** A rung that has landed is never changed, only followed. What a new one may do: `account/ladder.ts`. */
export const sessionLadder = new Ladder("session", [
  {
    since: "0.1.0",
    contracts: 1,
    sql: `CREATE TABLE session (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     schema_version INTEGER NOT NULL,
     account TEXT NOT NULL,
     name TEXT NOT NULL,
     title TEXT,
     metadata TEXT NOT NULL,
     instructions TEXT,
     model TEXT,
     sticky_model TEXT,
     created_at INTEGER NOT NULL,
     expires_at INTEGER,
     usage TEXT NOT NULL,
     searchable_seq INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   CREATE TABLE entries (
     seq INTEGER PRIMARY KEY,
     turn TEXT NOT NULL,
     type TEXT NOT NULL,
     at INTEGER NOT NULL,
     data TEXT NOT NULL,
     parts INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE entry_parts (
     seq INTEGER NOT NULL,
     part INTEGER NOT NULL,
     data TEXT NOT NULL,
     PRIMARY KEY (seq, part)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE inbox (
     id INTEGER PRIMARY KEY,
     message TEXT NOT NULL,
     idempotency_key TEXT,
     body_hash TEXT,
     first_seq INTEGER,
     cancelled_at INTEGER,
     created_at INTEGER NOT NULL
   ) STRICT;
   CREATE UNIQUE INDEX inbox_key ON inbox (idempotency_key) WHERE idempotency_key IS NOT NULL;
   CREATE TABLE checkpoint (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     seq INTEGER NOT NULL,
     attempt INTEGER NOT NULL
   ) STRICT;
   CREATE VIRTUAL TABLE search USING fts5(content, role UNINDEXED, tokenize = 'unicode61 remove_diacritics 2');`,
  },
  {
    since: "0.1.0",
    contracts: 2,
    sql: `ALTER TABLE session ADD COLUMN prefix TEXT;
   ALTER TABLE session ADD COLUMN forked_from TEXT;
   ALTER TABLE session ADD COLUMN copied_seq INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE session ADD COLUMN window_seq INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE inbox ADD COLUMN joins INTEGER;
   ALTER TABLE inbox ADD COLUMN interrupts INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE inbox ADD COLUMN stop TEXT;
   UPDATE inbox SET stop = 'cancelled' WHERE cancelled_at IS NOT NULL;
   ALTER TABLE inbox DROP COLUMN cancelled_at;
   CREATE INDEX inbox_waiting ON inbox (interrupts DESC, id) WHERE first_seq IS NULL;
   DROP TABLE checkpoint;
   CREATE TABLE checkpoint (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     seq INTEGER NOT NULL,
     attempt INTEGER NOT NULL,
     barren INTEGER NOT NULL,
     since INTEGER NOT NULL,
     draft TEXT
   ) STRICT;
   CREATE TABLE intents (
     seq INTEGER NOT NULL,
     call_id TEXT NOT NULL,
     PRIMARY KEY (seq, call_id)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE heads (
     id TEXT PRIMARY KEY,
     facts TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE claims (
     name TEXT PRIMARY KEY,
     turn TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE outbox (
     id TEXT PRIMARY KEY,
     turn TEXT NOT NULL,
     address TEXT NOT NULL,
     state TEXT NOT NULL,
     shown TEXT,
     attempts INTEGER NOT NULL DEFAULT 0,
     next_at INTEGER,
     error TEXT,
     created_at INTEGER NOT NULL
   ) STRICT;`,
  },
  { since: "0.2.0", contracts: 3, sql: "ALTER TABLE session ADD COLUMN learned TEXT;" },
  {
    since: "0.2.0",
    contracts: 4,
    sql: `ALTER TABLE session ADD COLUMN birth TEXT;
   ALTER TABLE session ADD COLUMN token_epoch INTEGER NOT NULL DEFAULT 0;`,
  },
  {
    since: "0.2.0",
    contracts: 5,
    sql: `ALTER TABLE session ADD COLUMN life_ms INTEGER;
   UPDATE session SET life_ms = expires_at - created_at WHERE expires_at IS NOT NULL;
   ALTER TABLE intents ADD COLUMN runs INTEGER NOT NULL DEFAULT 1;
   CREATE TABLE heartbeat (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     turn TEXT NOT NULL,
     at INTEGER NOT NULL,
     down_ms INTEGER NOT NULL,
     down_at INTEGER NOT NULL
   ) STRICT;`,
  },
  {
    since: "0.2.0",
    contracts: 6,
    sql: `CREATE TABLE feedback (
     turn TEXT PRIMARY KEY,
     score REAL NOT NULL,
     label TEXT,
     comment TEXT,
     given_by TEXT,
     at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
  },
  // The first that the code before it can read; `schema_version` is from here on the oldest version that can.
  { since: "0.2.0", sql: "ALTER TABLE session ADD COLUMN ladder_version INTEGER;" },
  { since: "0.2.0", sql: "ALTER TABLE session ADD COLUMN agent TEXT;" },
  {
    since: "0.2.0",
    sql: `CREATE TABLE delivered (id TEXT PRIMARY KEY, turn TEXT NOT NULL, data TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE exports (id INTEGER PRIMARY KEY, item TEXT NOT NULL) STRICT;
   CREATE TABLE export_state (id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL) STRICT;
   ALTER TABLE feedback ADD COLUMN reported_at INTEGER;`,
  },
  {
    since: "0.2.0",
    sql: `CREATE TABLE tool_steps (
     id INTEGER PRIMARY KEY,
     seq INTEGER NOT NULL,
     call_id TEXT NOT NULL,
     name TEXT NOT NULL,
     turn TEXT NOT NULL,
     kind TEXT NOT NULL,
     until INTEGER NOT NULL,
     parked INTEGER,
     rank INTEGER,
     outcome TEXT,
     value TEXT,
     ended_at INTEGER,
     UNIQUE (seq, call_id, name)
   ) STRICT;
   CREATE INDEX tool_steps_signals ON tool_steps (name) WHERE kind = 'signal';
   CREATE TABLE signals (
     key TEXT PRIMARY KEY,
     name TEXT NOT NULL,
     digest TEXT NOT NULL,
     turn TEXT NOT NULL,
     call_id TEXT,
     value TEXT,
     answer TEXT NOT NULL,
     taken INTEGER NOT NULL,
     at INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX signals_kept ON signals (name) WHERE taken = 0;`,
  },
  {
    since: "0.2.0",
    sql: `ALTER TABLE session ADD COLUMN parent TEXT;
   CREATE TABLE children (
     seq INTEGER NOT NULL,
     call_id TEXT NOT NULL,
     turn TEXT NOT NULL,
     session TEXT NOT NULL,
     state TEXT NOT NULL,
     next_at INTEGER,
     data TEXT NOT NULL,
     PRIMARY KEY (seq, call_id)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX children_by_session ON children (session);
   CREATE INDEX children_by_turn ON children (turn);`,
  },
  {
    since: "0.2.0",
    sql: `CREATE TABLE window_blocks (
     through_seq INTEGER NOT NULL,
     piece INTEGER NOT NULL,
     after_seq INTEGER NOT NULL,
     spelling TEXT NOT NULL,
     state TEXT NOT NULL,
     messages TEXT NOT NULL,
     PRIMARY KEY (through_seq, piece)
   ) STRICT, WITHOUT ROWID;`,
  },
]);

/** What a database says of itself. Reading it writes nothing. */
export function versionOf(sql: SqlStorage): StoredVersion {
  const none = { version: 0, readableFrom: 0 };
  if (!tablesIn(sql).includes("session")) return none;
  const [row] = storedRow<{ schema_version: number; ladder_version?: number | null }>(sql).toArray();
  return row ? { version: row.ladder_version ?? row.schema_version, readableFrom: row.schema_version } : none;
}

/** The session's one row. Read as a whole, by the names of its columns, since one of an earlier version lacks some; it is never written as a whole. */
export function storedRow<T extends Record<string, SqlStorageValue>>(sql: SqlStorage): SqlStorageCursor<T> {
  return sql.exec<T>("SELECT * FROM session");
}

/** Takes away tables without a session: what a copy left that was broken off. */
export function dropLeftovers(sql: SqlStorage): void {
  for (const name of tablesIn(sql)) sql.exec(`DROP TABLE "${name}"`);
}

/** Brings a session's database up to date; one of a newer version that this code can read stays as it is. The caller holds a transaction. Throws, and changes nothing, when this code cannot read it. */
export function migrate(sql: SqlStorage, from: StoredVersion): void {
  const missing = sessionLadder.missing(from);
  // A copy that is being made has all tables, and no row of its session yet.
  if (missing.length === 0 || from.version === 0) return;
  const { version, readableFrom } = sessionLadder;
  sql.exec(inOneBatch(missing));
  sql.exec("UPDATE session SET schema_version = ?, ladder_version = ?", readableFrom, version);
}

/** The tables of a session that is to be made. The caller holds a transaction, and writes the session's row. */
export function makeTables(sql: SqlStorage): void {
  dropLeftovers(sql);
  const { version, rungs } = sessionLadder;
  batches[version] ??= inOneBatch(freshTables(rungs));
  sql.exec(batches[version]);
}

/** By the version of the ladder. */
const batches: Record<number, string> = {};

/**
 * The statements that make the tables as the rungs leave them, each in its last form. The rungs change their own tables many
 * times on the way, which costs a new session 1.1 ms before its first answer; these statements cost 0.5 ms. What a rung does with
 * rows is left out: there are none.
 */
export function freshTables(rungs: readonly { sql: string }[]): string[] {
  const made = new Map<string, string>();
  for (const statement of rungs.flatMap(({ sql }) => sql.split(/;\s*/))) {
    const [, name = "", verb, column = ""] = making.exec(statement) ?? [];
    const before = made.get(name) ?? "";
    if (verb === "ADD")
      made.set(
        name,
        before.replace(tableEnd, (end) => `, ${column}${end}`),
      );
    else if (verb === "DROP") made.set(name, before.replace(new RegExp(`\\n *${column} .*`), ""));
    else if (name !== "") made.set(name, statement);
  }
  return [...made.values()];
}

const making = /^(?:ALTER TABLE|CREATE (?:\w+ )?(?:TABLE|INDEX)) (\w+)(?: (ADD|DROP) COLUMN (.*))?/;
/** A table's key comes after its columns. */
const tableEnd = /(,\s*(PRIMARY KEY|UNIQUE) \([^)]*\))?\s*\) STRICT/;

/** The session's own tables, by one statement for all that asks for them: it is prepared once for a new session. */
function tablesIn(sql: SqlStorage): string[] {
  const tables = sql.exec<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '_cf_%' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'search_%'",
  );
  return tables.toArray().map(({ name }) => name);
}
