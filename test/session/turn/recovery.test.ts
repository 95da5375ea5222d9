import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { unwrap } from "../../../src/account/outcome.ts";
import { calls, gated, text } from "../../support/fake-provider.ts";
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

type CheckpointRow = { seq: number; attempt: number; barren: number; draft: string | null };
const checkpoint = () =>
  world.inside((storage) =>
    storage.sql.exec<CheckpointRow>("SELECT seq, attempt, barren, draft FROM checkpoint").one(),
  );

describe("the checkpoint of an answer", () => {
  it("[RESUME-1] is not written for a short answer", async () => {
    const gate = gated("a", "b", "c");
    provider.enqueue(gate.reply);
    const { turn } = await world.send("Hello");
    await gate.reached(1);
    gate.release();
    await world.ended(turn);
    expect(await checkpoint()).toEqual({ seq: 2, attempt: 1, barren: 1, draft: null });
  });

  it("[RESUME-2] keeps what was said when the turn is cancelled after a crash", async () => {
    // The gate's last part is not reached by the end of the stream, so the draft stands when the object dies.
    const gate = gated("half an answer", "");
    provider.enqueue(gate.reply);
    const { turn } = await world.send("Hello");
    await gate.reached(1);
    await world.inside((storage) =>
      storage.sql.exec(
        "UPDATE checkpoint SET draft = ?, barren = 0",
        JSON.stringify({ turn, step: 1, attempt: 1, model: "m", reasoning: "", text: "half an answer" }),
      ),
    );
    await world.inside((storage) => storage.sql.exec("UPDATE inbox SET stop = 'cancelled'").toArray());
    await abortAllDurableObjects();
    const { ended, reply } = await world.ended(turn);
    expect([ended.reason, reply?.content, reply?.finishReason]).toEqual(["cancelled", "half an answer", "cancelled"]);
    expect(provider.requests).toHaveLength(1);
  });

  it("[RESUME-3] counts crashes that brought nothing, and forgets them once something was saved", async () => {
    for (const barren of [1, 2, 3]) {
      const gate = gated("x");
      provider.enqueue(gate.reply);
      if (barren === 1) await world.send("Hello");
      else await runDurableObjectAlarm(world.stub);
      await vi.waitFor(async () => expect(provider.requests).toHaveLength(barren));
      expect(await checkpoint()).toMatchObject({ attempt: barren, barren });
      await abortAllDurableObjects();
    }
    await world.inside((storage) => storage.sql.exec("UPDATE checkpoint SET barren = 9, since = 1").toArray());
    await abortAllDurableObjects();
    provider.enqueue(text("at last"));
    expect((await world.ended("turn_1")).reply?.content).toBe("at last");
  });

  it("[TURN-12] gives a call up that crashes cut off ten times over five minutes", async () => {
    const gate = gated("x");
    provider.enqueue(gate.reply);
    await world.send("Hello");
    await vi.waitFor(() => expect(provider.requests).toHaveLength(1));
    await world.inside((storage) => storage.sql.exec("UPDATE checkpoint SET barren = 10, since = 1").toArray());
    await abortAllDurableObjects();
    const { ended } = await world.ended("turn_1");
    expect([ended.reason, ended.failure?.code]).toEqual(["failed", "internal"]);
    expect(provider.requests).toHaveLength(1);
  });
});

describe("a fault of ours in a turn", () => {
  it("[TURN-15] ends it with its cause, with results for all calls, and with what it used", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    provider.enqueue(calls([{ name: "calculator", arguments: '{"expression":"1+1"}' }]), text("never"));
    await world.stub.create(world.address, {});
    await world.inside((storage) => {
      // Results cannot be written: a fault that no model or tool can cause.
      storage.sql.exec(
        "CREATE TRIGGER broken BEFORE INSERT ON entries WHEN NEW.type = 'tool' AND NEW.data NOT LIKE '%Not run%' BEGIN SELECT RAISE(ABORT, 'refused on purpose'); END",
      );
    });
    const { ended } = await world.ask("1+1?");
    expect([ended.reason, ended.failure?.code, ended.steps, ended.costMicros]).toEqual(["failed", "internal", 1, 26]);
    const types = (await world.entries()).map(({ type }) => type);
    expect(types).toEqual(["user", "assistant", "tool", "turn_ended"]);
    unwrap(await world.stub.describe());
  });
});
