import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { resolveAgent } from "../../src/agent/agent.ts";
import { Agents } from "../../src/agent/app.ts";
import { defineTool } from "../../src/tools/tool.ts";
import { agentDetails } from "../../src/wire/agent-shapes.ts";
import { agent } from "../app/agent.ts";
import { app } from "../app/app.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
const ran: string[] = [];
const lookUp = defineTool({
  name: "look_up",
  description: "Finds an order.",
  input: z.object({ order: z.string() }),
  effect: "none",
  approval: "always",
  run: ({ order }, { account, session, transcript }) => {
    ran.push(order);
    if (order === "0") throw new Error("There is no such order.");
    return transcript.search(order, 3).then((hits) => ({ order, account, session: session.id, hits }));
  },
});
const refund = defineTool({
  ...{ name: "refund", description: "Pays back.", input: z.object({}) },
  effect: "keyed",
  run: () => ran.push("paid"),
});
const support = resolveAgent("support", {
  instructions: "You help buyers.",
  models: [
    { id: "deepseek-v3.2-exp", weight: 9 },
    { id: "own-1", baseUrl: "https://models.example/v1", prices: { hit: 1, miss: 2, output: 3 } },
    { id: "own-2" },
  ],
  tools: [lookUp, refund],
});

beforeEach(() => {
  ran.length = 0;
  app.agents = new Agents([agent, support]);
});
afterEach(() => {
  app.agents = new Agents([agent]);
});

async function call(method: string, path: string, body?: unknown, key = "test-key") {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
  const response = await worker.fetch(`https://longline.test/v1/${path}`, init);
  return { status: response.status, body: JSON.parse(await response.text()) };
}

const run = (tool: string, body: unknown, key?: string) => call("POST", `agents/support/tools/${tool}/run`, body, key);

describe("the definition of an agent", () => {
  it("[PAGE-27] has its instructions, models with weights and prices, tools with their input, limits, and channels", async () => {
    const { status, body } = await call("GET", "agents/support");
    expect(status).toBe(200);
    expect(z.parse(agentDetails, body)).toEqual(body);
    expect(body).toMatchObject({
      ...{ id: "support", version: support.version, instructions: "You help buyers." },
      models: [
        { id: "deepseek-v3.2-exp", weight: 9, base_url: null },
        {
          id: "own-1",
          weight: null,
          base_url: "https://models.example/v1",
          prices: { cached: 1, input: 2, output: 3 },
        },
        { id: "own-2", prices: null },
      ],
      limits: { max_steps: 12, turn_seconds: 1_800, wait_seconds: 86_400 },
    });
    const tool = body.tools.find(({ name }: { name: string }) => name === "look_up");
    expect(tool).toMatchObject({ effect: "none", approval: "always", parameters: { properties: { order: {} } } });
    expect(body.channels.map(({ name }: { name: string }) => name)).toEqual(["slack", "discord"]);
    expect((await call("GET", "agents/none")).status).toBe(404);
  });

  it("[PAGE-27] is for those who may operate the app: no session's token and no customer's key reads it, or runs a tool", async () => {
    const { body } = await call("POST", "sessions/for-token/tokens", { rights: ["read", "append"] });
    expect((await call("GET", "agents/support", undefined, body.token)).status).toBe(403);
    expect((await run("look_up", { arguments: { order: "1" } }, body.token)).status).toBe(403);
    expect((await call("GET", "agents/support", undefined, "wrong")).status).toBe(401);
    const admin = "test-admin-key-16";
    await call("POST", "admin/accounts", { id: "page-customer" }, admin);
    const { key } = (await call("POST", "admin/accounts/page-customer/keys", undefined, admin)).body;
    expect((await call("GET", "agents", undefined, key)).status).toBe(200);
    expect((await call("GET", "agents/support", undefined, key)).status).toBe(403);
    expect((await call("GET", "agents/support", undefined, admin)).status).toBe(200);
    expect(ran).toEqual([]);
  });
});

describe("a try of a tool", () => {
  it("[PAGE-27] runs one that changes nothing, outside of a session, and gives its result or its error", async () => {
    const tried = await run("look_up", { arguments: { order: "17" } });
    expect(tried).toMatchObject({ status: 200, body: { is_error: false, duration_ms: expect.any(Number) } });
    expect(JSON.parse(tried.body.content)).toEqual({ order: "17", account: "default", session: "try", hits: [] });
    expect((await run("look_up", { arguments: { order: "0" } })).body).toMatchObject({
      content: "There is no such order.",
      is_error: true,
    });
    expect((await run("look_up", { arguments: { number: 1 } })).body).toMatchObject({ is_error: true });
    expect(ran).toEqual(["17", "0"]);
  });

  it("[PAGE-27] refuses one that changes something, one that there is not, and a body that is none", async () => {
    expect(await run("refund", { arguments: {} })).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining("keyed") },
    });
    expect((await run("none", { arguments: {} })).status).toBe(404);
    for (const body of [{}, { arguments: [] }, { arguments: "x" }, { arguments: {}, more: 1 }])
      expect((await run("look_up", body)).status, JSON.stringify(body)).toBe(400);
    expect(ran).toEqual([]);
  });
});
