/** The tables of a session's database and how an older one becomes a newer one. What each column means: STORAGE.md beside this file. */

/** One string of statements per version; a landed rung is never changed, only followed. */
export const ladder: readonly string[] = [
  `CREATE TABLE session (
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
  `ALTER TABLE session ADD COLUMN prefix TEXT;
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
  "ALTER TABLE session ADD COLUMN learned TEXT;",
  `ALTER TABLE session ADD COLUMN birth TEXT;
   ALTER TABLE session ADD COLUMN token_epoch INTEGER NOT NULL DEFAULT 0;`,
  `ALTER TABLE session ADD COLUMN life_ms INTEGER;
   UPDATE session SET life_ms = expires_at - created_at WHERE expires_at IS NOT NULL;
   ALTER TABLE intents ADD COLUMN runs INTEGER NOT NULL DEFAULT 1;
   CREATE TABLE heartbeat (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     turn TEXT NOT NULL,
     at INTEGER NOT NULL,
     down_ms INTEGER NOT NULL,
     down_at INTEGER NOT NULL
   ) STRICT;`,
  `CREATE TABLE feedback (
     turn TEXT PRIMARY KEY,
     score REAL NOT NULL,
     label TEXT,
     comment TEXT,
     given_by TEXT,
     at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
  "ALTER TABLE session ADD COLUMN agent TEXT;",
];

export const schemaVersion = ladder.length;

/** The version a database stands at; 0 for one that was never written. Reading it writes nothing. */
export function versionOf(sql: SqlStorage): number {
  const known = sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'session'").toArray();
  if (known.length === 0) return 0;
  const row = sql.exec<{ schema_version: number }>("SELECT schema_version FROM session").toArray()[0];
  return row?.schema_version ?? 0;
}

/** Takes away tables without a session: what a copy left that was broken off. */
export function dropLeftovers(sql: SqlStorage): void {
  const tables = sql.exec<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '_cf_%' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'search_%'",
  );
  for (const { name } of tables.toArray()) sql.exec(`DROP TABLE "${name}"`);
}

/** Climbs the rungs after `from`. The caller holds a transaction, and records the new version in its session row. Throws, and changes nothing, when a newer Longline wrote the database. */
export function migrate(sql: SqlStorage, from: number): void {
  if (from > schemaVersion) {
    throw new Error(`The session's database has version ${from}, and this Longline knows ${schemaVersion}.`);
  }
  for (const rung of ladder.slice(from)) sql.exec(rung);
  if (from > 0 && from < schemaVersion) sql.exec("UPDATE session SET schema_version = ?", schemaVersion);
}
