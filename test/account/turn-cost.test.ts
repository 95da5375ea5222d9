/** Counts what a plain turn costs at Cloudflare's meters. `docs/scale.md` multiplies these figures with list prices. */
import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Account } from "../../src/account/account.ts";
import { accountObject } from "../../src/account/account-object.ts";
import { text } from "../support/fake-provider.ts";
import { bindings, SessionWorld, skipTime, startProvider } from "../support/session-world.ts";
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
  const calls = vi.spyOn(Account.prototype, "call");
  provider.enqueue(text("Hello again."));
  await vi.waitFor(() => world.inside(async (storage) => expect(await storage.getAlarm()).toBeNull()));
  // The alarm of turns in quick succession stays.
  skipTime(11_000);
  const rows = await accountRows(async () => {
    await world.ask("Hi");
    await vi.waitFor(() => world.inside(async (storage) => expect(await storage.getAlarm()).toBeNull()));
  });
  expect(calls.mock.calls.length).toBe(plainTurn.accountRequests);
  expect(rows).toBe(plainTurn.accountRows);
});
