/**
 * The tables of a new session, as the ladder's first rungs leave them. Those change their own tables many times on the way, which
 * costs a new session 1.1 ms before its first answer; these statements cost 0.2 ms. A test holds both to the same tables. A new
 * rung may stay out of here: it then runs after these statements.
 */
export const freshTables = {
  /** So many rungs are in them. */
  version: 12,
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
     searchable_seq INTEGER NOT NULL DEFAULT 0,
     prefix TEXT,
     forked_from TEXT,
     copied_seq INTEGER NOT NULL DEFAULT 0,
     window_seq INTEGER NOT NULL DEFAULT 0,
     learned TEXT,
     birth TEXT,
     token_epoch INTEGER NOT NULL DEFAULT 0,
     life_ms INTEGER,
     ladder_version INTEGER,
     agent TEXT,
     parent TEXT
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
     created_at INTEGER NOT NULL,
     joins INTEGER,
     interrupts INTEGER NOT NULL DEFAULT 0,
     stop TEXT
   ) STRICT;
   CREATE UNIQUE INDEX inbox_key ON inbox (idempotency_key) WHERE idempotency_key IS NOT NULL;
   CREATE INDEX inbox_waiting ON inbox (interrupts DESC, id) WHERE first_seq IS NULL;
   CREATE VIRTUAL TABLE search USING fts5(content, role UNINDEXED, tokenize = 'unicode61 remove_diacritics 2');
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
     runs INTEGER NOT NULL DEFAULT 1,
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
   ) STRICT;
   CREATE TABLE heartbeat (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     turn TEXT NOT NULL,
     at INTEGER NOT NULL,
     down_ms INTEGER NOT NULL,
     down_at INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE feedback (
     turn TEXT PRIMARY KEY,
     score REAL NOT NULL,
     label TEXT,
     comment TEXT,
     given_by TEXT,
     at INTEGER NOT NULL,
     reported_at INTEGER
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE delivered (id TEXT PRIMARY KEY, turn TEXT NOT NULL, data TEXT NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE exports (id INTEGER PRIMARY KEY, item TEXT NOT NULL) STRICT;
   CREATE TABLE export_state (id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL) STRICT;
   CREATE TABLE tool_steps (
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
   CREATE INDEX signals_kept ON signals (name) WHERE taken = 0;
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
   CREATE INDEX children_by_turn ON children (turn);
   CREATE TABLE window_blocks (
     through_seq INTEGER NOT NULL,
     piece INTEGER NOT NULL,
     after_seq INTEGER NOT NULL,
     spelling TEXT NOT NULL,
     state TEXT NOT NULL,
     messages TEXT NOT NULL,
     PRIMARY KEY (through_seq, piece)
   ) STRICT, WITHOUT ROWID;`,
} as const;
