import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import type { Bindings } from "../../../src/env.ts";
import { sessionObject } from "../../../src/session/session-object.ts";
import { readParts } from "../../../src/session/store/long-entry.ts";
import { SessionRecord } from "../../../src/session/store/session-record.ts";
import { SqliteTranscriptLog } from "../../../src/session/store/transcript-log.ts";
import { MemoryLog } from "../../../src/test-kit/memory-log.ts";
import { assistant, result, user } from "../../support/entries.ts";
import { logContract } from "../../support/log-contract.ts";

/** A fresh object's database with the session's tables. */
function withDatabase(use: (storage: DurableObjectStorage) => void | Promise<void>): Promise<void> {
  const address = { account: "test", name: crypto.randomUUID() };
  return runInDurableObject(sessionObject(env as unknown as Bindings, address), async (_, { storage }) => {
    SessionRecord.create(storage.sql, address, {}, 0);
    await use(storage);
  });
}

afterEach(() => {
  vi.restoreAllMocks();
});

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
    expect(sizes.length).toBe(4);
    expect(Math.max(...sizes.map(({ size }) => size))).toBeLessThanOrEqual(1_900_000);
  }));

it("[LOG-6] the beginnings of long entries are read without the rest of them, in rows of earlier versions, too", () =>
  withDatabase((storage) => {
    const { sql } = storage;
    const log = new SqliteTranscriptLog(sql);
    const text = (units: number) => "日".repeat(units);
    const entries = [
      user({ content: "short", agentVersion: "v_1" }),
      user({ content: text(20_000), agentVersion: "v_2" }),
      assistant({ content: text(20_000), reasoning: text(10), costMicros: 7 }),
      result("c0", { content: text(1_300_000), durationMs: 9 }),
    ];
    log.append(entries);
    // As earlier versions wrote it.
    const old = { ...user({ content: text(700_000), agentVersion: "v_3" }), seq: 5 };
    const [head, rest] = [JSON.stringify(old).slice(0, 600_000), JSON.stringify(old).slice(600_000)];
    sql.exec("INSERT INTO entries VALUES (5, 'turn_1', 'user', 1, ?, 1)", head);
    sql.exec("INSERT INTO entry_parts VALUES (5, 0, ?)", rest);
    const fresh = new SqliteTranscriptLog(sql);
    const read = fresh.readBeginnings({ after: 0 });
    const all = [...entries, old];
    for (const [at, entry] of read.entries()) {
      const { content, ...facts } = entry as unknown as Record<string, string>;
      const { content: whole, ...others } = all[at] as unknown as Record<string, string>;
      expect(facts).toEqual({ ...others, ...("reasoning" in facts && { reasoning: "" }), seq: at + 1 });
      expect([at, whole?.startsWith(content ?? "-")]).toEqual([at, true]);
    }
    const units = read.map((entry) => ("content" in entry ? entry.content.length : 0));
    expect(Math.max(...units.slice(0, 4))).toBeLessThanOrEqual(6_000);
    expect(Math.min(...units.slice(1))).toBeGreaterThan(5_000);
    expect(fresh.readBeginnings({ after: 1, limit: 2 }).map(({ seq }) => seq)).toEqual([2, 3]);
    expect(fresh.readBeginnings({ after: 0, maxUnits: 6_000 }).map(({ seq }) => seq)).toEqual([1, 2]);
    expect(fresh.read({ after: 0 })).toEqual(all.map((entry, at) => ({ ...entry, seq: at + 1 })));
  }));

it("[LOG-7] an entry that was written part by part is read as one that was written at once, by the version before, too", () =>
  withDatabase((storage) => {
    const log = new SqliteTranscriptLog(storage.sql);
    const [content, reasoning] = ['日😀"'.repeat(100_000), "r".repeat(1_300_000)];
    const texts = [content.slice(4, 200_000), content.slice(200_000)];
    texts.forEach((text, part) => log.stagePart(part, text));
    expect([log.lastSeq, log.read({ after: 0 }), log.size().entries]).toEqual([0, [], 0]);
    log.appendStaged(assistant({ content: content.slice(0, 4), reasoning }), { field: "content", parts: 2 });
    log.append([user({ turn: "turn_2" })]);
    const entry = { ...assistant({ content, reasoning }), seq: 1 };
    expect(new SqliteTranscriptLog(storage.sql).read({ after: 0 })).toEqual([
      entry,
      { ...user({ turn: "turn_2" }), seq: 2 },
    ]);
    expect(log.read({ after: 0, limit: 1 })).toEqual([entry]);
    // What the version before reads.
    const { data, parts } =
      storage.sql.exec<{ data: string; parts: number }>("SELECT data, parts FROM entries").toArray()[0] ?? {};
    const rest = storage.sql
      .exec<{ data: string }>("SELECT data FROM entry_parts WHERE seq = 1 ORDER BY part")
      .toArray();
    expect(parts).toBe(rest.length);
    expect(JSON.parse(data + rest.map((row) => row.data).join(""))).toEqual(entry);
    expect(Math.max(...rest.map((row) => row.data.length))).toBeLessThanOrEqual(600_000);
  }));

it("[BOUND-41] an entry in parts is read one part at a time, kept for one read, and left to that read where it is damaged", () =>
  withDatabase(async (storage) => {
    const writing = new SqliteTranscriptLog(storage.sql);
    const entries = [user({ content: "a" }), user({ content: '日"'.repeat(900_000) }), assistant({ content: "b" })];
    writing.append(entries);
    const placed = entries.map((entry, at) => ({ ...entry, seq: at + 1 }));
    const log = new SqliteTranscriptLog(storage.sql);
    expect(await log.readLong(2, async () => false)).toBe(true);
    log.readParts = readParts;
    expect(log.read({ after: 0, noParts: true })).toEqual(placed.slice(0, 1));
    expect(log.read({ after: 1, noParts: true })).toEqual([]);
    const exec = vi.spyOn(Object.getPrototypeOf(storage.sql), "exec");
    const partsRead = () => exec.mock.calls.filter(([query]) => String(query).includes("FROM entry_parts")).length;
    const seen: number[] = [];
    const works: (number | undefined)[] = [];
    const pause = async (workMs?: number) => {
      works.push(workMs);
      seen.push(partsRead());
      return true;
    };
    expect(await log.readLong(2, pause)).toBe(true);
    // The first pause is for the place of all of it, and no two parts are read without one between them.
    expect([works[0] !== undefined, works.slice(1).every((workMs) => workMs === undefined)]).toEqual([true, true]);
    expect(seen.every((count, at) => count - (seen[at - 1] ?? 0) <= 1)).toBe(true);
    exec.mockClear();
    expect([log.read({ after: 1, noParts: true, limit: 1 }), partsRead()]).toEqual([placed.slice(1, 2), 0]);
    expect(log.read({ after: 1, noParts: true })).toEqual([]);
    expect(log.read({ after: 0 })).toEqual(placed);
    // Neither an entry in one row nor a missing one has parts.
    works.length = 0;
    expect([await log.readLong(1, pause), await log.readLong(9, pause), works]).toEqual([true, true, []]);
    expect(await log.readLong(2, async () => false)).toBe(false);
    storage.sql.exec("DELETE FROM entry_parts WHERE part = (SELECT max(part) FROM entry_parts)");
    expect(await log.readLong(2, pause)).toBe(true);
    expect(() => log.read({ after: 1 })).toThrow(SyntaxError);
  }));
