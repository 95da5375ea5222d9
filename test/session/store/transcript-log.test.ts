import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import type { Bindings } from "../../../src/env.ts";
import { sessionObject } from "../../../src/session/session-object.ts";
import { SessionRecord } from "../../../src/session/store/session-record.ts";
import { SqliteTranscriptLog } from "../../../src/session/store/transcript-log.ts";
import { MemoryLog } from "../../../src/test-kit/memory-log.ts";
import { user } from "../../support/entries.ts";
import { logContract } from "../../support/log-contract.ts";

/** A fresh object's database with the session's tables. */
function withDatabase(use: (storage: DurableObjectStorage) => void): Promise<void> {
  const address = { account: "test", name: crypto.randomUUID() };
  return runInDurableObject(sessionObject(env as unknown as Bindings, address), (_, { storage }) => {
    SessionRecord.create(storage.sql, address, {}, 0);
    use(storage);
  });
}

logContract("the log in memory", async (use) => {
  const rows: string[] = [];
  use(() => new MemoryLog(rows));
});

logContract("the log over SQLite", (use) => withDatabase((storage) => use(() => new SqliteTranscriptLog(storage.sql))));

it("[LOG-4] no row is larger than 1.9 MB", () =>
  withDatabase((storage) => {
    const log = new SqliteTranscriptLog(storage.sql);
    log.append([user({ content: "日".repeat(1_700_000) })]);
    const sizes = storage.sql
      .exec<{ size: number }>(
        "SELECT octet_length(data) AS size FROM entries UNION ALL SELECT octet_length(data) FROM entry_parts",
      )
      .toArray();
    expect(sizes.length).toBe(3);
    expect(Math.max(...sizes.map(({ size }) => size))).toBeLessThanOrEqual(1_900_000);
  }));
