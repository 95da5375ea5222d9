import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { unwrap } from "../../src/account/outcome.ts";
import { CrewAccount, published } from "../app/crew.ts";
import { CrewWorld, startCrew } from "../support/crew-world.ts";
import { calls, gated, type Reply, status, text } from "../support/fake-provider.ts";
import { holdAnswers } from "../support/hold-calls.ts";
import { skipTime } from "../support/session-world.ts";
import { storesNothing } from "../support/stores-nothing.ts";

let crew: ReturnType<typeof startCrew>;
let world: CrewWorld;

beforeEach(() => {
  crew = startCrew();
  world = new CrewWorld();
  published.length = 0;
});
afterEach(() => {
  vi.restoreAllMocks();
});

const call = (agent: string, task: string, id = "c1") => ({
  id,
  name: "delegate",
  arguments: JSON.stringify({ agent, task }),
});
const reviewing = (draft: string) => ({ id: "r1", name: "reviewer", arguments: JSON.stringify({ text: draft }) });
const publishing = { id: "p1", name: "publish", arguments: '{"text":"Snow."}' };

/** The child's turn has ended. */
const over = async (child: CrewWorld) => (await child.ended("turn_1")).ended;

/** A turn whose writer asks a person whether it may publish. */
async function asking() {
  crew.answers("manager", calls([call("writer", "Publish it")]));
  crew.answers("writer", calls([publishing]));
  const { turn } = await world.send("Go");
  const state = unwrap(await world.stub.wait(turn, 20_000));
  if (state.status !== "waiting") throw new Error(`the turn is ${state.status}`);
  const [ask] = state.waitingFor;
  if (ask === undefined) throw new Error("no one is asked");
  return { turn, ask, child: await world.child() };
}

describe("a call of another agent", () => {
  it("[DELEG-1] works in a session of its own, and its answer is the result", async () => {
    crew.answers("manager", calls([call("researcher", "How high is it?")]), text("It is 8849 m high."));
    crew.answers("researcher", text("8849 m."));
    const { ended } = await world.ask("How high is Everest?");
    expect(ended).toMatchObject({ reason: "completed", steps: 2, children: { count: 1, steps: 1 } });
    expect((await world.results()).map(({ content, isError, child }) => [content, isError, child])).toEqual([
      ["8849 m.", false, expect.objectContaining({ agent: "researcher", reason: "completed", steps: 1 })],
    ]);
    const child = await world.child();
    expect(child.name).toMatch(/^agent_[0-9a-f]{40}$/);
    expect(unwrap(await child.stub.describe())).toMatchObject({
      agent: "researcher",
      parent: { session: world.name, callId: "c1" },
    });
    const asked = crew.askedOf("researcher")[0]?.body.messages.at(-1);
    expect(asked).toMatchObject({ role: "user", content: "How high is it?" });
    expect(JSON.stringify(crew.askedOf("manager")[1]?.body.messages)).toContain("8849 m.");
  });

  it("[DELEG-2] shows its child to readers of the parent: begun, and ended with what it cost", async () => {
    crew.answers("manager", calls([call("researcher", "How high is it?")]), text("High."));
    crew.answers("researcher", text("8849 m."));
    await world.ask("How high is Everest?");
    const { name: session } = await world.child();
    const shown = (await world.events()).filter(
      ({ event }) => event?.startsWith("agent.") || event === "tool.finished",
    );
    expect(shown.map(({ data }) => data)).toEqual([
      { type: "agent.started", call_id: "c1", session, agent: "researcher" },
      expect.objectContaining({
        ...{ type: "agent.finished", call_id: "c1", session, agent: "researcher", reason: "completed" },
        cost_micros: (await over(await world.child())).costMicros,
      }),
      expect.objectContaining({ type: "tool.finished", content: "8849 m." }),
    ]);
  });

  it("[DELEG-2] is a span below its call, in the caller's trace", async () => {
    crew.answers("manager", calls([call("researcher", "How high is it?")]), text("High."));
    crew.answers("researcher", text("8849 m."));
    const { ended } = await world.ask("How high is Everest?");
    const child = await world.child();
    const spansOf = async (of: CrewWorld) => {
      const { resourceSpans } = JSON.parse(unwrap(await of.stub.trace(ended.turn)));
      const [{ scopeSpans }] = resourceSpans;
      return scopeSpans[0].spans as { name: string; traceId: string; spanId: string; parentSpanId?: string }[];
    };
    const called = (await spansOf(world)).find(({ name }) => name === "execute_tool delegate");
    const turn = (await spansOf(child)).find(({ name }) => name.startsWith("invoke_agent"));
    expect([turn?.traceId, turn?.parentSpanId]).toEqual([called?.traceId, called?.spanId]);
    expect(JSON.stringify(called)).toContain(child.name);
  });

  it("[DELEG-1] [DELEG-16] several of one reply work side by side, equal ones are one, and their usage is beside the own", async () => {
    const first = gated("One.");
    crew.answers(
      "manager",
      calls([call("researcher", "A", "a"), call("writer", "B", "b"), call("writer", "B", "b2")]),
      text("Done."),
    );
    crew.answers("researcher", first.reply);
    crew.answers("writer", text("Two."));
    const { turn } = await world.send("Go");
    await first.reached(0);
    await vi.waitFor(async () => expect((await world.results()).map(({ callId }) => callId)).toEqual(["b", "b2"]));
    first.release();
    const { ended } = await world.ended(turn);
    expect(ended.children).toMatchObject({ steps: 2 });
    expect((await world.child("b")).name).toBe((await world.child("b2")).name);
    expect(crew.askedOf("writer")).toHaveLength(1);
    const { usage } = unwrap(await world.stub.describe());
    expect(usage.children).toMatchObject({ count: 2, steps: 2, costMicros: ended.children?.costMicros });
  });

  it("[DELEG-3] is opened once, and ends once, however often both sides are killed", async () => {
    const slow = gated("8849", " m.");
    crew.answers("manager", calls([call("researcher", "How high is it?")]), text("High."));
    crew.answers("researcher", slow.reply, text("8849 m."));
    const { turn } = await world.send("How high is Everest?");
    await slow.reached(1);
    const child = await world.child();
    await abortAllDurableObjects();
    await runDurableObjectAlarm(world.stub);
    await runDurableObjectAlarm(child.stub);
    await world.ended(turn);
    expect((await world.results()).map(({ content }) => content)).toEqual(["8849 m."]);
    expect((await child.entries()).filter(({ type }) => type === "user")).toHaveLength(1);
    // The parent takes an end that comes again, and does nothing.
    const birth = unwrap(await world.stub.describe()).birth;
    const nothing = { usage: { inputTokens: 1, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 }, steps: 1 };
    const ended = { reason: "completed" as const, answer: "Again.", costMicros: 1_000, ...nothing };
    const again = { child: child.name, birth, progress: "", asks: [], ended };
    expect(unwrap(await world.stub.fromChild(again))).toBe("taken");
    expect(unwrap(await world.stub.fromChild({ ...again, birth: "another" }))).toBe("gone");
    expect(await world.results()).toHaveLength(1);
    expect(unwrap(await world.stub.describe()).usage.children?.count).toBe(1);
  });

  it("[DELEG-4] is held to the form that was asked for, and to what only zod can say of it", async () => {
    crew.answers("manager", calls([reviewing("Snow.")]), calls([{ ...reviewing("Snow"), id: "r2" }]), text("Done."));
    crew.answers("reviewer", text('{"good":true,"faults":[]}'), text('{"good":false,"faults":["x"]}'));
    await world.ask("Review it");
    const [good, bad] = await world.results();
    expect([good?.content, good?.isError]).toEqual(['{"good":true,"faults":[]}', false]);
    expect([bad?.isError, bad?.content]).toEqual([
      true,
      expect.stringMatching(/another form than was asked for.*faults/s),
    ]);
    expect(crew.askedOf("reviewer")[0]?.body.messages.at(-1).content).toMatch(/^{"text":"Snow."}\n/);
  });
});

describe("what the caller's model reads in place of an answer", () => {
  it("[DELEG-5] a child that fails, a name that is none, too many children", async () => {
    const many = ["a", "b", "c", "d"].map((id) => call("writer", id, id));
    crew.answers("manager", calls([call("nobody", "x")]), calls(many), text("Done."));
    // The children ask in any order.
    const fails = status(401, { error: { message: "no key" } });
    const byTask: Reply = (request, signal) => {
      const task = String(request.body.messages.at(-1).content);
      return (task === "a" ? fails : text(task))(request, signal);
    };
    crew.answers("writer", byTask, byTask, byTask, byTask);
    await world.ask("Go");
    const results = (await world.results()).toSorted((a, b) => (a.callId < b.callId ? -1 : 1));
    expect(results.map(({ callId, isError, content }) => `${callId} ${isError} ${content.slice(0, 60)}`)).toEqual([
      expect.stringMatching(/^a true The agent "writer" failed\./),
      "b false b",
      "c false c",
      expect.stringMatching(/^c1 true The tool was not called/),
      "d true Not called: one turn may call 3 agents. Answer with what you",
    ]);
  });

  it("[DELEG-15] the least maxDepth on the way holds", async () => {
    const ask = (tool: string, agent: string) =>
      calls([{ id: tool, name: tool, arguments: JSON.stringify({ agent, task: "x" }) }]);
    crew.answers("manager", calls([call("researcher", "x")]), text("Done."));
    crew.answers("researcher", ask("ask_fact", "fact"), text("Done."));
    crew.answers("fact", ask("ask_deep", "deep"), text("Done."));
    await world.ask("Go");
    const grandchild = await (await world.child()).child();
    expect(await grandchild.results()).toMatchObject([
      {
        isError: true,
        content: "Not called: agents may call one another 2 deep, and this is the last. Do it yourself.",
      },
    ]);
  });

  it("[DELEG-6] a child whose session is erased ends for its parent", async () => {
    const slow = gated("8849");
    crew.answers("manager", calls([call("researcher", "How high?")]), text("Unknown."));
    crew.answers("researcher", slow.reply);
    const { turn } = await world.send("Go");
    await slow.reached(0);
    unwrap(await (await world.child()).stub.erase());
    await world.ended(turn);
    expect((await world.results())[0]).toMatchObject({ isError: true, content: expect.stringContaining("was erased") });
  });

  it("[DELEG-7] a child that does not answer in time is stopped", async () => {
    const slow = gated("Well");
    crew.answers("manager", calls([reviewing("Snow.")]), text("No review."));
    crew.answers("reviewer", slow.reply);
    const { turn } = await world.send("Go");
    await slow.reached(0);
    const child = await world.child();
    const alarm = (await world.inside((storage) => storage.getAlarm())) ?? 0;
    expect(alarm).toBeLessThan(Date.now() + 61_000);
    skipTime(61_000);
    // What is sent to the child, and comes back, may need more than one alarm.
    await vi.waitFor(async () => {
      await runDurableObjectAlarm(world.stub);
      expect(unwrap(await world.stub.wait(turn, 0)).status).toBe("ended");
    });
    expect((await world.ended(turn)).reply?.content).toBe("No review.");
    expect((await world.results())[0]?.content).toMatch(/^No answer: the agent did not answer in time/);
    expect((await over(child)).reason).toBe("cancelled");
  });
});

describe("the end of the caller's turn", () => {
  it.each(["cancel", "interrupt"])(
    "[DELEG-8] %s stops children and theirs, by rows that survive a kill",
    async (how) => {
      const slow = gated("It is");
      crew.answers("manager", calls([call("researcher", "How high?")]), text("Now this."));
      crew.answers(
        "researcher",
        calls([{ id: "f1", name: "ask_fact", arguments: '{"agent":"fact","task":"How high?"}' }]),
      );
      crew.answers("fact", slow.reply);
      const { turn } = await world.send("Go");
      await slow.reached(0);
      const child = await world.child();
      const grandchild = await child.child();
      if (how === "cancel") unwrap(await world.stub.cancel());
      else await world.send("Stop that", { onBusy: "interrupt" });
      expect((await world.ended(turn)).ended.reason).toBe(how === "cancel" ? "cancelled" : "interrupted");
      expect((await over(child)).reason).toBe("cancelled");
      expect((await over(grandchild)).reason).toBe("cancelled");
      expect((await world.results())[0]?.content).toMatch(/^No answer: the turn was ended/);
      // What it had cost is the parent's to know, though no result has it.
      await vi.waitFor(async () => expect(unwrap(await world.stub.describe()).usage.children?.count).toBe(1));
      if (how === "interrupt") await world.ended("turn_2");
    },
  );

  it("[DELEG-9] erasing the caller's session erases its children and theirs", async () => {
    crew.answers("manager", calls([call("researcher", "How high?")]), text("High."));
    crew.answers(
      "researcher",
      calls([{ id: "f1", name: "ask_fact", arguments: '{"agent":"fact","task":"How high?"}' }]),
      text("8849 m."),
    );
    crew.answers("fact", text("8849"));
    await world.ask("Go");
    const child = await world.child();
    const grandchild = await child.child();
    unwrap(await world.stub.erase(world.address));
    for (const gone of [world, child, grandchild]) expect(await gone.stub.isMade()).toBe(false);
    expect(await storesNothing(grandchild.stub)).toBe(true);
  });
});

describe("an approval that a child needs", () => {
  it("[DELEG-10] is asked at the caller's session, answered there once, and passed on", async () => {
    const { turn, ask, child } = await asking();
    expect(ask).toMatchObject({
      name: "publish",
      arguments: '{"text":"Snow."}',
      kind: "approval",
      child: { session: child.name, agent: "writer", of: "c1" },
    });
    const events = await world.events();
    expect(events.find(({ event }) => event === "tool.approval_required")?.data).toEqual({
      ...{ type: "tool.approval_required", call_id: ask.id, name: "publish", arguments: '{"text":"Snow."}' },
      ...{ session: child.name, agent: "writer" },
    });
    await abortAllDurableObjects();
    crew.answers("writer", text("Published."));
    crew.answers("manager", text("All done."));
    await world.submit({ approvals: [{ call: { id: ask.id }, approve: true, by: "Ann" }] });
    await world.ended(turn);
    expect(published).toHaveLength(1);
    expect((await child.entries()).filter(({ type }) => type === "approval")).toMatchObject([
      { approve: true, by: "Ann", callId: "p1" },
    ]);
    expect((await world.entries()).filter(({ type }) => type === "approval")).toMatchObject([
      { callId: ask.id, child: child.name },
    ]);
    const again = world.submit({ approvals: [{ call: { id: ask.id }, approve: true }] });
    await expect(again).rejects.toMatchObject({ code: "conflict" });
    expect(published).toHaveLength(1);
  });

  it("[DELEG-10] a no is passed on with its reason", async () => {
    const { turn, ask } = await asking();
    crew.answers("writer", text("Not published."));
    crew.answers("manager", text("It was not published."));
    await world.submit({ approvals: [{ call: { id: ask.id }, approve: false, reason: "Not yet" }] });
    await world.ended(turn);
    expect(published).toEqual([]);
    expect(JSON.stringify(crew.askedOf("writer")[1]?.body.messages)).toContain("They said: Not yet");
  });

  it("[DELEG-10] is over when the child has ended", async () => {
    const { turn, ask, child } = await asking();
    crew.answers("manager", text("Nobody answered."));
    unwrap(await child.stub.cancel());
    await vi.waitFor(async () => expect(unwrap(await world.stub.wait(turn, 0)).status).toBe("ended"));
    const late = world.submit({ approvals: [{ call: { id: ask.id }, approve: true }] });
    await expect(late).rejects.toMatchObject({ code: "conflict" });
  });
});

describe("money", () => {
  it("[DELEG-11] what is set aside is free again where the call is stopped before its child began", async () => {
    await world.accountStub.putSettings(world.account, { budgetMicros: 900_000 });
    const sharing = holdAnswers(CrewAccount, ({ method, args: [given] }) => method === "share" && !("over" in given));
    crew.answers("manager", calls([reviewing("Snow.")]));
    const { turn } = await world.send("Review it");
    await sharing.reached();
    unwrap(await world.stub.cancel());
    expect((await world.ended(turn)).ended.reason).toBe("cancelled");
    sharing.release();
    await vi.waitFor(async () => expect((await world.accountStub.settings())?.reservedMicros).toBe(0));
    expect(await (await world.child("r1")).stub.isMade()).toBe(false);
  });

  it("[DELEG-11] a call is not opened where its share is more than is left, and what is left of a share is free again", async () => {
    await world.accountStub.putSettings(world.account, { budgetMicros: 400_000 });
    crew.answers("manager", calls([reviewing("Snow.")]), text("Too dear."));
    await world.ask("Review it");
    expect((await world.results())[0]).toMatchObject({
      isError: true,
      content: expect.stringMatching(/^Not called:.*price limit/),
    });
    await world.accountStub.putSettings(world.account, { budgetMicros: 900_000 });
    crew.answers("manager", calls([reviewing("Snow.")]), text("Fine."));
    crew.answers("reviewer", text('{"good":true,"faults":[]}'));
    await world.ask("Review it again");
    expect((await world.results())[1]?.isError).toBe(false);
    await vi.waitFor(async () => {
      const { spentMicros, reservedMicros } = (await world.accountStub.settings()) ?? {};
      expect([spentMicros, reservedMicros]).toEqual([expect.any(Number), 0]);
    });
    const ledger = await world.accountStub.usage({ group: "session", fromMs: 0, toMs: Number.MAX_SAFE_INTEGER });
    const { usage } = unwrap(await world.stub.describe());
    const total = ledger.reduce((sum, { costMicros }) => sum + costMicros, 0);
    expect(total).toBe(usage.costMicros + (usage.children?.costMicros ?? 0));
  });
});

describe("copies", () => {
  it("[DELEG-12] an export keeps children, an import and a fork call none again", async () => {
    const slow = gated("8849");
    crew.answers("manager", calls([call("researcher", "How high?")]), text("High."));
    crew.answers("researcher", slow.reply);
    const { turn } = await world.send("Go");
    await slow.reached(0);
    const entries = await world.entries();
    const copy = new CrewWorld(world.account);
    const plan = {
      address: copy.address,
      choices: { agent: "manager" },
      from: { kind: "seed" as const, goesOn: true },
    };
    unwrap(await copy.stub.copy({ type: "begin", token: "t", plan }));
    unwrap(await copy.stub.copy({ type: "load", token: "t", lines: entries.map((entry, line) => ({ line, entry })) }));
    crew.answers("manager", text("I do not know."));
    unwrap(await copy.stub.copy({ type: "finish", token: "t" }));
    await copy.ended(turn);
    expect((await copy.results())[0]?.content).toMatch(/^No answer: the agent works for the session/);
    slow.release();
    await world.ended(turn);
    expect(crew.askedOf("researcher")).toHaveLength(1);
  });
});

describe("a handoff", () => {
  it("[DELEG-13] [EVENT-10] gives the session to another agent at the end of the turn, with a note and a reason for the prefix doctor", async () => {
    const give = { id: "h1", name: "handoff", arguments: '{"agent":"support","reason":"It is about a refund."}' };
    crew.answers("manager", calls([give]), text("Support goes on."));
    await world.ask("I want my money back");
    expect(unwrap(await world.stub.describe()).agent).toBe("support");
    const note = (await world.entries()).at(-2);
    expect(note).toMatchObject({
      type: "note",
      content: expect.stringContaining(
        '"support" answers in this conversation, in place of "manager". Why: It is about a refund.',
      ),
    });
    crew.answers("support", text("Here it is."));
    expect((await world.ask("And now?")).reply?.content).toBe("Here it is.");
    const { requests } = unwrap(await world.stub.prefix(1));
    expect(requests[0]?.because).toBe("the session was handed from manager to support");
    const begun = (await world.events()).filter(({ event }) => event === "turn.started");
    expect(begun.map(({ data }) => data.agent)).toEqual(["manager", "support"]);
    expect(JSON.stringify(crew.askedOf("support")[0]?.body.messages)).toContain("I want my money back");
  });
});
