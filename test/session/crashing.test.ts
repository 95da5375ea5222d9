import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { agent } from "../../src/agent.ts";
import { calls, text } from "../support/fake-provider.ts";
import { SessionWorld, startProvider } from "../support/session-world.ts";

let provider: ReturnType<typeof startProvider>;
let world: SessionWorld;

beforeEach(() => {
  provider = startProvider();
  world = new SessionWorld();
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A tool that never comes back, as one does that takes its instance down; counts how often it is run. */
function hang(name: string): { runs: number } {
  const count = { runs: 0 };
  const tool = agent.tools.get(name);
  if (tool === undefined) throw new Error(`no tool ${name}`);
  vi.spyOn(tool, "run").mockImplementation(() => {
    count.runs++;
    return new Promise(() => {});
  });
  return count;
}

describe("a call that takes its instance down", () => {
  it("[YEARS-1] a tool that changes nothing is run at most four times, then its outcome is unknown", async () => {
    const count = hang("calculator");
    provider.enqueue(calls([{ name: "calculator", arguments: '{"expression":"1+1"}' }]), text("I cannot."));
    const { turn } = await world.send("1+1?");
    for (const runs of [1, 2, 3, 4]) {
      await vi.waitFor(() => expect(count.runs).toBe(runs));
      await abortAllDurableObjects();
      await runDurableObjectAlarm(world.stub);
    }
    expect((await world.ended(turn)).ended.reason).toBe("completed");
    expect(count.runs).toBe(4);
    expect(provider.requests.at(-1)?.body.messages.at(-1).content).toMatch(
      /^Outcome unknown: this tool was run 4 times/,
    );
  });

  it("[YEARS-1] a first run of such a tool writes no row for it", async () => {
    provider.enqueue(calls([{ name: "calculator", arguments: '{"expression":"1+1"}' }]), text("2"));
    await world.ask("1+1?");
    expect(await world.inside(({ sql }) => sql.exec("SELECT * FROM intents").toArray())).toEqual([]);
  });
});
