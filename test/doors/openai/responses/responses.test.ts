import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkedWorker } from "../../../support/checked-worker.ts";
import { calls, frames, gated, status, text } from "../../../support/fake-provider.ts";
import { over, said, thought } from "../../../support/reply-frames.ts";
import { startProvider } from "../../../support/session-world.ts";
import { eventReads, readEvents } from "../../../support/sse-reader.ts";

const worker = checkedWorker();
const headers = { Authorization: "Bearer test-key", "Content-Type": "application/json" };

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;
async function call(method: string, path: string, body?: unknown, more: Record<string, string> = {}) {
  const answer = await worker.fetch(`https://longline.test/v1${path}`, {
    method,
    headers: { ...headers, ...more },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Json };
}
const create = (body: object, more?: Record<string, string>) => call("POST", "/responses", body, more);
const get = (id: string) => call("GET", `/responses/${id}`);
const textOf = ({ body }: { body: Json }) =>
  body.output.flatMap((item: Json) => (item.type === "message" ? [item.content[0].text] : [])).join("|");

async function stream(path: string, body?: object) {
  const answer = await worker.fetch(`https://longline.test/v1${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers,
    ...(body && { body: JSON.stringify(body) }),
  });
  expect(answer.headers.get("Content-Type")).toBe("text/event-stream; charset=utf-8");
  return readEvents(answer);
}

const weather = { type: "function", name: "weather", description: "w", parameters: { type: "object", properties: {} } };

let provider: ReturnType<typeof startProvider>;
const asked = () => provider.requests.map(({ body }) => body.messages.slice(1));
beforeEach(() => {
  provider = startProvider();
  provider.allowReasoning();
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("POST /v1/responses", () => {
  it("[RESPONSES-1] answers with a whole Response that repeats what was asked for", async () => {
    provider.enqueue(frames(thought("Hm."), said("Hi"), over()));
    const request = {
      model: "deepseek-v3.2-exp",
      input: "Hello",
      instructions: "Be kind.",
      temperature: 0.5,
      top_p: null,
      max_output_tokens: 500,
      metadata: { a: "b" },
      user: "u1",
      prompt_cache_key: "k1",
      reasoning: { effort: "high", summary: "auto" },
    };
    const { status: code, body } = await create(request);
    expect(code).toBe(200);
    const [, session = "", turn] = /^resp_(.+)\.(\d+)$/.exec(body.id) ?? [];
    expect(turn).toBe("1");
    const { created_at, ...rest } = body;
    expect(Math.abs(created_at - Date.now() / 1000)).toBeLessThan(60);
    expect(rest).toEqual({
      id: body.id,
      object: "response",
      status: "completed",
      background: false,
      error: null,
      incomplete_details: null,
      output: [
        {
          id: `rs_${session}.1.1`,
          type: "reasoning",
          status: "completed",
          summary: [{ type: "summary_text", text: "Hm." }],
          content: [{ type: "reasoning_text", text: "Hm." }],
        },
        {
          id: `msg_${session}.1.1`,
          type: "message",
          status: "completed",
          role: "assistant",
          content: [{ type: "output_text", text: "Hi", annotations: [], logprobs: [] }],
        },
      ],
      model: "deepseek-v3.2-exp",
      previous_response_id: null,
      conversation: null,
      instructions: "Be kind.",
      max_output_tokens: 500,
      temperature: 0.5,
      top_p: null,
      text: { format: { type: "text" }, verbosity: "medium" },
      tool_choice: "auto",
      tools: [],
      parallel_tool_calls: true,
      reasoning: { effort: "high", summary: "auto" },
      service_tier: "default",
      store: true,
      truncation: "disabled",
      max_tool_calls: null,
      top_logprobs: 0,
      prompt_cache_key: "k1",
      safety_identifier: null,
      user: "u1",
      metadata: { a: "b" },
      usage: {
        input_tokens: 100,
        input_tokens_details: { cached_tokens: 64, cache_write_tokens: 0 },
        output_tokens: 10,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 110,
      },
      access_programs: null,
    });
    expect((await get(body.id)).body).toEqual(body);
    const sent = provider.requests[0]?.body;
    expect(sent).toMatchObject({ temperature: 0.5, max_tokens: 500 });
    const { entries } = (await call("GET", `/sessions/${session}/entries`)).body;
    expect(entries[0].options).toMatchObject({ thinking: true, via: "openai" });
    expect(sent.messages[0].content).toMatch(/Be kind\.$/);
  });

  it("[RESPONSES-2] takes a whole conversation as input, and the model sees it", async () => {
    provider.enqueue(text("Sunny, then."));
    const sealed = btoa("I ask.").replaceAll("=", "");
    const answer = await create({
      input: [
        { role: "developer", content: "Speak plainly." },
        {
          role: "user",
          content: [
            { type: "input_text", text: "Weather" },
            { type: "input_text", text: "?" },
          ],
        },
        { type: "reasoning", id: "rs_1", summary: [], encrypted_content: sealed },
        { type: "message", id: "msg_1", role: "assistant", status: "completed", content: "I look." },
        { type: "function_call", id: "fc_1", call_id: "c1", name: "weather", arguments: "{}", status: "completed" },
        { type: "function_call_output", call_id: "c1", output: [{ type: "input_text", text: "sun" }] },
      ],
      tools: [weather],
      metadata: { a: "b" },
      store: false,
    });
    expect(answer.status).toBe(200);
    expect(textOf(answer)).toBe("Sunny, then.");
    expect(answer.body).toMatchObject({ store: false, metadata: { a: "b" }, tools: [{ name: "weather" }] });
    expect(provider.requests[0]?.body.messages[0].content).toMatch(/Speak plainly\.$/);
    expect(asked()[0]).toEqual([
      { role: "user", content: "Weather?" },
      expect.objectContaining({
        role: "assistant",
        content: "I look.",
        tool_calls: [{ id: "c1", type: "function", function: { name: "weather", arguments: "{}" } }],
      }),
      { role: "tool", tool_call_id: "c1", content: "sun" },
    ]);
    expect((await get(answer.body.id)).status).toBe(404);
    const session = answer.body.id.slice("resp_".length).split(".")[0];
    const { entries } = (await call("GET", `/sessions/${session}/entries`)).body;
    expect(entries[1].message.reasoning_content).toBe("I ask.");
  });

  it("[RESPONSES-3] [RESPONSES-25] refuses what it cannot honour, by its name", async () => {
    const refused: [object, string, RegExp][] = [
      [{}, "input", /input: /],
      [{ input: [] }, "input", /There is nothing to answer/],
      [{ input: "" }, "input", /must not be empty/],
      [{ input: "x", max_tool_calls: 3 }, "max_tool_calls", /is not supported here/],
      [{ input: "x", prompt: { id: "p" } }, "prompt", /is not supported here/],
      [{ input: "x", top_logprobs: 2 }, "top_logprobs", /is not supported here/],
      [{ input: "x", include: ["message.output_text.logprobs"] }, "include.0", /reasoning\.encrypted_content/],
      [{ input: "x", tools: [{ type: "web_search" }] }, "tools.0.type", /"web_search" is not supported/],
      [{ input: "x", tool_choice: { type: "function", name: "nope" } }, "tool_choice", /no tool "nope"/],
      [{ input: "x", conversation: "a", previous_response_id: "resp_b.1" }, "previous_response_id", /together/],
      [{ input: "x", background: true, store: false }, "background", /needs store/],
      [{ input: "x", previous_response_id: "resp_b.1" }, "previous_response_id", /'resp_b\.1' not found/],
      [{ input: "x", metadata: { "openai.user": "x" } }, "metadata.openai.user", /are taken/],
      [{ input: "x", stream_options: { include_obfuscation: false } }, "stream_options", /send stream/],
      [{ input: [{ type: "web_search_call", id: "ws_1" }] }, "input.0.type", /"web_search_call" is not taken/],
      [
        { input: [{ role: "user", content: [{ type: "input_image", image_url: "x" }] }] },
        "input.0.content.0.type",
        /"input_image" is not taken: only text/,
      ],
      [{ input: [{ type: "function_call_output", call_id: "c9", output: "x" }] }, "input", /^No tool call found.*c9/],
      [
        { input: [{ type: "function_call", call_id: "c9", name: "w", arguments: "{}" }] },
        "input",
        /^No tool output found for function call c9\.$/,
      ],
    ];
    for (const [body, param, message] of refused) {
      const answer = await create(body);
      expect([body, answer]).toMatchObject([body, { status: 400, body: { error: { param } } }]);
      expect(answer.body.error.message).toMatch(message);
      const code = /^Previous/.test(answer.body.error.message) ? "previous_response_not_found" : "invalid_request";
      expect(answer.body.error).toMatchObject({ type: "invalid_request_error", code });
    }
    const model = await create({ input: "x", model: "gpt-9" });
    expect(model).toMatchObject({ status: 404, body: { error: { param: "model", code: "model_not_found" } } });
    expect(provider.requests).toEqual([]);
  });

  it("[RESPONSES-4] hands calls of the client's tools over, and goes on behind their outputs", async () => {
    provider.enqueue(
      calls([
        { name: "weather", arguments: '{"city":"Ulm"}', id: "c1" },
        { name: "weather", arguments: "{}", id: "c2" },
      ]),
    );
    const first = await create({ input: "Weather?", tools: [weather], tool_choice: "required" });
    expect(first.body).toMatchObject({
      status: "completed",
      tool_choice: "required",
      output: [
        { type: "function_call", status: "completed", call_id: "c1", name: "weather", arguments: '{"city":"Ulm"}' },
        { type: "function_call", status: "completed", call_id: "c2", name: "weather", arguments: "{}" },
      ],
    });
    const previous_response_id = first.body.id;
    const output = (call_id: string) => ({ type: "function_call_output", call_id, output: `${call_id} is sunny` });
    const some = await create({ previous_response_id, input: [output("c1")], tools: [weather] });
    expect(some.body.error).toMatchObject({ message: "No tool output found for function call c2.", param: "input" });
    expect((await create({ previous_response_id, input: "And?" })).body.error.message).toMatch(
      /No tool output found.*c1/,
    );
    const stray = await create({ previous_response_id, input: [output("c1"), output("c2"), output("c3")] });
    expect(stray.body.error.message).toBe("No tool call found for function call output with call_id c3.");
    provider.enqueue(text("All sunny"));
    const input = [output("c2"), output("c1")];
    const second = await create({
      previous_response_id,
      input,
      tools: [weather],
      temperature: 0.3,
      metadata: { b: "c" },
    });
    expect(textOf(second)).toBe("All sunny");
    expect(second.body).toMatchObject({ previous_response_id, temperature: 0.3, metadata: { b: "c" } });
    expect(second.body.id).toMatch(new RegExp(`^${previous_response_id.replaceAll(".", "\\.")}\\.4$`));
    expect(provider.requests.at(-1)?.body.temperature).toBe(0.3);
    expect((await get(second.body.id)).body).toEqual(second.body);
    const { temperature: _, ...before } = first.body;
    expect((await get(previous_response_id)).body).toMatchObject(before);
    // The same outputs again are the same answer: nobody is asked twice.
    const repeated = await create({ previous_response_id, input, tools: [weather] });
    expect(repeated.body.id).toBe(second.body.id);
    expect(provider.requests).toHaveLength(2);
  });

  it("[RESPONSES-5] goes on behind the newest response, and forks behind an earlier one", async () => {
    provider.enqueue(text("one"), text("two"), text("other two"), text("three"));
    const one = await create({ input: "1", instructions: "Only once." });
    const two = await create({ input: "2", previous_response_id: one.body.id });
    const other = await create({ input: "2b", previous_response_id: one.body.id });
    const three = await create({ input: "3", previous_response_id: two.body.id });
    const sessions = [one, two, other, three].map(({ body }) => body.id.split(".")[0]);
    expect(new Set(sessions).size).toBe(2);
    expect(sessions[2]).not.toBe(sessions[0]);
    const said = asked().map((messages) => messages.map(({ content }: Json) => content).join(" "));
    expect(said).toEqual(["1", "1 one 2", "1 one 2b", "1 one 2 two 3"]);
    expect(provider.requests[1]?.body.messages[0].content).not.toMatch(/Only once/);
    expect(textOf(await get(other.body.id))).toBe("other two");
  });

  it("[RESPONSES-5] two requests behind one response at once come into two branches", async () => {
    provider.enqueue(text("one"), text("two"), text("two"));
    const one = await create({ input: "1" });
    const more = { previous_response_id: one.body.id };
    const both = await Promise.all([create({ ...more, input: "a" }), create({ ...more, input: "b" })]);
    expect(new Set(both.map(({ body }) => body.id.split(".")[0])).size).toBe(2);
    const said = asked()
      .slice(1)
      .map((messages) => messages.map(({ content }: Json) => content).join(" "));
    expect(said.toSorted()).toEqual(["1 one a", "1 one b"]);
  });

  it("[RESPONSES-5] forks within a turn: the same calls, other outputs", async () => {
    provider.enqueue(calls([{ name: "weather", arguments: "{}", id: "c1" }]), text("sunny"), text("rainy"));
    const first = await create({ input: "Weather?", tools: [weather] });
    const output = (output: string) => [{ type: "function_call_output", call_id: "c1", output }];
    const more = { previous_response_id: first.body.id, tools: [weather] };
    const sun = await create({ ...more, input: output("sun") });
    const rain = await create({ ...more, input: output("rain"), temperature: 0.1 });
    expect([textOf(sun), textOf(rain)]).toEqual(["sunny", "rainy"]);
    expect(rain.body.id.split(".")[0]).not.toBe(sun.body.id.split(".")[0]);
    expect(asked()[2].at(-1)).toEqual({ role: "tool", tool_call_id: "c1", content: "rain" });
    expect(provider.requests[2]?.body.temperature).toBe(0.1);
    expect((await get(rain.body.id)).body).toEqual(rain.body);
    expect((await create({ ...more, input: "And?" })).body.error.message).toBe(
      "No tool output found for function call c1.",
    );
  });

  it("[RESPONSES-6] a conversation is a session, made when it is missing, and takes what is new only", async () => {
    provider.enqueue(text("one"), text("two"));
    const conversation = crypto.randomUUID();
    const one = await create({ input: "1", conversation });
    expect(one.body).toMatchObject({ id: `resp_${conversation}.1`, conversation: { id: conversation } });
    const two = await create({ input: "2", conversation: { id: conversation } });
    expect(two.body.id).toBe(`resp_${conversation}.2`);
    expect(asked()[1].map(({ content }: Json) => content)).toEqual(["1", "one", "2"]);
    const old = {
      input: [
        { role: "assistant", content: "x" },
        { role: "user", content: "y" },
      ],
      conversation,
    };
    expect((await create(old)).body.error.message).toMatch(/send what is new only/);
    expect((await create({ input: "x", conversation: "no/name" })).body.error.param).toBe("conversation");
    expect((await call("GET", `/sessions/${conversation}`)).body).toMatchObject({ expires_at: null });
  });

  it("[RESPONSES-7] a call of the agent's own that waits for a person is an approval request", async () => {
    const request = { url: "https://shop.example.com/orders", method: "POST", body: "{}" };
    provider.enqueue(calls([{ name: "send_request", arguments: JSON.stringify(request), id: "c1" }]));
    const first = await create({ input: "Send it" });
    expect(first.body).toMatchObject({
      status: "completed",
      output: [{ type: "mcp_approval_request", server_label: "longline", name: "send_request" }],
    });
    const approval_request_id = first.body.output[0].id;
    const more = { previous_response_id: first.body.id };
    expect((await create({ ...more, input: "And?" })).body.error.message).toBe(
      `No approval response found for approval request ${approval_request_id}.`,
    );
    const answer = { type: "mcp_approval_response", approval_request_id, approve: false, reason: "Not today" };
    const unknown = { ...answer, approval_request_id: "mcpr_x" };
    expect((await create({ ...more, input: [unknown] })).body.error.message).toMatch(/No approval request.*mcpr_x/);
    provider.enqueue(text("Then not."));
    const second = await create({ ...more, input: [answer] });
    expect(textOf(second)).toBe("Then not.");
    expect(asked()[1].at(-1).content).toMatch(/Not today/);
    expect((await get(first.body.id)).body).toEqual(first.body);
    expect((await get(second.body.id)).body).toEqual(second.body);
    // The same request decided otherwise, in a fork: there it is run.
    provider.enqueue(text("Sent."));
    const approved = { type: "mcp_approval_response", approval_request_id, approve: true };
    const third = await create({ ...more, input: [approved] });
    expect(textOf(third)).toBe("Sent.");
    expect(third.body.id.split(".")[0]).not.toBe(second.body.id.split(".")[0]);
    expect(provider.outside).toHaveBeenCalledTimes(1);
  });

  it("[RESPONSES-8] tells how a response ended that did not complete", async () => {
    provider.enqueue(text("Half", "length"));
    expect((await create({ input: "x", max_output_tokens: 5 })).body).toMatchObject({
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
      output: [{ status: "incomplete", content: [{ text: "Half" }] }],
    });
    provider.enqueue(status(401, { error: { message: "no" } }));
    const failed = await create({ input: "x" });
    expect(failed).toMatchObject({ status: 502, body: { error: { type: "server_error", code: "model_auth" } } });
    expect(failed.headers.get("X-Should-Retry")).toBe("false");
    const kept = await get(failed.headers.get("Location")?.replace("/v1/responses/", "") ?? "");
    expect(kept).toMatchObject({
      status: 200,
      body: { status: "failed", output: [], error: { code: "server_error", message: failed.body.error.message } },
    });
    expect(failed.body.error.message).not.toBe("");
  });

  it("[RESPONSES-9] a form is asked for and kept, and an answer that broke it does not count", async () => {
    provider.enqueue(text("no json"), text('{"a":1}'));
    const schema = {
      type: "object",
      properties: { a: { type: "number" } },
      required: ["a"],
      additionalProperties: false,
    };
    const format = { type: "json_schema", name: "one", schema, strict: true };
    const answer = await create({ input: "x", text: { format } });
    expect(textOf(answer)).toBe('{"a":1}');
    expect(answer.body.text.format).toEqual(format);
  });

  it("[RESPONSES-10] an answer that takes too long goes on, and is asked for by its id", async () => {
    const gate = gated("Hi");
    provider.enqueue(gate.reply);
    const late = await create({ input: "x" }, { Prefer: "wait=0" });
    expect([late.status, late.headers.get("X-Should-Retry")]).toEqual([504, "false"]);
    const [, id = ""] = /GET \/v1\/responses\/(\S+),/.exec(late.body.error.message) ?? [];
    expect((await get(id)).body).toMatchObject({ id, status: "in_progress", usage: null });
    gate.release();
    await expect.poll(async () => (await get(id)).body.status).toBe("completed");
  });
});

describe("a request that comes again with its Idempotency-Key", () => {
  it("[RESPONSES-5] is the same response, wherever it went", async () => {
    const again = async (body: object) => {
      const key = { "Idempotency-Key": crypto.randomUUID() };
      const [first, second] = [await create(body, key), await create(body, key)];
      expect(second.body).toEqual(first.body);
      expect(second.status).toBe(200);
      return first.body;
    };
    provider.enqueue(
      calls([{ name: "weather", arguments: "{}", id: "c1" }]),
      text("sun"),
      text("rain"),
      text("on"),
      text("fork"),
    );
    const called = await again({ input: "Weather?", tools: [weather] });
    const output = (output: string) => [{ type: "function_call_output", call_id: "c1", output }];
    const sun = await again({ previous_response_id: called.id, input: output("sun"), tools: [weather] });
    await again({ previous_response_id: called.id, input: output("rain"), tools: [weather] });
    await again({ previous_response_id: sun.id, input: "And?" });
    const fork = await again({ previous_response_id: sun.id, input: "Else?" });
    expect(textOf({ body: fork })).toBe("fork");
    expect(provider.requests).toHaveLength(5);
  });
});

describe("a background response", () => {
  it("[RESPONSES-10] is answered at once, asked for, streamed, and cancelled", async () => {
    const gate = gated("Hel", "lo");
    provider.enqueue(gate.reply);
    const begun = await create({ input: "x", background: true });
    expect(begun).toMatchObject({ status: 200, body: { status: "in_progress", background: true, output: [] } });
    await gate.reached(1);
    const { id } = begun.body;
    const reading = stream(`/responses/${id}?stream=true`);
    const cancelled = await call("POST", `/responses/${id}/cancel`);
    expect(cancelled).toMatchObject({ status: 200, body: { id, status: "cancelled" } });
    await gate.cancelled;
    const events = await reading;
    expect(events.slice(0, 3).map(({ event }) => event)).toEqual([
      "response.created",
      "response.queued",
      "response.in_progress",
    ]);
    expect(events.at(-1)).toMatchObject({ event: "response.incomplete", data: { response: { status: "cancelled" } } });
    expect((await call("POST", `/responses/${id}/cancel`)).body).toEqual(cancelled.body);
  });

  it("[RESPONSES-10] that waits behind another one is queued", async () => {
    const gate = gated("one");
    provider.enqueue(gate.reply, text("two"));
    const conversation = crypto.randomUUID();
    await create({ input: "1", background: true, conversation });
    const { body } = await create({ input: "2", background: true, conversation });
    expect(body.status).toBe("queued");
    const reading = stream(`/responses/${body.id}?stream=true`);
    gate.release();
    expect((await reading).at(-1)?.data.response).toMatchObject({ status: "completed" });
  });
});

describe("a stream of a response", () => {
  it("[RESPONSES-11] tells typed events whose numbers are places in what was said", async () => {
    provider.enqueue(frames(thought("Hm."), said("Hel"), said("lo"), over()));
    const events = await stream("/responses", { input: "x", stream: true, include: ["reasoning.encrypted_content"] });
    expect(events.every(({ event, data }) => event === data.type)).toBe(true);
    expect(
      events.filter(({ event }) => !event.endsWith(".delta")).map(({ event, data }) => [event, data.sequence_number]),
    ).toEqual([
      ["response.created", 0],
      ["response.in_progress", 1],
      ["response.output_item.added", 2_000_002],
      ["response.content_part.added", 2_000_003],
      ["response.reasoning_text.done", 2_000_007],
      ["response.content_part.done", 2_000_008],
      ["response.output_item.done", 2_000_009],
      ["response.output_item.added", 6_000_002],
      ["response.content_part.added", 6_000_003],
      ["response.output_text.done", 6_000_009],
      ["response.content_part.done", 6_000_010],
      ["response.output_item.done", 6_000_011],
      ["response.completed", 6_000_012],
    ]);
    const { response } = events.at(-1)?.data ?? {};
    expect(response.output[0].encrypted_content).toBe(btoa("Hm."));
    const read = await call("GET", `/responses/${response.id}?include[]=reasoning.encrypted_content`);
    expect(read.body).toEqual(response);
    for (const { data } of events) {
      const rest = await stream(
        `/responses/${response.id}?stream=true&starting_after=${data.sequence_number}&include=reasoning.encrypted_content`,
      );
      const whole = events.filter((each) => each.data.sequence_number > data.sequence_number);
      const joined = (some: typeof events) => some.map((each) => each.data.delta ?? "").join("");
      expect(joined(rest)).toBe(joined(whole));
      const plain = (some: typeof events) => some.filter(({ event }) => !event.endsWith(".delta"));
      expect(plain(rest)).toEqual(plain(whole));
    }
  });

  it("[RESPONSES-14] of a reply that broke off and began again closes what is void, and resumes with the rest", async () => {
    const broken = Promise.withResolvers<void>();
    const half = new TextEncoder().encode(thought("Hm") + said("half"));
    let sent = false;
    provider.enqueue(
      () =>
        new Response(
          new ReadableStream({
            async pull(controller) {
              if (!sent) controller.enqueue(half);
              else {
                await broken.promise;
                controller.error(new Error("connection lost"));
              }
              sent = true;
            },
          }),
          { headers: { "content-type": "text/event-stream" } },
        ),
      text("whole"),
    );
    const answer = await worker.fetch("https://longline.test/v1/responses", {
      method: "POST",
      headers,
      body: JSON.stringify({ input: "x", stream: true }),
    });
    const events: Awaited<ReturnType<typeof readEvents>> = [];
    for await (const some of eventReads(answer)) {
      events.push(...some);
      if (some.some(({ data }) => data.delta === "half")) broken.resolve();
    }
    const dones = events.filter(({ event }) => event === "response.output_item.done");
    expect(dones.map(({ data }) => [data.item.type, data.item.status, data.item.content[0].text])).toEqual([
      ["reasoning", "completed", "Hm"],
      ["message", "incomplete", "half"],
      ["message", "completed", "whole"],
    ]);
    const { response } = events.at(-1)?.data ?? {};
    expect(textOf({ body: response })).toBe("whole");
    const numbers = events.map(({ data }) => data.sequence_number);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    const seen = events.find(({ data }) => data.delta === "half")?.data.sequence_number;
    const rest = await stream(`/responses/${response.id}?stream=true&starting_after=${seen}`);
    expect(rest[0]?.data).toMatchObject({ output_index: 1, item: { status: "incomplete", content: [] } });
    expect(rest.slice(1)).toEqual(events.slice(events.findIndex(({ data }) => data.output_index === 2)));
    expect((await get(response.id)).body).toEqual(response);
  });

  it("[RESPONSES-11] a place without a stream, or an unknown query, is refused", async () => {
    provider.enqueue(text("x"));
    const { id } = (await create({ input: "x" })).body;
    expect((await call("GET", `/responses/${id}?starting_after=3`)).body.error.param).toBe("starting_after");
    expect((await call("GET", `/responses/${id}?foo=1`)).body.error.param).toBe("foo");
  });
});

describe("DELETE /v1/responses/:id", () => {
  it("[RESPONSES-12] erases what was made for it, and withdraws it from what holds more", async () => {
    provider.enqueue(text("one"), text("two"), text("three"));
    const one = await create({ input: "1" });
    expect((await call("DELETE", `/responses/${one.body.id}`)).body).toEqual({
      id: one.body.id,
      object: "response",
      deleted: true,
    });
    const session = one.body.id.slice("resp_".length).split(".")[0];
    expect((await call("GET", `/sessions/${session}`)).status).toBe(404);
    const conversation = crypto.randomUUID();
    const two = await create({ input: "2", conversation });
    await call("DELETE", `/responses/${two.body.id}`);
    expect((await get(two.body.id)).status).toBe(404);
    expect((await call("DELETE", `/responses/${two.body.id}`)).status).toBe(404);
    expect((await create({ input: "x", previous_response_id: two.body.id })).status).toBe(400);
    await create({ input: "3", conversation });
    expect(asked()[2].map(({ content }: Json) => content)).toEqual(["2", "two", "3"]);
  });

  it("[RESPONSES-12] leaves what other responses stand on", async () => {
    provider.enqueue(text("one"), text("two"), text("three"));
    const one = await create({ input: "1" });
    const two = await create({ input: "2", previous_response_id: one.body.id });
    const three = await create({ input: "3", previous_response_id: two.body.id });
    await call("DELETE", `/responses/${three.body.id}`);
    expect((await get(two.body.id)).body).toEqual(two.body);
    await call("DELETE", `/responses/${one.body.id}`);
    expect((await get(two.body.id)).body).toEqual(two.body);
    expect((await get(one.body.id)).status).toBe(404);
  });
});

describe("who may", () => {
  it("[RESPONSES-13] unknown ids and those of others are the same 404, in OpenAI's shape", async () => {
    const conversation = crypto.randomUUID();
    provider.enqueue(text("one"));
    await create({ input: "1", conversation });
    for (const id of [
      `resp_${crypto.randomUUID()}.1`,
      `resp_${conversation}.2`,
      `resp_${conversation}.1.1`,
      "resp_",
      "x",
    ]) {
      for (const answer of [get(id), call("DELETE", `/responses/${id}`), call("POST", `/responses/${id}/cancel`)]) {
        const error = {
          message: `Response with id '${id}' not found.`,
          type: "invalid_request_error",
          code: "not_found",
        };
        expect(await answer).toMatchObject({ status: 404, body: { error } });
      }
    }
    const { token } = (
      await call("POST", `/sessions/${conversation}/tokens`, { rights: ["read", "append"], ttl_seconds: 60 })
    ).body;
    const answer = await call("GET", `/responses/resp_${conversation}.1`, undefined, {
      Authorization: `Bearer ${token}`,
    });
    expect(answer).toMatchObject({ status: 403, body: { error: { code: "forbidden" } } });
    const nobody = await call("GET", "/responses/x", undefined, { Authorization: "Bearer wrong" });
    expect(nobody).toMatchObject({ status: 401, body: { error: { code: "invalid_api_key" } } });
    expect((await call("PUT", "/responses/x")).body.error.code).toBe("method_not_allowed");
    const compact = await call("POST", "/responses/compact", { input: "Hi" });
    expect(compact).toMatchObject({ status: 404, body: { error: { code: "not_found" } } });
    expect(compact.body.error.message).toBe("There is nothing at /v1/responses/compact.");
  });
});
