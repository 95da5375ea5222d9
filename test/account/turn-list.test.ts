/** The list of an account's turns, over the tables of a fresh account. */
import { runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { accountObject } from "../../src/account/account-object.ts";
import { pageOf, TurnList } from "../../src/account/turn-list.ts";
import type { TurnRecord } from "../../src/observe/turn-record.ts";
import { bindings } from "../support/session-world.ts";

const beganMs = 1_764_000_000_000;
/** A record of the `n`th turn, one second after the one before. */
const record = (n: number, more: Partial<TurnRecord> = {}): TurnRecord => ({
  ...{ seq: 3, turn: "turn_1", endedAtMs: beganMs + n * 1_000, agent: "support", version: "v_a", model: "m" },
  ...{ reason: "completed", steps: 1, costMicros: 10, ms: 100, firstEventMs: 50, toolErrors: 0, repairs: 0 },
  usage: { inputTokens: 1, cachedTokens: 2, outputTokens: 3, reasoningTokens: 0 },
  ...more,
});

/** A list over the tables of a fresh account. */
function withList<T>(work: (list: TurnList, sql: SqlStorage) => T): Promise<T> {
  const stub = accountObject(bindings, crypto.randomUUID());
  return stub
    .deliveries(1)
    .then(() => runInDurableObject(stub, (_, { storage }) => work(new TurnList(storage.sql), storage.sql)));
}

const all = Array.from({ length: 60 }, (_, n) =>
  record(n, {
    ...{ seq: n % 3, agent: n % 2 ? "support" : "sales", version: `v_${n % 5}`, model: n % 4 ? "m" : "gpt" },
    ...{ reason: n % 6 === 5 ? "failed" : n % 6 === 4 ? "cancelled" : "completed", costMicros: n * 10, ms: n * 100 },
    // Some end in the same millisecond.
    endedAtMs: beganMs + Math.floor(n / 4) * 1_000,
  }),
);
const matches: [name: string, query: object, keep: (turn: TurnRecord) => boolean][] = [
  ["all", {}, () => true],
  ["a status", { reason: "failed" }, ({ reason }) => reason === "failed"],
  ["those that completed", { reason: "completed" }, ({ reason }) => reason === "completed"],
  ["an agent", { agent: "sales" }, ({ agent }) => agent === "sales"],
  ["a version", { version: "v_3" }, ({ version }) => version === "v_3"],
  ["a model", { model: "gpt" }, ({ model }) => model === "gpt"],
  ["since then", { sinceMs: beganMs + 9_000 }, ({ endedAtMs }) => endedAtMs >= beganMs + 9_000],
  ["before then", { untilMs: beganMs + 9_000 }, ({ endedAtMs }) => endedAtMs < beganMs + 9_000],
  ["a cost", { minCostMicros: 400 }, ({ costMicros }) => costMicros >= 400],
  ["a time", { minMs: 3_000 }, ({ ms }) => ms >= 3_000],
  [
    "all of it together",
    { ...{ reason: "completed", agent: "sales", model: "m", version: "v_2" }, minMs: 100, minCostMicros: 10 },
    ({ reason, agent, model, version, ms }) =>
      reason === "completed" && agent === "sales" && model === "m" && version === "v_2" && ms >= 100,
  ],
  [
    "a status in a time",
    { reason: "failed", sinceMs: beganMs + 2_000, untilMs: beganMs + 12_000 },
    ({ reason, endedAtMs }) => reason === "failed" && endedAtMs >= beganMs + 2_000 && endedAtMs < beganMs + 12_000,
  ],
  ["nothing that is there", { agent: "support", version: "v_9" }, () => false],
];
it.each(matches)("[SEE-2] [SEE-3] lists %s, in pages that join", async (_, query, keep) => {
  const found = await withList((list) => {
    for (const [n, turn] of all.entries()) list.record(`s${n % 7}`, [turn]);
    const pages: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = list.list({ limit: 7, cursor, ...query });
      pages.push(...page.turns.map(({ costMicros, endedAtMs }) => `${endedAtMs} ${costMicros}`));
      // One that ends meanwhile is newer than all that were shown.
      list.record("s_new", [record(1_000 + pages.length, { reason: "interrupted", agent: "other", costMicros: 0 })]);
      if (page.next === undefined) return pages;
      cursor = page.next;
    }
  });
  const wanted = all.filter(keep).map(({ costMicros, endedAtMs }) => `${endedAtMs} ${costMicros}`);
  expect(new Set(found)).toEqual(new Set(wanted));
  expect(found).toHaveLength(wanted.length);
  const times = found.map((each) => Number(each.split(" ")[0]));
  expect(times).toEqual(times.toSorted((a, b) => b - a));
});

it("[SEE-1] a turn that is reported again is recorded once, and comes back as it was", async () => {
  const failure = { error: { code: "model_auth", detail: "The key was refused." } };
  const turn = record(1, { reason: "failed", ...failure });
  const bare = record(2, { model: null, firstEventMs: null });
  delete bare.version;
  const [added, again, page] = await withList((list) => [
    list.record("s1", [turn, bare]).length,
    list.record("s1", [turn, bare]).length,
    list.list({ limit: 10 }),
  ]);
  expect([added, again]).toEqual([2, 0]);
  expect(page.turns).toEqual([
    { session: "s1", ...bare },
    { session: "s1", ...turn },
  ]);
});

it.each([
  [{}, "USING PRIMARY KEY"],
  [{ reason: "failed" }, "USING INDEX turns_by_reason"],
  [{ reason: "completed" }, "USING PRIMARY KEY"],
  [{ agent: "a" }, "USING INDEX turns_by_agent"],
  [{ version: "v" }, "USING INDEX turns_by_version"],
  [{ model: "m" }, "USING INDEX turns_by_model"],
  [{ reason: "failed", agent: "a", model: "m", minMs: 1, sinceMs: 1, untilMs: 2 }, "USING INDEX turns_by_reason"],
  [{ version: "v", agent: "a", cursor: "5.1.s" }, "USING INDEX turns_by_version"],
  [{ minCostMicros: 5 }, "USING PRIMARY KEY"],
] as const)("[SEE-4] the page of %j is found by an index, and sorted by it", async (query, index) => {
  const plan = await withList((_, sql) => {
    const { inner } = pageOf({ limit: 10, ...query });
    const rows = sql.exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${inner.sql}`, ...inner.values).toArray();
    return rows.map(({ detail }) => detail).join("; ");
  });
  expect(plan).toContain(index);
  expect(plan).toContain("ended_at<?");
  expect(plan).not.toMatch(/TEMP B-TREE|SCAN turns/);
});

it("[SEE-4] a page that finds too little looks at so many rows and no more, and the next one goes on", async () => {
  const { pages, found } = await withList((list, sql) => {
    list.record("s", [record(0, { costMicros: 999 })]);
    // One row many times over, as SQL makes them.
    sql.exec(
      `INSERT INTO turns SELECT ended_at + n.value, session, seq, agent, agent_version, model, reason, 1, ms, data
       FROM turns, (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT 45000) SELECT value FROM n) n`,
    );
    const pages: number[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = list.list({ limit: 50, cursor, minCostMicros: 500 });
      pages.push(page.turns.length);
      if (page.next === undefined) return { pages, found: page.turns };
      cursor = page.next;
    }
  });
  expect(pages).toEqual([0, 0, 1]);
  expect(found).toMatchObject([{ costMicros: 999 }]);
});

it("[SEE-5] the oldest leave, some with each report, and no others", async () => {
  const [first, second, left] = await withList((list) => {
    for (let n = 0; n < 250; n++) list.record("s", [record(n, { seq: n })]);
    const count = () => list.list({ limit: 500 }).turns.length;
    list.removeBefore(beganMs + 240_000);
    const first = count();
    list.removeBefore(beganMs + 240_000);
    const second = count();
    list.removeBefore(Number.NEGATIVE_INFINITY);
    return [first, second, list.list({ limit: 500 }).turns.map(({ seq }) => seq)] as const;
  });
  expect([first, second]).toEqual([50, 10]);
  expect(left).toEqual(Array.from({ length: 10 }, (_, n) => 249 - n));
});
