/** What clients other than `useChat` itself send to the UI door, as their sources write it (assistant-ui: `AssistantChatTransport`, `toToolsJSONSchema`). */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkedUiWorker } from "../../support/checked-ui-worker.ts";
import { calls, text } from "../../support/fake-provider.ts";
import { startProvider } from "../../support/session-world.ts";

const worker = checkedUiWorker();
let provider: ReturnType<typeof startProvider>;
let id: string;

beforeEach(() => {
  provider = startProvider();
  id = crypto.randomUUID();
});
afterEach(() => {
  vi.restoreAllMocks();
});

function call(method: string, path: string, body?: unknown, key = "test-key"): Promise<Response> {
  return worker.fetch(`https://longline.test${path}`, {
    method,
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}
const messages = [{ id: "m1", role: "user", parts: [{ type: "text", text: "Hi" }], metadata: { custom: {} } }];
/** `AssistantChatTransport` with nothing set: what is undefined is not in JSON. */
const assistantUi = { tools: {}, trigger: "submit-message", metadata: undefined, messageId: "m1" };
const send = (more: object, key?: string) => call("POST", "/v1/ui/messages", { id, messages, ...more }, key);
// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
const asked = () => provider.requests.at(-1)?.body as any;
const schema = { type: "object", properties: { day: { type: "string" } }, required: ["day"] };

describe("clients of the UI door", () => {
  it.each<[what: string, more: object]>([
    ["assistant-ui with nothing set", assistantUi],
    ["members of clients' own", { unstable_assistantMessageId: "x", unstable_state: {}, runConfig: { custom: {} } }],
    ["null for what is absent", { tools: null, system: null, callSettings: null, config: null, trigger: null }],
    ["hints", { callSettings: { seed: 1, headers: { a: "b" }, priority: 2 }, config: { reasoningEffort: "low" } }],
    ["a trigger of AI SDK 5 beta", { trigger: "submit-user-message" }],
    ["empty settings", { system: "", callSettings: {}, config: {}, tools: [] }],
  ])("[UI-9] %s: taken", async (_, more) => {
    provider.enqueue(text("Hi."));
    const answer = await send(more);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain("Hi.");
  });

  it.each([
    ["parameters", { description: "Books", parameters: schema, unstable_backend: true }],
    ["inputSchema", { inputSchema: schema }],
  ])("[UI-9] a tool by its name with its %s runs at the client", async (_, tool) => {
    provider.enqueue(calls([{ name: "book", arguments: '{"day":"Monday"}', id: "c1" }]), text("Booked."));
    const told = await (await send({ tools: { book: tool } })).text();
    expect(told).toContain('"type":"tool-input-available","toolCallId":"c1","toolName":"book"');
    const sent = asked().tools.find((each: { function: { name: string } }) => each.function.name === "book");
    expect(sent.function.parameters).toMatchObject(schema);
    const part = { type: "tool-book", toolCallId: "c1", state: "output-available", input: {}, output: "done" };
    const answered = [...messages, { id: "msg_turn_1", role: "assistant", parts: [part] }];
    expect(await (await send({ messages: answered, tools: { book: tool } })).text()).toContain("Booked.");
  });

  it("[UI-9] assistant-ui's instructions, settings and model are honoured", async () => {
    provider.enqueue(text("Hi."));
    const callSettings = { maxTokens: 77, temperature: 0.3, topP: 0.5, presencePenalty: 0.1, frequencyPenalty: 0.2 };
    const config = { modelName: "deepseek-v3.2-exp" };
    await (await send({ ...assistantUi, system: "Speak Danish.", callSettings, config })).text();
    expect(asked()).toMatchObject({ max_tokens: 77, temperature: 0.3, top_p: 0.5, presence_penalty: 0.1 });
    expect(JSON.stringify(asked().messages[0])).toContain("Speak Danish.");
  });

  it("[UI-9] a chat without an id gets one, which the answer names", async () => {
    provider.enqueue(text("Hi."));
    const answer = await send({ id: undefined });
    expect(answer.status).toBe(200);
    await answer.text();
    const made = answer.headers.get("X-Session-Id");
    expect((await call("GET", `/v1/sessions/${made}`)).status).toBe(200);
    const part = { type: "tool-book", toolCallId: "c1", state: "output-available", output: 1 };
    const answers = await send({ id: undefined, messages: [{ id: "a", role: "assistant", parts: [part] }] });
    expect([answers.status, ((await answers.json()) as { field: string }).field]).toEqual([400, "id"]);
  });

  it.each<[field: string, more: object]>([
    ["tools.calculator", { tools: { calculator: { parameters: schema } } }],
    ["config.modelName", { config: { modelName: "gpt-4o" } }],
    ["config.apiKey", { config: { apiKey: "sk-1" } }],
    ["config.baseUrl", { config: { baseUrl: "https://example.com" } }],
    ["callSettings.temperature", { callSettings: { temperature: 9 } }],
    ["callSettings.maxTokens", { callSettings: { maxTokens: 0 } }],
    ["temperature", { temperature: 0.5 }],
    ["toolChoice", { toolChoice: "required" }],
    ["tool_choice", { tool_choice: "none" }],
    ["response_format", { response_format: { type: "json_object" } }],
    ["instructions", { instructions: "Be rude." }],
    ["experimental_attachments", { experimental_attachments: [{}] }],
    ["trigger", { trigger: "reload" }],
  ])("[UI-9] %s is refused by its name where it cannot be honoured, and nothing is stored", async (field, more) => {
    const refused = await send(more);
    expect([refused.status, ((await refused.json()) as { field: string }).field]).toEqual([400, field]);
    expect((await call("GET", `/v1/sessions/${id}`)).status).toBe(404);
  });

  it("[UI-9] a session's token says nothing about instructions, and names its chat", async () => {
    const made = await call("POST", `/v1/sessions/${id}/tokens`, { rights: ["append"] });
    const { token } = (await made.json()) as { token: string };
    const refused = await send({ system: "Be rude." }, token);
    expect([refused.status, ((await refused.json()) as { field: string }).field]).toEqual([400, "system"]);
    expect((await send({ id: undefined }, token)).status).toBe(403);
    provider.enqueue(text("Hi."));
    expect(await (await send(assistantUi, token)).text()).toContain("Hi.");
  });
});
