/** What both of OpenAI's doors do alike: hints, one call at a time, failures, and questions that come again. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkedWorker } from "../../support/checked-worker.ts";
import { calls, frames, gated, status, text } from "../../support/fake-provider.ts";
import { over, said, thought } from "../../support/reply-frames.ts";
import { startProvider } from "../../support/session-world.ts";
import { readEvents } from "../../support/sse-reader.ts";

const worker = checkedWorker();
// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;
const model = "deepseek-v3.2-exp";
const user = (content: string) => ({ role: "user", content });
const answer = (content: string) => ({ role: "assistant", content });
const call = (method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
  worker.fetch(`https://longline.test/v1${path}`, {
    method,
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json", ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
async function ask(path: string, body: object, headers?: Record<string, string>) {
  const response = await call("POST", path, body, headers);
  return { status: response.status, headers: response.headers, body: (await response.json()) as Json };
}
const chat = (more: object = {}, headers?: Record<string, string>) =>
  ask("/chat/completions", { model, messages: [user("Hi")], ...more }, headers);
const respond = (more: object = {}, headers?: Record<string, string>) =>
  ask("/responses", { input: "Hi", ...more }, headers);
const doors: [string, typeof chat][] = [
  ["chat completions", chat],
  ["Responses", respond],
];
const entriesOf = async (session: string) =>
  ((await (await call("GET", `/sessions/${session}/entries?limit=500`)).json()) as Json).entries as Json[];

let provider: ReturnType<typeof startProvider>;
const seen = () => provider.requests.at(-1)?.body.messages.slice(1) as Json[];
beforeEach(() => {
  provider = startProvider();
});
afterEach(() => {
  vi.restoreAllMocks();
});

const hints: object[] = [
  { client_metadata: { a: "b" } },
  { seed: 7 },
  { service_tier: "flex" },
  { service_tier: "priority" },
  { prompt_cache_retention: "24h" },
  { prompt_cache_options: { a: 1 } },
  { parallel_tool_calls: true },
  { user: "u", safety_identifier: "s", prompt_cache_key: "k", metadata: { a: "b" }, store: true },
];
const chatHints: object[] = [
  { verbosity: "low" },
  { prediction: { type: "content", content: "x" } },
  { modalities: ["text"], n: 1, logprobs: false, top_logprobs: 0, audio: null, functions: null },
  // An empty list asks for nothing.
  { tools: [], stop: [] },
  { stream_options: { include_usage: true } },
  { messages: [{ role: "system", content: "Say hello." }] },
  { messages: [{ role: "user", content: "Hi", id: "m1", annotations: [], nonsense: 1 }] },
];
const responsesHints: object[] = [
  { text: { verbosity: "high" } },
  { access_programs: ["a"] },
  { context_management: [{ type: "compaction", compact_threshold: 1000 }] },
  { include: ["file_search_call.results", "web_search_call.action.sources", "code_interpreter_call.outputs"] },
  { truncation: "auto", top_logprobs: 0, reasoning: { summary: "detailed" } },
  { tools: [{ type: "mcp", server_label: "longline", require_approval: "always" }] },
  { input: [{ role: "developer", content: "Say hello." }] },
  {
    input: [
      { type: "message", role: "user", content: [{ type: "input_text", text: "Hi", cache_control: 1 }], agent: "a" },
      { type: "reasoning", id: "rs_1", summary: [], nonsense: true },
      { role: "assistant", content: "Hello", nonsense: true },
      { role: "user", content: "And?", nonsense: true },
    ],
  },
];

describe("hints", () => {
  it.each([
    ...[...hints, ...chatHints].map((hint) => ["chat completions", hint, chat] as const),
    ...[...hints, ...responsesHints].map((hint) => ["Responses", hint, respond] as const),
  ])("[CHAT-10] [RESPONSES-18] %s takes %o, and it changes nothing", async (_, hint, door) => {
    provider.enqueue(text("Hello!"));
    expect((await door(hint)).status).toBe(200);
    const { messages: _messages, tools: _tools, ...rest } = provider.requests[0]?.body ?? {};
    provider.enqueue(text("Hello!"));
    await door();
    const { messages: _plain, tools: _all, ...plain } = provider.requests[1]?.body ?? {};
    // How long an answer may be stands in both.
    expect(Object.keys(rest).toSorted()).toEqual(Object.keys(plain).toSorted());
  });

  it.each([
    ["chat completions", chat, { logit_bias: { a: 1 } }, "logit_bias"],
    ["chat completions", chat, { audio: { voice: "a" } }, "audio"],
    ["chat completions", chat, { function_call: "auto" }, "function_call"],
    ["chat completions", chat, { web_search_options: {} }, "web_search_options"],
    ["chat completions", chat, { moderation: {} }, "moderation"],
    ["chat completions", chat, { logit_bias: { 1: 1 } }, "logit_bias"],
    ["chat completions", chat, { functions: [{ name: "a" }] }, "functions"],
    ["chat completions", chat, { modalities: ["audio"] }, "modalities.0"],
    ["chat completions", chat, { top_logprobs: 3 }, "top_logprobs"],
    [
      "chat completions",
      chat,
      { response_format: { type: "json_object", schema: { type: 3 } } },
      "response_format.schema",
    ],
    ["Responses", respond, { image: {} }, "image"],
    ["Responses", respond, { max_tool_calls: 1 }, "max_tool_calls"],
    ["Responses", respond, { moderation: {} }, "moderation"],
    ["Responses", respond, { prompt: { id: "p" } }, "prompt"],
    ["Responses", respond, { include: ["message.output_text.logprobs"] }, "include.0"],
    ["Responses", respond, { tools: [{ type: "mcp", server_label: "github" }] }, "tools.0.server_label"],
    ["Responses", respond, { tools: [{ type: "image_generation" }] }, "tools.0.type"],
  ])(
    "[CHAT-10] [RESPONSES-18] %s refuses what would change the answer by its name: %o",
    async (_, door, more, param) => {
      const { status: code, body } = await door(more as object);
      expect([code, body.error.param, body.error.type]).toEqual([400, param, "invalid_request_error"]);
      expect(provider.requests).toEqual([]);
    },
  );

  describe("tools that a client declares in the input (Codex: chatgpt-codex-proxy#9)", () => {
    const fn = (name: string, more: object = {}) => ({
      type: "function",
      name,
      parameters: { type: "object", properties: { a: { type: "number" } } },
      ...more,
    });
    const added = (...tools: object[]) => ({ type: "additional_tools", role: "developer", id: "at_1", tools });
    const offered = () =>
      (provider.requests.at(-1)?.body.tools ?? [])
        .map((tool: Json) => tool.function.name)
        .filter((name: string) => /w\d$/.test(name));

    it.each([
      ["alone", [added(fn("w1"))], undefined, ["w1"]],
      ["beside others", [added(fn("w1"))], [fn("w2")], ["w1", "w2"]],
      [
        "in a namespace",
        [added({ type: "namespace", name: "n", tools: [fn("w1")] })],
        undefined,
        [expect.stringMatching(/w1$/)],
      ],
      ["in several items", [added(fn("w1")), added(fn("w2"))], undefined, ["w1", "w2"]],
      ["again, with the newest declaration", [added(fn("w1", { description: "new" }))], [fn("w1")], ["w1"]],
    ])("[RESPONSES-24] are tools of the request: %s", async (_, items, tools, names) => {
      provider.enqueue(text("Hello."));
      const { status: code, body } = await respond({ input: [...items, user("Hi")], ...(tools && { tools }) });
      expect([code, offered()]).toEqual([200, names]);
      expect(body.tools.flatMap((tool: Json) => tool.name ?? []).length).toBeGreaterThan(0);
      expect(seen()).toEqual([user("Hi")]);
    });

    it("[RESPONSES-24] are called, and their results come back", async () => {
      provider.enqueue(calls([{ name: "w1", arguments: '{"a":1}' }]), text("Two."));
      const input = [added(fn("w1")), user("Hi")];
      const { body } = await respond({ input });
      const made = body.output.find((item: Json) => item.type === "function_call");
      const result = { type: "function_call_output", call_id: made.call_id, output: "2" };
      const second = await respond({ input: [...input, made, result] });
      expect(second.body.output.at(-1).content[0].text).toBe("Two.");
    });

    it("[RESPONSES-24] are refused by name as others are; an item without any is nothing", async () => {
      const refused = await respond({ input: [added({ type: "web_search" }), user("Hi")] });
      expect([refused.status, refused.body.error.param]).toEqual([400, "tools.0.type"]);
      const odd = await respond({ input: [{ ...added(), tools: {} }, user("Hi")] });
      expect([odd.status, odd.body.error.param]).toEqual([400, "input.0.tools"]);
      const kept = await ask("/conversations", { items: [added(fn("w1"))] });
      expect([kept.status, kept.body.error.param]).toEqual([400, "items.0.type"]);
      provider.enqueue(text("Hello."));
      expect((await respond({ input: [added(), user("Hi")] })).status).toBe(200);
    });
  });

  it("[CHAT-10] a schema beside json_object is the form of the answer", async () => {
    const schema = { type: "object", properties: { a: { type: "number" } }, required: ["a"] };
    provider.enqueue(text("{}"), text('{"a":1}'));
    const { body } = await chat({ response_format: { type: "json_object", schema } });
    expect(body.choices[0].message.content).toBe('{"a":1}');
  });

  it("[RESPONSES-18] what it says again of the request is what was sent, and usage is OpenAI's", async () => {
    provider.enqueue(text("Hello!"));
    const tools = [{ type: "mcp", server_label: "longline" }];
    const { body } = await respond({ text: { verbosity: "low" }, parallel_tool_calls: false, tools });
    expect(body).toMatchObject({ text: { verbosity: "low" }, parallel_tool_calls: false, tools });
    expect(body.usage.input_tokens_details).toEqual({ cached_tokens: 64, cache_write_tokens: 0 });
  });
});

describe("parallel_tool_calls: false", () => {
  const parameters = { type: "object", properties: { n: { type: "string" } } };
  const two = [
    { name: "t", arguments: '{"n":"1"}', id: "c1" },
    { name: "t", arguments: '{"n":"2"}', id: "c2" },
  ];
  it("[CHAT-11] of a reply one call is handed out, and the model asks again for the others", async () => {
    const session = { "X-Session-Id": crypto.randomUUID() };
    const more = { parallel_tool_calls: false, tools: [{ type: "function", function: { name: "t", parameters } }] };
    provider.enqueue(calls(two), calls(two.slice(1)), text("Done."));
    const first = await chat(more, session);
    expect(first.body.choices[0].message.tool_calls).toMatchObject([{ id: "c1" }]);
    const messages = [user("Hi"), first.body.choices[0].message, { role: "tool", tool_call_id: "c1", content: "one" }];
    const second = await chat({ ...more, messages }, session);
    expect(second.body.choices[0].message.tool_calls).toMatchObject([{ id: "c2" }]);
    expect(seen().slice(1)).toMatchObject([{ role: "assistant", tool_calls: [{ id: "c1" }] }, { tool_call_id: "c1" }]);
  });

  it("[CHAT-11] also at Responses, and with the agent's own tools", async () => {
    provider.enqueue(calls(two));
    const tools = [{ type: "function", name: "t", parameters }];
    const { body } = await respond({ parallel_tool_calls: false, tools });
    expect(body.output).toMatchObject([{ type: "function_call", call_id: "c1" }]);
    const sums = ["1+1", "2+2"].map((expression, at) => {
      return { name: "calculator", arguments: JSON.stringify({ expression }), id: `s${at}` };
    });
    provider.enqueue(calls(sums), text("2"));
    await respond({ parallel_tool_calls: false });
    expect(seen().filter(({ role }) => role === "tool")).toHaveLength(1);
  });
});

describe("a turn that fails", () => {
  const refusedBy = [
    [status(401, { error: { message: "no" } }), 502],
    [
      status(400, {
        error: { message: "This model's maximum context length is 10 tokens", code: "context_length_exceeded" },
      }),
      400,
    ],
    [status(503, { error: { message: "busy" } }), 503],
  ] as const;
  it.each(refusedBy)(
    "[CHAT-12] has the same status and error at both doors, and is not to be sent again (%#)",
    async (reply, code) => {
      const answers = [];
      for (const [, door] of doors) {
        provider.enqueue(reply, reply, reply);
        const { status: got, headers, body } = await door();
        expect([got, headers.get("X-Should-Retry")]).toEqual([code, "false"]);
        answers.push(body);
        provider = startProvider();
      }
      expect(answers[1]).toEqual(answers[0]);
    },
  );

  it("[RESPONSES-19] a stream tells the error before it ends with response.failed", async () => {
    provider.enqueue(status(401, { error: { message: "no" } }));
    const events = await readEvents(await call("POST", "/responses", { input: "x", stream: true }));
    const [error, failed] = events.slice(-2);
    expect([error?.event, failed?.event]).toEqual(["error", "response.failed"]);
    expect(error?.data).toMatchObject({ type: "error", code: "model_auth", param: null });
    expect(error?.data.message).toBe(failed?.data.response.error.message);
    expect(failed?.data.sequence_number).toBe(error?.data.sequence_number + 1);
  });
});

describe("a question that comes again", () => {
  const named = () => ({ "X-Session-Id": crypto.randomUUID() });
  const asked = async (session: Record<string, string>) =>
    (await entriesOf(session["X-Session-Id"] ?? "")).flatMap(({ type, message, again }) =>
      type === "user" ? [`${message.content}${again ? " (again)" : ""}`] : [],
    );
  const fails = status(401, { error: { message: "no" } });

  it("[HISTORY-4] behind a turn that failed the model is shown it once, alone or before the next one", async () => {
    const session = named();
    provider.enqueue(fails, text("one"), fails, text("three"));
    expect((await chat({ messages: [user("1")] }, session)).status).toBe(502);
    await chat({ messages: [user("1")] }, session);
    expect(seen().map(({ content }) => content)).toEqual(["1"]);
    await chat({ messages: [user("1"), answer("one"), user("2")] }, session);
    await chat({ messages: [user("1"), answer("one"), user("2"), user("3")] }, session);
    expect(seen().map(({ content }) => content)).toEqual(["1", "one", "2", "3"]);
    expect(await asked(session)).toEqual(["1", "1 (again)", "2", "3"]);
    provider.enqueue(text("four"));
    const whole = ["1", "one", "2", "3", "three"].map((each, at) => (at === 1 || at === 4 ? answer(each) : user(each)));
    const last = await chat({ messages: [...whole, user("4")] }, session);
    expect(last.headers.get("X-Session-Forked-From")).toBeNull();
  });

  it("[HISTORY-4] behind a turn that was stopped before it said anything", async () => {
    const session = named();
    const gate = gated("x");
    provider.enqueue(gate.reply, text("one"));
    const first = chat({ messages: [user("1")] }, session);
    await gate.reached(0);
    await call("POST", `/sessions/${session["X-Session-Id"]}/cancel`);
    await first;
    await chat({ messages: [user("1"), user("2")] }, session);
    expect(await asked(session)).toEqual(["1", "2"]);
    expect(seen().map(({ content }) => content)).toEqual(["1", "2"]);
  });

  it("[HISTORY-4] behind half an answer that its client did not keep, the session goes on", async () => {
    const session = named();
    const gate = gated("Ha", "lf");
    provider.enqueue(text("one"), gate.reply, text("three"));
    await chat({ messages: [user("1")] }, session);
    const stream = await call("POST", "/chat/completions", { model, messages: [user("2")], stream: true }, session);
    await gate.reached(1);
    const reader = stream.body?.getReader();
    for (let read = ""; !read.includes('"Ha"'); ) read += new TextDecoder().decode((await reader?.read())?.value);
    await call("POST", `/sessions/${session["X-Session-Id"]}/cancel`);
    await reader?.cancel();
    const { headers } = await chat({ messages: [user("1"), answer("one"), user("2"), user("3")] }, session);
    expect(headers.get("X-Session-Id")).toBe(session["X-Session-Id"]);
    expect(await asked(session)).toEqual(["1", "2", "3"]);
    expect(seen().map(({ content }) => content)).toEqual(["1", "one", "2", "Ha", "3"]);
  });

  it("[HISTORY-4] what was answered is asked anew, and so is another form of the same", async () => {
    const session = named();
    provider.enqueue(text("one"), text("one more"), fails, text("{}"));
    for (let many = 0; many < 3; many++) await chat({ messages: [user("1")] }, session);
    await chat({ messages: [user("1")], response_format: { type: "json_object" } }, session);
    expect(await asked(session)).toEqual(["1", "1", "1", "1"]);
  });

  it.each([
    [
      "chat completions",
      (session: string, more: Record<string, string>) => chat({}, { "X-Session-Id": session, ...more }),
    ],
    ["Responses", (session: string, more: Record<string, string>) => respond({ conversation: session }, more)],
  ])("[HISTORY-5] a retry of OpenAI's client is the same turn at %s", async (_, door) => {
    const session = crypto.randomUUID();
    const gate = gated("Hello");
    provider.enqueue(gate.reply);
    const retry = (count: number) => door(session, { "X-Stainless-Retry-Count": String(count) });
    const first = retry(0);
    await gate.reached(0);
    const again = [retry(1), retry(2)];
    gate.release();
    const all = await Promise.all([first, ...again]);
    expect(new Set(all.map(({ body }) => body.id)).size).toBe(1);
    expect(await asked({ "X-Session-Id": session })).toEqual(["Hi"]);
    provider.enqueue(text("Hello again"));
    // The first try of another request is another turn, though it says the same.
    expect((await retry(0)).body.id).not.toBe(all[0]?.body.id);
  });
});

describe("reasoning and calls in a stream", () => {
  const streamed = async (more: object) =>
    readEvents(await call("POST", "/responses", { input: "x", stream: true, ...more }));

  it("[RESPONSES-20] reasoning comes as a summary where one is asked for, and in the same numbers", async () => {
    provider.allowReasoning();
    const both = [];
    for (const reasoning of [{ effort: "high" }, { effort: "high", summary: "auto" }]) {
      provider.enqueue(frames(thought("Hm, "), thought("so."), said("Hi"), over()));
      both.push(await streamed({ reasoning }));
    }
    const [plain = [], summarized = []] = both;
    expect(plain.some(({ event }) => event.includes("summary"))).toBe(false);
    expect(summarized.map(({ data }) => data.sequence_number)).toEqual(plain.map(({ data }) => data.sequence_number));
    const events = summarized.filter(({ event }) => event.includes("reasoning"));
    expect(events.map(({ event }) => event.replace("response.reasoning_", ""))).toEqual([
      "summary_part.added",
      "summary_text.delta",
      "summary_text.done",
      "summary_part.done",
    ]);
    expect(events.every(({ data }) => data.summary_index === 0 && data.content_index === undefined)).toBe(true);
    expect(events.flatMap(({ data }) => data.delta ?? []).join("")).toBe("Hm, so.");
    const [item] = summarized.at(-1)?.data.response.output ?? [];
    expect(item).toMatchObject({ type: "reasoning", summary: [{ type: "summary_text", text: "Hm, so." }] });
  });

  it("[RESPONSES-20] arguments of a call come in pieces that are the whole, and no character is cut in two", async () => {
    const text = JSON.stringify({ text: "🙂".repeat(300) });
    provider.enqueue(calls([{ name: "t", arguments: text, id: "c1" }]));
    const tools = [{ type: "function", name: "t", parameters: { type: "object", properties: {} } }];
    const events = await streamed({ tools });
    const pieces = events.flatMap(({ event, data }) =>
      event.endsWith("arguments.delta") ? [data.delta as string] : [],
    );
    expect(pieces.length).toBeGreaterThan(5);
    expect(pieces.join("")).toBe(text);
    expect(pieces.every((piece) => piece.isWellFormed())).toBe(true);
  });
});

describe("a chat stream that waits for a person", () => {
  const request = { url: "https://shop.example.com/orders", method: "POST", body: "{}" };
  const asks = () => calls([{ name: "send_request", arguments: JSON.stringify(request), id: "call_p" }]);
  const chunksOf = async (response: Response) => {
    const lines = (await response.text())
      .split("\n")
      .flatMap((line) => (line.startsWith("data: {") ? [line.slice(6)] : []));
    return lines.map((line) => JSON.parse(line) as Json);
  };
  const contentOf = (chunks: Json[]) => chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("");

  it("[CHAT-13] ends with words and a member that say where it is answered, and the conversation goes on", async () => {
    const session = crypto.randomUUID();
    const headers = { "X-Session-Id": session };
    const body = { model, messages: [user("Send it")], stream: true };
    provider.enqueue(asks(), text("Sent."), text("Bye."));
    const chunks = await chunksOf(await call("POST", "/chat/completions", body, headers));
    const last = chunks.at(-1);
    expect(last.choices[0].finish_reason).toBe("stop");
    const url = `/v1/sessions/${session}/approvals/call_p`;
    expect(last.longline).toEqual({
      approvals: [{ call_id: "call_p", name: "send_request", arguments: JSON.stringify(request), url }],
    });
    const notice = contentOf(chunks);
    expect(notice).toContain(`POST ${url}`);
    // The words carry the mark themselves, so that a cut stream never leaves them as part of the answer.
    const worded = chunks.filter((chunk) => chunk.choices[0]?.delta.content);
    expect(worded.at(-1)?.longline).toEqual(last.longline);
    const [, id = ""] = /GET \/v1\/chat\/completions\/([^\]]+)\.\]/.exec(notice) ?? [];
    await call("POST", url.slice(3), { approve: true });
    // The conversation as it is: the rest of the answer.
    const waiting = [user("Send it"), answer(notice)];
    const rest = await chunksOf(await call("POST", "/chat/completions", { ...body, messages: waiting }, headers));
    expect([contentOf(rest), rest[0].id]).toEqual(["Sent.", id]);
    expect(provider.outside).toHaveBeenCalledTimes(1);
    // Whatever of it the client keeps, the session goes on.
    const next = await chat({ messages: [...waiting, answer("Sent."), user("Thanks")] }, headers);
    expect([next.headers.get("X-Session-Id"), next.body.choices[0].message.content]).toEqual([session, "Bye."]);
    provider.enqueue(text("Bye, bye."));
    await chat({ messages: [...waiting, user("Thanks"), answer("Bye."), user("So?")] }, headers);
    expect(
      seen()
        .filter(({ role }) => role === "user")
        .map(({ content }) => content),
    ).toEqual(["Send it", "Thanks", "So?"]);
  });

  it("[CHAT-13] an answer with a form has no words beside it", async () => {
    provider.enqueue(asks());
    const body = { model, messages: [user("Send it")], stream: true, response_format: { type: "json_object" } };
    const chunks = await chunksOf(await call("POST", "/chat/completions", body));
    expect(contentOf(chunks)).toBe("");
    expect(chunks.at(-1).longline.approvals).toHaveLength(1);
  });
});
