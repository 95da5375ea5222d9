/** Tools of type `namespace` at the Responses door, as Codex CLI 0.169 and `toolNamespace` of @openai/agents 0.20 send them. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkedWorker } from "../../../support/checked-worker.ts";
import { calls, text } from "../../../support/fake-provider.ts";
import { startProvider } from "../../../support/session-world.ts";
import { readEvents } from "../../../support/sse-reader.ts";

const worker = checkedWorker();
// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;
const post = (body: object) =>
  worker.fetch("https://longline.test/v1/responses", {
    method: "POST",
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
async function respond(body: object) {
  const answer = await post(body);
  return { status: answer.status, body: (await answer.json()) as Json };
}

const parameters = {
  type: "object",
  properties: { id: { type: "string" } },
  required: ["id"],
  additionalProperties: false,
};
const close = { type: "function", name: "close", description: "Closes one", strict: false, parameters };
const spawn = { type: "function", name: "spawn", description: "Starts one", strict: true, parameters };
const agents = { type: "namespace", name: "agents", description: "About sub-agents", tools: [close, spawn] };
const bare = { type: "function", name: "close", description: "Closes a door", parameters, strict: false };
const tools = [bare, agents];
const output = (id: string) => ({ type: "function_call_output", call_id: id, output: "done" });

let provider: ReturnType<typeof startProvider>;
const offered = () => provider.requests[0]?.body.tools?.map((tool: Json) => tool.function) as Json[];
const lastCalls = () => {
  const messages = (provider.requests.at(-1)?.body.messages ?? []) as Json[];
  return messages.flatMap(({ tool_calls = [] }) => tool_calls.map((call: Json) => call.function.name));
};
const enqueueCall = (name = "agents__close", id = "c1") =>
  provider.enqueue(calls([{ id, name, arguments: '{"id":"7"}' }]));
beforeEach(() => {
  provider = startProvider();
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("a tool of type namespace", () => {
  it("[RESPONSES-22] is offered as flat functions, called by its own names, and answered", async () => {
    enqueueCall();
    const first = await respond({ input: "Close it", tools });
    expect([first.status, first.body.error]).toEqual([200, null]);
    expect(offered().filter(({ name }) => /close|spawn/.test(name))).toMatchObject([
      { name: "agents__close", description: "About all tools of agents: About sub-agents\n\nCloses one" },
      { name: "agents__spawn", description: "Starts one" },
      { name: "close", description: "Closes a door" },
    ]);
    expect(first.body.output).toMatchObject([
      { type: "function_call", call_id: "c1", name: "close", namespace: "agents", arguments: '{"id":"7"}' },
    ]);
    expect(first.body.tools).toEqual(tools);
    provider.enqueue(text("Closed."));
    const next = await respond({ previous_response_id: first.body.id, input: [output("c1")], tools });
    expect(next.body.output[0].content[0].text).toBe("Closed.");
    expect(lastCalls()).toEqual(["agents__close"]);
  });

  it("[RESPONSES-22] its calls are streamed by their own names", async () => {
    enqueueCall();
    const events = await readEvents(await post({ input: "Close it", tools, stream: true }));
    const parsed = events.map(({ data }) => data as Json);
    const items = parsed.flatMap(({ item }) => (item === undefined ? [] : [item]));
    expect(items).toHaveLength(2);
    for (const item of items) expect(item).toMatchObject({ name: "close", namespace: "agents" });
    const done = parsed.find(({ type }) => type === "response.function_call_arguments.done");
    expect(done).toMatchObject({ name: "close" });
  });

  it("[RESPONSES-22] a call of its strict function that does not fit never reaches the client", async () => {
    for (const args of ['{"id":7}', '{"id":"7"}']) {
      provider.enqueue(calls([{ id: `c${args.length}`, name: "agents__spawn", arguments: args }]));
    }
    const { body } = await respond({ input: "Start one", tools });
    expect(body.output).toMatchObject([{ name: "spawn", namespace: "agents", arguments: '{"id":"7"}' }]);
    expect(provider.requests).toHaveLength(2);
  });

  it("[RESPONSES-22] its calls are taken back whole and by reference", async () => {
    enqueueCall();
    const first = await respond({ input: "Close it", tools });
    const [item] = first.body.output;
    const user = { role: "user", content: "Close it" };
    for (const back of [item, { type: "item_reference", id: item.id }]) {
      provider.enqueue(text("Closed."));
      const { status, body } = await respond({ input: [user, back, output("c1")], tools });
      expect([status, body.output?.[0].content[0].text]).toEqual([200, "Closed."]);
      expect(lastCalls()).toEqual(["agents__close"]);
    }
  });

  it("[RESPONSES-22] a session with it can be exported and imported", async () => {
    enqueueCall();
    const { body } = await respond({ input: "Close it", tools });
    const session = body.id.replace(/^resp_(.+)\.\d+$/, "$1");
    const headers = { Authorization: "Bearer test-key", "Content-Type": "application/x-ndjson" };
    const exported = await worker.fetch(`https://longline.test/v1/sessions/${session}/export`, { headers });
    const lines = new TextDecoder().decode(await exported.arrayBuffer());
    expect(lines).toContain('"namespace"');
    const imported = await worker.fetch(`https://longline.test/v1/sessions/import?id=${crypto.randomUUID()}`, {
      method: "POST",
      headers,
      body: lines,
    });
    expect([imported.status, await imported.text()]).toEqual([201, expect.any(String)]);
  });

  it.each([
    ["agents.spawn", "agents__spawn"],
    ["spawn", "agents__spawn"],
    ["close", "close"],
    ["agents.close", "agents__close"],
  ])("[RESPONSES-22] tool_choice %s is %s", async (name, flat) => {
    enqueueCall(flat);
    const { status } = await respond({ input: "Do", tools, tool_choice: { type: "function", name } });
    expect(status).toBe(200);
    expect(provider.requests[0]?.body.tool_choice).toEqual({ type: "function", function: { name: flat } });
  });

  it.each([
    [[{ ...agents, tools: [close, close] }], "tools.0.tools.1.name", /"close" is taken/],
    [[{ ...agents, tools: [{ type: "custom", name: "patch" }] }], "tools.0.tools.0.type", /"custom" is not supported/],
    [[{ ...agents, tools: [{ ...close, async: true }] }], "tools.0.tools.0.async", /waits for its calls/],
    [[{ ...agents, name: "" }], "tools.0.name", /must not be empty/],
    [
      [{ ...agents, tools: Array.from({ length: 128 }, (_, at) => ({ ...close, name: `n${at}` })) }],
      "tools",
      /at most/,
    ],
    [[{ type: "local_shell" }], "tools.0.type", /"local_shell" is not supported/],
    [[{ type: "custom", name: "apply_patch" }], "tools.0.type", /"custom" is not supported/],
    [[{ type: "web_search" }], "tools.0.type", /"web_search" is not supported/],
  ])("[RESPONSES-22] %o is refused, and nothing is asked", async (wrong, param, words) => {
    const { status, body } = await respond({ input: "Hi", tools: wrong });
    expect([status, body.error.param]).toEqual([400, param]);
    expect(body.error.message).toMatch(words);
    expect(provider.requests).toHaveLength(0);
  });

  it("[RESPONSES-22] a choice that two functions have is refused", async () => {
    const other = { ...agents, name: "shops" };
    const { status, body } = await respond({
      input: "Hi",
      tools: [agents, other],
      tool_choice: { type: "function", name: "spawn" },
    });
    expect([status, body.error.param]).toEqual([400, "tool_choice"]);
  });
});
