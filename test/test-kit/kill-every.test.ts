import { describe, expect, it } from "vitest";
import * as z from "zod";
import { defineAgent } from "../../src/agent/agent.ts";
import { killEvery, scripted } from "../../src/test.ts";
import { defineTool, type ToolDefinition } from "../../src/tools/tool.ts";

const input = z.object({ order: z.string() });
const url = "https://shop.test/refunds";
/** A shop that pays as often as it is told to, but once for each key. */
function shop() {
  const payments: string[] = [];
  const keys = new Set<string>();
  const fetch = async (asked: RequestInfo | URL, init?: RequestInit) => {
    const request = new Request(asked, init);
    const key = request.headers.get("idempotency-key");
    if (request.method === "POST" && !(key !== null && keys.has(key))) payments.push(await request.text());
    if (key !== null) keys.add(key);
    return new Response("paid");
  };
  return { payments, fetch: fetch as typeof globalThis.fetch };
}
const model = () => scripted([{ calls: [{ name: "refund", input: { order: "17" } }] }, "Paid back."]);
const tool = (of: Partial<ToolDefinition<typeof input>>) =>
  defineTool({ name: "refund", description: "Pays back.", input, effect: "keyed", run: () => "paid", ...of });
const report = (of: Partial<ToolDefinition<typeof input>>) =>
  killEvery(defineAgent({ instructions: "Sell.", tools: [tool(of)] }), "Refund 17", {
    model: model(),
    fetch: shop().fetch,
    approve: true,
  });
const pay = (key?: string) => ({
  method: "POST",
  body: "17",
  ...(key !== undefined && { headers: { "Idempotency-Key": key } }),
});

describe("killEvery", () => {
  it("[TAPE-7] a tool that sends its key along, or that is unsafe, has no faults at any point", async () => {
    const keyed = await report({
      run: async (_, { fetch, idempotencyKey }) => (await fetch(url, pay(idempotencyKey))).text(),
    });
    expect(keyed.faults).toEqual([]);
    expect(keyed.points).toEqual([
      "model call 1: before it",
      "answer of model call 1: before it is recorded",
      "answer of model call 1: recorded",
      "refund: before it is recorded as begun",
      "refund: recorded as begun, before it runs",
      `refund: after POST ${url}`,
      "refund: it has run, before its result is recorded",
      "result of refund: before it is recorded",
      "result of refund: recorded",
      "model call 2: before it",
      "answer of model call 2: before it is recorded",
      "answer of model call 2: recorded",
      "end of the turn: before it is recorded",
      "end of the turn: recorded",
    ]);
    const unsafe = await report({
      effect: "unsafe",
      approval: "always",
      run: async (_, { fetch }) => (await fetch(url, pay())).text(),
    });
    expect(unsafe.faults).toEqual([]);
    expect(unsafe.points).toContain("approval: recorded");
    const reading = await report({ effect: "none", run: async (_, { fetch }) => (await fetch(url)).text() });
    expect(reading.faults).toEqual([]);
  });

  it("[TAPE-7] finds a key that is not passed on, and names the tool and the point", async () => {
    const { faults } = await report({ run: async (_, { fetch }) => (await fetch(url, pay())).text() });
    expect(faults).toEqual([
      {
        tool: "refund",
        kind: "no_key",
        point: `point 6 of 14, refund: after POST ${url}`,
        words: `refund: it is keyed, and sends POST ${url} (17) again without its key. Send context.idempotencyKey along, or make it unsafe. Seen at: point 6 of 14, refund: after POST ${url}.`,
      },
    ]);
  });

  it("[TAPE-7] finds an effect before the call is recorded as begun: in its approval, and in its schema", async () => {
    const approval = () => {
      void fetch(url, pay());
      return false;
    };
    expect((await report({ approval })).faults).toMatchObject([
      { tool: "refund", kind: "before_begin", point: "no instance was lost" },
    ]);
    const checked = input.refine(() => {
      void fetch(url, pay());
      return true;
    });
    const { faults } = await report({ input: checked });
    expect(faults).toMatchObject([
      { tool: "refund", kind: "before_begin", words: expect.stringContaining("Do it in run.") },
    ]);
  });

  it("[TAPE-7] finds a wrong effect class: none, and it sends again", async () => {
    const { faults } = await report({ effect: "none", run: async () => (await fetch(url, pay())).text() });
    expect(faults).toMatchObject([
      { tool: "refund", kind: "wrong_effect", words: expect.stringContaining("its effect is none") },
    ]);
  });

  it("[TAPE-7] finds a run that sends the same twice by itself, and not two that differ", async () => {
    const send = async (bodies: string[], call: { fetch: typeof fetch }) => {
      for (const body of bodies) await call.fetch(url, { method: "POST", body });
      return "paid";
    };
    const twice = await report({ effect: "unsafe", run: (_, context) => send(["17", "17"], context) });
    expect(twice.faults).toMatchObject([{ kind: "repeated", point: "no instance was lost" }]);
    expect((await report({ effect: "unsafe", run: (_, context) => send(["17", "18"], context) })).faults).toEqual([]);
  });

  it("[TAPE-7] a tool that swallows the loss does nothing more, and the outside is left as it was", async () => {
    const before = globalThis.fetch;
    const { faults } = await report({
      run: async (_, { fetch, idempotencyKey }) => {
        for (let times = 0; times < 3; times++) await fetch(url, pay(idempotencyKey)).catch(() => undefined);
        return "paid";
      },
    });
    expect(faults).toEqual([]);
    expect(globalThis.fetch).toBe(before);
  });
});
