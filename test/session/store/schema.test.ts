import { runInDurableObject } from "cloudflare:test";
import { afterEach, expect, it, vi } from "vitest";
import { fingerprint } from "../../../src/core/prefix.ts";
import { openSession } from "../../../src/session/open-session.ts";
import { migrate, sessionLadder, versionOf } from "../../../src/session/store/schema.ts";
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
    "15ggu7c7oi5",
  ];
  expect(sessionLadder.rungs.map(({ sql }) => fingerprint(sql))).toEqual(landed);
});
