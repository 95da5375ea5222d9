/** What users of other frameworks have reported about agents that call agents, tried here. */
import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { unwrap } from "../../src/account/outcome.ts";
import { CrewSession, published } from "../app/crew.ts";
import { CrewWorld, startCrew } from "../support/crew-world.ts";
import { calls, frames, gated, type Reply, text } from "../support/fake-provider.ts";
import { holdAnswers } from "../support/hold-calls.ts";
import { over, said } from "../support/reply-frames.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;
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

const delegating = (agent: string, task = "Do it", id = "c1") => ({
  ...{ id, name: "delegate" },
  arguments: JSON.stringify({ agent, task }),
});
/** A text with a call after it. */
const saidWith = (words: string, call: { id: string; name: string; arguments: string }) => {
  const { id, name, arguments: text } = call;
  const delta = { tool_calls: [{ index: 0, id, type: "function", function: { name, arguments: text } }] };
  const frame = `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null }], usage: null })}\n\n`;
  return frames(said(words), frame, over("tool_calls"));
};
const nothing = { id: "n1", name: "nothing", arguments: "{}" };
const publishing = { id: "p1", name: "publish", arguments: '{"text":"Snow."}' };
/** The one ask that is open, once there is one other than `before`. */
const nextAsk = (before = "") =>
  vi.waitFor(async () => {
    const state = unwrap(await world.stub.wait("turn_1", 0));
    const [ask] = state.status === "waiting" ? state.waitingFor : [];
    expect(ask?.id ?? before).not.toBe(before);
    return ask?.id ?? "";
  });
const approve = (id: string) => world.submit({ approvals: [{ call: { id }, approve: true }] });

it("[DELEG-23] an answer that is written beside the last call, and followed by nothing, is not lost (pi-subagents#196, claude-code#88580)", async () => {
  crew.answers("manager", calls([delegating("writer")]), text("Good."));
  crew.answers("writer", saidWith("The whole article.", nothing), text(" "), text(" "), text(" "), text(" "));
  await world.ask("Go");
  expect((await world.results())[0]).toMatchObject({ content: expect.stringContaining("The whole article.") });
});

it("[DELEG-23] what a child had written before it was stopped is kept for its caller (opencode#29209)", async () => {
  const slow = gated("And more");
  crew.answers("manager", calls([delegating("writer")]), text("Half of it."));
  crew.answers("writer", saidWith("The first half.", nothing), slow.reply);
  const { turn } = await world.send("Go");
  await slow.reached(0);
  unwrap(await (await world.child()).stub.cancel());
  await world.ended(turn);
  const [result] = await world.results();
  expect(result).toMatchObject({ isError: true, content: expect.stringContaining("What it had written until then") });
});

it("[DELEG-23] a child knows its task and nothing of its caller's conversation, and the caller reads its answer alone (claude-code#69578)", async () => {
  crew.answers("manager", calls([delegating("writer", "Write about snow")]), text("Done."));
  crew.answers("writer", saidWith("Secret thought. ", publishing), text("Snow is cold."));
  await world.send("My password is 1234");
  await approve(await nextAsk());
  await world.ended("turn_1");
  for (const { body } of crew.askedOf("writer")) {
    const asked = JSON.stringify(body);
    expect(asked).not.toMatch(/1234|You have others|reviewer/);
    expect(body.messages[1]).toMatchObject({ role: "user", content: "Write about snow" });
  }
  const read = JSON.stringify(crew.askedOf("manager").at(-1)?.body.messages);
  expect(read).toContain("Snow is cold.");
  expect(read).not.toContain("Secret thought");
});

it("[DELEG-23] the same task in another turn is another child, which knows nothing of the first (sudocode#718, langgraph#3020)", async () => {
  crew.answers("manager", calls([delegating("writer")]), text("One."), calls([delegating("writer")]), text("Two."));
  crew.answers("writer", text("First."), text("Second."));
  await world.ask("Go");
  const first = await world.child();
  await world.ask("Again");
  expect((await world.child()).name).not.toBe(first.name);
  expect(JSON.stringify(crew.askedOf("writer")[1]?.body.messages)).not.toContain("First.");
});

it("[DELEG-23] a yes counts for one call: the same call in the child's next step is asked again (langgraph#2870)", async () => {
  crew.answers("manager", calls([delegating("writer")]), text("Done."));
  crew.answers("writer", calls([publishing]), calls([publishing]), text("Published twice."));
  await world.send("Go");
  const first = await nextAsk();
  await approve(first);
  const second = await nextAsk(first);
  expect(published).toHaveLength(1);
  await approve(second);
  await world.ended("turn_1");
  expect(new Set(published).size).toBe(2);
});

it("[DELEG-23] one child's ask runs no sibling again, also over a kill before the answer (deepagents#420, strands harness-sdk#3076, openai-agents-js#680)", async () => {
  crew.answers("manager", calls([delegating("writer", "A", "a"), delegating("researcher", "B", "b")]), text("Done."));
  crew.answers("writer", calls([publishing]), text("Published."));
  crew.answers("researcher", text("Found."));
  await world.send("Go");
  const ask = await nextAsk();
  await vi.waitFor(async () => expect(await world.results()).toHaveLength(1));
  await abortAllDurableObjects();
  await approve(ask);
  await runDurableObjectAlarm(world.stub);
  await world.ended("turn_1");
  expect([crew.askedOf("researcher").length, published.length]).toEqual([1, 1]);
  expect((await world.results()).map(({ content }) => content).toSorted()).toEqual(["Found.", "Published."]);
});

it("[DELEG-23] an agent that is handed a session calls no tool that only the one before it has (autogen#6859)", async () => {
  const give = { id: "h1", name: "handoff", arguments: '{"agent":"support","reason":"A refund."}' };
  crew.answers("manager", calls([delegating("writer")]), calls([give]), text("Support goes on."));
  crew.answers("writer", text("Written."));
  await world.ask("Go");
  crew.answers("support", calls([delegating("writer", "Again", "c9")]), text("I cannot."));
  expect((await world.ask("Once more")).reply?.content).toBe("I cannot.");
  expect((await world.results()).at(-1)).toMatchObject({ isError: true, content: expect.stringContaining("handoff") });
  expect(crew.askedOf("writer")).toHaveLength(1);
  // The provider's rules hold for what it is sent: each call has its result, and no thought is left alone.
  const sent = crew.askedOf("support")[0]?.body.messages as Json[];
  const made = sent.flatMap(({ tool_calls = [] }) => tool_calls.map(({ id }: Json) => id));
  expect(sent.flatMap(({ tool_call_id: id }) => id ?? [])).toEqual(made);
});

it("[DELEG-24] what a child of a child asks is asked above though its caller does not know yet that it began", async () => {
  const asking = { id: "f1", name: "ask_fact", arguments: '{"agent":"fact","task":"Publish it"}' };
  crew.answers("manager", calls([delegating("researcher")]), text("Done."));
  crew.answers("researcher", calls([asking]), text("It is out."));
  crew.answers("fact", calls([publishing]), text("Published."));
  const opening = holdAnswers(
    CrewSession,
    ({ method, args: [, given] }) => method === "submit" && given.create?.agent === "fact",
  );
  await world.send("Go");
  await opening.reached();
  await approve(await nextAsk());
  opening.release();
  await world.ended("turn_1");
  expect([published.length, crew.askedOf("fact").length]).toEqual([1, 2]);
});

it("[DELEG-24] [CHANNEL-6] what changes while a report is under way is reported after it", async () => {
  const asking = { id: "f1", name: "ask_fact", arguments: '{"agent":"fact","task":"Publish it"}' };
  const report = holdAnswers(
    CrewSession,
    ({ method, args: [{ progress }] }) => method === "fromChild" && /ask_fact/.test(progress),
  );
  const publishes: Reply = async (request, signal) => {
    await report.reached();
    return calls([publishing])(request, signal);
  };
  crew.answers("manager", calls([delegating("researcher")]), text("Done."));
  crew.answers("researcher", calls([asking]), text("It is out."));
  crew.answers("fact", publishes, text("Published."));
  await world.send("Go");
  await report.reached();
  const middle = await world.child();
  await vi.waitFor(async () => expect(unwrap(await middle.stub.wait("turn_1", 0)).status).toBe("waiting"));
  report.release();
  await approve(await nextAsk());
  await world.ended("turn_1");
  expect(published).toHaveLength(1);
});

it("[HOLD-9] a share that is ended before the call that opens it arrives sets nothing aside", async () => {
  const account = world.accountStub;
  await account.putSettings(world.account, { budgetMicros: 1_000_000 });
  const share = { session: "agent_1", parent: world.name, micros: 400_000 };
  await account.share({ over: share.session });
  expect(await account.share(share)).toBe(true);
  expect(await account.settings()).toMatchObject({ reservedMicros: 0 });
});

it("[HOLD-9] what a child used that began after its stop is counted, though its end is the first that it reports", async () => {
  crew.answers("manager", calls([delegating("writer")]), text("Done."));
  crew.answers("writer", text("Written."));
  const { call } = CrewSession.prototype;
  const late: Json[][] = [];
  vi.spyOn(CrewSession.prototype, "call").mockImplementation(function (this: CrewSession, version, method, args) {
    const [first, given] = args as Json[];
    // Its caller hears that it was cut off, and it arrives all the same.
    if (method === "submit" && given.create?.agent === "writer" && late.length === 0) {
      late.push(structuredClone(args));
      throw new Error("The call was cut off.");
    }
    // Only the end is reported.
    if (method === "fromChild" && first.ended === undefined) throw new Error("The report was lost.");
    return call.call(this, version, method, args);
  });
  const { turn } = await world.send("Go");
  await vi.waitFor(() => expect(late).toHaveLength(1));
  unwrap(await world.stub.cancel(turn));
  await world.ended(turn);
  await runDurableObjectAlarm(world.stub);
  await vi.waitFor(async () => expect(await world.inside((storage) => storage.getAlarm())).toBeNull());
  const [[address, task] = []] = late;
  await world.session(address.name).stub.submit(address, task);
  await vi.waitFor(async () => {
    const { ledger, session } = await world.sums();
    expect([crew.askedOf("writer").length, session]).toEqual([1, ledger]);
  });
});

it("[DELEG-23] what a child of a child asks is asked at the session above both, with its own name and arguments (mastra#12552, mastra#20934, mastra#23626)", async () => {
  const asking = { id: "f1", name: "ask_fact", arguments: '{"agent":"fact","task":"Publish it"}' };
  crew.answers("manager", calls([delegating("researcher")]), text("Done."));
  crew.answers("researcher", calls([asking]), text("It is out."));
  crew.answers("fact", calls([publishing]), text("Published."));
  await world.send("Go");
  const ask = await nextAsk();
  const state = unwrap(await world.stub.wait("turn_1", 0));
  const waiting = state.status === "waiting" ? state.waitingFor : [];
  expect(waiting).toMatchObject([{ name: "publish", arguments: '{"text":"Snow."}', child: { of: "c1" } }]);
  await abortAllDurableObjects();
  await approve(ask);
  const child = await world.child();
  for (const each of [world, child, await child.child()]) await runDurableObjectAlarm(each.stub);
  await world.ended("turn_1");
  expect([published.length, crew.askedOf("fact").length]).toEqual([1, 2]);
  expect((await world.results()).map(({ content }) => content)).toEqual(["It is out."]);
});

it("[DELEG-23] an agent that is not there is refused with the names that are, and the model can correct it (crewAI#667)", async () => {
  crew.answers(
    "manager",
    calls([delegating("The Writer")]),
    calls([delegating("writer", "Do it", "c2")]),
    text("Done."),
  );
  crew.answers("writer", text("Written."));
  await world.ask("Go");
  const [wrong, right] = await world.results();
  expect(wrong).toMatchObject({ isError: true, content: expect.stringMatching(/researcher.*writer/s) });
  expect(right?.content).toBe("Written.");
});

it("[DELEG-23] sessions whose models give equal ids to their calls have children of their own (deer-flow#4757)", async () => {
  const other = new CrewWorld(world.account);
  const first = gated("For one.");
  crew.answers("manager", calls([delegating("writer")]), calls([delegating("writer")]), text("One."), text("Two."));
  crew.answers("writer", first.reply, text("For two."));
  const { turn } = await world.send("Go");
  await first.reached(0);
  await other.send("Go");
  await vi.waitFor(async () => expect((await other.results()).map(({ content }) => content)).toEqual(["For two."]));
  first.release();
  await world.ended(turn);
  expect((await world.results()).map(({ content }) => content)).toEqual(["For one."]);
  expect((await world.child()).name).not.toBe((await other.child()).name);
});
