import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { unwrap } from "../../../src/account/outcome.ts";
import { callDigest } from "../../../src/core/shown-call.ts";
import { refOf } from "../../../src/core/waits.ts";
import { SessionWork } from "../../../src/session/session-work.ts";
import { agent } from "../../app/agent.ts";
import { calls, text } from "../../support/fake-provider.ts";
import { SessionWorld, startProvider } from "../../support/session-world.ts";

let provider: ReturnType<typeof startProvider>;
let world: SessionWorld;

beforeEach(() => {
  provider = startProvider();
  world = new SessionWorld();
});
afterEach(() => {
  vi.restoreAllMocks();
});

const order = { method: "POST", url: "https://shop.example.com/orders", body: '{"item":17}' };
const asksToSend = (id = "call_pay") => calls([{ id, name: "send_request", arguments: JSON.stringify(order) }]);
const lookup = { name: "lookup", description: "Looks up", parameters: { type: "object", properties: {} } };
const refusal = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

/** A turn that waits for a person's yes to `call_pay`. */
async function waitingTurn(): Promise<string> {
  provider.enqueue(asksToSend());
  const { turn } = await world.send("Order number 17");
  expect(unwrap(await world.stub.wait(turn, 30_000))).toMatchObject({
    status: "waiting",
    waitingFor: [{ id: "call_pay", name: "send_request", arguments: JSON.stringify(order), kind: "approval" }],
  });
  return turn;
}

describe("a call that needs a person's yes", () => {
  it("[WAIT-1] is not run before it, shows its exact arguments, and is run once after it", async () => {
    const turn = await waitingTurn();
    expect(provider.outside).not.toHaveBeenCalled();
    expect(unwrap(await world.stub.describe()).status).toBe("waiting");
    const told = await world.told();
    expect(told.find(({ event }) => event === "tool.approval_required")?.data).toEqual({
      type: "tool.approval_required",
      call_id: "call_pay",
      name: "send_request",
      arguments: JSON.stringify(order),
    });
    provider.enqueue(text("Ordered."));
    expect(await world.approve("call_pay", { approve: true })).toEqual({ turn });
    const { ended, reply } = await world.ended(turn);
    expect([ended.reason, reply?.content]).toEqual(["completed", "Ordered."]);
    expect(provider.outside).toHaveBeenCalledTimes(1);
    const [request] = provider.outside.mock.calls[0] ?? [];
    expect([request?.method, request?.url, request?.headers.get("idempotency-key")]).toEqual([
      "POST",
      order.url,
      expect.stringMatching(/^[0-9a-f]{64}$/),
    ]);
  });

  it("[WAIT-2] is not run after a no, and the model reads why", async () => {
    const turn = await waitingTurn();
    provider.enqueue(text("As you wish."));
    await world.approve("call_pay", { approve: false, reason: "Wrong item" });
    await world.ended(turn);
    expect(provider.outside).not.toHaveBeenCalled();
    expect(provider.requests.at(-1)?.body.messages.at(-1)).toMatchObject({
      role: "tool",
      content: "Not run: a person denied this call. They said: Wrong item",
    });
  });

  it("[WAIT-5] is answered once: a second answer is refused, and so is one about a call that never was", async () => {
    const turn = await waitingTurn();
    expect(await refusal(world.approve("call_other", { approve: true }))).toMatchObject({ code: "not_found" });
    provider.enqueue(text("Ordered."));
    const answers = await Promise.allSettled([
      world.approve("call_pay", { approve: true }),
      world.approve("call_pay", { approve: false }),
    ]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(answers.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "conflict" } });
    await world.ended(turn);
    expect(await refusal(world.approve("call_pay", { approve: true }))).toMatchObject({ code: "conflict" });
    expect((await world.entries()).filter(({ type }) => type === "approval")).toHaveLength(1);
    expect(provider.outside.mock.calls.length).toBeLessThanOrEqual(1);
  });

  it("[APPROVE-4] an answer about a call that was shown differently is refused, by API and by button", async () => {
    const turn = await waitingTurn();
    const call = { name: "send_request", arguments: JSON.stringify(order) };
    const other = callDigest({ ...call, arguments: JSON.stringify({ ...order, url: "https://other.example/" }) });
    const birth = unwrap(await world.stub.describe()).birth;
    const ref = refOf({ birth, turn, step: 1, callId: "call_pay" });
    for (const refused of [
      world.approve("call_pay", { approve: true, digest: other }),
      world.approve({ ref }, { approve: true, digest: other }),
    ]) {
      expect(await refusal(refused)).toMatchObject({ code: "conflict", field: "digest" });
    }
    expect((await world.entries()).filter(({ type }) => type === "approval")).toHaveLength(0);
    provider.enqueue(text("Ordered."));
    expect(await world.approve({ ref }, { approve: true, digest: callDigest(call) })).toEqual({ turn });
    await world.ended(turn);
    expect(provider.outside).toHaveBeenCalledTimes(1);
  });

  it("[WAIT-6] waits across restarts, without work and with one alarm at the end of its time", async () => {
    const turn = await waitingTurn();
    await abortAllDurableObjects();
    expect(unwrap(await world.stub.wait(turn, 0)).status).toBe("waiting");
    const alarm = await world.inside((storage) => storage.getAlarm());
    expect(alarm).toBeGreaterThan(Date.now() + (agent.limits.waitSeconds - 60) * 1000);
    await abortAllDurableObjects();
    provider.enqueue(text("Ordered."));
    await world.approve("call_pay", { approve: true });
    await world.ended(turn);
    expect(provider.outside).toHaveBeenCalledTimes(1);
    expect(provider.requests).toHaveLength(2);
  });

  it("[WAIT-3] that nobody answers in time is not run, and the turn goes on", async () => {
    const turn = await waitingTurn();
    const { waitSeconds } = agent.limits;
    agent.limits.waitSeconds = 0;
    try {
      provider.enqueue(text("Nobody said yes."));
      await runDurableObjectAlarm(world.stub);
      expect((await world.ended(turn)).reply?.content).toBe("Nobody said yes.");
    } finally {
      agent.limits.waitSeconds = waitSeconds;
    }
    expect(provider.outside).not.toHaveBeenCalled();
    expect(await refusal(world.approve("call_pay", { approve: true }))).toMatchObject({ code: "conflict" });
  });

  it("[WAIT-4] a cancel ends the wait", async () => {
    const turn = await waitingTurn();
    unwrap(await world.stub.cancel());
    expect((await world.ended(turn)).ended.reason).toBe("cancelled");
    expect(await refusal(world.approve("call_pay", { approve: true }))).toMatchObject({ code: "conflict" });
    // It watches over the turn's report until the account has it.
    await vi.waitFor(async () => expect(await world.inside((storage) => storage.getAlarm())).toBeNull());
  });

  it("[WAIT-6] messages queue behind it, and are answered after it", async () => {
    const turn = await waitingTurn();
    const second = await world.send("And now?");
    expect(second.state.status).toBe("queued");
    provider.enqueue(text("Ordered."), text("Now this."));
    await world.approve("call_pay", { approve: true });
    await world.ended(turn);
    expect((await world.ended(second.turn)).reply?.content).toBe("Now this.");
  });
});

describe("a call of a tool that runs at the client", () => {
  async function waitingForClient(): Promise<string> {
    provider.enqueue(
      calls([
        { id: "c1", name: "lookup", arguments: '{"id":1}' },
        { id: "c2", name: "calculator", arguments: '{"expression":"1+1"}' },
        { id: "c3", name: "lookup", arguments: '{"id":3}' },
      ]),
    );
    const { turn } = await world.send("Look up 1 and 3", { options: { tools: [lookup] } });
    const state = unwrap(await world.stub.wait(turn, 30_000));
    expect(state).toMatchObject({ status: "waiting", waitingFor: [{ id: "c1" }, { id: "c3" }] });
    return turn;
  }

  it("[WAIT-7] waits for the client's result, and runs the agent's own tools meanwhile", async () => {
    const turn = await waitingForClient();
    const offered = provider.requests[0]?.body.tools as { function: { name: string; strict?: boolean } }[];
    expect(offered.map(({ function: tool }) => tool.name)).toContain("lookup");
    // One tool that is not strict makes the whole request so.
    expect(offered.filter(({ function: tool }) => tool.strict)).toEqual([]);
    await abortAllDurableObjects();
    provider.enqueue(text("Found."));
    await world.giveResults([
      { callId: "c3", content: "three", isError: false },
      { callId: "c1", content: "one", isError: false },
    ]);
    await world.ended(turn);
    const results = provider.requests.at(-1)?.body.messages.slice(-3);
    expect(results.map(({ content }: { content: string }) => content)).toEqual(["one", "1+1 = 2", "three"]);
  });

  it("[WAIT-8] takes all results or none", async () => {
    await waitingForClient();
    const given = (callId: string) => ({ callId, content: "x", isError: false });
    expect(await refusal(world.giveResults([given("c1"), given("nope")]))).toMatchObject({ code: "not_found" });
    expect(await refusal(world.giveResults([given("c1"), given("c2")]))).toMatchObject({ code: "conflict" });
    expect(await refusal(world.approve("c1", { approve: true }))).toMatchObject({ code: "conflict" });
    const results = (await world.entries()).filter(({ type }) => type === "tool");
    expect(results).toHaveLength(1);
    unwrap(await world.stub.erase());
  });
});

describe("a call that does harm", () => {
  it("[EFFECT-1] is not run again after a crash: the model and the person are told that nobody knows", async () => {
    const turn = await waitingTurn();
    provider.outside.mockImplementation(() => new Promise(() => {}));
    await world.approve("call_pay", { approve: true });
    // Looked for from here: code that goes on inside the object could not end that object.
    await vi.waitFor(() => expect(provider.outside).toHaveBeenCalled());
    await abortAllDurableObjects();
    provider.enqueue(text("I do not know whether it was sent."));
    await runDurableObjectAlarm(world.stub);
    await world.ended(turn);
    expect(provider.outside).toHaveBeenCalledTimes(1);
    const told = (await world.told()).find(({ event }) => event === "tool.finished");
    expect(told?.data).toMatchObject({ is_error: true, content: expect.stringMatching(/^Outcome unknown/) });
    expect(provider.requests.at(-1)?.body.messages.at(-1).content).toMatch(/^Outcome unknown/);
  });

  it("[EFFECT-2] is run, once, when the crash came before it was begun", async () => {
    const turn = await waitingTurn();
    const begin = vi.spyOn(SessionWork.prototype, "resume").mockImplementation(() => {});
    await world.approve("call_pay", { approve: true });
    await abortAllDurableObjects();
    begin.mockRestore();
    provider.outside.mockImplementation(() => new Promise(() => {}));
    await runDurableObjectAlarm(world.stub);
    await vi.waitFor(() => expect(provider.outside).toHaveBeenCalledTimes(1));
    // Now it was begun, so that a second crash does not run it again.
    await abortAllDurableObjects();
    provider.enqueue(text("I do not know whether it was sent."));
    await runDurableObjectAlarm(world.stub);
    await world.ended(turn);
    expect(provider.outside).toHaveBeenCalledTimes(1);
  });
});
