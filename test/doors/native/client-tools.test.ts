/** Client tools as helpers of client libraries write them: they fit the provider's strict rules, or are sent without strict mode, and their calls are checked here. */
import { zodFunction } from "openai/helpers/zod";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { checkedWorker } from "../../support/checked-worker.ts";
import { calls, text } from "../../support/fake-provider.ts";
import { startProvider } from "../../support/session-world.ts";

const worker = checkedWorker();
// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;
async function post(path: string, body: object, headers: Record<string, string> = {}) {
  const answer = await worker.fetch(`https://longline.test/v1${path}`, {
    method: "POST",
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Json };
}
const model = "deepseek-v3.2-exp";
const messages = [{ role: "user", content: "Go" }];
const chat = (more: object, headers?: Record<string, string>) =>
  post("/chat/completions", { model, messages, ...more }, headers);
const respond = (more: object) => post("/responses", { model, input: "Go", ...more });
const fn = (name: string, parameters: object, strict = true) => ({
  type: "function",
  function: { name, description: "d", parameters, strict },
});

let provider: ReturnType<typeof startProvider>;
let warn: ReturnType<typeof vi.spyOn>;
const sent = () => provider.requests.at(-1)?.body.tools as Json[];
const sentTool = (name: string) => sent().find((tool) => tool.function.name === name)?.function;
beforeEach(() => {
  provider = startProvider();
  warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const city = z.object({ city: z.string().min(2).describe("Where"), days: z.number().int().nullable() });
const inner = { type: "object", properties: { a: { type: "string" } }, required: ["a"], additionalProperties: false };
const strictOnes: Record<string, Json> = {
  "openai zodFunction": zodFunction({ name: "t", parameters: city as Json }).function.parameters,
  "z.toJSONSchema": z.toJSONSchema(city),
  "draft-07": { $schema: "http://json-schema.org/draft-07/schema#", ...inner },
  "definitions and references": {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: { x: { $ref: "#/definitions/x" } },
    required: ["x"],
    additionalProperties: false,
    definitions: { x: inner },
  },
  "titles, defaults and bounds": {
    title: "T",
    type: "object",
    properties: { n: { title: "N", type: "string", maxLength: 3, default: "a" } },
    required: ["n"],
    additionalProperties: false,
  },
  "a list of types": {
    type: "object",
    properties: { n: { type: ["string", "null"] } },
    required: ["n"],
    additionalProperties: false,
  },
};
const looseOnes: Record<string, Json> = {
  "no arguments": { type: "object", properties: {}, required: [], additionalProperties: false },
  "an optional field": { type: "object", properties: { a: { type: "string" } }, additionalProperties: false },
  "a record": { type: "object", properties: { a: { type: "object", additionalProperties: { type: "string" } } } },
  "a reference to itself": { type: "object", properties: { a: { $ref: "#" } }, required: ["a"] },
  "an empty object inside": { ...inner, properties: { a: { type: "object", properties: {} } } },
};

describe("client tools that their sender calls strict", () => {
  it.each(Object.entries(strictOnes))("[CHAT-7] are made to fit: %s", async (_, parameters) => {
    provider.enqueue(calls([{ name: "t", arguments: "{}", id: "c1" }]), text("Sorry."));
    const answer = await chat({ tools: [fn("t", parameters)] });
    expect(answer.status).toBe(200);
    expect(sentTool("t")).toMatchObject({ strict: true });
    expect(JSON.stringify(sentTool("t"))).not.toMatch(/\$schema|\$ref|"title"|maxLength|minLength/);
    // What does not fit is not handed out: the model is told, and answers again.
    expect(answer.body.choices[0]).toMatchObject({ message: { content: "Sorry." }, finish_reason: "stop" });
    expect(provider.requests.at(-1)?.body.messages.at(-1)).toMatchObject({
      role: "tool",
      content: expect.stringMatching(/arguments are wrong/),
    });
  });

  it.each(Object.entries(looseOnes))(
    "[CHAT-7] are sent without strict mode, with a warning: %s",
    async (_, parameters) => {
      const name = `t${crypto.randomUUID().slice(0, 8)}`;
      provider.enqueue(text("Fine."));
      const answer = await respond({ tools: [{ type: "function", name, parameters, strict: true }] });
      expect(answer.body).toMatchObject({ status: "completed", tools: [{ name, parameters, strict: true }] });
      expect(sent().some((tool) => tool.function.strict)).toBe(false);
      expect(sentTool(name).parameters).toEqual(parameters);
      expect(warn.mock.calls.flat().join(" ")).toMatch(new RegExp(`"${name}".*without strict mode`));
    },
  );

  it("[CHAT-7] a call that fits is handed out as the model wrote it", async () => {
    const text = '{"city":"Ulm", "days":null}';
    provider.enqueue(calls([{ name: "t", arguments: text, id: "c1" }]));
    const answer = await chat({ tools: [fn("t", z.toJSONSchema(city))] });
    expect(answer.body.choices[0].message.tool_calls[0].function.arguments).toBe(text);
  });
});

describe("client tools beside the agent's", () => {
  it("[CHAT-8] one named like a tool of the agent's takes its place in the turn", async () => {
    const parameters = { type: "object", properties: { a: { type: "string" } } };
    const responses = (more: object) =>
      respond({ tools: [{ type: "function", name: "calculator", parameters }], ...more });
    for (const ask of [(more: object) => chat({ tools: [fn("calculator", parameters, false)], ...more }), responses]) {
      provider.enqueue(calls([{ name: "calculator", arguments: '{"a":"1"}', id: "c1" }]));
      const { status, body } = await ask({});
      expect(status).toBe(200);
      expect(JSON.stringify(body)).toContain('"name":"calculator"');
      expect(sent().filter((tool) => tool.function.name === "calculator")).toHaveLength(1);
      expect(sentTool("calculator").parameters).toEqual(parameters);
    }
  });

  it("[CHAT-9] a tool that must be used is one of the client's", async () => {
    const two = [fn("one", inner, false), fn("two", inner, false)];
    provider.enqueue(calls([{ name: "one", arguments: "{}", id: "c1" }]));
    await chat({ tools: two.slice(0, 1), tool_choice: "required" });
    expect(provider.requests.at(-1)?.body.tool_choice).toEqual({ type: "function", function: { name: "one" } });
    provider.enqueue(
      calls([{ name: "calculator", arguments: '{"expression":"1+1"}', id: "c2" }]),
      calls([{ name: "two", arguments: "{}", id: "c3" }]),
      text("Done."),
    );
    const session = { "X-Session-Id": crypto.randomUUID() };
    const first = await chat({ tools: two, tool_choice: "required" }, session);
    expect(provider.requests.slice(-2).map(({ body }) => body.tool_choice)).toEqual(["required", "required"]);
    expect(first.body.choices[0].message.tool_calls).toMatchObject([{ function: { name: "two" } }]);
    const { message } = first.body.choices[0];
    const rest = [...messages, message, { role: "tool", tool_call_id: "c3", content: "ok" }];
    const second = await chat({ tools: two, tool_choice: "required", messages: rest }, session);
    expect(second.body.choices[0].message.content).toBe("Done.");
    expect(provider.requests.at(-1)?.body.tool_choice).toBeUndefined();
  });

  it("[CHAT-8] a name that is there twice, and a name that no provider takes, are refused by their place", async () => {
    const twice = await chat({ tools: [fn("t", inner), fn("t", inner)] });
    expect(twice).toMatchObject({ status: 400, body: { error: { param: "tools.1.function.name" } } });
    expect(await chat({ tools: [fn("a b", inner)] })).toMatchObject({ status: 400 });
    const long = {
      ...fn("t", inner, false),
      function: { ...fn("t", inner, false).function, description: "d".repeat(20_000) },
    };
    provider.enqueue(text("ok"));
    expect((await chat({ tools: [long] })).status).toBe(200);
    expect(sentTool("t").description).toHaveLength(20_000);
  });
});
