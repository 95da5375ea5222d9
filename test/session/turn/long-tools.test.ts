import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { unwrap } from "../../../src/account/outcome.ts";
import { graceMs } from "../../../src/session/expiry.ts";
import type { GivenSignal } from "../../../src/tools/steps/feature.ts";
import { stepsNotListed, type ToolStep } from "../../../src/tools/steps/step.ts";
import { agent } from "../../app/agent.ts";
import { app } from "../../app/app.ts";
import { calls, text } from "../../support/fake-provider.ts";
import { SessionWorld, skipTime, startProvider } from "../../support/session-world.ts";

const until = (check: () => unknown) => vi.waitFor(check);

let provider: ReturnType<typeof startProvider>;
let world: SessionWorld;

beforeEach(() => {
  provider = startProvider();
  world = new SessionWorld();
});
afterEach(() => {
  vi.restoreAllMocks();
});

const day = 86_400_000;
type Run = (step: ToolStep, context: { callId: string; idempotencyKey: string }) => unknown;

/** The calculator does this instead. */
function longTool(run: Run): void {
  const tool = agent.tools.get("calculator");
  if (tool === undefined) throw new Error("no calculator");
  vi.spyOn(tool, "run").mockImplementation((_, context) => run(context.step, context));
}

const asking = (...ids: string[]) =>
  calls(ids.map((id) => ({ id, name: "calculator", arguments: `{"expression":"${id}"}` })));

/** A turn whose calls wait. */
async function waitingTurn(...ids: string[]): Promise<string> {
  provider.enqueue(asking(...ids));
  const { turn } = await world.send("Do it.");
  await waits(turn);
  return turn;
}

const state = async (turn: string) => unwrap(await world.stub.wait(turn, 0));
const waits = (turn: string) => until(async () => expect((await state(turn)).status).toBe("waiting"));
const signal = (given: GivenSignal) => world.stub.signal(given);
const result = async () => (await world.entries()).flatMap((each) => (each.type === "tool" ? [each.content] : []));
const refused = (code: string) => ({ ok: false, code });

describe("a tool that waits", () => {
  it.each([1, 30])(
    "[STEP-3] for %i days: nothing runs meanwhile, also after restarts, and one alarm wakes it",
    async (days) => {
      const ran: string[] = [];
      longTool(async (step) => {
        ran.push("run");
        const order = await step.do("order", () => ({ id: ran.push("order") }));
        await step.sleep("rest", days * day);
        await step.do("check", () => void ran.push("check"));
        return order;
      });
      const turn = await waitingTurn("c1");
      expect(ran).toEqual(["run", "order"]);
      // Until the account knows of the wait, the alarm watches over the report of it.
      const untilMs = await vi.waitFor(async () => {
        const atMs = (await world.inside((storage) => storage.getAlarm())) ?? 0;
        expect(Math.abs(atMs - Date.now() - days * day)).toBeLessThan(60_000);
        return atMs;
      });
      expect(await state(turn)).toMatchObject({
        suspended: [{ id: "c1", name: "calculator", waits: [{ name: "rest", kind: "sleep", untilMs }] }],
        waitingFor: [],
      });
      expect(unwrap(await world.stub.describe()).status).toBe("waiting");
      await abortAllDurableObjects();
      expect((await state(turn)).status).toBe("waiting");
      expect(await world.inside((storage) => storage.getAlarm())).toBe(untilMs);
      expect(ran).toHaveLength(2);
      provider.enqueue(text("Done."));
      skipTime(days * day + 1_000);
      await runDurableObjectAlarm(world.stub);
      const { ended } = await world.ended(turn);
      expect([ended.reason, ran, await result()]).toEqual([
        "completed",
        ["run", "order", "run", "check"],
        ['{"id":2}'],
      ]);
    },
  );

  it("[STEP-9] can be read in an app that does not list them, and gets an error when its time is over", async () => {
    longTool((step) => step.sleep("rest", day));
    const turn = await waitingTurn("c1");
    const { steps } = app;
    try {
      app.steps = undefined;
      await abortAllDurableObjects();
      expect(await state(turn)).toMatchObject({ status: "waiting", suspended: [{ id: "c1", name: "calculator" }] });
      expect(await signal({ name: "shipped" })).toMatchObject(refused("not_configured"));
      provider.enqueue(text("It did not work."));
      skipTime(day + 1_000);
      await runDurableObjectAlarm(world.stub);
      expect([(await world.ended(turn)).ended.reason, await result()]).toEqual(["completed", [stepsNotListed]]);
    } finally {
      app.steps = steps;
      await abortAllDurableObjects();
    }
  });

  it("[STEP-2] the watchdog takes up a call that a crash cut off in a step, as often as it gets further", async () => {
    const ran: string[] = [];
    const last = ["a", "b", "c", "d", "e", "f", "g"];
    longTool(async (step) => {
      for (const name of last) {
        await step.do(name, ({ idempotencyKey }) => {
          const isFirst = !ran.some((each) => each.startsWith(name));
          ran.push(`${name} ${idempotencyKey}`);
          return isFirst ? new Promise(() => {}) : name;
        });
      }
      return "whole";
    });
    provider.enqueue(asking("c1"), text("Done."));
    const { turn } = await world.send("Do it.");
    for (const [at] of last.entries()) {
      await until(() => expect(ran).toHaveLength(2 * at + 1));
      await abortAllDurableObjects();
      await runDurableObjectAlarm(world.stub);
    }
    await world.ended(turn);
    expect(await result()).toEqual(["whole"]);
    expect([ran.length, new Set(ran).size]).toEqual([14, 7]);
  });

  it("[STEP-2] an unsafe step that a crash cut off is not run again, and its call goes on", async () => {
    const ran: string[] = [];
    longTool(async (step) => {
      const pay = () => (ran.push("pay") === 1 ? new Promise(() => {}) : "paid twice");
      return step.do("pay", pay, { effect: "unsafe" }).catch((error: Error) => error.name);
    });
    provider.enqueue(asking("c1"), text("Done."));
    const { turn } = await world.send("Pay.");
    await until(() => expect(ran).toHaveLength(1));
    await abortAllDurableObjects();
    await runDurableObjectAlarm(world.stub);
    await world.ended(turn);
    expect([ran, await result()]).toEqual([["pay"], ["step_outcome_unknown"]]);
  });

  it("[STEP-4] calls of one reply: one is done, one waits for a time, one for a signal", async () => {
    longTool(async (step, { callId }) => {
      if (callId === "c2") await step.sleep("rest", day);
      if (callId === "c3") return step.waitFor("go", { timeout: 3 * day });
      return callId;
    });
    const turn = await waitingTurn("c1", "c2", "c3");
    expect(await result()).toEqual(["c1"]);
    skipTime(day + 1);
    await runDurableObjectAlarm(world.stub);
    await until(async () => expect(await result()).toEqual(["c1", "c2"]));
    await waits(turn);
    provider.enqueue(text("Done."));
    expect(unwrap(await signal({ name: "go", value: "7" }))).toEqual({ status: "delivered", turn, callId: "c3" });
    expect((await world.ended(turn)).ended.reason).toBe("completed");
    expect(await result()).toEqual(["c1", "c2", '{"value":7}']);
  });

  it("[STEP-4] a wait that was over before a signal came is first, though the alarm is late (vercel/workflow#2029)", async () => {
    longTool((step) => {
      const rest = step.sleep("rest", day).then(() => "rest");
      return Promise.race([rest, step.waitFor("go", { timeout: 3 * day }).then(() => "go")]);
    });
    const turn = await waitingTurn("c1");
    skipTime(2 * day);
    provider.enqueue(text("Done."));
    expect(unwrap(await signal({ name: "go" }))).toMatchObject({ status: "delivered" });
    await world.ended(turn);
    expect(await result()).toEqual(["rest"]);
  });

  it("[STEP-4] one wait in two races goes the same way at each replay (vercel/workflow#2125)", async () => {
    const ways: string[] = [];
    longTool(async (step) => {
      const rest = step.sleep("rest", day).then(() => "rest");
      const [a, b] = ["a", "b"].map((name) => step.waitFor(name, { timeout: 3 * day }).then(() => name));
      const first = await Promise.race([rest, a]);
      const second = await Promise.race([rest, b]);
      ways.push(`${first} ${second}`);
      await step.do("note", () => ways.length);
      await step.sleep("more", day);
      return `${first} ${second} ${await b}`;
    });
    const turn = await waitingTurn("c1");
    unwrap(await signal({ name: "a" }));
    await waits(turn);
    await abortAllDurableObjects();
    skipTime(day + 1_000);
    await runDurableObjectAlarm(world.stub);
    await until(() => expect(ways).toHaveLength(1));
    await waits(turn);
    unwrap(await signal({ name: "b" }));
    await waits(turn);
    await abortAllDurableObjects();
    provider.enqueue(text("Done."));
    skipTime(day);
    await runDurableObjectAlarm(world.stub);
    await world.ended(turn);
    expect([new Set(ways), await result()]).toEqual([new Set(["a rest"]), ["a rest b"]]);
  });

  it("[STEP-7] is ended by a cancel: its call has a result that does not say that nothing was done", async () => {
    longTool(async (step) => {
      await step.do("order", () => 1);
      await step.sleep("rest", day);
    });
    const turn = await waitingTurn("c1");
    expect(unwrap(await world.stub.cancel(turn))).toEqual({ turn });
    expect((await world.ended(turn)).ended.reason).toBe("cancelled");
    expect(await result()).toEqual([expect.stringMatching(/^Stopped before it was done: /)]);
    provider.enqueue(text("Hello."));
    expect((await world.ask("Hello")).ended.reason).toBe("completed");
  });

  it("[STEP-7] is ended by a message that interrupts, and others queue after it", async () => {
    longTool((step) => step.sleep("rest", day));
    const turn = await waitingTurn("c1");
    const { turn: queued } = await world.send("Later.");
    provider.enqueue(text("Now."), text("Then."));
    const { turn: now } = await world.send("Now!", { onBusy: "interrupt" });
    expect((await world.ended(turn)).ended.reason).toBe("interrupted");
    expect([(await world.ended(now)).reply?.content, (await world.ended(queued)).reply?.content]).toEqual([
      "Now.",
      "Then.",
    ]);
  });

  it("[STEP-7] is erased with its session, and nothing of it runs after that", async () => {
    const ran: string[] = [];
    longTool(async (step) => {
      ran.push("run");
      await step.sleep("rest", day);
    });
    await waitingTurn("c1");
    unwrap(await world.stub.erase());
    skipTime(2 * day);
    await runDurableObjectAlarm(world.stub);
    expect(ran).toEqual(["run"]);
    expect(await signal({ name: "rest" })).toMatchObject(refused("not_found"));
  });

  it("[STEP-8] keeps a session that expires meanwhile: its turn ends, and then the session", async () => {
    longTool(async (step) => {
      await step.sleep("rest", 30 * day);
      return "awake";
    });
    provider.enqueue(asking("c1"), text("Done."));
    const { turn } = await world.submit({
      messages: [{ content: "Do it.", options: {} }],
      create: { ttlSeconds: day / 1000 },
    });
    await waits(turn);
    skipTime(day + 3 * graceMs);
    await runDurableObjectAlarm(world.stub);
    expect((await state(turn)).status).toBe("waiting");
    skipTime(30 * day + 1_000 - (day + 3 * graceMs));
    await runDurableObjectAlarm(world.stub);
    expect((await world.ended(turn)).ended.reason).toBe("completed");
    expect(await result()).toEqual(["awake"]);
    // The account is told of the turn first.
    await until(async () => {
      await runDurableObjectAlarm(world.stub);
      expect(await world.stub.describe()).toMatchObject(refused("not_found"));
    });
  });
});

describe("a signal", () => {
  const shipped = (timeout = day): void =>
    longTool(async (step) => {
      await step.do("order", () => 1);
      return (await step.waitFor("shipped", { timeout })) ?? "none came";
    });

  it("[SIGNAL-1] is on disk when it is acknowledged, and wakes its call once", async () => {
    shipped();
    const turn = await waitingTurn("c1");
    provider.enqueue(text("Done."));
    const taken = unwrap(await signal({ name: "shipped", value: '{"parcel":7}' }));
    await abortAllDurableObjects();
    expect(taken).toEqual({ status: "delivered", turn, callId: "c1" });
    await runDurableObjectAlarm(world.stub);
    await world.ended(turn);
    expect(await result()).toEqual(['{"value":{"parcel":7}}']);
  });

  it("[SIGNAL-2] that comes twice is answered the same, by its key or its value; a key with another body is refused", async () => {
    shipped();
    const turn = await waitingTurn("c1");
    provider.enqueue(text("Done."));
    const first = unwrap(await signal({ name: "shipped", value: "7", key: "k1" }));
    expect(unwrap(await signal({ name: "shipped", value: "7", key: "k1" }))).toEqual(first);
    expect(unwrap(await signal({ name: "shipped", value: "7" }))).toEqual(first);
    expect(await signal({ name: "shipped", value: "8", key: "k1" })).toMatchObject(refused("idempotency_mismatch"));
    expect(await signal({ name: "other", value: "7", key: "k1" })).toMatchObject(refused("idempotency_mismatch"));
    await world.ended(turn);
    expect(unwrap(await signal({ name: "shipped", value: "7", key: "k1" }))).toEqual(first);
    expect(unwrap(await signal({ name: "shipped", value: "7" }))).toEqual(first);
    // A sender that makes a key for each try: no call is left that could wait for another one.
    expect(unwrap(await signal({ name: "shipped", value: "7", key: "k2" }))).toEqual(first);
    expect(await result()).toEqual(['{"value":7}']);
  });

  it("[SIGNAL-3] that is late is refused as gone, with the reason, whether the turn is open or over", async () => {
    shipped(1_000);
    const turn = await waitingTurn("c1");
    skipTime(1_000);
    // The alarm has not come yet.
    expect(await signal({ name: "shipped", value: "7" })).toMatchObject(refused("gone"));
    provider.enqueue(text("Done."));
    await runDurableObjectAlarm(world.stub);
    await world.ended(turn);
    expect(await result()).toEqual(["none came"]);
    expect(await signal({ name: "shipped", value: "7" })).toMatchObject({
      ...refused("gone"),
      detail: expect.stringContaining("did not come in time"),
    });
  });

  it("[SIGNAL-3] with another value than the one that was taken is gone; one of a cancelled call, too", async () => {
    shipped();
    const turn = await waitingTurn("c1");
    provider.enqueue(text("Done."));
    unwrap(await signal({ name: "shipped", value: "7" }));
    await world.ended(turn);
    expect(await signal({ name: "shipped", value: "8" })).toMatchObject(refused("gone"));
    const next = await waitingTurn("c1");
    unwrap(await world.stub.cancel(next));
    await world.ended(next);
    expect(await signal({ name: "shipped", value: "9" })).toMatchObject(refused("gone"));
  });

  it("[SIGNAL-4] for no one is not found: without a session, a turn, a call with steps", async () => {
    expect(await signal({ name: "shipped" })).toMatchObject(refused("not_found"));
    provider.enqueue(text("Hello."));
    await world.ask("Hello");
    expect(await signal({ name: "shipped" })).toMatchObject({
      ...refused("not_found"),
      detail: expect.stringContaining('the signal "shipped"'),
    });
  });

  it("[SIGNAL-5] that comes before its step waits is kept, also over a restart, and taken once", async () => {
    const gate = Promise.withResolvers<void>();
    longTool(async (step) => {
      await step.do("order", () => gate.promise);
      const first = await step.waitFor("first", { timeout: day });
      const second = await step.waitFor("second", { timeout: day });
      return [first, second];
    });
    provider.enqueue(asking("c1"), text("Done."));
    const { turn } = await world.send("Do it.");
    await until(async () => expect(await signal({ name: "second", value: "2" })).toMatchObject({ ok: true }));
    const kept = { status: "kept", turn };
    expect(unwrap(await signal({ name: "second", value: "2" }))).toEqual(kept);
    expect(unwrap(await signal({ name: "first", value: "1", key: "k" }))).toEqual(kept);
    gate.resolve();
    await world.ended(turn);
    expect(await result()).toEqual(['[{"value":1},{"value":2}]']);
    expect(unwrap(await signal({ name: "first", value: "1", key: "k" }))).toEqual(kept);
  });

  it("[SIGNAL-5] a kept one is not for the next turn", async () => {
    longTool((step) => step.waitFor("first", { timeout: day }).then((first) => first ?? "none"));
    const turn = await waitingTurn("c1");
    expect(unwrap(await signal({ name: "second", value: "2" }))).toEqual({ status: "kept", turn });
    provider.enqueue(text("Done."));
    unwrap(await signal({ name: "first" }));
    await world.ended(turn);
    longTool((step) => step.waitFor("second", { timeout: day }));
    const next = await waitingTurn("c1");
    expect((await state(next)).status).toBe("waiting");
    unwrap(await world.stub.cancel(next));
    await world.ended(next);
  });

  it("[SIGNAL-6] for a name that two calls wait for must name the call", async () => {
    longTool((step, { callId }) => step.waitFor("go", { timeout: day }).then((came) => [callId, came]));
    const turn = await waitingTurn("c1", "c2");
    expect(await signal({ name: "go", value: "1" })).toMatchObject({
      ...refused("conflict"),
      field: "call_id",
      detail: expect.stringContaining("c1, c2"),
    });
    provider.enqueue(text("Done."));
    expect(unwrap(await signal({ name: "go", value: "2", callId: "c2" }))).toMatchObject({
      status: "delivered",
      callId: "c2",
    });
    await until(async () => expect(await result()).toEqual(['["c2",{"value":2}]']));
    expect(await signal({ name: "go", callId: "c9" })).toMatchObject(refused("not_found"));
    unwrap(await signal({ name: "go", value: "1" }));
    await world.ended(turn);
    expect(await result()).toEqual(['["c2",{"value":2}]', '["c1",{"value":1}]']);
  });

  it("[SIGNAL-5] that comes while its call runs again keeps the order of what happened: the call goes the same way at each replay", async () => {
    const gate = Promise.withResolvers<void>();
    const ran: string[] = [];
    longTool(async (step) => {
      const first = await Promise.race([
        step.waitFor("go", { timeout: day }).then(() => "go"),
        step
          .sleep("rest", 1_000)
          .then(() => step.do("slow", () => ran.push("slow") && gate.promise))
          .then(() => "slow"),
      ]);
      await step.do(`after ${first}`, () => void ran.push(first));
      await step.sleep("end", 1_000);
      return first;
    });
    const turn = await waitingTurn("c1");
    skipTime(1_000);
    await runDurableObjectAlarm(world.stub);
    await until(() => expect(ran).toEqual(["slow"]));
    expect(unwrap(await signal({ name: "go" }))).toMatchObject({ status: "delivered" });
    gate.resolve();
    await until(() => expect(ran).toHaveLength(2));
    await waits(turn);
    provider.enqueue(text("Done."));
    skipTime(1_001);
    await runDurableObjectAlarm(world.stub);
    await world.ended(turn);
    expect(await result()).toEqual(["slow"]);
  });
});
