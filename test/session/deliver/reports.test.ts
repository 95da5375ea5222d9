/** What a turn has come to reaches its account, whatever is lost between. */
import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Account } from "../../../src/account/account.ts";
import { accountObject } from "../../../src/account/account-object.ts";
import { unwrap } from "../../../src/account/outcome.ts";
import { agent } from "../../app/agent.ts";
import { calls, text } from "../../support/fake-provider.ts";
import { bindings, SessionWorld, startProvider } from "../../support/session-world.ts";

const day = 86_400_000;
let provider: ReturnType<typeof startProvider>;
let world: SessionWorld;

beforeEach(() => {
  provider = startProvider();
  world = new SessionWorld();
});
afterEach(() => {
  vi.restoreAllMocks();
});

const account = () => accountObject(bindings, world.address.account);
const alarm = () => world.inside((storage) => storage.getAlarm());
/** Steps of the session that the account's ledger has. */
const steps = async () =>
  (await account().usage({ group: "session", fromMs: 0, toMs: Date.now() + day })).find(
    ({ key }) => key === world.address.name,
  )?.steps;
const listed = async () =>
  (await account().listSessions({ limit: 100 })).sessions.find(({ id }) => id === world.address.name);

/** Reports that come from now on are lost, with the instance that made them. */
async function lose(run: () => Promise<unknown>): Promise<void> {
  const losing = vi.spyOn(Account.prototype, "report").mockReturnValue(new Promise<number>(() => {}) as never);
  await run();
  await vi.waitFor(() => expect(losing).toHaveBeenCalled());
  losing.mockRestore();
  await abortAllDurableObjects();
}

it("[SESSION-12] of an ended turn: by the alarm of the next instance, without any request", async () => {
  provider.enqueue(text("Hi"));
  await world.ask("warm up");
  await vi.waitFor(async () => expect(await steps()).toBe(1));
  provider.enqueue(text("Hello."));
  await lose(() => world.ask("Hello"));
  expect(await steps()).toBe(1);
  expect(await runDurableObjectAlarm(world.stub)).toBe(true);
  await vi.waitFor(async () => expect(await steps()).toBe(2));
  await vi.waitFor(async () => expect(await alarm()).toBeNull());
});

it("[SESSION-12] of a turn that waits for a month: the account's list has it as waiting, and the alarm is then for the wait", async () => {
  const tool = agent.tools.get("calculator");
  if (tool === undefined) throw new Error("no calculator");
  vi.spyOn(tool, "run").mockImplementation((_, { step }) => step.sleep("rest", 30 * day));
  const waiting = async () => expect(unwrap(await world.stub.describe()).status).toBe("waiting");
  provider.enqueue(text("Hi"), calls([{ id: "c1", name: "calculator", arguments: '{"expression":"1"}' }]));
  await world.ask("warm up");
  await vi.waitFor(async () => expect(await alarm()).toBeNull());
  await lose(async () => {
    await world.send("Wait.");
    await vi.waitFor(waiting);
  });
  expect(await runDurableObjectAlarm(world.stub)).toBe(true);
  await vi.waitFor(async () => expect(await listed()).toMatchObject({ status: "waiting" }));
  await vi.waitFor(async () => expect(await alarm()).toBeGreaterThan(Date.now() + 29 * day));
  await world.stub.cancel();
});

it("[SESSION-12] before the session is erased", async () => {
  provider.enqueue(text("Hi"), text("Hello."));
  await world.ask("warm up");
  await vi.waitFor(async () => expect(await alarm()).toBeNull());
  await lose(() => world.ask("Hello"));
  unwrap(await world.stub.erase(world.address));
  expect([await steps(), await listed()]).toEqual([2, undefined]);
});

it("[SESSION-12] once: a report that was taken leaves no alarm, and is not sent again", async () => {
  provider.enqueue(text("Hi"));
  await world.ask("warm up");
  const reports = vi.spyOn(Account.prototype, "report");
  await vi.waitFor(async () => expect(await alarm()).toBeNull());
  expect(await runDurableObjectAlarm(world.stub)).toBe(false);
  expect(reports.mock.calls.length).toBeLessThanOrEqual(2);
});
