import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Session } from "../../../src/session/object.ts";
import { mostSubrequests } from "../../../src/session/turn/subrequests.ts";
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
});

describe("a turn of many requests", () => {
  it("[PLATFORM-10] goes on in alarms before an invocation has made too many, five connections at a time", async () => {
    // What was asked for since the last alarm, and when each alarm came.
    let asked = 0;
    const perInvocation: number[] = [];
    const alarm = Session.prototype.alarm;
    vi.spyOn(Session.prototype, "alarm").mockImplementation(function (this: Session) {
      perInvocation.push(asked);
      asked = 0;
      return alarm.call(this);
    });
    let open = 0;
    let most = 0;
    provider.outside.mockImplementation(async () => {
      asked++;
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, 0));
      open--;
      return new Response("page", { headers: { "Content-Type": "text/plain" } });
    });
    const pages = (step: number) =>
      calls(
        Array.from({ length: 20 }, (_, n) => ({
          name: "fetch_url",
          arguments: `{"url":"https://a${step}-${n}.example.com/"}`,
        })),
      );
    provider.enqueue(pages(1), pages(2), pages(3), text("Read."));
    const { ended } = await world.ask("Read all of it");
    expect([ended.reason, provider.outside.mock.calls.length]).toEqual(["completed", 60]);
    expect(most).toBeLessThanOrEqual(5);
    expect(perInvocation.length).toBeGreaterThanOrEqual(2);
    // Those that run at the same time are begun before the limit, and end behind it.
    for (const many of [...perInvocation, asked]) expect(many).toBeLessThanOrEqual(mostSubrequests.turn + 5);
    const results = (await world.entries()).filter((entry) => entry.type === "tool");
    expect(results).toHaveLength(60);
    expect(results.every((entry) => !entry.isError)).toBe(true);
  });
});
