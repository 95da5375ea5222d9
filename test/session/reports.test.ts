import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Account, type SessionNews } from "../../src/account/account.ts";
import { accountObject } from "../../src/account/account-object.ts";
import { text } from "../support/fake-provider.ts";
import { bindings, SessionWorld, startProvider } from "../support/session-world.ts";

let provider: ReturnType<typeof startProvider>;
/** Timers of reports that wait for others: they run when a test says so. */
let held: (() => void)[] = [];

beforeEach(() => {
  provider = startProvider();
  held = [];
  const nowMs = Date.now();
  vi.spyOn(Date, "now").mockReturnValue(nowMs);
  const { setTimeout } = globalThis;
  const holding = (run: () => void, ms?: number) => (ms === betweenMs ? held.push(run) : setTimeout(run, ms));
  vi.spyOn(globalThis, "setTimeout").mockImplementation(holding as unknown as typeof setTimeout);
});
afterEach(() => vi.restoreAllMocks());

const betweenMs = 250;
const patience = { timeout: 20_000 };

/** Up to which entry each report of ended turns was about. */
function reported(): () => number[] {
  const calls = vi.spyOn(Account.prototype, "call");
  return () =>
    calls.mock.calls
      .filter(([, method]) => method === "report")
      .flatMap(([, , [, news]]) => (news as SessionNews | undefined)?.throughSeq ?? []);
}

async function turns(world: SessionWorld, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    provider.enqueue(text("Hello."));
    await world.ask("Hi");
  }
}

it("[SPEED-11] the first turn that ends is reported at once, those that follow closely with one report", async () => {
  const world = new SessionWorld();
  const seen = reported();
  await turns(world, 1);
  await vi.waitFor(() => expect(seen()).toEqual([3]), patience);
  await turns(world, 3);
  expect([seen(), held.length]).toEqual([[3], 1]);
  await world.inside(() => held.pop()?.());
  await vi.waitFor(() => expect(seen()).toEqual([3, 12]), patience);
  await vi.waitFor(() => world.inside(async (storage) => expect(await storage.getAlarm()).toBeNull()), patience);
});

it("[SPEED-11] an instance that ends before its report leaves it to the alarm", async () => {
  const world = new SessionWorld();
  const seen = reported();
  await turns(world, 1);
  await vi.waitFor(() => expect(seen()).toEqual([3]), patience);
  await turns(world, 1);
  expect(held).toHaveLength(1);
  await evictDurableObject(world.stub);
  expect(await runDurableObjectAlarm(world.stub)).toBe(true);
  await vi.waitFor(() => expect(seen()).toEqual([3, 6]), patience);
  const sums = await accountObject(bindings, "test").usage({ group: "session", fromMs: 0, toMs: 1e15 });
  expect(sums.find(({ key }) => key === world.address.name)).toMatchObject({ steps: 2 });
});
