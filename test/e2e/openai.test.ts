import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { Validator } from "@seriousme/openapi-schema-validator";
import { generateText, jsonSchema, stepCountIs, streamText, tool } from "ai";
import OpenAI from "openai";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { calls, createFakeProvider, gated, status, text } from "../support/fake-provider.ts";
import { PublisherCheck } from "../support/publisher-check.ts";
import { serveProvider } from "../support/serve-provider.ts";
import { type DevServer, reach, startDev } from "../support/wrangler-dev.ts";

const provider = createFakeProvider();
let outside: Awaited<ReturnType<typeof serveProvider>>;
let dev: DevServer;
let client: OpenAI;
/** Of what the client receives. */
const check = new PublisherCheck();

const model = "deepseek-v3.2-exp";
const apiKey = "e2e-test-key";

beforeAll(async () => {
  outside = await serveProvider(provider);
  dev = await startDev({ vars: { MODEL_BASE_URL: outside.url, API_KEY: apiKey, MODEL_RETRIES: "0" } });
  // wrangler's proxy loses a request now and then by itself.
  client = new OpenAI({
    apiKey,
    baseURL: `${dev.url}/v1`,
    fetch: check.watch((url, init) => reach(String(url), init)),
    maxRetries: 0,
  });
});
afterEach(() => {
  expect(check.faults.splice(0)).toEqual([]);
});
afterAll(async () => {
  expect(Object.keys(check.checked)).not.toEqual([]);
  await dev.stop();
  await outside.close();
});

const asked = (content: string) => ({ model, messages: [{ role: "user" as const, content }] });
const inSession = (name: string) => ({ headers: { "X-Session-Id": name } });
async function talkOf(session: string): Promise<string[]> {
  const headers = { Authorization: `Bearer ${apiKey}` };
  const { entries } = (await (await reach(`${dev.url}/v1/sessions/${session}/entries`, { headers })).json()) as {
    entries: { message?: { role: string; content: string } }[];
  };
  return entries.flatMap(({ message }) => (message ? [`${message.role}: ${message.content}`] : []));
}

describe("chat completions, as the openai package calls them", () => {
  it("[E2E-9] streams, with the server's tools unseen, and adds up to the answer in the transcript", async () => {
    provider.enqueue(
      calls([{ name: "calculator", arguments: '{"expression":"6*7"}' }]),
      text("It is **42**. Schön! 👋"),
    );
    const stream = client.chat.completions.stream(
      { ...asked("What is 6*7?"), stream_options: { include_usage: true } },
      inSession("streamed"),
    );
    const final = await stream.finalChatCompletion();
    expect(final.choices[0]).toMatchObject({ message: { content: "It is **42**. Schön! 👋" }, finish_reason: "stop" });
    expect(final.usage).toMatchObject({ prompt_tokens: 200, completion_tokens: 20 });
    expect((await talkOf("streamed")).at(-1)).toBe("assistant: It is **42**. Schön! 👋");
    const { data } = await client.models.list();
    expect(data[0]?.id).toBe(model);
  });

  it("[E2E-9] runs the client's tools by itself and goes on with their results", async () => {
    provider.enqueue(
      calls([{ name: "book", arguments: '{"day":"Monday"}', id: "call_b" }]),
      text("Booked for Monday."),
    );
    const booked: unknown[] = [];
    const runner = client.chat.completions.runTools(
      {
        ...asked("Book Monday"),
        tools: [
          {
            type: "function",
            function: {
              name: "book",
              description: "Books a day.",
              parameters: { type: "object", properties: { day: { type: "string" } }, required: ["day"] },
              parse: JSON.parse,
              function: (input: unknown) => {
                booked.push(input);
                return "ok";
              },
            },
          },
        ],
      },
      inSession("tools"),
    );
    expect(await runner.finalContent()).toBe("Booked for Monday.");
    expect(booked).toEqual([{ day: "Monday" }]);
    expect(await talkOf("tools")).toEqual([
      "user: Book Monday",
      "assistant: ",
      "tool: ok",
      "assistant: Booked for Monday.",
    ]);
  });

  it("[E2E-9] an abort of the client stops nothing: the answer is whole, and can be read again", async () => {
    const gate = gated("Once upon ", "a time.");
    provider.enqueue(gate.reply);
    const stream = await client.chat.completions.create({ ...asked("A story"), stream: true }, inSession("aborted"));
    let id = "";
    for await (const chunk of stream) {
      id = chunk.id;
      if (chunk.choices[0]?.delta.content) break;
    }
    stream.controller.abort();
    gate.release();
    await vi.waitFor(async () => expect((await talkOf("aborted")).at(-1)).toBe("assistant: Once upon a time."));
    const whole = await client.chat.completions.retrieve(id);
    expect(whole.choices[0]?.message.content).toBe("Once upon a time.");
    const told = [...asked("A story").messages, { role: "assistant" as const, content: "Once upon a time." }];
    provider.enqueue(text("The end."));
    const next = await client.chat.completions
      .create({ model, messages: [...told, { role: "user", content: "And?" }] }, inSession("aborted"))
      .withResponse();
    expect(next.response.headers.get("X-Session-Id")).toBe("aborted");
    expect(next.data.choices[0]?.message.content).toBe("The end.");
  });

  it("[E2E-9] structured output is parsed by the client", async () => {
    provider.enqueue(text('{"name":"Ann","age":7}'));
    const schema = {
      type: "object",
      properties: { name: { type: "string" }, age: { type: "number" } },
      required: ["name", "age"],
      additionalProperties: false,
    };
    const parsed = await client.chat.completions.parse({
      ...asked("Who?"),
      response_format: { type: "json_schema", json_schema: { name: "person", strict: true, schema } },
    });
    expect(parsed.choices[0]?.message.parsed).toEqual({ name: "Ann", age: 7 });
  });

  it("[E2E-9] refusals and failures are its typed errors", async () => {
    const failure = async (work: Promise<unknown>) => work.then(() => undefined).catch((error: unknown) => error);
    const create = (more: object) => client.chat.completions.create({ ...asked("Hi"), ...more });
    const bias = await failure(create({ logit_bias: { "1": 1 } }));
    expect(bias).toBeInstanceOf(OpenAI.BadRequestError);
    expect(bias).toMatchObject({ param: "logit_bias" });
    const unknown = await failure(create({ model: "gpt-4" }));
    expect(unknown).toBeInstanceOf(OpenAI.NotFoundError);
    expect(unknown).toMatchObject({ code: "model_not_found" });
    const stranger = new OpenAI({ apiKey: "wrong", baseURL: `${dev.url}/v1` });
    expect(await failure(stranger.models.list())).toBeInstanceOf(OpenAI.AuthenticationError);
    provider.enqueue(status(429, { error: { message: "Slow down" } }));
    expect(await failure(create({}))).toBeInstanceOf(OpenAI.RateLimitError);
    provider.enqueue(status(500, { error: { message: "boom" } }));
    const stream = await client.chat.completions.create({ ...asked("Hi"), stream: true });
    const read = async () => {
      for await (const chunk of stream) void chunk;
    };
    expect(await failure(read())).toBeInstanceOf(OpenAI.APIError);
  });
});

describe("the AI SDK's provider for compatible APIs", () => {
  const models = () =>
    createOpenAICompatible({
      name: "longline",
      apiKey,
      baseURL: `${dev.url}/v1`,
      includeUsage: true,
      fetch: check.watch((url, init) => reach(String(url), init)),
    });

  it("[E2E-9] streams text, and counts what it took", async () => {
    provider.enqueue(text("Hello there."));
    const { textStream, usage } = streamText({ model: models()(model), prompt: "Hi" });
    expect((await Array.fromAsync(textStream)).join("")).toBe("Hello there.");
    expect(await usage).toMatchObject({ inputTokens: 100, outputTokens: 10 });
  });

  it("[E2E-9] runs its tools and goes on with their results", async () => {
    provider.enqueue(calls([{ name: "book", arguments: '{"day":"Monday"}', id: "call_b" }]), text("Booked."));
    const inputSchema = jsonSchema<{ day: string }>({ type: "object", properties: { day: { type: "string" } } });
    const book = tool({ description: "Books a day.", inputSchema, execute: async ({ day }) => `${day} is booked` });
    const answer = await generateText({
      model: models()(model),
      prompt: "Book Monday",
      tools: { book },
      stopWhen: stepCountIs(3),
    });
    expect(answer.text).toBe("Booked.");
    expect(provider.requests.at(-1)?.body.messages.at(-1)).toMatchObject({ role: "tool", content: "Monday is booked" });
  });
});

it("[OPENAPI-4] a public validator finds nothing wrong with the document", async () => {
  const document = (await (await reach(`${dev.url}/openapi.json`)).json()) as Record<string, unknown>;
  expect(await new Validator().validate(document)).toEqual({ valid: true });
});
