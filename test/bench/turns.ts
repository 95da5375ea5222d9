/** `npm run bench -- turns`: how long pages of `GET /v1/turns` take in an account of a million turns, in the SQLite of Node. */
import { DatabaseSync } from "node:sqlite";
import { accountLadder } from "../../src/account/schema.ts";
import { pageOf, TurnList, type TurnQuery } from "../../src/account/turn-list.ts";

const turns = 1_000_000;
const beganMs = 1_764_000_000_000;

const pages: [name: string, query: Omit<TurnQuery, "limit">][] = [
  ["the newest", {}],
  ["failed", { reason: "failed" }],
  ["completed", { reason: "completed" }],
  ["an agent of 1 in 1,000", { agent: "rare" }],
  ["a version", { version: "v_3" }],
  ["failed, of a rare agent", { reason: "failed", agent: "rare" }],
  ["1,000 s in the middle", { sinceMs: beganMs + 5e8, untilMs: beganMs + 5e8 + 1e6 }],
  ["the next page, in the middle", { cursor: `${beganMs + 5e8}.1.s1` }],
  ["a cost that none has", { minCostMicros: 1e9 }],
  ["a time that none took, of a model", { minMs: 1e9, model: "m" }],
];

/** Prints the median of 20 runs of each page, in ms. */
export function benchTurns(): void {
  const db = new DatabaseSync(":memory:");
  // Of all rungs the one that makes the table and its indexes.
  db.exec(accountLadder.rungs.find(({ sql }) => sql.includes("CREATE TABLE turns"))?.sql ?? "");
  db.exec(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${turns - 1})
    INSERT INTO turns SELECT ${beganMs} + i * 1000, 's' || (i * 7919 % 200000), 3,
      iif(i % 1000 = 7, 'rare', 'support'), 'v_' || (i % 20), iif(i % 5 = 0, 'gpt', 'm'),
      iif(i % 5000 = 3, 'failed', 'completed'), i % 700, i % 3000, '{}' FROM n`);
  const exec = (query: string, ...values: (string | number)[]) => ({ toArray: () => db.prepare(query).all(...values) });
  const list = new TurnList({ exec } as unknown as SqlStorage);
  for (const [name, query] of pages) {
    const times = Array.from({ length: 20 }, () => {
      const startMs = performance.now();
      list.list({ limit: 50, ...query });
      return performance.now() - startMs;
    });
    const median = times.toSorted((a, b) => a - b)[10] ?? 0;
    console.log(
      `${name.padEnd(36)} ${median.toFixed(2).padStart(8)} ms  (looks at ${pageOf({ limit: 50, ...query }).inner.most})`,
    );
  }
}
