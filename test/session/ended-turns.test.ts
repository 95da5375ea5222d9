import { afterEach, expect, it, vi } from "vitest";
import { unwrap } from "../../src/account/outcome.ts";
import { endTurns } from "../support/ended-turns.ts";
import { gated } from "../support/fake-provider.ts";
import { SessionWorld, startProvider } from "../support/session-world.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

it("[HOUSE-21] a turn that a test leaves running, and one that waits after it, are over before the next test begins", async () => {
  const provider = startProvider();
  const world = new SessionWorld();
  const gate = gated("half ", "never");
  provider.enqueue(gate.reply);
  await world.send("Hello");
  await gate.reached(1);
  await world.send("And then?");
  await endTurns();
  expect(unwrap(await world.stub.describe()).status).toBe("idle");
  expect((await world.entries()).filter(({ type }) => type === "turn_ended")).toHaveLength(2);
});
