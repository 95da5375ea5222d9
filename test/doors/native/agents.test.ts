import { abortAllDurableObjects } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { resolveAgent } from "../../../src/agent/agent.ts";
import { Agents } from "../../../src/agent/app.ts";
import { runSchedules } from "../../../src/doors/channels/schedules.ts";
import { mustBeDistinct } from "../../../src/doors/openai/named-model.ts";
import { defineTool } from "../../../src/tools/tool.ts";
import { agent } from "../../app/agent.ts";
import { app, schedules, webhooks } from "../../app/app.ts";
import { calls, gated, text } from "../../support/fake-provider.ts";
import { bindings, startProvider } from "../../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
const refund = defineTool({
  name: "refund",
  description: "Pays back.",
  input: z.object({ order: z.string() }),
  effect: "unsafe",
  approval: "always",
  run: () => "paid back",
});
/** No tool of the tests' own agent, another model, another limit. */
const support = resolveAgent("support", {
  instructions: "You help buyers.",
  models: [{ id: "helper-1" }, { id: "helper-2" }],
  tools: [refund],
  limits: { waitSeconds: 60 },
});
const smallest = resolveAgent("smallest", { instructions: "Answer." });
const both = new Agents([agent, support, smallest]);
const alone = new Agents([agent]);

let provider: ReturnType<typeof startProvider>;
let id: string;
beforeEach(() => {
  provider = startProvider();
  id = crypto.randomUUID();
  app.agents = both;
});
afterEach(() => {
  app.agents = alone;
  vi.restoreAllMocks();
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Answer = { status: number; body: any; headers: Headers };

async function call(method: string, path: string, body?: unknown, more: Record<string, string> = {}): Promise<Answer> {
  const headers = { Authorization: "Bearer test-key", "Content-Type": "application/json", ...more };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await worker.fetch(`https://longline.test${path}`, {
    method,
    headers,
    ...(body !== undefined && { body: text }),
  });
  const said = new TextDecoder().decode(await response.arrayBuffer());
  const isJson = /\bjson\b/.test(response.headers.get("Content-Type") ?? "");
  return { status: response.status, body: isJson && said !== "" ? JSON.parse(said) : said, headers: response.headers };
}

const say = (session: string, content: string, more: object = {}) =>
  call("POST", `/v1/sessions/${session}/messages`, { content, ...more });
const agentOf = async (session: string) => (await call("GET", `/v1/sessions/${session}`)).body.agent;
/** A deploy: the objects begin anew with the agents that there are then. */
async function deploy(agents: Agents): Promise<void> {
  app.agents = agents;
  await abortAllDurableObjects();
}

const askedOf = () => provider.requests.map(({ body }) => [body.model, body.messages[0].content.slice(0, 16)]);

describe("a session", () => {
  it("[AGENT-4] is made with the agent that is named, and answered by it", async () => {
    provider.enqueue(text("Hello."), text("Hi."));
    const made = await call("POST", "/v1/sessions", { id, agent: "support" });
    expect(made).toMatchObject({ status: 201, body: { agent: "support", agent_version: support.version } });
    expect(made.body.model).toBe("helper-1");
    expect((await say(id, "Hi")).body.message.content).toBe("Hello.");
    const other = crypto.randomUUID();
    expect((await say(other, "Hi", { agent: "support", model: "helper-2" })).status).toBe(200);
    expect(askedOf()).toEqual([
      ["helper-1", "You help buyers."],
      ["helper-2", "You help buyers."],
    ]);
    const { body } = await call("GET", `/v1/sessions/${other}/entries`);
    expect(body.entries[0]).toMatchObject({ agent: "support", agent_version: support.version });
    expect(body.entries[1].agent).toBeUndefined();
  });

  it("[AGENT-4] has the default agent where none is named", async () => {
    provider.enqueue(text("Hello."));
    expect((await say(id, "Hi")).status).toBe(200);
    expect(askedOf()).toEqual([["deepseek-v3.2-exp", "You are a carefu"]]);
    expect((await call("GET", `/v1/sessions/${id}`)).body).toMatchObject({
      agent: "assistant",
      agent_version: agent.version,
    });
  });

  it("[AGENT-5] keeps its agent: another one is refused by name, and nothing is stored", async () => {
    await call("POST", "/v1/sessions", { id, agent: "support" });
    for (const path of ["/v1/sessions", `/v1/sessions/${id}/messages`]) {
      const body = path === "/v1/sessions" ? { id, agent: "assistant" } : { content: "x", agent: "assistant" };
      expect(await call("POST", path, body)).toMatchObject({
        status: 409,
        body: { code: "conflict", field: "agent", detail: expect.stringContaining('has the agent "support"') },
      });
    }
    expect((await call("GET", `/v1/sessions/${id}`)).body.last_seq).toBe(0);
    provider.enqueue(text("Hello."));
    expect((await say(id, "x", { agent: "support" })).status).toBe(200);
    await deploy(new Agents([support, agent]));
    const unnamed = crypto.randomUUID();
    provider.enqueue(text("Hello."));
    await say(unnamed, "x");
    expect(await agentOf(unnamed)).toBe("support");
    await deploy(both);
    expect(await agentOf(unnamed)).toBe("support");
  });

  it.each<[what: string, path: string, body: object]>([
    ["POST /v1/sessions", "/v1/sessions", { agent: "nobody" }],
    ["a first message", "/v1/sessions/ID/messages", { content: "x", agent: "nobody" }],
    [
      "the UI door",
      "/v1/ui/messages",
      { id: "ID", agent: "nobody", messages: [{ role: "user", id: "m", parts: [{ type: "text", text: "x" }] }] },
    ],
    ["warming a prefix", "/v1/prefixes/none/warm?agent=nobody", {}],
  ])("[AGENT-3] %s with an agent that is not there is refused with the names", async (_, path, body) => {
    const sent = JSON.parse(JSON.stringify(body).replace("ID", id));
    expect(await call("POST", path.replace("ID", id), sent)).toMatchObject({
      status: 404,
      body: {
        code: "no_such_agent",
        field: "agent",
        detail: expect.stringMatching(/"nobody"\. The agents are: assistant, support, smallest/),
      },
    });
    expect((await call("GET", `/v1/sessions/${id}`)).status).toBe(404);
  });

  it("[AGENT-6] is checked by its own agent's models and tools", async () => {
    await call("POST", "/v1/sessions", { id, agent: "support" });
    expect(await say(id, "x", { model: "deepseek-v3.2-exp" })).toMatchObject({ status: 400, body: { field: "model" } });
    const tools = (name: string) => [{ type: "function", function: { name } }];
    expect(await say(id, "x", { tools: tools("refund") })).toMatchObject({
      status: 400,
      body: { field: "tools.0.function.name" },
    });
    provider.enqueue(text("Hello."));
    expect((await say(id, "x", { tools: tools("calculator"), model: "helper-2" })).status).toBe(200);
    expect((await call("GET", `/v1/sessions/${id}/requests/2`)).body).toMatchObject({
      exact: true,
      model: "helper-2",
      body: provider.requests[0]?.body,
    });
    provider.enqueue(calls([{ name: "refund", arguments: '{"order":"7"}', id: "c1" }]));
    const [waiting] = (await say(id, "Pay back")).body.waiting_for;
    const waitMs = Date.parse(waiting.expires_at) - Date.now();
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(60_000);
  });

  it("[AGENT-7] is found by its agent, and keeps it in a fork, an export and an import", async () => {
    provider.enqueue(text("Hello."));
    const prefix = crypto.randomUUID().slice(0, 8);
    await call("POST", "/v1/sessions", { id: `${prefix}-a`, agent: "support", title: prefix });
    await call("POST", "/v1/sessions", { id: `${prefix}-b`, title: prefix });
    const listed = async (name: string) =>
      (await call("GET", `/v1/sessions?q=${prefix}&agent=${name}`)).body.sessions.map(
        (each: { id: string }) => each.id,
      );
    expect(await listed("support")).toEqual([`${prefix}-a`]);
    expect(await listed("assistant")).toEqual([`${prefix}-b`]);
    expect(await listed("nobody")).toEqual([]);
    await say(`${prefix}-a`, "x");
    const fork = await call("POST", `/v1/sessions/${prefix}-a/fork`, {});
    expect(fork.body).toMatchObject({ agent: "support", agent_version: support.version });
    const lines = (await call("GET", `/v1/sessions/${prefix}-a/export`)).body as string;
    const imported = (text: string) =>
      call("POST", `/v1/sessions/import?id=${crypto.randomUUID()}`, text, { "Content-Type": "application/x-ndjson" });
    expect(await imported(lines)).toMatchObject({ status: 201, body: { agent: "support" } });
    expect(await imported(lines.replace('"agent":"support"', '"agent":"nobody"'))).toMatchObject({
      status: 404,
      body: { code: "no_such_agent" },
    });
    expect(await imported(lines.replace('"agent":"support",', ""))).toMatchObject({
      status: 201,
      body: { agent: "assistant" },
    });
  });

  it("[AGENT-7] counts for its agent and its version", async () => {
    const account = `a-${id.slice(0, 8)}`;
    const admin = { Authorization: "Bearer test-admin-key-16" };
    await call("POST", "/v1/admin/accounts", { id: account }, admin);
    const { key } = (await call("POST", `/v1/admin/accounts/${account}/keys`, undefined, admin)).body;
    const own = { Authorization: `Bearer ${key}` };
    provider.enqueue(text("Hello."), text("Hello."), text("Hello."));
    for (const [name, named] of [
      ["a", "support"],
      ["b", "support"],
      ["c", "assistant"],
    ])
      await call("POST", `/v1/sessions/${name}/messages`, { content: "x", agent: named }, own);
    const used = async (by: string) => {
      const { usage } = (await call("GET", `/v1/usage?group_by=${by}`, undefined, own)).body;
      return new Map(usage.map((sum: Record<string, unknown>) => [sum[by], sum.steps]));
    };
    await expect
      .poll(() => used("agent"))
      .toEqual(
        new Map([
          ["support", 2],
          ["assistant", 1],
        ]),
      );
    expect(await used("version")).toEqual(
      new Map([
        [support.version, 2],
        [agent.version, 1],
      ]),
    );
  });
});

describe("a deploy that drops an agent", () => {
  it("[AGENT-9] leaves its sessions readable, and a write says what is missing", async () => {
    provider.enqueue(text("Hello."));
    await say(id, "Hi", { agent: "support" });
    await deploy(alone);
    expect((await call("GET", `/v1/sessions/${id}`)).body).toMatchObject({
      agent: "support",
      agent_version: support.version,
      status: "idle",
    });
    for (const path of ["entries", "events?live=false", "export", "search?q=Hi", "turns/turn_1"])
      expect((await call("GET", `/v1/sessions/${id}/${path}`)).status, path).toBe(200);
    for (const [path, body] of [
      [`/v1/sessions/${id}/messages`, { content: "x" }],
      [`/v1/sessions/${id}/fork`, {}],
      ["/v1/conversations/ID/items", { items: [{ role: "user", content: "x" }] }],
      ["/v1/responses", { input: "x", conversation: "ID" }],
    ] as const)
      expect(
        (await call("POST", path.replace("ID", id), JSON.parse(JSON.stringify(body).replace("ID", id)))).body,
        path,
      ).toMatchObject(
        path.startsWith("/v1/sessions") ? { code: "no_such_agent", status: 404 } : { error: { code: "no_such_agent" } },
      );
    expect((await say(id, "x")).body.detail).toMatch(/made for the agent "support".*The agents are: assistant\./);
    expect((await call("PATCH", `/v1/sessions/${id}`, { title: "Old" })).status).toBe(200);
    expect(provider.requests).toHaveLength(1);
    await deploy(both);
    provider.enqueue(text("Back."));
    expect((await say(id, "Again")).body.message.content).toBe("Back.");
  });

  it("[AGENT-9] ends a turn that is open and those that wait, once, with words", async () => {
    const gate = gated("never seen");
    provider.enqueue(gate.reply);
    const options = { Prefer: "respond-async" };
    await call("POST", `/v1/sessions/${id}/messages`, { content: "Open", agent: "support" }, options);
    await call("POST", `/v1/sessions/${id}/messages`, { content: "Queued" }, options);
    await deploy(alone);
    for (const turn of ["turn_1", "turn_2"]) {
      await expect
        .poll(async () => (await call("GET", `/v1/sessions/${id}/turns/${turn}`)).body)
        .toMatchObject({
          status: "failed",
          error: { code: "no_such_agent", detail: expect.stringContaining('the agent "support"') },
        });
    }
    gate.release();
    const { body } = await call("GET", `/v1/sessions/${id}/entries`);
    expect(body.entries.filter(({ type }: { type: string }) => type === "turn_ended")).toHaveLength(2);
    expect((await call("GET", `/v1/sessions/${id}`)).body.status).toBe("idle");
  });

  it("[AGENT-9] takes no approval for it: the turn ends, and the call does not run", async () => {
    provider.enqueue(calls([{ name: "refund", arguments: '{"order":"7"}', id: "c1" }]));
    const asked = await say(id, "Pay back", { agent: "support" });
    expect(asked.body.status).toBe("waiting");
    await deploy(alone);
    expect(await call("POST", `/v1/sessions/${id}/approvals/c1`, { approve: true })).toMatchObject({
      status: 404,
      body: { code: "no_such_agent" },
    });
    await expect
      .poll(async () => (await call("GET", `/v1/sessions/${id}/turns/turn_1`)).body)
      .toMatchObject({ status: "failed", error: { code: "no_such_agent" } });
    expect(provider.requests).toHaveLength(1);
  });
});

describe("the doors", () => {
  it("[AGENT-11] OpenAI's models are the default agent's and the agents by name", async () => {
    const { data } = (await call("GET", "/v1/models")).body;
    expect(data.map((model: { id: string }) => model.id)).toEqual([
      ...["deepseek-v3.2-exp", "deepseek-v3.2-exp-thinking", "longline"],
      ...["assistant", "assistant/deepseek-v3.2-exp", "assistant/deepseek-v3.2-exp-thinking"],
      ...["support", "support/helper-1", "support/helper-2"],
      ...["smallest", "smallest/deepseek-v3.2-exp", "smallest/deepseek-v3.2-exp-thinking"],
    ]);
    expect((await call("GET", "/v1/models/support/helper-2")).body.id).toBe("support/helper-2");
    expect((await call("GET", "/v1/models/nobody")).body.error).toMatchObject({ code: "model_not_found" });
    app.agents = alone;
    expect((await call("GET", "/v1/models")).body.data.map((model: { id: string }) => model.id)).toEqual([
      ...["deepseek-v3.2-exp", "deepseek-v3.2-exp-thinking", "longline"],
    ]);
  });

  it.each<[model: string, asked: string, agent: string]>([
    ["support", "helper-1", "support"],
    ["support/helper-2", "helper-2", "support"],
    ["longline", "deepseek-v3.2-exp", "assistant"],
    ["deepseek-v3.2-exp", "deepseek-v3.2-exp", "assistant"],
    ["assistant", "deepseek-v3.2-exp", "assistant"],
  ])("[AGENT-11] the model %s is answered by %s of %s, at both of OpenAI's doors", async (model, asked, named) => {
    provider.enqueue(text("Hello."), text("Hello."));
    const chat = await call("POST", "/v1/chat/completions", { model, messages: [{ role: "user", content: "Hi" }] });
    expect([chat.status, chat.body.model]).toEqual([200, model]);
    expect(await agentOf(chat.headers.get("X-Session-Id") ?? "")).toBe(named);
    const response = await call("POST", "/v1/responses", { model, input: "Hi" });
    expect([response.status, response.body.model]).toEqual([200, asked]);
    expect(askedOf().map(([id]) => id)).toEqual([asked, asked]);
  });

  it("[AGENT-11] a conversation keeps its agent, and one that is named otherwise is refused by name", async () => {
    await call("POST", "/v1/sessions", { id, agent: "support" });
    const chat = (model: string) =>
      call(
        "POST",
        "/v1/chat/completions",
        { model, messages: [{ role: "user", content: "Hi" }] },
        { "X-Session-Id": id },
      );
    provider.enqueue(text("Hello."));
    expect((await chat("longline")).status).toBe(200);
    expect(askedOf()).toEqual([["helper-1", "You help buyers."]]);
    for (const model of ["assistant", "smallest/deepseek-v3.2-exp"])
      expect(await chat(model), model).toMatchObject({
        status: 409,
        body: { error: { param: "model", message: expect.stringContaining('has the agent "support"') } },
      });
    expect((await chat("deepseek-v3.2-exp")).body.error).toMatchObject({ code: "model_not_found" });
    provider.enqueue(text("One."), text("Two."), text("Three."));
    const first = await call("POST", "/v1/responses", { model: "support", input: "Hi" });
    const next = (model?: string) =>
      call("POST", "/v1/responses", { ...(model && { model }), input: "More", previous_response_id: first.body.id });
    expect((await next("assistant")).body.error).toMatchObject({ param: "model", code: "conflict" });
    expect((await next()).body).toMatchObject({ model: "helper-1" });
    // Behind the first answer once more: a fork, with the same agent.
    expect((await next("support/helper-2")).body).toMatchObject({ model: "helper-2" });
    expect(provider.requests.every(({ body }) => body.messages[0].content === "You help buyers.")).toBe(true);
  });

  it("[AGENT-11] counts an input with the agent that it names", async () => {
    const count = async (model: string) =>
      (await call("POST", "/v1/responses/input_tokens", { model, input: "Hi" })).body.input_tokens;
    expect(await count("smallest")).toBeLessThan(await count("longline"));
  });

  it("[AGENT-12] a name of an agent that is a model's id stops the start", () => {
    const told =
      (...agents: (typeof agent)[]) =>
      () =>
        mustBeDistinct({ app: { ...app, agents: new Agents(agents) }, bindings });
    expect(told(agent, support)).not.toThrow();
    expect(told({ ...support, name: "helper-1" })).not.toThrow();
    expect(told(agent, { ...support, name: "helper-2" })).toThrow(/"helper-2" would be both .* Rename the key/);
    expect(told(agent, { ...support, name: "longline" })).toThrow(/"longline"/);
    const slashed = { ...agent, models: [{ id: "support/helper-1" }] as const };
    expect(told(slashed, support)).toThrow(/"support\/helper-1"/);
  });

  it("[AGENT-13] the UI door takes it in the body, for a new chat", async () => {
    provider.enqueue(text("Hello."), text("Hello."));
    const ui = (agent?: string) =>
      call("POST", "/v1/ui/messages", {
        id,
        ...(agent && { agent }),
        messages: [{ role: "user", id: crypto.randomUUID(), parts: [{ type: "text", text: "x" }] }],
      });
    expect((await ui("support")).status).toBe(200);
    expect(await agentOf(id)).toBe("support");
    expect((await ui()).status).toBe(200);
    expect(await ui("assistant")).toMatchObject({ status: 409, body: { field: "agent" } });
  });

  it("[AGENT-13] a session's token chooses no other agent, and reads no list of them", async () => {
    await call("POST", "/v1/sessions", { id, agent: "support" });
    const { token } = (await call("POST", `/v1/sessions/${id}/tokens`, { rights: ["read", "append"] })).body;
    const visitor = { Authorization: `Bearer ${token}` };
    expect((await call("GET", "/v1/agents", undefined, visitor)).status).toBe(403);
    expect(
      await call("POST", `/v1/sessions/${id}/messages`, { content: "x", agent: "assistant" }, visitor),
    ).toMatchObject({ status: 409, body: { field: "agent" } });
    provider.enqueue(text("Hello."));
    expect((await call("POST", `/v1/sessions/${id}/messages`, { content: "x" }, visitor)).status).toBe(200);
    expect(askedOf()).toEqual([["helper-1", "You help buyers."]]);
  });

  it("[AGENT-14] MCP's ask takes an agent where there are several", async () => {
    const rpc = async (method: string, params: object = {}) => {
      const more = { Accept: "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25" };
      const { body } = await call("POST", "/mcp", { jsonrpc: "2.0", id: 1, method, params }, more);
      const said = typeof body === "string" ? JSON.parse(/^data: (\{.*\})$/m.exec(body)?.[1] ?? "{}") : body;
      return said.result;
    };
    const ask = async () => (await rpc("tools/list")).tools[0].inputSchema.properties;
    expect((await ask()).agent.enum).toEqual(["assistant", "support", "smallest"]);
    provider.enqueue(text("Hello."));
    const args = { question: "x", session: id, agent: "support" };
    expect(await rpc("tools/call", { name: "ask", arguments: args })).toMatchObject({
      structuredContent: { answer: "Hello." },
    });
    expect(await agentOf(id)).toBe("support");
    for (const [agent, words] of [
      ["assistant", 'has the agent "support"'],
      ["nobody", "assistant"],
    ])
      expect(await rpc("tools/call", { name: "ask", arguments: { ...args, agent } })).toMatchObject({
        isError: true,
        content: [{ text: expect.stringContaining(words ?? "") }],
      });
    app.agents = alone;
    expect((await ask()).agent).toBeUndefined();
  });

  it("[AGENT-15] webhooks and schedules make their sessions with the agent of their rules", async () => {
    provider.enqueue(text("Hello."), text("Hello."), text("Hello."));
    webhooks.plain = { agent: "support" };
    schedules.push({ cron: "7 7 * * *", session: `${id}-s`, content: "x", agent: "smallest" });
    try {
      const taken = await signed({ content: "x", session: id });
      expect(taken.status).toBe(202);
      expect(await agentOf(taken.body.session)).toBe("support");
      webhooks.plain = { agent: "smallest" };
      const again = await signed({ content: "y", session: id });
      expect(again.body.session).toBe(taken.body.session);
      expect(await agentOf(again.body.session)).toBe("support");
      await runSchedules(app, bindings, { cron: "7 7 * * *", atMs: 1_000 });
      expect(await agentOf(`${id}-s`)).toBe("smallest");
    } finally {
      delete webhooks.plain;
      schedules.pop();
    }
  });
});

/** By Standard Webhooks, with the secret of `plain` in vitest.config.ts. */
async function signed(payload: object): Promise<Answer> {
  const body = JSON.stringify(payload);
  const [id, at] = [crypto.randomUUID(), String(Math.floor(Date.now() / 1000))];
  const secret = Uint8Array.from(atob("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), (char) => char.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(`${id}.${at}.${body}`));
  const signature = `v1,${btoa(String.fromCharCode(...new Uint8Array(mac)))}`;
  const headers = { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": signature };
  return call("POST", "/channels/webhooks/plain", body, headers);
}

describe("GET /v1/agents", () => {
  it("[AGENT-16] lists them with models, tools, doors and channels, and says nothing of their instructions", async () => {
    const { status, body } = await call("GET", "/v1/agents");
    expect(status).toBe(200);
    expect(body.agents.map((each: { id: string; default: boolean }) => [each.id, each.default])).toEqual([
      ["assistant", true],
      ["support", false],
      ["smallest", false],
    ]);
    expect(body.agents[1]).toMatchObject({
      version: support.version,
      models: ["helper-1", "helper-2"],
      doors: ["openai", "aiSdk", "mcp", "playground", "openapi"],
      channels: ["slack", "discord"],
    });
    expect(
      body.agents[1].tools.map((each: object) => Object.values(each).slice(0, 1).concat(Object.values(each).slice(2))),
    ).toEqual([
      ["read_entry", "none", null],
      ["refund", "unsafe", "always"],
      ["search_transcript", "none", null],
    ]);
    expect(body.agents[2].tools).toEqual([]);
    expect(JSON.stringify(body)).not.toContain("You help buyers");
  });
});

describe("the smallest agent", () => {
  it("[AGENT-10] asks without tools, and no text that it is sent names one", async () => {
    provider.enqueue(text("Short."), text("Long."));
    const long = "word ".repeat(40_000);
    await say(id, "Hi", { agent: "smallest" });
    await say(id, long);
    const { body, text: sent } = provider.requests.find((each) => each.text.includes("word word")) ?? {
      body: { tools: "none" },
      text: "",
    };
    expect(body.tools).toBeUndefined();
    expect(sent).toMatch(/\[cut: \d+ more characters, which are not shown here\]/);
    expect(sent).not.toMatch(/read_entry|search_transcript/);
  });
});
