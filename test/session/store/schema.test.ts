import { runInDurableObject } from "cloudflare:test";
import { afterEach, expect, it, vi } from "vitest";
import { fingerprint } from "../../../src/core/digest.ts";
import { openSession } from "../../../src/session/open-session.ts";
import { freshTables, makeTables, migrate, sessionLadder, versionOf } from "../../../src/session/store/schema.ts";
import { SessionWorld } from "../../support/session-world.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

it("[SCHEMA-1] a session of the first version becomes one of today, with what it held", async () => {
  const world = new SessionWorld();
  await runInDurableObject(world.stub, (_, { storage }) => {
    const { sql } = storage;
    sql.exec(sessionLadder.rungs[0]?.sql ?? "");
    const usage = '{"inputTokens":1,"cachedTokens":0,"outputTokens":1,"reasoningTokens":0,"steps":1,"costMicros":3}';
    sql.exec(
      "INSERT INTO session (id, schema_version, account, name, metadata, created_at, usage) VALUES (1, 1, 'test', ?, '{}', 5, ?)",
      world.address.name,
      usage,
    );
    sql.exec("INSERT INTO inbox (id, message, first_seq, cancelled_at, created_at) VALUES (1, '{}', 1, 7, 6)");
    const entry = JSON.stringify({ type: "user", turn: "turn_1", seq: 1, content: "Hi", options: {}, atMs: 6 });
    sql.exec("INSERT INTO entries VALUES (1, 'turn_1', 'user', 6, ?, 0)", entry);
    storage.transactionSync(() => migrate(sql, versionOf(sql)));
    expect(versionOf(sql)).toEqual({ version: sessionLadder.version, readableFrom: sessionLadder.readableFrom });
    const { log, record, turns, outbox } = openSession(storage);
    expect(log.read({ after: 0 })).toMatchObject([{ type: "user", content: "Hi" }]);
    expect(record.read()).toMatchObject({ name: world.address.name, windowSeq: 0, prefix: null });
    expect([turns.open?.stop, outbox.isEmpty]).toEqual(["cancelled", true]);
  });
});

/** Tables, columns and indexes of a database, without how its statements were spelled. */
function tablesOf({ sql }: DurableObjectStorage) {
  const rows = sql.exec<{ name: string; sql: string | null }>("SELECT name, sql FROM sqlite_master ORDER BY name");
  return rows.toArray().map(({ name, sql: made }) => {
    const columns = sql.exec(`SELECT * FROM pragma_table_xinfo('${name}') ORDER BY name`).toArray();
    const words = made?.replace(/\s+/g, " ").replace(/ (?=[,)])|(?<=\() /g, "");
    return { name, columns: columns.map(({ cid: _, ...column }) => column), parts: words?.split(/, ?/).toSorted() };
  });
}

it("[SCHEMA-2] a new session has the tables that the ladder leads to, by statements that make them and change none", async () => {
  const [climbed, fresh] = [new SessionWorld(), new SessionWorld()];
  const inClimbed = await runInDurableObject(climbed.stub, (_, { storage }) => {
    for (const { sql } of sessionLadder.rungs) storage.sql.exec(sql);
    return tablesOf(storage);
  });
  const inFresh = await runInDurableObject(fresh.stub, (_, { storage }) => {
    makeTables(storage.sql);
    return tablesOf(storage);
  });
  expect(inFresh).toEqual(inClimbed);
  expect(freshTables(sessionLadder.rungs).filter((statement) => !/^CREATE /.test(statement))).toEqual([]);
});

it("[SCHEMA-1] landed rungs are as they were", () => {
  // A new rung adds a name here; a name that is here never changes.
  const landed = [
    "1f6825k7cnm",
    "1xbz18ex6hi",
    "1zg7a6rwier",
    "19479v7q129",
    "1wcofrnffht",
    "kz58uy0r0r",
    "1ra6zswzfwy",
    "vvhapsanlb",
    "1zk0qorvzd3",
    "1ff81jvo00b",
    "15ggu7c7oi5",
    "zhimeowk8g",
  ];
  expect(sessionLadder.rungs.map(({ sql }) => fingerprint(sql))).toEqual(landed);
});
