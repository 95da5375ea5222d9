import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { unwrap } from "../../src/account/outcome.ts";
import { CrewWorld, startCrew } from "../support/crew-world.ts";
import { calls, gated, text } from "../support/fake-provider.ts";

let crew: ReturnType<typeof startCrew>;
let world: CrewWorld;

beforeEach(() => {
  crew = startCrew();
  world = new CrewWorld();
});
afterEach(() => {
  vi.restoreAllMocks();
});

const delegated = calls([{ id: "c1", name: "delegate", arguments: '{"agent":"researcher","task":"How high?"}' }]);
const asked = calls([{ id: "f1", name: "ask_fact", arguments: '{"agent":"fact","task":"How high?"}' }]);
/** A call that is refused, so that its model has cost something before it is stopped. */
const tried = calls([{ id: "n1", name: "nothing", arguments: "{}" }]);

/** A session whose child has a child that works, and has used something. */
async function threeDeep() {
  const slow = gated("It is");
  crew.answers("manager", delegated);
  crew.answers("researcher", asked);
  crew.answers("fact", tried, slow.reply);
  const { turn } = await world.send("Go");
  await slow.reached(0);
  const child = await world.child();
  return { turn, child, grandchild: await child.child(), slow };
}

/** Until the session knows what the ledger has. `all`: those that still have something to report to the account. */
async function countedOnce(steps: number, all: readonly CrewWorld[] = []) {
  await vi.waitFor(async () => {
    for (const each of all) await each.stub.change({});
    const { ledger, session } = await world.sums();
    expect(session).toBe(ledger);
    expect(unwrap(await world.stub.describe()).usage.children).toMatchObject({ steps });
  });
}

it("[DELEG-19] what a grandchild used that was stopped after its parent had ended reaches every session above it", async () => {
  const { turn, child, grandchild } = await threeDeep();
  unwrap(await world.stub.cancel());
  await world.ended(turn);
  await child.ended("turn_1");
  await grandchild.ended("turn_1");
  await countedOnce(3);
  // The child's own sums have it, too, and its turn has what had ended by then.
  const { usage } = unwrap(await child.stub.describe());
  expect([usage.steps, usage.children?.steps, usage.children?.count]).toEqual([1, 2, 1]);
  expect(unwrap(await world.stub.describe()).usage.children?.count).toBe(1);
});

it("[DELEG-19] it survives that every object is killed, and counts once however often it comes", async () => {
  const { turn, child, grandchild } = await threeDeep();
  unwrap(await world.stub.cancel());
  await world.ended(turn);
  for (let kill = 0; kill < 2; kill++) {
    await abortAllDurableObjects();
    for (const each of [world, child, grandchild]) await runDurableObjectAlarm(each.stub);
  }
  await grandchild.ended("turn_1");
  await countedOnce(3, [world, child, grandchild]);
  const { birth } = unwrap(await world.stub.describe());
  const { usage } = unwrap(await grandchild.stub.describe());
  const late = { usage, costMicros: usage.costMicros, steps: usage.steps };
  const again = { child: child.name, birth, progress: "", asks: [], late };
  expect(unwrap(await world.stub.fromChild(again))).toBe("taken");
  await countedOnce(3);
});

it.each(["the child", "the grandchild"])(
  "[DELEG-19] erasing %s in the middle loses nothing of what was used",
  async (which) => {
    const { turn, child, grandchild } = await threeDeep();
    crew.answers("manager", text("Unknown."));
    crew.answers("researcher", text("I could not find it."));
    const gone = which === "the child" ? child : grandchild;
    unwrap(await gone.stub.erase(gone.address));
    await world.ended(turn);
    await vi.waitFor(async () => {
      const [result] = await world.results();
      expect(result?.content).toMatch(which === "the child" ? /was erased/ : /^I could not find it/);
    });
    // The answer that was cut off by erasing is in no log: it is not counted anywhere.
    await countedOnce(which === "the child" ? 2 : 3);
  },
);
