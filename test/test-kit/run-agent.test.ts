import { describe, expect, it } from "vitest";
import * as z from "zod";
import { defineAgent } from "../../src/agent/agent.ts";
import { runAgent, scripted } from "../../src/test.ts";
import { defineTool } from "../../src/tools/tool.ts";

const findOrder = defineTool({
  name: "find_order",
  description: "Finds an order.",
  input: z.object({ number: z.string() }),
  effect: "none",
  secrets: ["SHOP_KEY"],
  async run({ number }, { secrets, fetch, progress }) {
    progress(`looking for ${number}`);
    const answer = await fetch(`https://shop.test/${number}`, { headers: { key: secrets.SHOP_KEY } });
    return answer.text();
  },
});
const refund = defineTool({
  name: "refund",
  description: "Pays an order back.",
  input: z.object({ number: z.string() }),
  effect: "unsafe",
  approval: "always",
  run: ({ number }, { idempotencyKey }) => `paid ${number} once, key ${idempotencyKey.length > 0}`,
});
const shop = defineAgent({ instructions: "You help customers of a shop.", tools: [findOrder, refund] });
const call = (name: string, input: unknown = { number: "17" }) => ({ calls: [{ name, input }] });

describe("runAgent", () => {
  it("[KIT-1] runs calls through the agent's own tools, and says what was sent, called and answered", async () => {
    const asked: Request[] = [];
    const model = scripted([call("find_order"), "It is on its way."]);
    const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
      asked.push(new Request(input, init));
      return new Response("shipped");
    };
    const run = await runAgent(shop, "Where is order 17?", { model, fetch: fetch as never, speaker: "Ann" });
    expect(run).toMatchObject({
      text: "It is on its way.",
      status: "completed",
      calls: [{ id: "call_1", name: "find_order", input: { number: "17" }, result: "shipped", isError: false }],
      progress: [{ name: "find_order", text: "looking for 17" }],
      waiting: [],
    });
    expect(run.entries.map(({ type }) => type)).toEqual(["user", "assistant", "tool", "assistant", "turn_ended"]);
    expect(asked[0]?.headers.get("key")).toBe("test-SHOP_KEY");
    expect(model.requests[0]?.messages[0]).toMatchObject({ role: "system", content: "You help customers of a shop." });
    expect(model.requests[0]?.tools?.map((tool) => tool.function.name)).toContain("refund");
    expect([model.requests.length, model.left]).toEqual([2, 0]);
  });

  it("[KIT-1] a tool that reaches for the network is an error result that says what to do", async () => {
    const run = await runAgent(shop, "Order 17?", { model: scripted([call("find_order"), "I cannot see it."]) });
    expect(run.calls[0]).toMatchObject({ isError: true, result: expect.stringContaining("give runAgent a fetch") });
  });

  it("[KIT-2] stops where a person is asked; goes on with what the test says, each call for itself", async () => {
    const script = () => scripted([call("refund"), "Done."]);
    const waits = await runAgent(shop, "Refund 17", { model: script() });
    expect(waits).toMatchObject({
      status: "waiting",
      waiting: [{ name: "refund", input: { number: "17" } }],
      calls: [],
    });
    const yes = await runAgent(shop, "Refund 17", { model: script(), approve: ({ name }) => name === "refund" });
    expect(yes.calls).toMatchObject([{ result: "paid 17 once, key true", isError: false }]);
    const no = await runAgent(shop, "Refund 17", {
      model: script(),
      approve: () => ({ approve: false, reason: "too much" }),
    });
    expect(no.calls).toMatchObject([{ isError: true, result: expect.stringContaining("too much") }]);
    expect(no.text).toBe("Done.");
  });

  it("[KIT-3] replaces tools by name, and keeps their schema and approval; a name that is none is refused", async () => {
    const model = scripted([call("find_order", { number: 17 }), call("find_order"), "Sent."]);
    const tools = { find_order: ({ number }: { number: string }) => ({ number, state: "sent" }) };
    const run = await runAgent(shop, "17?", { model, tools });
    expect(run.calls.map(({ isError }) => isError).at(-1)).toBe(false);
    expect(run.calls.at(-1)?.result).toBe('{"number":"17","state":"sent"}');
    await expect(runAgent(shop, "17?", { model: scripted([]), tools: { other: "x" } })).rejects.toThrow("tools.other");
  });

  it("[KIT-4] a run is continued in the same session, and the request begins with the one before", async () => {
    const model = scripted([
      "Hello.",
      ({ messages }) => `You said ${messages.filter(({ role }) => role === "user").length} things.`,
    ]);
    const first = await runAgent(shop, "Hi", { model });
    const second = await runAgent(shop, "And again", { model, after: first });
    expect(second.text).toBe("You said 2 things.");
    expect(second.entries).toHaveLength(first.entries.length + 3);
    const [one, two] = model.requests.map(({ messages }) => messages);
    expect(two?.slice(0, one?.length)).toEqual(one);
  });

  it("[KIT-5] what the provider refuses ends the turn with a code; a script that is too short fails the test in words", async () => {
    const refused = await runAgent(shop, "Hi", { model: scripted([{ status: 401 }]) });
    expect(refused).toMatchObject({ status: "failed", error: { code: "model_auth" } });
    await expect(runAgent(shop, "Hi", { model: scripted([]) })).rejects.toThrow("The script has 0 answers");
  });

  it("[KIT-5] retries take no time, and the clock is the test's", async () => {
    const model = scripted([{ status: 500 }, { status: 503 }, "There."]);
    const run = await runAgent(shop, "Hi", { model, now: () => 1_000 });
    expect(run.text).toBe("There.");
    expect(new Set(run.entries.map(({ atMs }) => atMs))).toEqual(new Set([1_000]));
  });

  it("[KIT-3] hooks of the agent run as they do in the Worker", async () => {
    const strict = defineAgent({ instructions: "Sell.", tools: [refund], before: () => ({ refuse: "closed today" }) });
    const run = await runAgent(strict, "Refund 17", { model: scripted([call("refund"), "Tomorrow."]), approve: true });
    expect(run.calls[0]?.result).toContain("closed today");
  });
});
