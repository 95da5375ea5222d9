/** Agents that call agents while every object is killed at random points: `npm run soak -- --only delegation --kills 1000 --seed 7`. */
import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import { unwrap } from "../../src/account/outcome.ts";
import { CrewWorld, startCrew } from "../support/crew-world.ts";
import { calls, type Reply, text } from "../support/fake-provider.ts";
import { randomOf } from "../support/random.ts";

const { SOAK_KILLS, SOAK_SEED } = env as unknown as { SOAK_KILLS: string; SOAK_SEED: string };
const kills = Number(SOAK_KILLS);
const seed = SOAK_SEED === "" ? Date.now() % 1_000_000 : Number(SOAK_SEED);

afterEach(() => {
  vi.restoreAllMocks();
});

const budgetMicros = 500_000;
const ask = (tool: string, agent: string, id: string) => ({
  id,
  name: tool,
  arguments: JSON.stringify({ agent, task: `Task ${id}` }),
});

/** A model that first calls what it may call, and answers once it has the results: the same however often it is asked. */
function model(first: Parameters<typeof calls>[0], answer: string, slowMs: () => number): Reply {
  return async (request, signal) => {
    await new Promise((resolve) => setTimeout(resolve, slowMs()));
    const { messages } = request.body as { messages: { role: string }[] };
    const hasResults = messages.at(-1)?.role === "tool";
    return (first.length === 0 || hasResults ? text(answer) : calls(first))(request, signal);
  };
}

/** One conversation under kills; returns what was found wrong. */
async function round(next: (below: number) => number, number: number): Promise<{ kills: number; faults: string[] }> {
  const crew = startCrew();
  const world = new CrewWorld();
  const slow = () => next(12);
  const many = <T>(value: T) => Array.from({ length: 60 }, () => value);
  crew.answers(
    "manager",
    ...many(
      model(
        [
          ask("delegate", "researcher", "a"),
          ask("delegate", "writer", "b"),
          { id: "r", name: "reviewer", arguments: '{"text":"Snow."}' },
        ],
        "All done.",
        slow,
      ),
    ),
  );
  crew.answers("researcher", ...many(model([ask("ask_fact", "fact", "f")], "Researched.", slow)));
  crew.answers("writer", ...many(model([], "Written.", slow)));
  crew.answers("reviewer", ...many(model([], '{"good":true,"faults":[]}', slow)));
  crew.answers("fact", ...many(model([], "A fact.", slow)));
  await world.accountStub.putSettings(world.account, { budgetMicros: 1_000_000 });
  const receipt = { key: `k${number}`, bodyHash: "h" };
  const { turn } = await world.send("Go", { receipt });
  const wanted = 1 + next(4);
  for (let kill = 0; kill < wanted; kill++) {
    await new Promise((resolve) => setTimeout(resolve, next(60)));
    await abortAllDurableObjects();
    for (const each of await tree(world)) await runDurableObjectAlarm(each.stub);
  }
  const isCancelled = next(3) === 0;
  if (isCancelled) unwrap(await world.stub.cancel(turn));
  const settled = await vi.waitFor(
    async () => {
      const all = await tree(world);
      for (const each of all) await runDurableObjectAlarm(each.stub);
      const states = await Promise.all(
        all.map(async (each) => {
          const { agent, status } = unwrap(await each.stub.describe());
          const alarm = await each.inside((storage) => storage.getAlarm());
          return status === "idle"
            ? []
            : [`${agent}: ${status}, alarm in ${alarm === null ? "none" : alarm - Date.now()} ms`];
        }),
      );
      expect(states.flat()).toEqual([]);
      return all;
    },
    // On a busy machine; nothing waits by itself for so long.
    { timeout: 60_000, interval: 20 },
  );
  return { kills: wanted, faults: await faultsOf(world, settled, isCancelled) };
}

/** The session, its children and theirs, as far as they were begun. */
async function tree(world: CrewWorld): Promise<CrewWorld[]> {
  const replies = (await world.entries()).flatMap((entry) => (entry.type === "assistant" ? [entry] : []));
  const names = new Set(replies.flatMap(({ children = {} }) => Object.values(children).map(({ session }) => session)));
  const below: CrewWorld[] = [];
  for (const name of names) {
    const child = world.session(name);
    if (await child.stub.isMade()) below.push(...(await tree(child)));
  }
  return [world, ...below];
}

async function faultsOf(world: CrewWorld, all: readonly CrewWorld[], isCancelled: boolean): Promise<string[]> {
  const faults: string[] = [];
  let costs = 0;
  for (const each of all) {
    const entries = await each.entries();
    const begun = entries.filter(({ type }) => type === "user").length;
    if (begun !== 1) faults.push(`${each.name} was begun ${begun} times`);
    for (const reply of entries) {
      if (reply.type !== "assistant") continue;
      costs += reply.costMicros;
      for (const { id } of reply.toolCalls) {
        const results = entries.filter(
          (entry) => entry.type === "tool" && entry.step === reply.step && entry.callId === id,
        );
        if (results.length !== 1) faults.push(`the call ${id} of ${each.name} has ${results.length} results`);
        const [result] = results;
        if (!isCancelled && result?.type === "tool" && result.isError)
          faults.push(`the call ${id} failed: ${result.content}`);
      }
    }
    const { agent } = unwrap(await each.stub.describe());
    const end = entries.at(-1);
    if (agent === "reviewer" && end?.type === "turn_ended" && end.costMicros > budgetMicros)
      faults.push("the reviewer passed its share");
  }
  await vi
    .waitFor(async () => {
      for (const each of all) await runDurableObjectAlarm(each.stub);
      const { spentMicros, reservedMicros } = (await world.accountStub.settings()) ?? {};
      const { usage } = unwrap(await world.stub.describe());
      const inSession = usage.costMicros + (usage.children?.costMicros ?? 0);
      expect({ spentMicros, reservedMicros, inSession }).toEqual({
        spentMicros: costs,
        reservedMicros: 0,
        inSession: costs,
      });
    })
    .catch((error: Error) => faults.push(`the sums: ${error.message}`));
  return faults;
}

it("[DELEG-17] each call has one child and one result, money adds up, and nothing runs after a cancel, under kills", async () => {
  console.log(`npm run soak -- --only delegation --kills ${kills} --seed ${seed}`);
  const chance = randomOf(seed);
  const next = (below: number) => Math.floor(chance() * below);
  let done = 0;
  for (let number = 1; done < kills; number++) {
    const { kills: more, faults } = await round(next, number);
    vi.restoreAllMocks();
    expect(faults, `seed ${seed}, conversation ${number}`).toEqual([]);
    done += more;
  }
}, 3_600_000);
