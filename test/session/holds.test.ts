/** Answers of an account that come late, and what happens to a session meanwhile. */
import { abortAllDurableObjects } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { accountObject } from "../../src/account/account-object.ts";
import { forgetFacts } from "../../src/account/known-facts.ts";
import { unwrap } from "../../src/account/outcome.ts";
import type { AppChannel } from "../../src/agent/app.ts";
import { SessionVersion } from "../../src/doors/rollouts/session-version.ts";
import { SqliteTranscriptLog } from "../../src/session/store/transcript-log.ts";
import { app, listedRollouts } from "../app/app.ts";
import { Account } from "../app/worker.ts";
import { gated, text } from "../support/fake-provider.ts";
import { holdAnswers } from "../support/hold-calls.ts";
import { ownAccount } from "../support/own-account.ts";
import { bindings, SessionWorld, startProvider } from "../support/session-world.ts";

const { remoteTools } = app;
let provider: ReturnType<typeof startProvider>;
let world: SessionWorld;
const account = () => accountObject(bindings, world.address.account);
const until = (check: () => unknown) => vi.waitFor(check, { interval: 5 });

beforeEach(() => {
  provider = startProvider();
  world = new SessionWorld();
  // Each has an account of its own.
  Object.assign(world.address, { account: `hold-${crypto.randomUUID().slice(0, 8)}` });
});
afterEach(() => {
  app.rollouts = undefined;
  app.remoteTools = remoteTools;
  vi.restoreAllMocks();
});

describe("an answer that was given up", () => {
  const replyTo = { channel: "callback", url: "https://hooks.example.com/x" };
  const owed = () => world.submit({ messages: [{ content: "Hi", options: {} }], replyTo, create: {} });
  const letters = async () => (await account().deliveries(10)).letters;

  it("[HOLD-2] and is tried again before its session knows that the account has listed it is delivered", async () => {
    let status = 410;
    provider.outside.mockImplementation(async () => new Response(null, { status }));
    provider.enqueue(text("Done."));
    const listing = holdAnswers(Account, ({ method }) => method === "addDeadLetter");
    await owed();
    await listing.reached();
    status = 204;
    const [letter] = await letters();
    unwrap(await world.stub.retryDelivery(letter?.id ?? ""));
    listing.release();
    await until(() => expect(provider.outside).toHaveBeenCalledTimes(2));
    await until(async () => expect(await world.inside((storage) => storage.getAlarm())).toBeNull());
  });

  it("[HOLD-2] and is given up again before the account takes the first letter away stays listed", async () => {
    const own = await ownAccount(world.address.account);
    provider.outside.mockImplementation(async () => new Response(null, { status: 410 }));
    provider.enqueue(text("Done."));
    await owed();
    await until(async () => expect(await letters()).toHaveLength(1));
    const [first] = await letters();
    const removing = holdAnswers(Account, ({ method }) => method === "removeDeadLetter", { isBefore: true });
    const retried = own("POST", `/v1/deliveries/${first?.id}/retry`);
    await removing.reached();
    await until(async () => expect((await letters())[0]?.diedAtMs).toBeGreaterThan(first?.diedAtMs ?? 0));
    removing.release();
    expect((await retried).status).toBe(202);
    expect(await letters()).toHaveLength(1);
  });
});

describe("a message", () => {
  it("[HOLD-6] that interrupts while another one is made ready is read before its turn begins", async () => {
    app.rollouts = listedRollouts.feature;
    let isHeld = true;
    let isReached = false;
    const { choose } = SessionVersion.prototype;
    vi.spyOn(SessionVersion.prototype, "choose").mockImplementation(async function (this: SessionVersion, speaker) {
      await choose.call(this, speaker);
      if (speaker !== "slow" || provider.requests.length === 0) return;
      isReached = true;
      while (isHeld) await new Promise((resolve) => setTimeout(resolve, 2));
    });
    const read = async () => ({ content: "What it refers to" });
    const reader = { works: { outlet: () => ({ read }) } } as unknown as AppChannel;
    vi.spyOn(app.channels, "get").mockImplementation((name) => (name === "reader" ? reader : undefined));
    const held = gated("one ", "two");
    provider.enqueue(held.reply, text("Second."), text("Third."));
    const { turn } = await world.send("first");
    await held.reached(1);
    isHeld = false;
    const slow = await world.submit({ messages: [{ content: "slow", speaker: "slow", options: {} }] });
    isHeld = true;
    isReached = false;
    held.release();
    await world.ended(turn);
    await until(() => expect(isReached).toBe(true));
    const reference = { channel: "reader" } as never;
    const message = { content: "unread", reference, options: {} };
    const urgent = await world.submit({ messages: [message], onBusy: "interrupt" });
    isHeld = false;
    await world.ended(urgent.turn);
    await world.ended(slow.turn);
    const messages = (await world.entries()).flatMap((entry) => (entry.type === "user" ? [entry.content] : []));
    expect(messages).toEqual(["first", "What it refers to", "slow"]);
  });

  it("[HOLD-6] that is cancelled while its account is asked waits for no server of tools", async () => {
    const given: boolean[] = [];
    const list = async (signal: AbortSignal) => {
      given.push(signal.aborted);
      return [];
    };
    app.remoteTools = { open: () => ({ list, close: async () => {} }) };
    provider.enqueue(text("Hello."));
    await world.ask("Hi");
    given.length = 0;
    forgetFacts(world.address.account);
    const asking = holdAnswers(Account, ({ method }) => method === "access");
    const { turn } = await world.send("And now?");
    await asking.reached();
    unwrap(await world.stub.cancel(turn));
    asking.release();
    expect((await world.ended(turn)).ended.reason).toBe("cancelled");
    expect(given).toEqual([true]);
  });

  it("[HOLD-7] whose session is erased while its version is chosen is taken by no session that is gone", async () => {
    app.rollouts = listedRollouts.feature;
    provider.enqueue(text("Hello."));
    const { turn } = await world.send("Hi");
    await world.ended(turn);
    let isHeld = true;
    let isReached = false;
    vi.spyOn(SessionVersion.prototype, "choose").mockImplementation(async () => {
      isReached = true;
      while (isHeld) await new Promise((resolve) => setTimeout(resolve, 2));
    });
    const sent = world.stub.submit(world.address, { messages: [{ content: "And now?", options: {} }] });
    await until(() => expect(isReached).toBe(true));
    unwrap(await world.stub.erase(world.address));
    isHeld = false;
    expect(await sent).toMatchObject({ ok: false, refusal: { code: "no_session" } });
  });
});

describe("a name that the account lists, and of which no rows are left", () => {
  const content = "Hi";
  it.each<[what: string, make: () => Promise<unknown>]>([
    ["made", async () => unwrap(await world.stub.create(world.address, {}))],
    ["made by a message", () => world.send(content)],
    [
      "made by a message that may begin anew",
      () => world.submit({ messages: [{ content, options: {} }], create: {}, beginsAnew: true }),
    ],
  ])("[HOLD-11] is erased before it is %s again, and is listed then", async (_, make) => {
    unwrap(await world.stub.create(world.address, { title: "Lost" }));
    await world.inside((storage) => storage.deleteAll());
    await abortAllDurableObjects();
    provider.enqueue(text("Hello."));
    const removing = holdAnswers(Account, ({ method }) => method === "removeLost", { isBefore: true });
    const erased = world.stub.erase(world.address);
    await removing.reached();
    const again = world.stub.erase(world.address);
    const made = make();
    // One that did not wait would be listed by then, and be removed.
    for (let looks = 0; looks < 25; looks++) await account().settings();
    removing.release();
    expect(unwrap(await erased)).toEqual({ entries: 0, bytes: 0 });
    await again;
    // A message is refused where it may not begin anew.
    await made.catch(() => undefined);
    const { name } = world.address;
    const isMade = await world.stub.isMade();
    const { sessions } = await account().listSessions({ limit: 10 });
    expect(sessions.map(({ id }) => id)).toEqual(isMade ? [name] : []);
    expect(await account().wasErased(name)).toBe(!isMade);
  });
});

describe("erasing", () => {
  it("[ERASE-2] that fails, where the session cannot be opened again either, is done by the next attempt", async () => {
    unwrap(await world.stub.create(world.address, {}));
    const fails = (): never => {
      throw new Error("The storage is away.");
    };
    vi.spyOn(Account.prototype, "removeSession").mockImplementationOnce(async () => {
      vi.spyOn(SqliteTranscriptLog.prototype, "lastSeq", "get").mockImplementationOnce(fails);
      return fails();
    });
    await expect((async () => unwrap(await world.stub.erase(world.address)))()).rejects.toThrow();
    expect(await world.stub.describe()).toMatchObject({ ok: false, code: "unavailable" });
    expect(unwrap(await world.stub.erase(world.address))).toEqual({ entries: 0, bytes: 0 });
    expect(await world.stub.isMade()).toBe(false);
    expect(await account().wasErased(world.address.name)).toBe(true);
  });
});

describe("money", () => {
  it("[HOLD-9] is not set aside for a session that is gone when the call for it arrives", async () => {
    await account().putSettings(world.address.account, { budgetMicros: 1_000_000 });
    let isRemoved = false;
    const isReserving = ({ method }: { method: string }) => {
      isRemoved ||= method === "removeSession";
      return method === "reserve";
    };
    const reserving = holdAnswers(Account, isReserving, { isBefore: true });
    await world.send("Hi");
    await reserving.reached();
    const erased = world.stub.erase(world.address);
    await until(async () => expect((await world.stub.describe()).ok).toBe(false));
    // The session waits for what it asked before it leaves: one that did not would be gone by then.
    for (let looks = 0; looks < 25 && !isRemoved; looks++) await new Promise((resolve) => setTimeout(resolve, 4));
    reserving.release();
    unwrap(await erased);
    await reserving.run();
    expect(await account().settings()).toMatchObject({ reservedMicros: 0, spentMicros: 0 });
  });
});
