/** Agents that call agents, with each call between objects in turn held back, or its answer lost. All of them: `npm run soak -- --only holds`. */
import { afterEach, expect, vi } from "vitest";
import { unwrap } from "../../src/account/outcome.ts";
import { CrewAccount, CrewSession, crewBindings, published } from "../app/crew.ts";
import { startCrew } from "../support/crew-world.ts";
import { calls, type Reply, text } from "../support/fake-provider.ts";
import { type HoldStory, type Play, testHeld } from "../support/hold-story.ts";
import { bindings } from "../support/session-world.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const app = { bindings: crewBindings(bindings), classes: { session: CrewSession, account: CrewAccount } };
const create = { agent: "manager" };
const callOf = (name: string, agent: string, id: string) => ({
  ...{ id, name },
  arguments: JSON.stringify({ agent, task: `Task ${id}` }),
});
const publishing = { id: "p1", name: "publish", arguments: '{"text":"Snow."}' };

/** A model that first makes these calls, and answers once it has their results: the same however often it is asked. */
function model(play: Play, first: Parameters<typeof calls>[0], answer: string): Reply {
  return (request, signal) => {
    play.holder.touch();
    const { messages } = request.body as { messages: { role: string }[] };
    const hasResults = messages.at(-1)?.role === "tool";
    return (first.length === 0 || hasResults ? text(answer) : calls(first))(request, signal);
  };
}

type Models = Parameters<ReturnType<typeof startCrew>["answers"]>;
function crewOf(play: Play, models: Partial<Record<Models[0], [Parameters<typeof calls>[0], string]>>) {
  const crew = startCrew();
  published.length = 0;
  for (const [agent, [first, answer]] of Object.entries(models)) {
    const reply = model(play, first, answer);
    crew.answers(agent as Models[0], ...Array.from({ length: 20 }, () => reply));
  }
  return crew;
}
/** What was published, each once. */
const outcome = () => new Set(published).size;

/** A model that answers nothing until it is asked no more. */
const endless =
  (play: Play): Reply =>
  (_, signal) => {
    play.holder.touch();
    const body = new ReadableStream({
      start(controller) {
        signal?.addEventListener("abort", () => controller.error(signal.reason));
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
const endOf = async (play: Play, at = -1) => {
  const ends = (await play.entries()).flatMap((entry) => (entry.type === "turn_ended" ? [entry.reason] : []));
  return ends.at(at);
};
const reviewing = { id: "r1", name: "reviewer", arguments: '{"text":"Snow."}' };
const give = { id: "h1", name: "handoff", arguments: '{"agent":"support","reason":"A refund."}' };
/** Once the agent of that name was asked. */
const reached = (crew: ReturnType<typeof startCrew>, agent: Models[0]) =>
  vi.waitFor(() => expect(crew.askedOf(agent).length).toBeGreaterThan(0), { interval: 2 });

const erase = (play: Play) =>
  play.again(async () => {
    const erased = await play.stub.erase({ account: play.account, name: play.root });
    if (!erased.ok && erased.code !== "not_found") unwrap(erased);
  });

let crew: ReturnType<typeof startCrew>;
let below: string[] = [];

const stories: HoldStory[] = [
  {
    name: "a grandchild that asks",
    app,
    outcome,
    prepare: (play) => {
      crewOf(play, {
        manager: [[callOf("delegate", "researcher", "a"), callOf("delegate", "writer", "b")], "Done."],
        researcher: [[callOf("ask_fact", "fact", "f")], "Found."],
        writer: [[], "Written."],
        fact: [[publishing], "A fact."],
      });
    },
    async play(play) {
      const { turn } = await play.send("Go", { create });
      const id = await play.asked();
      await play.submit({ approvals: [{ call: { id }, approve: true }] });
      await play.ended(turn);
    },
  },
  {
    name: "a cancel while a grandchild asks",
    app,
    isOpenEnded: true,
    outcome: async (play) => ({ end: await endOf(play), published: published.length }),
    prepare: async (play) => {
      await play.accountStub.putSettings(play.account, { budgetMicros: 1_000_000 });
      crewOf(play, {
        manager: [[callOf("delegate", "researcher", "a")], "Done."],
        researcher: [[callOf("ask_fact", "fact", "f")], "Found."],
        fact: [[publishing], "A fact."],
      });
    },
    async play(play) {
      const { turn } = await play.send("Go", { create });
      await play.asked();
      await play.again(async () => unwrap(await play.stub.cancel(turn)));
      await play.ended(turn);
    },
  },
  {
    name: "a share of money",
    app,
    prepare: async (play) => {
      await play.accountStub.putSettings(play.account, { budgetMicros: 1_000_000 });
      crewOf(play, { manager: [[reviewing], "Done."], reviewer: [[], '{"good":true,"faults":[]}'] });
    },
    async play(play) {
      const { turn } = await play.send("Go", { create });
      await play.ended(turn);
    },
  },
  {
    name: "a cancel while a child spends from its share",
    app,
    isOpenEnded: true,
    outcome: (play) => endOf(play),
    prepare: async (play) => {
      await play.accountStub.putSettings(play.account, { budgetMicros: 1_000_000 });
      crew = crewOf(play, { manager: [[reviewing], "Done."] });
      crew.answers("reviewer", ...Array.from({ length: 9 }, () => endless(play)));
    },
    async play(play) {
      const { turn } = await play.send("Go", { create });
      await reached(crew, "reviewer");
      await play.again(async () => unwrap(await play.stub.cancel(turn)));
      await play.ended(turn);
    },
  },
  {
    name: "a handoff",
    app,
    prepare: (play) => {
      crewOf(play, { manager: [[give], "Support goes on."], support: [[], "Here is support."] });
    },
    async play(play) {
      const { turn } = await play.send("Go", { create });
      await play.ended(turn);
      const next = await play.send("And now?");
      await play.ended(next.turn);
    },
  },
  {
    name: "an erasure while a child works",
    app,
    isOpenEnded: true,
    outcome: (play) => Promise.all([play.root, ...below].map((name) => play.session(name).isMade())),
    prepare: async (play) => {
      await play.accountStub.putSettings(play.account, { budgetMicros: 1_000_000 });
      crew = crewOf(play, { manager: [[reviewing], "Done."] });
      crew.answers("reviewer", ...Array.from({ length: 9 }, () => endless(play)));
    },
    async play(play) {
      await play.send("Go", { create });
      await reached(crew, "reviewer");
      below = (await play.tree()).slice(1);
      await erase(play);
    },
  },
  {
    name: "an erasure at once",
    app,
    isOpenEnded: true,
    outcome: (play) => play.stub.isMade(),
    prepare: async (play) => {
      await play.accountStub.putSettings(play.account, { budgetMicros: 1_000_000 });
      crewOf(play, { manager: [[reviewing], "Done."], reviewer: [[], '{"good":true,"faults":[]}'] });
    },
    async play(play) {
      await play.send("Go", { create });
      await erase(play);
    },
  },
  {
    name: "a message that interrupts a turn whose child works",
    app,
    isOpenEnded: true,
    outcome: async (play) => [await endOf(play, 0), await endOf(play)],
    prepare: async (play) => {
      await play.accountStub.putSettings(play.account, { budgetMicros: 1_000_000 });
      crew = crewOf(play, {});
      crew.answers("manager", model(play, [reviewing], "Done."), ...Array.from({ length: 9 }, () => text("Stopped.")));
      crew.answers("reviewer", ...Array.from({ length: 9 }, () => endless(play)));
    },
    async play(play) {
      const { turn } = await play.send("Go", { create });
      await reached(crew, "reviewer");
      const next = await play.send("Stop", { onBusy: "interrupt" });
      await play.ended(turn);
      await play.ended(next.turn);
    },
  },
  {
    name: "a message that joins while a child works",
    app,
    prepare: async (play) => {
      isJoined = false;
      crew = crewOf(play, { manager: [[callOf("delegate", "writer", "b")], "Done."] });
      const written = model(play, [], "Written.");
      crew.answers(
        "writer",
        ...Array.from(
          { length: 9 },
          (): Reply => async (request, signal) => {
            await vi.waitFor(() => expect(isJoined).toBe(true), { interval: 2 });
            return written(request, signal);
          },
        ),
      );
    },
    async play(play) {
      const { turn } = await play.send("Go", { create });
      await reached(crew, "writer");
      await play.send("And be kind", { onBusy: "join" });
      isJoined = true;
      await play.ended(turn);
    },
  },
];
let isJoined = false;

testHeld(stories);
