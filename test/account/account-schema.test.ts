import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { Account } from "../../src/account/account.ts";
import { accountObject } from "../../src/account/account-object.ts";
import { accountStore } from "../../src/account/account-store.ts";
import { accountLadder, accountVersion } from "../../src/account/schema.ts";
import { SessionIndex } from "../../src/account/session-index.ts";
import { fingerprint } from "../../src/core/digest.ts";
import type { Bindings } from "../../src/env.ts";

const freshAccount = () => accountObject(env as unknown as Bindings, crypto.randomUUID());
const inside = <T>(stub: DurableObjectStub<Account>, look: (storage: DurableObjectStorage) => T) =>
  runInDurableObject(stub, (_, { storage }) => look(storage));

const step = {
  seq: 2,
  atMs: 86_400_000,
  model: "m",
  failed: false,
  retries: 0,
  repairs: 0,
  inputTokens: 10,
  cachedTokens: 0,
  outputTokens: 5,
  reasoningTokens: 0,
  costMicros: 7,
  firstEventMs: 3,
  durationMs: null,
  rowsWritten: 8,
  kvReads: 0,
  kvWrites: 0,
};

describe("the account's ladder", () => {
  it("[KEEP-2] rungs that have landed are as they were", () => {
    // A new rung adds a digest here; a digest that is here never changes.
    expect(accountLadder.rungs.map(({ sql }) => fingerprint(sql))).toEqual([
      "2d3idfzqdh2",
      "3p3ezfgge6",
      "4eey54gsok",
      "1nr9zt6esqx",
      "gxfj5hm8h5",
      "274brw3kd3e",
      "14uoe9yfu86",
      "dijeglqblt",
      "1546g7im6bo",
      "24dzxtnz2v7",
      "hrb5gyjb2m",
    ]);
  });

  /** Tables as they were made before there was a ladder, oldest first. */
  const before: [what: string, tables: string][] = [
    [
      "words in a column of sessions",
      `CREATE TABLE sessions (id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, summary TEXT NOT NULL, words TEXT NOT NULL) STRICT, WITHOUT ROWID;
       CREATE INDEX sessions_by_age ON sessions (created_at, id);
       INSERT INTO sessions VALUES ('old', 5, '{"id":"old","title":"Named"}', 'named hello');`,
    ],
    [
      "a ledger without rows and KV",
      `CREATE TABLE steps (session TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, model TEXT NOT NULL, failed INTEGER NOT NULL,
         retries INTEGER NOT NULL, repairs INTEGER NOT NULL, input_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL,
         output_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL, cost_micros INTEGER NOT NULL, first_event_ms INTEGER,
         duration_ms INTEGER, PRIMARY KEY (session, seq)) STRICT, WITHOUT ROWID;
       INSERT INTO steps VALUES ('old', 1, 86400000, 'm', 0, 0, 0, 1, 2, 3, 0, 11, 9, 20);`,
    ],
    ["the tables of the first rung, made one by one", accountLadder.rungs[0]?.sql ?? ""],
    ["nothing", ""],
  ];
  it.each(before)(
    "[KEEP-2] [LEDGER-4] an account with %s becomes one of today and takes reports",
    async (what, tables) => {
      const account = freshAccount();
      await inside(account, ({ sql }) => void (tables !== "" && sql.exec(tables)));
      const summary = { id: "new", createdAtMs: 9, title: null } as never;
      expect(
        await account.report(summary, { throughSeq: 2, steps: [step], texts: [{ seq: 1, text: "harbour" }] }),
      ).toBe(2);
      const { sessions } = await account.listSessions({ limit: 9 });
      expect(sessions.map(({ id }) => id)).toEqual(what.startsWith("words") ? ["new", "old"] : ["new"]);
      expect((await account.listSessions({ limit: 9, q: "harbour" })).sessions).toHaveLength(1);
      const spent = what.startsWith("a ledger") ? 18 : 7;
      expect(await account.usage({ group: "day", fromMs: 0, toMs: Number.MAX_SAFE_INTEGER })).toMatchObject([
        { key: "1970-01-02", costMicros: spent },
      ]);
      const { version, readableFrom } = accountLadder;
      expect(await inside(account, ({ sql }) => accountVersion(sql))).toEqual({ version, readableFrom });
    },
  );

  it("[KEEP-2] one of a newer version is refused by name, and stays as it is", async () => {
    const account = freshAccount();
    await account.putSettings("a", {});
    await inside(account, (storage) => {
      storage.sql.exec("UPDATE account_schema SET version = 99");
      expect(() => accountStore(storage)).toThrow(/version \d+; this Longline reads up to/);
      expect(accountVersion(storage.sql).readableFrom).toBe(99);
    });
  });
});

describe("the account's sums", () => {
  it("[YEARS-6] are rows: a start reads no steps, and sums by day say what the steps say", async () => {
    const account = freshAccount();
    const steps = Array.from({ length: 400 }, (_, n) => ({
      ...step,
      seq: n + 1,
      atMs: (n % 7) * 86_400_000 + n,
      model: n % 3 === 0 ? "a" : "b",
      firstEventMs: n % 5 === 0 ? null : n,
      durationMs: n,
    }));
    await account.report({ id: "s", createdAtMs: 1 } as never, { throughSeq: 400, steps, texts: [] });
    await account.report({ id: "s", createdAtMs: 1 } as never, { throughSeq: 400, steps, texts: [] });
    const all = { fromMs: 0, toMs: 7 * 86_400_000 };
    for (const group of ["day", "model"] as const) {
      for (const model of [undefined, "b"]) {
        const by = { group, ...(model !== undefined && { model }) };
        // A range that does not begin with a day is summed from the steps.
        const fromDays = await account.usage({ ...all, ...by });
        const fromSteps = await account.usage({ ...all, toMs: all.toMs + 1, ...by });
        expect(fromDays).toEqual(fromSteps);
      }
    }
    await inside(account, (storage) => {
      const cursor = storage.sql.exec("SELECT spent_micros FROM totals");
      expect(cursor.one()).toEqual({ spent_micros: 400 * step.costMicros });
      expect(cursor.rowsRead).toBe(1);
      expect(accountStore(storage).ledger.spentMicros).toBe(400 * step.costMicros);
    });
  });
});

describe("words of erased sessions", () => {
  it("[KEEP-5] are nowhere in the index, not in its segments either", async () => {
    const account = freshAccount();
    for (let n = 0; n < 40; n++) {
      const texts = [{ seq: 1, text: `zanzibarite${n} speaks of quuxology and harbours` }];
      await account.report({ id: `s${n}`, createdAtMs: n, title: "Xylographer" } as never, {
        throughSeq: 1,
        steps: [],
        texts,
      });
    }
    const found = (word: string) =>
      inside(account, ({ sql }) => {
        const tables = sql.exec<{ name: string }>(
          "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
        );
        const hex = [...new TextEncoder().encode(word)]
          .map((byte) => byte.toString(16).padStart(2, "0"))
          .join("")
          .toUpperCase();
        return tables.toArray().flatMap(({ name }) => {
          const columns = sql.exec<{ name: string }>(`PRAGMA table_info("${name}")`).toArray();
          return columns
            .filter((column) => {
              const query = `SELECT 1 FROM "${name}" WHERE instr(hex("${column.name}"), ?) > 0 LIMIT 1`;
              return sql.exec(query, hex).toArray().length > 0;
            })
            .map((column) => `${name}.${column.name}`);
        });
      });
    expect(await found("quuxology")).not.toEqual([]);
    for (let n = 0; n < 39; n++) await account.removeSession(`s${n}`);
    // Terms of an index share their beginnings, so what tells a session's word is its end.
    expect(await found("zanzibarite7")).toEqual([]);
    await account.removeSession("s39");
    for (const word of ["quuxology", "zanzibar", "harbour", "ylographer"]) expect(await found(word)).toEqual([]);
  });
});

describe("the index of words", () => {
  it("[YEARS-5] keeps a bounded number of texts, the newest; reports go on", async () => {
    const account = freshAccount();
    await account.report({ id: "s", createdAtMs: 1 } as never);
    await inside(account, ({ sql }) => {
      const index = new SessionIndex(sql, 100);
      for (let n = 1; n <= 60; n++) index.addTexts("s", texts(n * 10, 10));
      expect(sql.exec("SELECT count(*) AS n, min(seq) AS first, max(seq) AS last FROM texts").one()).toEqual({
        n: 100,
        first: 510,
        last: 609,
      });
      expect(sql.exec("SELECT count(*) AS n FROM words").one()).toEqual({ n: 100 });
      expect(index.list({ limit: 9, q: "word609" }).sessions).toHaveLength(1);
      expect(index.list({ limit: 9, q: "word10" }).sessions).toHaveLength(0);
      // One that is far over its bound is brought back in bounded steps.
      new SessionIndex(sql).addTexts("s", texts(1_000, 2_000));
      index.addTexts("s", texts(9_000, 1));
      expect(sql.exec("SELECT count(*) AS n FROM texts").one()).toEqual({ n: 1_601 });
    });
  });
});

function texts(from: number, many: number) {
  return Array.from({ length: many }, (_, n) => ({ seq: from + n, text: `word${from + n}` }));
}
