/** What becomes of agents that are called where a session is copied, an agent is dropped, or money and time run out. */
import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { unwrap } from "../../src/account/outcome.ts";
import { Agents } from "../../src/agent/app.ts";
import { crewFetch, published } from "../app/crew.ts";
import { CrewWorld, startCrew } from "../support/crew-world.ts";
import { calls, gated, text } from "../support/fake-provider.ts";
import { bindings, skipTime } from "../support/session-world.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;
let crew: ReturnType<typeof startCrew>;
let world: CrewWorld;
beforeEach(() => {
  crew = startCrew();
  world = new CrewWorld("default");
  published.length = 0;
});
afterEach(() => {
  vi.restoreAllMocks();
});

const delegating = (agent: string, id = "c1") => ({
  ...{ id, name: "delegate" },
  arguments: JSON.stringify({ agent, task: "Do it" }),
});
const publishing = { id: "p1", name: "publish", arguments: '{"text":"Snow."}' };

async function request(method: string, path: string, body?: string | object): Promise<{ status: number; body: Json }> {
  const isText = typeof body === "string";
  const answer = await crewFetch(
    `/v1/sessions${path}`,
    {
      method,
      ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
      ...(isText && { headers: { "Content-Type": "application/x-ndjson" } }),
    },
    bindings,
  );
  const isJson = answer.headers.get("Content-Type")?.startsWith("application/json") ?? false;
  return { status: answer.status, body: isJson ? await answer.json() : await answer.text() };
}
const exported = async (of: CrewWorld): Promise<string> => (await request("GET", `/${of.name}/export`)).body;

const copied: Record<string, (of: CrewWorld) => Promise<CrewWorld>> = {
  fork: async (of) => of.session((await request("POST", `/${of.name}/fork`, {})).body.id),
  async import(of) {
    const id = `${of.name.slice(0, 50)}-copy`;
    const { status, body } = await request("POST", `/import?id=${id}`, await exported(of));
    expect([status, body], JSON.stringify(body)).toEqual([201, expect.objectContaining({ id })]);
    return of.session(id);
  },
};

/** A turn whose writer asks a person. */
async function asking(): Promise<string> {
  crew.answers("manager", calls([delegating("writer")]));
  crew.answers("writer", calls([publishing]));
  await world.send("Go");
  return vi.waitFor(async () => {
    const state = unwrap(await world.stub.wait("turn_1", 0));
    const [ask] = state.status === "waiting" ? state.waitingFor : [];
    expect(ask).toBeDefined();
    return ask?.id ?? "";
  });
}

describe.each(["fork", "import"])("a copy by %s", (how) => {
  it("[DELEG-12] [COPY-4] of a session whose child asks a person: the turn ends there, and the ask is answered in the first one alone", async () => {
    const ask = await asking();
    const copy = await (copied[how] as (of: CrewWorld) => Promise<CrewWorld>)(world);
    expect(await copy.results()).toMatchObject([
      { isError: true, content: expect.stringContaining("No answer: the agent works for the session") },
    ]);
    expect((await copy.entries()).at(-1)).toMatchObject({ type: "turn_ended", reason: "interrupted" });
    expect((await request("POST", `/${copy.name}/approvals/${ask}`, { approve: true })).status).toBe(404);
    crew.answers("writer", text("Published."));
    crew.answers("manager", text("All done."));
    expect((await request("POST", `/${world.name}/approvals/${ask}`, { approve: true })).status).toBe(200);
    await world.ended("turn_1");
    expect(published).toHaveLength(1);
    // The copy goes on, and its next call has a child of its own.
    crew.answers("manager", calls([delegating("writer", "c2")]), text("Again."));
    crew.answers("writer", text("Written."));
    expect((await copy.ask("Once more")).reply?.content).toBe("Again.");
    expect((await copy.child("c2")).name).not.toBe((await world.child()).name);
  });

  it("[DELEG-12] of a session whose children have ended has their results, costs and answers, entry by entry", async () => {
    const ask = await asking();
    crew.answers("writer", text("Published."));
    crew.answers("manager", text("All done."));
    await request("POST", `/${world.name}/approvals/${ask}`, { approve: true });
    await world.ended("turn_1");
    const copy = await (copied[how] as (of: CrewWorld) => Promise<CrewWorld>)(world);
    const shown = async (of: CrewWorld) => (await of.entries()).map(({ seq: _, atMs: __, ...entry }) => entry);
    expect(await shown(copy)).toEqual(await shown(world));
    expect((await request("POST", `/${copy.name}/approvals/${ask}`, { approve: true })).status).toBeGreaterThan(400);
    // Its child is the first one's: to erase the copy leaves it alone.
    await request("DELETE", `/${copy.name}`);
    expect(await (await world.child()).stub.isMade()).toBe(true);
    expect(published).toHaveLength(1);
  });

  it("[DELEG-12] of a child alone is a session without a caller: it answers no one's call, and its caller's turn goes on", async () => {
    const ask = await asking();
    const child = await world.child();
    const copy = await (copied[how] as (of: CrewWorld) => Promise<CrewWorld>)(child);
    const { agent, parent = null } = unwrap(await copy.stub.describe());
    expect([agent, parent]).toEqual(["writer", null]);
    expect((await copy.entries()).at(-1)).toMatchObject({ type: "turn_ended", reason: "interrupted" });
    crew.answers("writer", text("I was copied."));
    const { body } = await request("POST", `/${copy.name}/messages`, { content: "Who are you?" });
    expect(body.message.content).toBe("I was copied.");
    expect(await world.results()).toEqual([]);
    crew.answers("writer", text("Not published."));
    crew.answers("manager", text("All done."));
    await request("POST", `/${world.name}/approvals/${ask}`, { approve: false });
    expect((await world.ended("turn_1")).reply?.content).toBe("All done.");
  });
});

describe("what a child cannot go on with", () => {
  /** From now on the app has no agent of that name, as after a deploy without it. */
  const dropAgent = (name: string) => {
    const of = Agents.prototype.of;
    vi.spyOn(Agents.prototype, "of").mockImplementation(function (this: Agents, wanted) {
      return of.call(this, wanted === name ? "nobody" : wanted);
    });
  };

  it("[DELEG-22] an agent that a deploy dropped while it worked: a result that says so", async () => {
    const slow = gated("Well");
    crew.answers("manager", calls([delegating("writer")]), text("It is gone."));
    crew.answers("writer", slow.reply);
    const { turn } = await world.send("Go");
    await slow.reached(0);
    const child = await world.child();
    dropAgent("writer");
    await abortAllDurableObjects();
    await runDurableObjectAlarm(world.stub);
    await runDurableObjectAlarm(child.stub);
    expect((await world.ended(turn)).reply?.content).toBe("It is gone.");
    expect((await world.results())[0]).toMatchObject({ isError: true, content: expect.stringMatching(/agent/) });
    expect(crew.askedOf("writer")).toHaveLength(1);
  });

  it("[DELEG-22] an agent that a deploy dropped before it was called: a result that says so", async () => {
    dropAgent("writer");
    crew.answers("manager", calls([delegating("writer")]), text("It is gone."));
    const { reply } = await world.ask("Go");
    expect(reply?.content).toBe("It is gone.");
    expect((await world.results())[0]).toMatchObject({
      isError: true,
      content: expect.stringMatching(/^Not called: the agent "writer" could not begin\./),
    });
  });

  it("[DELEG-22] the account's budget: child and caller end with it, nothing stays set aside, and nothing is spent past it", async () => {
    world = new CrewWorld();
    await world.accountStub.putSettings(world.account, { budgetMicros: 1_000_000 });
    crew.answers("manager", calls([delegating("writer")]), text("Never asked."));
    crew.answers("writer", async (request, signal) => {
      await world.accountStub.putSettings(world.account, { budgetMicros: 1 });
      return calls([{ id: "n1", name: "nothing", arguments: "{}" }])(request, signal);
    });
    const { ended } = await world.ask("Go");
    expect(ended.reason).toBe("budget_exhausted");
    expect((await world.results())[0]).toMatchObject({ isError: true, content: expect.stringContaining("budget") });
    expect((await (await world.child()).ended("turn_1")).ended.reason).toBe("budget_exhausted");
    await vi.waitFor(async () => {
      for (const each of [world, await world.child()]) await runDurableObjectAlarm(each.stub);
      expect((await world.accountStub.settings())?.reservedMicros).toBe(0);
    });
  });

  it("[DELEG-22] time: a child that waits for a person is stopped with its caller's wait, and its ask is void", async () => {
    crew.answers("manager", calls([delegating("writer")]), text("No one answered."));
    crew.answers("writer", calls([publishing]));
    const ask = await (async () => {
      const { turn } = await world.send("Go");
      return vi.waitFor(async () => {
        const state = unwrap(await world.stub.wait(turn, 0));
        const [first] = state.status === "waiting" ? state.waitingFor : [];
        expect(first).toBeDefined();
        return first?.id ?? "";
      });
    })();
    skipTime(25 * 3_600_000);
    const child = await world.child();
    // What is sent to the child, and comes back, may need more than one alarm of each.
    await vi.waitFor(async () => {
      for (const each of [world, child]) await runDurableObjectAlarm(each.stub);
      expect(unwrap(await world.stub.wait("turn_1", 0)).status).toBe("ended");
    });
    expect((await world.ended("turn_1")).reply?.content).toBe("No one answered.");
    await vi.waitFor(async () => expect((await child.entries()).at(-1)?.type).toBe("turn_ended"));
    expect((await request("POST", `/${world.name}/approvals/${ask}`, { approve: true })).status).toBe(409);
    expect(published).toEqual([]);
  });
});

describe("handoffs in a circle", () => {
  const give = (agent: string) =>
    calls([{ id: "h1", name: "handoff", arguments: JSON.stringify({ agent, reason: `for ${agent}` }) }]);

  it("[DELEG-13] change the agent once with each message, and never within a turn", async () => {
    for (let round = 0; round < 2; round++) {
      crew.answers("manager", give("support"), text("Support goes on."));
      expect((await world.ask("Help")).ended).toMatchObject({ reason: "completed", steps: 2 });
      expect(unwrap(await world.stub.describe()).agent).toBe("support");
      crew.answers("support", give("manager"), text("The manager goes on."));
      expect((await world.ask("More")).ended).toMatchObject({ reason: "completed", steps: 2 });
      expect(unwrap(await world.stub.describe()).agent).toBe("manager");
    }
    const notes = (await world.entries()).filter(({ type }) => type === "note");
    expect(notes).toHaveLength(4);
  });

  it("[DELEG-13] the next agent reads the results of the tools that the one before used, and a copy keeps who answers", async () => {
    crew.answers("manager", calls([delegating("writer")]), give("support"), text("Support goes on."));
    crew.answers("writer", text("The article."));
    await world.ask("Write, then give it away");
    const copy = await (copied.import as (of: CrewWorld) => Promise<CrewWorld>)(world);
    expect(unwrap(await copy.stub.describe()).agent).toBe("support");
    crew.answers("support", text("I see it."), text("I see it, too."));
    for (const each of [world, copy]) await each.ask("Do you see it?");
    for (const { body } of crew.askedOf("support")) {
      const results = body.messages.filter(({ role }: Json) => role === "tool").map(({ content }: Json) => content);
      expect(results).toContain("The article.");
    }
  });
});
