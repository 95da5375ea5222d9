/** The tables of an account's database and how an older one becomes a newer one. What each column means: `session/STORAGE.md`. A rung that has landed is never changed, only followed. */
import { inOneBatch, Ladder, type StoredVersion } from "./ladder.ts";

/** What a new rung may do: `ladder.ts`. The first takes tables as it finds them: before the ladder each part of the account made its own. */
export const accountLadder = new Ladder("account", [
  {
    since: "0.2.0",
    contracts: 1,
    sql: `CREATE TABLE IF NOT EXISTS account (
     only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
     id TEXT NOT NULL,
     limits TEXT NOT NULL,
     token_secret TEXT NOT NULL,
     created_at INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE IF NOT EXISTS keys (
     id TEXT PRIMARY KEY,
     hash TEXT NOT NULL UNIQUE,
     created_at INTEGER NOT NULL,
     revoked_at INTEGER
   ) STRICT;
   CREATE TABLE IF NOT EXISTS accounts (id TEXT PRIMARY KEY, created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE IF NOT EXISTS aliases (
     name TEXT PRIMARY KEY,
     session TEXT NOT NULL,
     at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX IF NOT EXISTS aliases_by_age ON aliases (at);
   CREATE TABLE IF NOT EXISTS reservations (
     session TEXT NOT NULL,
     seq INTEGER NOT NULL,
     micros INTEGER NOT NULL,
     PRIMARY KEY (session, seq)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE IF NOT EXISTS dead_letters (
     id TEXT PRIMARY KEY,
     session TEXT NOT NULL,
     died_at INTEGER NOT NULL,
     letter TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE IF NOT EXISTS steps (
     session TEXT NOT NULL,
     seq INTEGER NOT NULL,
     at INTEGER NOT NULL,
     model TEXT NOT NULL,
     failed INTEGER NOT NULL,
     retries INTEGER NOT NULL,
     repairs INTEGER NOT NULL,
     input_tokens INTEGER NOT NULL,
     cached_tokens INTEGER NOT NULL,
     output_tokens INTEGER NOT NULL,
     reasoning_tokens INTEGER NOT NULL,
     cost_micros INTEGER NOT NULL,
     first_event_ms INTEGER,
     duration_ms INTEGER,
     rows_written INTEGER NOT NULL DEFAULT 0,
     kv_reads INTEGER NOT NULL DEFAULT 0,
     kv_writes INTEGER NOT NULL DEFAULT 0,
     PRIMARY KEY (session, seq)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE IF NOT EXISTS admitted (id INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;
   CREATE INDEX IF NOT EXISTS admitted_at ON admitted (at);
   CREATE TABLE IF NOT EXISTS prefixes (
     id TEXT PRIMARY KEY,
     bytes INTEGER NOT NULL,
     tokens INTEGER NOT NULL,
     created_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE IF NOT EXISTS prefix_parts (
     id TEXT NOT NULL,
     part INTEGER NOT NULL,
     data TEXT NOT NULL,
     PRIMARY KEY (id, part)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE IF NOT EXISTS sessions (
     id TEXT PRIMARY KEY,
     created_at INTEGER NOT NULL,
     summary TEXT NOT NULL,
     title TEXT NOT NULL,
     reported_seq INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX IF NOT EXISTS sessions_by_age ON sessions (created_at, id);
   CREATE TABLE IF NOT EXISTS erased (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
   CREATE TABLE IF NOT EXISTS texts (id INTEGER PRIMARY KEY, session TEXT NOT NULL, seq INTEGER NOT NULL) STRICT;
   CREATE UNIQUE INDEX IF NOT EXISTS texts_of_session ON texts (session, seq);
   CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(content, tokenize = 'unicode61 remove_diacritics 2');`,
  },
  {
    since: "0.2.0",
    contracts: 2,
    // Sums are rows, so that a start reads one row and not the ledger; words that are deleted leave the index at once.
    sql: `CREATE TABLE totals (id INTEGER PRIMARY KEY CHECK (id = 1), spent_micros INTEGER NOT NULL) STRICT;
   INSERT INTO totals SELECT 1, coalesce(sum(cost_micros), 0) FROM steps;
   CREATE TABLE usage_days (
     day TEXT NOT NULL,
     model TEXT NOT NULL,
     steps INTEGER NOT NULL,
     failed INTEGER NOT NULL,
     retries INTEGER NOT NULL,
     repairs INTEGER NOT NULL,
     input_tokens INTEGER NOT NULL,
     cached_tokens INTEGER NOT NULL,
     output_tokens INTEGER NOT NULL,
     reasoning_tokens INTEGER NOT NULL,
     cost_micros INTEGER NOT NULL,
     first_event_steps INTEGER NOT NULL,
     first_event_ms INTEGER NOT NULL,
     duration_steps INTEGER NOT NULL,
     duration_ms INTEGER NOT NULL,
     rows_written INTEGER NOT NULL,
     kv_reads INTEGER NOT NULL,
     kv_writes INTEGER NOT NULL,
     PRIMARY KEY (day, model)
   ) STRICT, WITHOUT ROWID;
   INSERT INTO usage_days
     SELECT date(at / 1000, 'unixepoch') AS day, model, count(*), sum(failed), sum(retries), sum(repairs),
       sum(input_tokens), sum(cached_tokens), sum(output_tokens), sum(reasoning_tokens), sum(cost_micros),
       count(first_event_ms), coalesce(sum(first_event_ms), 0), count(duration_ms), coalesce(sum(duration_ms), 0),
       sum(rows_written), sum(kv_reads), sum(kv_writes)
     FROM steps GROUP BY 1, 2;
   INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
   INSERT INTO words (words) VALUES ('optimize');`,
  },
  {
    since: "0.2.0",
    contracts: 3,
    sql: `CREATE TABLE slack_installs (
     team TEXT PRIMARY KEY,
     bot_token TEXT NOT NULL,
     at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
  },
  {
    since: "0.2.0",
    contracts: 4,
    // How a session's last turn ended is looked for; tries at other models than the one that a step ended with are rows of their own.
    sql: `ALTER TABLE sessions ADD COLUMN last_reason TEXT;
   CREATE INDEX sessions_by_reason ON sessions (last_reason, created_at, id);
   CREATE TABLE tries (
     session TEXT NOT NULL,
     seq INTEGER NOT NULL,
     model TEXT NOT NULL,
     at INTEGER NOT NULL,
     failed INTEGER NOT NULL,
     retries INTEGER NOT NULL,
     input_tokens INTEGER NOT NULL,
     cached_tokens INTEGER NOT NULL,
     output_tokens INTEGER NOT NULL,
     reasoning_tokens INTEGER NOT NULL,
     cost_micros INTEGER NOT NULL,
     PRIMARY KEY (session, seq, model)
   ) STRICT, WITHOUT ROWID;`,
  },
  // The first that the code before it can read; `version` is from here on the oldest version that can.
  { since: "0.2.0", sql: "ALTER TABLE account_schema ADD COLUMN ladder_version INTEGER;" },
  {
    since: "0.2.0",
    // Null in rows of before agents had names: those are of the app's first agent.
    sql: `ALTER TABLE sessions ADD COLUMN agent TEXT;
   CREATE INDEX sessions_by_agent ON sessions (agent, created_at, id);
   ALTER TABLE steps ADD COLUMN agent TEXT;
   ALTER TABLE steps ADD COLUMN agent_version TEXT;
   ALTER TABLE tries ADD COLUMN agent TEXT;
   ALTER TABLE tries ADD COLUMN agent_version TEXT;`,
  },
  {
    since: "0.2.0",
    // Turns that ended from here on are listed. Few of them do not complete: those have an index of their own.
    sql: `CREATE TABLE turns (
     ended_at INTEGER NOT NULL,
     session TEXT NOT NULL,
     seq INTEGER NOT NULL,
     agent TEXT NOT NULL,
     agent_version TEXT,
     model TEXT,
     reason TEXT NOT NULL,
     cost_micros INTEGER NOT NULL,
     ms INTEGER NOT NULL,
     data TEXT NOT NULL,
     PRIMARY KEY (ended_at, session, seq)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX turns_by_reason ON turns (reason, ended_at, session, seq) WHERE reason <> 'completed';
   CREATE INDEX turns_by_agent ON turns (agent, ended_at, session, seq);
   CREATE INDEX turns_by_version ON turns (agent_version, ended_at, session, seq);
   CREATE INDEX turns_by_model ON turns (model, ended_at, session, seq);
   CREATE TABLE feedback (
     session TEXT NOT NULL,
     turn TEXT NOT NULL,
     at INTEGER NOT NULL,
     score REAL NOT NULL,
     agent TEXT NOT NULL,
     agent_version TEXT,
     model TEXT,
     PRIMARY KEY (session, turn)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE minutes (
     minute INTEGER NOT NULL,
     agent TEXT NOT NULL,
     failed_turns INTEGER NOT NULL,
     tool_errors INTEGER NOT NULL,
     repairs INTEGER NOT NULL,
     cost_micros INTEGER NOT NULL,
     first_event_ms INTEGER NOT NULL,
     negative_feedback INTEGER NOT NULL,
     first_events INTEGER NOT NULL,
     PRIMARY KEY (minute, agent)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE watched (name TEXT PRIMARY KEY, data TEXT NOT NULL) STRICT, WITHOUT ROWID;`,
  },
  {
    since: "0.2.0",
    sql: `CREATE TABLE versions (
     agent TEXT NOT NULL,
     id TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     content TEXT NOT NULL,
     note TEXT,
     PRIMARY KEY (agent, id)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE rollouts (
     id TEXT PRIMARY KEY,
     agent TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     data TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX rollouts_by_agent ON rollouts (agent, created_at);
   CREATE TABLE rollout_keys (
     rollout TEXT NOT NULL,
     stage INTEGER NOT NULL,
     key TEXT NOT NULL,
     arm TEXT NOT NULL,
     turns INTEGER NOT NULL,
     rated INTEGER NOT NULL,
     PRIMARY KEY (rollout, stage, key)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE rollout_decisions (
     rollout TEXT NOT NULL,
     n INTEGER NOT NULL,
     data TEXT NOT NULL,
     owed INTEGER NOT NULL,
     PRIMARY KEY (rollout, n)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX rollout_decisions_owed ON rollout_decisions (rollout, n) WHERE owed = 1;
   ALTER TABLE keys ADD COLUMN rights TEXT;`,
  },
  {
    since: "0.2.0",
    sql: `CREATE TABLE schedules (
     id TEXT PRIMARY KEY,
     due_at INTEGER,
     data TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX schedules_due ON schedules (due_at) WHERE due_at IS NOT NULL;`,
  },
  {
    since: "0.2.0",
    sql: `CREATE TABLE shares (
     session TEXT PRIMARY KEY,
     parent TEXT NOT NULL,
     micros INTEGER,
     spent INTEGER NOT NULL DEFAULT 0,
     closed INTEGER NOT NULL DEFAULT 0
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX shares_by_parent ON shares (parent);`,
  },
  {
    since: "0.2.0",
    sql: `CREATE TABLE channel_states (
     channel TEXT PRIMARY KEY,
     delivered_at INTEGER,
     failed_at INTEGER,
     error TEXT
   ) STRICT, WITHOUT ROWID;`,
  },
]);

/** What an account's database says of itself. Reading it writes nothing. */
export function accountVersion(sql: SqlStorage): StoredVersion {
  const none = { version: 0, readableFrom: 0 };
  if (columnsOf(sql, "account_schema").size === 0) return none;
  // The row as a whole: before version 5 it lacks the column `ladder_version`.
  type Row = { version: number; ladder_version?: number | null };
  const [row] = sql.exec<Row>("SELECT * FROM account_schema").toArray();
  return row ? { version: row.ladder_version ?? row.version, readableFrom: row.version } : none;
}

/** Climbs the rungs that are missing, in one transaction; a newer version that this code can read stays as it is. Throws, and changes nothing, when this code cannot read it. */
export function migrateAccount(storage: DurableObjectStorage): void {
  const { sql } = storage;
  const from = accountVersion(sql);
  const missing = accountLadder.missing(from);
  if (missing.length === 0) return;
  storage.transactionSync(() => {
    if (from.version === 0) adopt(sql);
    sql.exec(inOneBatch([versionTable, ...missing]));
    record(sql);
  });
}

const versionTable =
  "CREATE TABLE IF NOT EXISTS account_schema (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER) STRICT";

function record(sql: SqlStorage): void {
  const { version, readableFrom } = accountLadder;
  sql.exec(
    "INSERT INTO account_schema (id, version) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET version = excluded.version",
    readableFrom,
  );
  if (version > readableFrom) sql.exec("UPDATE account_schema SET ladder_version = ?", version);
}

/** Columns that a table of before the ladder may lack. */
const laterColumns = ["rows_written", "kv_reads", "kv_writes"];

/** Brings tables of before the ladder into the shape of its first rung. */
function adopt(sql: SqlStorage): void {
  const steps = columnsOf(sql, "steps");
  for (const name of laterColumns) {
    if (steps.size > 0 && !steps.has(name)) sql.exec(`ALTER TABLE steps ADD COLUMN ${name} INTEGER NOT NULL DEFAULT 0`);
  }
  const sessions = columnsOf(sql, "sessions");
  if (sessions.size === 0 || sessions.has("reported_seq")) return;
  // The words were a column once. Nothing counts as reported, so each session's next report brings all of it again.
  sql.exec(
    `ALTER TABLE sessions RENAME TO sessions_before;
     DROP INDEX IF EXISTS sessions_by_age;
     CREATE TABLE sessions (
       id TEXT PRIMARY KEY,
       created_at INTEGER NOT NULL,
       summary TEXT NOT NULL,
       title TEXT NOT NULL,
       reported_seq INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID;
     INSERT INTO sessions
       SELECT id, created_at, summary, lower(coalesce(json_extract(summary, '$.title'), '')), 0 FROM sessions_before;
     DROP TABLE sessions_before;`,
  );
}

function columnsOf(sql: SqlStorage, table: string): Set<string> {
  const rows = sql.exec<{ name: string }>(`PRAGMA table_info(${table})`).toArray();
  return new Set(rows.map(({ name }) => name));
}
