import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Account } from "../../src/account/account.ts";
import { factsOfAccount } from "../../src/account/account-facts.ts";
import { accountObject } from "../../src/account/account-object.ts";
import type { AccountLimits } from "../../src/account/account-record.ts";
import { forgetFacts } from "../../src/account/known-facts.ts";
import { unwrap } from "../../src/account/outcome.ts";
import { listingMs } from "../../src/session/session-work.ts";
import { text } from "../support/fake-provider.ts";
import { bindings, SessionWorld, startProvider } from "../support/session-world.ts";

let provider: ReturnType<typeof startProvider>;

/** Of the test alone: what an account has erased or is limited to counts for all its sessions. */
let account: string;

beforeEach(() => {
  account = crypto.randomUUID();
  provider = startProvider();
  vi.spyOn(console, "error").mockImplementation(() => {});
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

function newWorld(): SessionWorld {
  const world = new SessionWorld();
  world.address.account = account;
  return world;
}
const limited = (limits: AccountLimits) => accountObject(bindings, account).putSettings(account, limits);

/** What the account is told once a turn has begun or ended; no first token waits for it. */
const told = new Set<unknown>(["report", "settle"]);

/** What the account is asked from the sending of a message until the model is. */
async function asked(world: SessionWorld): Promise<string[]> {
  const calls = vi.spyOn(Account.prototype, "call");
  provider.enqueue(text("Hello."));
  await world.ask("Hi");
  const fetched = vi.mocked(globalThis.fetch).mock.invocationCallOrder.at(-1) ?? 0;
  const before = calls.mock.calls.filter((_, place) => (calls.mock.invocationCallOrder[place] ?? 0) < fetched);
  calls.mockRestore();
  return before.map(([, method]) => method).filter((method) => !told.has(method));
}

/** As in an isolate that has run no session of the account yet. */
const inNewIsolate = () => forgetFacts(account);

describe("what an account is asked before the first token", () => {
  it("[SPEED-5] nothing, in a new session and in a known one, where it has no budget and no erased names", async () => {
    await limited({ ratePerMinute: 1_000, models: ["deepseek-v3.2-exp"] });
    await asked(newWorld());
    const world = newWorld();
    expect([await asked(world), await asked(world), await asked(newWorld())]).toEqual([[], [], []]);
  });

  it("[SPEED-5] once, where this isolate has not asked", async () => {
    const world = newWorld();
    inNewIsolate();
    expect(await asked(world)).toEqual(["access"]);
    inNewIsolate();
    expect(await asked(world)).toEqual(["access"]);
  });

  it("[SPEED-5] once for each model call, where it has a budget", async () => {
    await limited({ budgetMicros: 1_000_000_000 });
    const world = newWorld();
    await asked(world);
    expect([await asked(world), await asked(newWorld())]).toEqual([["reserve"], ["reserve"]]);
  });

  it("[SPEED-5] once in a new session, where it has erased names: one of those is refused", async () => {
    const gone = newWorld();
    await asked(gone);
    unwrap(await gone.stub.erase());
    const world = newWorld();
    await asked(world);
    expect([await asked(world), await asked(newWorld())]).toEqual([[], ["wasErased"]]);
    await expect(gone.send("Hi")).rejects.toMatchObject({ code: "not_found" });
  });

  it("[SPEED-5] a streamed answer does not wait for the report of its new session, which comes", async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const report = vi.spyOn(Account.prototype, "report").mockImplementation(() => promise as unknown as number);
    const world = newWorld();
    provider.enqueue(text("Hello."));
    const given = { messages: [{ content: "Hi", options: {} }], create: {} };
    const { turn } = await world.submit(given, { isStreamed: true });
    expect((await world.ended(turn)).reply?.content).toBe("Hello.");
    report.mockRestore();
    resolve(0);
    const page = { limit: 100 };
    await vi.waitFor(async () => {
      const { sessions } = await accountObject(bindings, account).listSessions(page);
      expect(sessions.map(({ id }) => id)).toContain(world.address.name);
    });
  });
});

describe("the listing of a session that is made for a streamed answer", () => {
  const isListed = async (world: SessionWorld) => {
    const { sessions } = await accountObject(bindings, account).listSessions({ limit: 100 });
    return sessions.some(({ id }) => id === world.address.name);
  };
  const given = { messages: [{ content: "Hi", options: {} }], create: {} };
  /** The timer for the listing does not come by itself. */
  function heldTimer(): { due(): void } {
    const plain = globalThis.setTimeout;
    const held: { due(): void } = { due: () => {} };
    vi.spyOn(globalThis, "setTimeout").mockImplementation(((work: () => void, ms: number) => {
      if (ms !== listingMs) return plain(work, ms);
      held.due = work;
      return plain(() => {}, 0);
    }) as typeof setTimeout);
    return held;
  }

  it("[SPEED-5] is the report of its turn, where that ends at once: the account is called once", async () => {
    const reports = vi.spyOn(Account.prototype, "report");
    heldTimer();
    const world = newWorld();
    provider.enqueue(text("Hello."));
    const { turn } = await world.submit(given, { isStreamed: true });
    await world.ended(turn);
    await vi.waitFor(async () => expect(await isListed(world)).toBe(true));
    expect(reports.mock.calls.filter(([{ id }]) => id === world.address.name)).toHaveLength(1);
  });

  it("[SPEED-5] comes before its turn ends, where that goes on", async () => {
    const timer = heldTimer();
    const world = newWorld();
    const answer = Promise.withResolvers<void>();
    provider.enqueue(async (...of) => {
      await answer.promise;
      return text("Hello.")(...of);
    });
    const { turn } = await world.submit(given, { isStreamed: true });
    expect(await isListed(world)).toBe(false);
    await world.inside(() => timer.due());
    await vi.waitFor(async () => expect(await isListed(world)).toBe(true));
    answer.resolve();
    expect((await world.ended(turn)).reply?.content).toBe("Hello.");
  });
});

describe("what is remembered of an account", () => {
  it("[SPEED-6] changed limits hold at once in the isolate that changed them", async () => {
    await factsOfAccount(bindings, account);
    await limited({ budgetMicros: 0 });
    expect(await factsOfAccount(bindings, account)).toMatchObject({ hasBudget: true });
    const world = newWorld();
    expect((await world.ask("Hi")).ended.reason).toBe("budget_exhausted");
    expect(provider.requests).toHaveLength(0);
  });

  it("[SPEED-6] what was asked for before a change is not remembered after it", async () => {
    inNewIsolate();
    const asking = factsOfAccount(bindings, account);
    inNewIsolate();
    await asking;
    const access = vi.spyOn(Account.prototype, "access");
    await factsOfAccount(bindings, account);
    await factsOfAccount(bindings, account);
    expect(access).toHaveBeenCalledTimes(1);
  });
});
