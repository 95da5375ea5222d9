import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { defineAgent } from "../../src/agent/agent.ts";
import { runAgent } from "../../src/test-kit/run-agent.ts";
import { scripted } from "../../src/test-kit/scripted.ts";
import { defineTool } from "../../src/tools/tool.ts";

const day = 86_400_000;
const ordered: string[] = [];
const order = defineTool({
  name: "order",
  description: "Orders, and waits until it is shipped.",
  input: z.object({ item: z.string() }),
  effect: "unsafe",
  async run({ item }, { step, now }) {
    const beganMs = await step.do("begin", now, { effect: "none" });
    await step.do("order", () => void ordered.push(item));
    await step.sleep("rest", day);
    const shipped = await step.waitFor(`shipped:${item}`, { timeout: 30 * day });
    return { days: (now() - beganMs) / day, shipped: shipped?.value ?? "not in time" };
  },
});
const agent = defineAgent({ instructions: "Order.", tools: [order] });
const model = () => scripted([{ calls: [{ name: "order", input: { item: "pen" } }] }, "Done."]);

describe("runAgent with a tool that waits", () => {
  it("[KIT-10] passes sleeps at once, on the clock of the test, and brings the signals that the test names", async () => {
    ordered.length = 0;
    const run = await runAgent(agent, "A pen", { model: model(), signals: { "shipped:pen": { parcel: 7 } } });
    expect([run.status, run.calls[0]?.result]).toEqual(["completed", '{"days":1,"shipped":{"parcel":7}}']);
    expect(ordered).toEqual(["pen"]);
  });

  it("[KIT-10] lets the time of a signal pass that does not come", async () => {
    const run = await runAgent(agent, "A pen", { model: model(), signals: { "shipped:pen": undefined } });
    expect(run.calls[0]?.result).toBe('{"days":31,"shipped":"not in time"}');
  });

  it("[KIT-10] stops as waiting for a signal that the test does not name", async () => {
    const run = await runAgent(agent, "A pen", { model: model() });
    expect([run.status, run.waitingFor, run.calls]).toEqual(["waiting", ["shipped:pen"], []]);
  });
});
