/** Counts what a plain turn costs at Cloudflare's meters. `docs/scale.md` multiplies these figures with list prices. */
import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Account } from "../../src/account/account.ts";
import { accountObject } from "../../src/account/account-object.ts";
import { text } from "../support/fake-provider.ts";
import { bindings, SessionWorld, skipTime, startProvider } from "../support/session-world.ts";
import { spySql } from "../support/sql-spy.ts";
import { plainTurn } from "../support/turn-cost.ts";

const { account } = new SessionWorld().address;
let provider: ReturnType<typeof startProvider>;

beforeEach(() => {
  provider = startProvider();
});
afterEach(() => vi.restoreAllMocks());

/** Rows that the account's database writes until its alarm and reports have settled. */
async function accountRows(run: () => Promise<unknown>): Promise<number> {
  const cursors: { rowsWritten: number }[] = [];
  const stub = accountObject(bindings, account);
  await runInDurableObject(stub as unknown as DurableObjectStub, (_, { storage }) => {
    const exec = storage.sql.exec.bind(storage.sql);
    vi.spyOn(storage.sql, "exec").mockImplementation(((query: string, ...values: []) => {
      const cursor = exec(query, ...values);
      cursors.push(cursor);
      return cursor;
    }) as typeof exec);
  });
  await run();
  return cursors.reduce((sum, cursor) => sum + cursor.rowsWritten, 0);
}

it("[SCALE-1] a plain turn asks the account once, after its answer, and writes there what docs/scale.md says", async () => {
  const world = new SessionWorld();
  provider.enqueue(text("Hello."));
  await world.ask("warm up");
  provider.enqueue(text("Hello again."));
  // The report of the first turn comes after its answer.
  await vi.waitFor(() => world.inside(async (storage) => expect(await storage.getAlarm()).toBeNull()));
  const calls = vi.spyOn(Account.prototype, "call");
  // The alarm of turns in quick succession stays.
  skipTime(11_000);
  const rows = await accountRows(async () => {
    await world.ask("Hi");
    await vi.waitFor(() => world.inside(async (storage) => expect(await storage.getAlarm()).toBeNull()));
  });
  const made = calls.mock.calls.map(([, method]) => method);
  expect(made, made.join()).toHaveLength(plainTurn.accountRequests);
  expect(rows).toBe(plainTurn.accountRows);
});

it("[SPEED-21] a report of many steps and texts executes as many statements as one of few, but for the steps themselves", async () => {
  const object = accountObject(bindings, `acc-${crypto.randomUUID()}`);
  const amounts = { inputTokens: 5, cachedTokens: 0, outputTokens: 2, reasoningTokens: 0, costMicros: 3 };
  const none = { failed: false, retries: 0, repairs: 0, rowsWritten: 0, kvReads: 0, kvWrites: 0 };
  const step = (seq: number) => ({
    ...{ seq, atMs: 86_400_000, model: "m", firstEventMs: 4, durationMs: null },
    ...amounts,
    ...none,
  });
  const news = (from: number, to: number) => {
    const seqs = Array.from({ length: to - from + 1 }, (_, n) => from + n);
    return { throughSeq: to, steps: seqs.map(step), texts: seqs.map((seq) => ({ seq, text: `word${seq} harbour` })) };
  };
  const summary = { id: "s", createdAtMs: 9, title: null } as never;
  await object.report(summary, news(1, 1));
  const statements = await runInDurableObject(object as unknown as DurableObjectStub, (_, { storage }) =>
    spySql(storage),
  );
  const seen = async (from: number, to: number) => {
    await object.report(summary, news(from, to));
    return statements.take().filter((statement) => !statement.includes("INTO steps")).length;
  };
  const few = await seen(2, 2);
  // The first two of them are there already.
  expect(await seen(1, 40)).toBe(few);
  const [sum] = await object.usage({ group: "day", fromMs: 0, toMs: Number.MAX_SAFE_INTEGER });
  expect(sum).toMatchObject({
    key: "1970-01-02",
    steps: 40,
    costMicros: 120,
    inputTokens: 200,
    firstEventMs: 4,
    durationMs: null,
  });
  const found = async (q: string) => (await object.listSessions({ limit: 9, q })).sessions.length;
  expect([await found("word40"), await found("word2 harbour"), await found("word41")]).toEqual([1, 1, 0]);
});
