/** `tool_choice` of type `allowed_tools` at OpenAI's doors. Source: `ToolChoiceAllowed` and `ChatCompletionAllowedToolChoice` of OpenAI's client, openai 7.57.0. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkedWorker } from "../../support/checked-worker.ts";
import { calls, text } from "../../support/fake-provider.ts";
import { startProvider } from "../../support/session-world.ts";

const worker = checkedWorker();
// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;
let provider: ReturnType<typeof startProvider>;

beforeEach(() => {
  provider = startProvider();
});
afterEach(() => {
  vi.restoreAllMocks();
});

const parameters = { type: "object", properties: {} };
async function post(path: string, body: object, more: Record<string, string> = {}) {
  const answer = await worker.fetch(`https://longline.test/v1${path}`, {
    method: "POST",
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json", ...more },
    body: JSON.stringify({ model: "deepseek-v3.2-exp", ...body }),
  });
  return { status: answer.status, body: (await answer.json()) as Json };
}
const messages = [{ role: "user", content: "Do" }];
const chatTool = (name: string) => ({ type: "function", function: { name, parameters } });
const tool = (name: string) => ({ type: "function", name, parameters });

/** The same question at both doors. `calls`: names of the calls that came back. */
interface Door {
  ask: (of: { tools: string[]; allowed: string[]; mode?: string }) => Promise<{ status: number; body: Json }>;
  calls: (body: Json) => string[];
}
const doors: Record<string, Door> = {
  "chat completions": {
    ask: ({ tools, allowed, mode = "auto" }) =>
      post("/chat/completions", {
        messages,
        tools: tools.map(chatTool),
        tool_choice: { type: "allowed_tools", allowed_tools: { mode, tools: allowed.map(chatTool) } },
      }),
    calls: (body) => (body.choices[0].message.tool_calls ?? []).map((call: Json) => call.function.name),
  },
  Responses: {
    ask: ({ tools, allowed, mode = "auto" }) =>
      post("/responses", {
        input: "Do",
        tools: tools.map(tool),
        tool_choice: { type: "allowed_tools", mode, tools: allowed.map((name) => ({ type: "function", name })) },
      }),
    calls: (body) => body.output.flatMap((item: Json) => (item.type === "function_call" ? [item.name] : [])),
  },
};
const results = (request: Json) => request.messages.filter(({ role }: Json) => role === "tool");
const offered = (request: Json) => JSON.stringify(request.tools);

describe.each(Object.entries(doors))("allowed_tools at %s", (_, { ask, calls: callsOf }) => {
  it("[ALLOWED-1] offers all tools, and refuses a call of another one with a result", async () => {
    provider.enqueue(
      calls([
        { name: "two", arguments: "{}", id: "c2" },
        { name: "calculator", arguments: '{"expression":"1+1"}', id: "c3" },
        // It would wait for a person.
        {
          name: "send_request",
          arguments: JSON.stringify({ url: "https://example.invalid/", method: "POST", body: "x" }),
          id: "c4",
        },
      ]),
      calls([{ name: "one", arguments: "{}", id: "c5" }]),
      text("Plain."),
    );
    const { status, body } = await ask({ tools: ["one", "two"], allowed: ["one"] });
    expect([status, callsOf(body)]).toEqual([200, ["one"]]);
    const [first, second] = provider.requests.map((request) => request.body);
    expect(second.messages.slice(0, first.messages.length)).toEqual(first.messages);
    expect(results(second).map(({ content }: Json) => content)).toEqual(
      ["two", "calculator", "send_request"].map(
        (name) => `Not run: this message does not allow the tool "${name}". Allowed: one.`,
      ),
    );
    expect([first.tool_choice, second.tool_choice]).toEqual([undefined, undefined]);
    expect(offered(second)).toBe(offered(first));
    await ask({ tools: ["one", "two"], allowed: ["two"] });
    expect(offered(provider.requests.at(-1)?.body)).toBe(offered(first));
  });

  it("[ALLOWED-2] required: the only one is asked for by its name, of several one until it is called", async () => {
    provider.enqueue(calls([{ name: "one", arguments: "{}", id: "c1" }]));
    await ask({ tools: ["one", "two"], allowed: ["one", "one"], mode: "required" });
    expect(provider.requests.at(-1)?.body.tool_choice).toEqual({ type: "function", function: { name: "one" } });
    provider.enqueue(
      calls([{ name: "three", arguments: "{}", id: "c2" }]),
      calls([{ name: "two", arguments: "{}", id: "c3" }]),
    );
    const { body } = await ask({ tools: ["one", "two", "three"], allowed: ["one", "two"], mode: "required" });
    expect(provider.requests.slice(-2).map((request) => request.body.tool_choice)).toEqual(["required", "required"]);
    expect(callsOf(body)).toEqual(["two"]);
  });

  it("[ALLOWED-2] one of the agent's own tools that is allowed is run, and then the model answers", async () => {
    provider.enqueue(calls([{ name: "calculator", arguments: '{"expression":"6*7"}', id: "c1" }]), text("It is 42."));
    const { status, body } = await ask({ tools: ["one"], allowed: ["calculator", "one"], mode: "required" });
    expect([status, callsOf(body)]).toEqual([200, []]);
    expect(provider.requests.map((request) => request.body.tool_choice)).toEqual(["required", undefined]);
    expect(results(provider.requests.at(-1)?.body)).toMatchObject([{ content: "6*7 = 42" }]);
  });

  it.each([
    ["a tool that is not there", { tools: ["one"], allowed: ["one", "nope"] }, /no tool "nope"/],
    ["none", { tools: ["one"], allowed: [] }, /tool_choice/],
    ["another mode", { tools: ["one"], allowed: ["one"], mode: "none" }, /tool_choice/],
  ])("[ALLOWED-3] refuses %s by name, before anything is asked", async (_name, of, why) => {
    const { status, body } = await ask(of);
    expect([status, body.error.param]).toEqual([400, expect.stringMatching(/^tool_choice/)]);
    expect(body.error.message).toMatch(why);
    expect(provider.requests).toEqual([]);
  });
});

describe("allowed_tools of a Response", () => {
  const namespace = { type: "namespace", name: "crm", description: "About customers", tools: [tool("find")] };

  it("[ALLOWED-1] names functions of namespaces and the agent's own tools, and comes back as it was sent", async () => {
    provider.enqueue(
      calls([
        { name: "calculator", arguments: '{"expression":"6*7"}', id: "c1" },
        { name: "one", arguments: "{}", id: "c2" },
        { name: "crm__find", arguments: "{}", id: "c3" },
      ]),
    );
    const allowed = [
      { type: "function", name: "crm.find" },
      { type: "mcp", server_label: "longline" },
    ];
    const tool_choice = { type: "allowed_tools", mode: "auto", tools: allowed };
    const { body } = await post("/responses", { input: "Do", tools: [tool("one"), namespace], tool_choice });
    expect(body.tool_choice).toEqual(tool_choice);
    expect(body.output.filter(({ type }: Json) => type === "function_call")).toMatchObject([
      { name: "find", namespace: "crm" },
    ]);
    provider.enqueue(text("Done."));
    const output = { type: "function_call_output", call_id: "c3", output: "Ada" };
    const more = { previous_response_id: body.id, input: [output], tools: [tool("one"), namespace] };
    expect(await post("/responses", more)).toMatchObject({ body: { status: "completed" } });
    expect(results(provider.requests.at(-1)?.body).map(({ content }: Json) => content)).toEqual([
      "6*7 = 42",
      expect.stringMatching(
        /^Not run: this message does not allow the tool "one"\. Allowed: crm__find, the server's own/,
      ),
      "Ada",
    ]);
  });

  it("[ALLOWED-3] refuses a tool that is not offered here by its type", async () => {
    for (const allowed of [{ type: "web_search" }, { type: "mcp", server_label: "other" }]) {
      const tool_choice = { type: "allowed_tools", mode: "auto", tools: [allowed] };
      const { status, body } = await post("/responses", { input: "Do", tools: [tool("one")], tool_choice });
      expect([status, body.error.param]).toEqual([400, expect.stringMatching(/^tool_choice/)]);
    }
    expect(provider.requests).toEqual([]);
  });
});

it("[ALLOWED-3] a chat completion refuses a function that is to be called and is not there", async () => {
  const tool_choice = { type: "function", function: { name: "nope" } };
  const { status, body } = await post("/chat/completions", { messages, tools: [chatTool("one")], tool_choice });
  expect([status, body.error.param, body.error.message]).toEqual([
    400,
    "tool_choice",
    expect.stringContaining('no tool "nope"'),
  ]);
});
