import OpenAI, { AuthenticationError, BadRequestError, NotFoundError } from "openai";
import type { Response as OpenAiResponse, ResponseStreamEvent } from "openai/resources/responses/responses";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { calls, createFakeProvider, frames, gated, status, text } from "../support/fake-provider.ts";
import { PublisherCheck } from "../support/publisher-check.ts";
import { over, said, thought } from "../support/reply-frames.ts";
import { serveProvider } from "../support/serve-provider.ts";
import { type DevServer, reach, startDev } from "../support/wrangler-dev.ts";

const provider = createFakeProvider();
let outside: Awaited<ReturnType<typeof serveProvider>>;
let dev: DevServer;
let client: OpenAI;
/** Of what the client receives. */
const check = new PublisherCheck();

beforeAll(async () => {
  outside = await serveProvider(provider);
  dev = await startDev({ vars: { MODEL_BASE_URL: outside.url, API_KEY: "e2e-test-key", MODEL_RETRIES: "0" } });
  client = clientWith("e2e-test-key");
});
afterEach(() => {
  expect(check.faults.splice(0)).toEqual([]);
});
afterAll(async () => {
  expect(Object.keys(check.checked)).not.toEqual([]);
  await dev.stop();
  await outside.close();
});

// Requests that wrangler's proxy loses by itself are sent again, see `reach`.
const clientWith = (apiKey: string) =>
  new OpenAI({
    baseURL: `${dev.url}/v1`,
    apiKey,
    maxRetries: 0,
    fetch: check.watch((url, init) => reach(String(url), init)),
  });

const weather = {
  type: "function",
  name: "weather",
  description: "The weather of a city",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
  strict: true,
} as const;
const wordsOf = (request: (typeof provider.requests)[number] | undefined) =>
  request?.body.messages.slice(1).map(({ content }: { content: string }) => content);

describe("OpenAI's own client", () => {
  it("[RESPONSES-15] creates a response, asks for it again and deletes it", async () => {
    provider.enqueue(text("Hello!"));
    const made = await client.responses.create({ model: "deepseek-v3.2-exp", input: "Hi", metadata: { a: "b" } });
    expect(made).toMatchObject({ status: "completed", output_text: "Hello!", metadata: { a: "b" } });
    expect(made.usage).toMatchObject({ input_tokens: 100, output_tokens: 10, total_tokens: 110 });
    expect(await client.responses.retrieve(made.id)).toEqual(made);
    await client.responses.delete(made.id);
    await expect(client.responses.retrieve(made.id)).rejects.toThrow(NotFoundError);
  });

  it("[RESPONSES-15] streams, and puts the same Response together", async () => {
    provider.enqueue(frames(thought("Let me "), thought("see."), said("Hel"), said("lo 👋"), over()));
    const stream = client.responses.stream({ model: "deepseek-v3.2-exp", input: "Hi" });
    const events: ResponseStreamEvent[] = [];
    for await (const event of stream) events.push(event);
    const final = await stream.finalResponse();
    expect(final.output_text).toBe("Hello 👋");
    expect(final.output.map(({ type }) => type)).toEqual(["reasoning", "message"]);
    expect(final.output[0]).toMatchObject({ content: [{ type: "reasoning_text", text: "Let me see." }] });
    const read = await client.responses.retrieve(final.id);
    expect(final.output).toMatchObject(read.output);
    const [first] = events;
    expect(first).toMatchObject({ type: "response.created", sequence_number: 0, response: { status: "in_progress" } });
  });

  it("[RESPONSES-15] has its tools called, and sends their outputs", async () => {
    provider.enqueue(calls([{ name: "weather", arguments: '{"city":"Ulm"}', id: "call_1" }]), text("Sunny in Ulm"));
    const stream = client.responses.stream({ model: "deepseek-v3.2-exp", input: "Weather in Ulm?", tools: [weather] });
    const first = await stream.finalResponse();
    const [asked] = first.output;
    if (asked?.type !== "function_call") throw new Error("no call came");
    expect(asked).toMatchObject({ call_id: "call_1", name: "weather", arguments: '{"city":"Ulm"}' });
    const second = await client.responses.create({
      model: "deepseek-v3.2-exp",
      previous_response_id: first.id,
      input: [{ type: "function_call_output", call_id: asked.call_id, output: "sunny" }],
      tools: [weather],
    });
    expect(second).toMatchObject({ output_text: "Sunny in Ulm", previous_response_id: first.id });
  });

  it("[RESPONSES-15] keeps the conversation itself, and sends the output items back as they came", async () => {
    provider.enqueue(frames(thought("A call."), said("I look. "), over()), text("Sure"));
    const ask = [{ role: "user" as const, content: "Look" }];
    const kept = { store: false, include: ["reasoning.encrypted_content" as const], model: "deepseek-v3.2-exp" };
    const first = await client.responses.create({ ...kept, input: ask });
    const again = await client.responses.create({
      ...kept,
      input: [...ask, ...first.output.map((item) => item as OpenAI.Responses.ResponseInputItem), ...ask],
    });
    expect(again.output_text).toBe("Sure");
    expect(wordsOf(provider.requests.at(-1))).toEqual(["Look", "I look. ", "Look"]);
    await expect(client.responses.retrieve(first.id)).rejects.toThrow(NotFoundError);
  });

  it("[RESPONSES-15] [RESPONSES-5] branches from any response", async () => {
    provider.enqueue(text("one"), text("two"), text("other"));
    const model = "deepseek-v3.2-exp";
    const one = await client.responses.create({ model, input: "1" });
    await client.responses.create({ model, input: "2", previous_response_id: one.id });
    const other = await client.responses.create({ model, input: "3", previous_response_id: one.id });
    expect(other.output_text).toBe("other");
    expect(wordsOf(provider.requests.at(-1))).toEqual(["1", "one", "3"]);
  });

  it("[RESPONSES-15] [RESPONSES-11] follows a response in the background, and resumes after any number", async () => {
    const gate = gated("one, ", "two, ", "three");
    provider.enqueue(gate.reply);
    const stream = await client.responses.create({
      model: "deepseek-v3.2-exp",
      input: "Count",
      background: true,
      stream: true,
    });
    let id = "";
    let at = 0;
    let seen = "";
    for await (const event of stream) {
      if (event.type === "response.created") id = event.response.id;
      at = event.sequence_number;
      if (event.type !== "response.output_text.delta") continue;
      seen += event.delta;
      break;
    }
    expect((await client.responses.retrieve(id)).status).toBe("in_progress");
    const rest = await client.responses.retrieve(id, { stream: true, starting_after: at });
    gate.release();
    for await (const event of rest) {
      expect(event.sequence_number).toBeGreaterThan(at);
      at = event.sequence_number;
      if (event.type === "response.output_text.delta") seen += event.delta;
    }
    expect(seen).toBe("one, two, three");
    const whole = await client.responses.stream({ response_id: id, starting_after: 6 }).finalResponse();
    expect(whole).toMatchObject({ status: "completed", output_text: "one, two, three", background: true });
  });

  it("[RESPONSES-15] [RESPONSES-10] cancels, and the provider is told", async () => {
    const gate = gated("half ", "never");
    provider.enqueue(gate.reply);
    const begun = await client.responses.create({ model: "deepseek-v3.2-exp", input: "x", background: true });
    await gate.reached(1);
    const cancelled = await client.responses.cancel(begun.id);
    expect(cancelled.status).toBe("cancelled");
    await gate.cancelled;
  });

  it("[RESPONSES-15] [RESPONSES-10] hangs up, and the response goes on", async () => {
    const gate = gated("still ", "here");
    provider.enqueue(gate.reply);
    const stream = client.responses.stream({ model: "deepseek-v3.2-exp", input: "x" });
    let id = "";
    for await (const event of stream) {
      if (event.type === "response.created") id = event.response.id;
      if (event.type === "response.output_text.delta") break;
    }
    gate.release();
    await expect
      .poll((): Promise<OpenAiResponse> => client.responses.retrieve(id))
      .toMatchObject({ status: "completed", output_text: "still here" });
  });

  it("[RESPONSES-15] [RESPONSES-9] parses an answer that keeps a form", async () => {
    provider.enqueue(text('{"city":"Ulm","degrees":21}'));
    const schema = {
      type: "object",
      properties: { city: { type: "string" }, degrees: { type: "number" } },
      required: ["city", "degrees"],
      additionalProperties: false,
    };
    const format = { type: "json_schema", name: "weather", schema, strict: true } as const;
    const answer = await client.responses.parse({ model: "deepseek-v3.2-exp", input: "Weather?", text: { format } });
    expect(JSON.parse(answer.output_text)).toEqual({ city: "Ulm", degrees: 21 });
    expect(provider.requests.at(-1)?.body.messages.at(-1).content).toContain('"degrees"');
  });

  it("[RESPONSES-15] [RESPONSES-3] reads errors as its own", async () => {
    const model = "deepseek-v3.2-exp";
    const of = (request: Promise<unknown>) =>
      request.then(
        () => undefined,
        (error: unknown) => error,
      );
    const image: OpenAI.Responses.ResponseInputItem = {
      role: "user",
      content: [{ type: "input_image", image_url: "https://x.example/", detail: "auto" }],
    };
    const wrong = await of(client.responses.create({ model, input: [image] }));
    expect(wrong).toBeInstanceOf(BadRequestError);
    expect(wrong).toMatchObject({ status: 400, param: "input.0.content.0.type", type: "invalid_request_error" });
    expect(await of(client.responses.create({ model: "gpt-9", input: "x" }))).toMatchObject({
      status: 404,
      code: "model_not_found",
    });
    expect(await of(clientWith("wrong").responses.create({ model, input: "x" }))).toBeInstanceOf(AuthenticationError);
    expect(await of(client.responses.retrieve("resp_none.1"))).toBeInstanceOf(NotFoundError);
  });

  it("[RESPONSES-15] [RESPONSES-8] is told of a provider that failed", async () => {
    provider.enqueue(status(401, { error: { message: "no such key" } }), status(401, { error: { message: "no" } }));
    const before = provider.requests.length;
    const failed = await client.responses.create({ model: "deepseek-v3.2-exp", input: "x" }).catch((error) => error);
    expect(failed).toBeInstanceOf(OpenAI.InternalServerError);
    expect(failed).toMatchObject({ status: 502, type: "server_error", code: "model_auth" });
    // Its own retries would be further turns.
    expect(provider.requests.length).toBe(before + 1);
    const streamed = client.responses.stream({ model: "deepseek-v3.2-exp", input: "x" }).finalResponse();
    await expect(streamed).rejects.toThrow(/wants an API key/);
  });
});
