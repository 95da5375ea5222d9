import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { resolveAgent } from "../../../src/agent/agent.ts";
import { Agents } from "../../../src/agent/app.ts";
import type { ModelChoice } from "../../../src/agent/version.ts";
import { unknownModels } from "../../../src/session/turn/turn-model.ts";
import { agent } from "../../app/agent.ts";
import { app } from "../../app/app.ts";
import { text } from "../../support/fake-provider.ts";
import { startProvider } from "../../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
const priced = { hit: 1_000_000, miss: 2_000_000, output: 3_000_000 };
const withModel = (model: Partial<ModelChoice>) =>
  new Agents([agent, resolveAgent("own", { instructions: "Answer.", models: [{ id: "own-1", ...model }] })]);

let provider: ReturnType<typeof startProvider>;
let account: string;
beforeEach(() => {
  provider = startProvider();
  account = `p-${crypto.randomUUID().slice(0, 8)}`;
});
afterEach(() => {
  app.agents = new Agents([agent]);
  vi.restoreAllMocks();
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
async function call(key: string, method: string, path: string, body?: object): Promise<{ status: number; body: any }> {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  const sent = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
  const response = await worker.fetch(`https://longline.test${path}`, sent);
  return { status: response.status, body: await response.json() };
}

const admin = (method: string, path: string, body?: object) =>
  call("test-admin-key-16", method, `/v1/admin/accounts${path}`, body);

async function keyOf(limits: object): Promise<string> {
  expect((await admin("POST", "", { id: account, ...limits })).status).toBe(201);
  return (await admin("POST", `/${account}/keys`)).body.key;
}

const ask = (key: string, named = "own") =>
  call(key, "POST", `/v1/sessions/${crypto.randomUUID()}/messages`, { content: "Hi", agent: named });

it("[AGENT-17] a budget is refused by name where a model that the account may use has no price", async () => {
  app.agents = withModel({});
  for (const refused of [
    await admin("POST", "", { id: account, budget_micros: 5_000 }),
    await admin("POST", "", { id: account, budget_micros: 5_000, models: ["own-1"] }),
  ])
    expect(refused).toMatchObject({
      status: 400,
      body: { field: "budget_micros", detail: expect.stringMatching(/price of own-1 is not known.*`prices`/) },
    });
  await keyOf({ budget_micros: 5_000, models: ["deepseek-v3.2-exp"] });
  expect((await admin("PATCH", `/${account}`, { models: null })).body.field).toBe("budget_micros");
  expect((await admin("PATCH", `/${account}`, { models: null, budget_micros: null })).status).toBe(200);
});

it("[AGENT-17] a turn is refused by the model's name, before it is called, where the budget was there first", async () => {
  const key = await keyOf({ budget_micros: 500_000 });
  app.agents = withModel({});
  const refused = await ask(key);
  expect(refused.body).toMatchObject({
    status: "budget_exhausted",
    error: { code: "budget_exhausted", detail: expect.stringMatching(/price of own-1 at 127\.0\.0\.1:9 is not known/) },
  });
  expect(provider.requests).toHaveLength(0);
  provider.enqueue(text("Hello."));
  expect((await ask(key, "assistant")).body.status).toBe("completed");
});

it("[AGENT-17] without a budget it is called, its cost is 0, and the start warns of it", async () => {
  const key = await keyOf({});
  app.agents = withModel({});
  provider.enqueue(text("Hello."));
  expect((await ask(key)).body).toMatchObject({ status: "completed", cost_micros: 0 });
  const warned = (model: Partial<ModelChoice>) =>
    unknownModels(app.settings, withModel(model).named("own") ?? agent).join();
  expect(warned({})).toMatch(/own-1 .*not called for an account that has a budget: add `prices`/);
  expect(warned({ prices: priced })).not.toMatch(/budget/);
  expect(unknownModels(app.settings, agent)).toEqual([]);
});

it.each<[what: string, model: Partial<ModelChoice>, micros: number]>([
  // 36 fresh, 64 cached and 10 output tokens, as the tests' provider counts.
  ["its price", { prices: priced }, 36 * 2 + 64 + 10 * 3],
  ["its price in the profile", { profile: { prices: priced } }, 36 * 2 + 64 + 10 * 3],
  ["that it is free", { prices: { hit: 0, miss: 0, output: 0 } }, 0],
])("[AGENT-18] a model's entry says %s, and a budget pays for it", async (_, model, micros) => {
  app.agents = withModel(model);
  const key = await keyOf({ budget_micros: 500_000 });
  provider.enqueue(text("Hello."));
  expect((await ask(key)).body).toMatchObject({ status: "completed", cost_micros: micros });
});

it("[AGENT-18] a model's entry says how much it takes and how long it answers", async () => {
  app.agents = withModel({ contextTokens: 8_000, maxTokens: 77 });
  provider.enqueue(text("Hello."));
  const key = await keyOf({});
  const id = crypto.randomUUID();
  await call(key, "POST", `/v1/sessions/${id}/messages`, { content: "word ".repeat(3_000), agent: "own" });
  const [{ body } = { body: {} }] = provider.requests;
  expect(body.max_tokens).toBe(77);
  expect(body.messages[1].content).toMatch(/^(word ){1600}\n\[cut: 7000 more characters/);
});
