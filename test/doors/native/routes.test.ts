import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { answerMode } from "../../../src/doors/native/messages.ts";
import { sessionObject } from "../../../src/session/session-object.ts";
import { calls, type createFakeProvider, gated, refused, status, text } from "../../support/fake-provider.ts";
import { bindings, startProvider } from "../../support/session-world.ts";
import { readEvents } from "../../support/sse-reader.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
const headers = { Authorization: "Bearer test-key", "Content-Type": "application/json" };

function call(method: string, path: string, body?: unknown, more: Record<string, string> = {}): Promise<Response> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return worker.fetch(`https://longline.test${path}`, {
    method,
    headers: { ...headers, ...more },
    ...(body !== undefined && { body: text }),
  });
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
async function json(response: Response | Promise<Response>): Promise<{ status: number; body: any }> {
  const answer = await response;
  return { status: answer.status, body: await answer.json() };
}

let provider: ReturnType<typeof createFakeProvider>;
let id: string;
beforeEach(() => {
  provider = startProvider();
  id = crypto.randomUUID();
});
afterEach(() => {
  vi.restoreAllMocks();
});

const usage = { input_tokens: 36, cached_tokens: 64, output_tokens: 10, reasoning_tokens: 0, steps: 1 };

describe("messages", () => {
  it("[NATIVE-1] waits for the answer by default", async () => {
    provider.enqueue(text("Hi"));
    const answer = await json(call("POST", `/v1/sessions/${id}/messages`, { content: "Hello" }));
    expect(answer).toEqual({
      status: 200,
      body: {
        session: id,
        turn: "turn_1",
        status: "completed",
        message: { role: "assistant", content: "Hi" },
        usage: { ...usage, expected_cached_tokens: 0, rows_written: 8 },
        // 36 + 64 input tokens at 0.22 and 10 output tokens at 0.35 dollars a million.
        cost_micros: 26,
      },
    });
  });

  it("[NATIVE-1] [NATIVE-2] streams the turn's events and ends behind turn.ended", async () => {
    provider.enqueue(calls([{ name: "calculator", arguments: '{"expression":"1+1"}', id: "c1" }]), text("2"));
    const answer = await call(
      "POST",
      `/v1/sessions/${id}/messages`,
      { content: "1+1?" },
      { Accept: "text/event-stream" },
    );
    expect([answer.status, answer.headers.get("Content-Type")]).toEqual([200, "text/event-stream; charset=utf-8"]);
    const toolCalls = [
      { id: "c1", type: "function", function: { name: "calculator", arguments: '{"expression":"1+1"}' } },
    ];
    const both = { input_tokens: 72, cached_tokens: 128, output_tokens: 20, reasoning_tokens: 0, steps: 2 };
    expect(
      (await readEvents(answer)).map(({ event, data: { type, ...data } }) => [event, type === event && data]),
    ).toEqual([
      ["turn.started", { turn: "turn_1", seq: 1, agent: "assistant" }],
      ["step.started", { step: 1, model: "deepseek-v3.2-exp", attempt: 1 }],
      ["tool.called", { call_id: "c1", name: "calculator", arguments: '{"expression":"1+1"}' }],
      [
        "message.completed",
        {
          seq: 2,
          message: { role: "assistant", content: "", tool_calls: toolCalls },
          finish_reason: "tool_calls",
          usage,
        },
      ],
      ["tool.finished", { call_id: "c1", name: "calculator", content: "1+1 = 2", is_error: false }],
      ["step.started", { step: 2, model: "deepseek-v3.2-exp", attempt: 1 }],
      ["text.delta", { text: "2" }],
      ["message.completed", { seq: 4, message: { role: "assistant", content: "2" }, finish_reason: "stop", usage }],
      [
        "turn.ended",
        {
          turn: "turn_1",
          reason: "completed",
          usage: { ...both, expected_cached_tokens: 64, rows_written: 11 },
          cost_micros: 52,
        },
      ],
    ]);
  });

  it("[NATIVE-1] answers later when asked to, and the turn can be asked for", async () => {
    const gate = gated("Hi");
    provider.enqueue(gate.reply);
    const answer = await call("POST", `/v1/sessions/${id}/messages`, { content: "Hello" }, { Prefer: "respond-async" });
    const at = answer.headers.get("Location") ?? "";
    expect([answer.status, await answer.json()]).toEqual([202, { session: id, turn: "turn_1", status: "running" }]);
    expect(await json(call("GET", at))).toEqual({
      status: 200,
      body: { session: id, turn: "turn_1", status: "running" },
    });
    expect((await call("POST", `/v1/sessions/${id}/messages`, { content: "2" }, { Prefer: "wait=0" })).status).toBe(
      202,
    );
    expect((await call("POST", `/v1/sessions/${id}/messages?on_busy=reject`, { content: "3" })).status).toBe(409);
    provider.enqueue(text("two"));
    gate.release();
    expect(await json(call("GET", `/v1/sessions/${id}/turns/turn_9`))).toMatchObject({
      status: 404,
      body: { code: "not_found" },
    });
    const completed = (path: string, content: string) =>
      vi.waitFor(async () =>
        expect((await json(call("GET", path))).body).toMatchObject({ status: "completed", message: { content } }),
      );
    await completed(at, "Hi");
    // A turn that still runs would ask the provider of the next test.
    await completed(`/v1/sessions/${id}/turns/turn_2`, "two");
  });

  it("[NATIVE-32] answers later also where the message was answered already: 202, the turn's address, and its answer", async () => {
    provider.enqueue(text("Hi."));
    const send = (more: Record<string, string>) =>
      call("POST", `/v1/sessions/${id}/messages`, { content: "Hello" }, { "Idempotency-Key": "k", ...more });
    expect((await send({})).status).toBe(200);
    const later = await send({ Prefer: "respond-async" });
    expect([later.status, later.headers.get("Location")]).toEqual([202, `/v1/sessions/${id}/turns/turn_1`]);
    expect(await later.json()).toMatchObject({ turn: "turn_1", status: "completed", message: { content: "Hi." } });
    expect((await send({ Prefer: "wait=5" })).status).toBe(200);
  });

  it.each([
    [undefined, 60],
    ["wait=5", 5],
    ["wait=301", 300],
    ["wait=soon", 60],
  ])("[NATIVE-1] with Prefer: %s it waits for %d s", (prefer, seconds) => {
    const headers = new Headers(prefer === undefined ? {} : { Prefer: prefer });
    expect(answerMode(headers)).toEqual({ mode: "wait", timeoutMs: seconds * 1000 });
  });

  it("[SESSION-2] the same Idempotency-Key never asks twice, bare or quoted", async () => {
    provider.enqueue(text("Hi"));
    const body = { content: "Hello", metadata: { a: "1" } };
    const first = await json(call("POST", `/v1/sessions/${id}/messages`, body, { "Idempotency-Key": "k" }));
    expect(
      await json(
        call(
          "POST",
          `/v1/sessions/${id}/messages`,
          { metadata: { a: "1" }, content: "Hello" },
          { "Idempotency-Key": '"k"' },
        ),
      ),
    ).toEqual(first);
    const other = await json(
      call("POST", `/v1/sessions/${id}/messages`, { content: "Other" }, { "Idempotency-Key": "k" }),
    );
    expect(other).toMatchObject({ status: 422, body: { code: "idempotency_mismatch", field: "Idempotency-Key" } });
    expect(
      (await call("POST", `/v1/sessions/${id}/messages`, body, { "Idempotency-Key": "x".repeat(256) })).status,
    ).toBe(400);
    expect(provider.requests).toHaveLength(1);
  });

  it("[NATIVE-7] cancels a turn that waits, and says when there is nothing to cancel", async () => {
    const gate = gated("one");
    provider.enqueue(gate.reply);
    await call("POST", `/v1/sessions/${id}/messages`, { content: "1" }, { Prefer: "respond-async" });
    await call("POST", `/v1/sessions/${id}/messages`, { content: "2" }, { Prefer: "respond-async" });
    expect((await call("POST", `/v1/sessions/${id}/cancel?turn=turn_2`)).status).toBe(202);
    gate.release();
    await vi.waitFor(async () =>
      expect((await json(call("GET", `/v1/sessions/${id}/turns/turn_2`))).body).toMatchObject({
        status: "cancelled",
        message: null,
      }),
    );
    expect(provider.requests).toHaveLength(1);
    const nothing = { status: 200, body: { session: id, turn: null, status: "idle" } };
    expect(await json(call("POST", `/v1/sessions/${id}/cancel`))).toEqual(nothing);
    expect((await call("POST", `/v1/sessions/${id}/cancel?turn=turn_7`)).status).toBe(404);
  });

  it("carries speaker, thinking and the session's instructions to the model", async () => {
    await call("POST", "/v1/sessions", { id, instructions: "Speak like a pirate." });
    provider.enqueue(text("Arr"));
    await call("POST", `/v1/sessions/${id}/messages`, {
      content: "Hello",
      speaker: "Ada",
      thinking: { type: "enabled" },
    });
    const { body } = provider.requests[0] ?? {};
    expect(body.model).toBe("DeepSeek-V3.2-Exp-thinking");
    expect(body.messages[0].content).toMatch(/\n\nSpeak like a pirate\.$/);
    expect(body.messages[1]).toEqual({ role: "user", content: "Ada: Hello" });
    expect(body.tools.map((tool: { function: { name: string } }) => tool.function.name)).toEqual([
      "calculator",
      "current_time",
      "fetch_url",
      "read_entry",
      "search_transcript",
      "send_request",
    ]);
  });
});

describe("a model that fails", () => {
  const webPage = status(200, "<html><title>Hi</title></html>", { "content-type": "text/html" });
  const json503 = status(503, { error: { message: "overloaded" } });
  it.each([
    ["401", status(401, { error: { message: "Authentication Fails" } }), "model_auth"],
    ["402", status(402, { error: { message: "Insufficient Balance" } }), "model_payment"],
    ["503", json503, "model_unavailable"],
    ["nobody there", refused, "model_unreachable"],
    ["rubbish", webPage, "model_malformed"],
  ])("[NATIVE-8] %s: the turn ends failed with the cause, and the session stays usable", async (_, reply, code) => {
    const tries = code === "model_auth" || code === "model_payment" || reply === webPage ? 1 : 2;
    provider.enqueue(...Array.from({ length: tries }, () => reply), text("Better now"));
    const failed = await json(call("POST", `/v1/sessions/${id}/messages`, { content: "Hello" }));
    expect(failed).toMatchObject({ status: 200, body: { status: "failed", message: null, error: { code } } });
    const events = await readEvents(await call("GET", `/v1/sessions/${id}/events?live=false`));
    expect(events.slice(-2)).toMatchObject([
      { event: "error", data: { code, detail: expect.any(String) } },
      { event: "turn.ended", data: { reason: "failed", error: { code } } },
    ]);
    const next = await json(call("POST", `/v1/sessions/${id}/messages`, { content: "And now?" }));
    expect(next.body).toMatchObject({ status: "completed", message: { content: "Better now" } });
    expect(
      provider.requests
        .at(-1)
        ?.body.messages.map(({ content }: { content: string }) => content)
        .slice(1),
    ).toEqual(["Hello", "And now?"]);
  });
});

describe("reading", () => {
  it("[NATIVE-3] shows entries page by page in the contract's fields", async () => {
    provider.enqueue(
      calls([{ name: "calculator", arguments: '{"expression":"1/0"}', id: "c1" }]),
      text("Not possible."),
    );
    await call("POST", `/v1/sessions/${id}/messages`, { content: "1/0?", speaker: "Ada", metadata: { from: "test" } });
    const { body } = await json(call("GET", `/v1/sessions/${id}/entries?limit=3`));
    const created_at = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
    const placed = (seq: number, type: string) => ({ seq, turn: "turn_1", type, created_at });
    const toolCalls = [
      { id: "c1", type: "function", function: { name: "calculator", arguments: '{"expression":"1/0"}' } },
    ];
    expect(body).toEqual({
      last_seq: 5,
      entries: [
        {
          ...placed(1, "user"),
          agent: "assistant",
          agent_version: expect.stringMatching(/^v_[0-9a-f]{16}$/),
          message: { role: "user", content: "1/0?", speaker: "Ada" },
          metadata: { from: "test" },
          options: {},
        },
        {
          ...placed(2, "assistant"),
          step: 1,
          attempt: 1,
          model: "deepseek-v3.2-exp",
          message: { role: "assistant", content: "", tool_calls: toolCalls },
          finish_reason: "tool_calls",
          prefix: { expected_tokens: 0, because: "cold: first request" },
          first_event_ms: expect.any(Number),
          duration_ms: expect.any(Number),
          usage,
          cost_micros: 26,
        },
        {
          ...placed(3, "tool"),
          step: 1,
          message: {
            role: "tool",
            tool_call_id: "c1",
            name: "calculator",
            content: expect.stringContaining("division by zero"),
            is_error: true,
          },
          duration_ms: expect.any(Number),
        },
      ],
    });
    const rest = await json(call("GET", `/v1/sessions/${id}/entries?after=3`));
    expect(rest.body.entries.map(({ type }: { type: string }) => type)).toEqual(["assistant", "turn_ended"]);
  });

  it.each([
    "sessions?cursor=none",
    "sessions?cursor=",
    "sessions?cursor=12",
    "turns?cursor=none",
    "sessions/s/events?live=no",
  ])("[NATIVE-31] %s is refused by the parameter's name", async (path) => {
    const name = path.replace(/^.*\?(\w+)=.*$/, "$1");
    const { status: code, body } = await json(call("GET", `/v1/${path}`));
    expect([code, body.field, body.detail]).toEqual([400, name, expect.stringContaining(`${name}: `)]);
  });

  it("[NATIVE-6] makes, reads, renames, lists and erases a session", async () => {
    const made = await json(
      call("POST", "/v1/sessions", { id, title: `Plan ${id}`, metadata: { a: "1" }, ttl_seconds: 3600 }),
    );
    const nothing = {
      input_tokens: 0,
      cached_tokens: 0,
      output_tokens: 0,
      reasoning_tokens: 0,
      steps: 0,
      cost_micros: 0,
    };
    expect(made).toEqual({
      status: 201,
      body: {
        id,
        agent: "assistant",
        agent_version: expect.stringMatching(/^v_[0-9a-f]{16}$/),
        title: `Plan ${id}`,
        metadata: { a: "1" },
        model: "deepseek-v3.2-exp",
        prefix: null,
        status: "idle",
        last_seq: 0,
        usage: { ...nothing, rows_written: 0 },
        created_at: expect.any(String),
        expires_at: expect.any(String),
      },
    });
    expect(await json(call("POST", "/v1/sessions", { id, title: "Other" }))).toEqual({ ...made, status: 200 });
    const details = { last_turn: null, queued: [] };
    expect(await json(call("GET", `/v1/sessions/${id}`))).toEqual({ status: 200, body: { ...made.body, ...details } });
    const renamed = await json(call("PATCH", `/v1/sessions/${id}`, { title: null, metadata: {} }));
    expect(renamed).toEqual({ status: 200, body: { ...made.body, title: null, metadata: {} } });
    provider.enqueue(text("Hi"));
    await call("POST", `/v1/sessions/${id}/messages`, { content: `Find me by ${id.toUpperCase()}` });
    await vi.waitFor(async () => {
      const { body } = await json(call("GET", `/v1/sessions?q=me+by+${id}`));
      expect(body).toMatchObject({
        sessions: [{ id, last_seq: 3, status: "idle", usage: { ...usage, rows_written: 11, cost_micros: 26 } }],
        next_cursor: null,
      });
    });
    expect(await json(call("DELETE", `/v1/sessions/${id}`))).toEqual({
      status: 200,
      body: { deleted: { entries: 3, bytes: expect.any(Number) } },
    });
    for (const path of ["", "/entries", "/events", "/turns/turn_1"]) {
      expect(await json(call("GET", `/v1/sessions/${id}${path}`))).toMatchObject({
        status: 404,
        body: { code: "not_found" },
      });
    }
    expect((await call("DELETE", `/v1/sessions/${id}`)).status).toBe(404);
    expect((await json(call("GET", `/v1/sessions?q=me+by+${id}`))).body.sessions).toEqual([]);
  });

  it("[EVENT-1] refuses an event id that the session never gave out", async () => {
    await call("POST", "/v1/sessions", { id });
    for (const wrong of ["x", "5", "2.1.0.0.0", "-1"]) {
      const answer = await json(
        call("GET", `/v1/sessions/${id}/events?live=false`, undefined, { "Last-Event-ID": wrong }),
      );
      expect(answer).toMatchObject({ status: 400, body: { code: "invalid_request", field: "after" } });
    }
    expect((await call("GET", `/v1/sessions/${id}/events?live=false&after=0`)).status).toBe(200);
  });
});

describe("wrong input", () => {
  const deep = `${'{"content":'.repeat(1)}${"[".repeat(70)}${"]".repeat(70)}}`;
  const table: [string, string, unknown, Record<string, string>, number, string | undefined][] = [
    ["no JSON", "", "{", {}, 400, undefined],
    ["an array", "", [], {}, 400, ""],
    ["no content", "", {}, {}, 400, "content"],
    ["empty content", "", { content: "" }, {}, 400, "content"],
    ["a wrong type", "", { content: 5 }, {}, 400, "content"],
    ["an unknown field", "", { content: "x", contents: "y" }, {}, 400, "contents"],
    ["metadata that is not text", "", { content: "x", metadata: { a: 1 } }, {}, 400, "metadata.a"],
    ["a speaker of two lines", "", { content: "x", speaker: "a\nb" }, {}, 400, "speaker"],
    ["an unknown model", "", { content: "x", model: "gpt" }, {}, 400, "model"],
    ["an unknown on_busy", "?on_busy=maybe", { content: "x" }, {}, 400, "on_busy"],
    ["too deep", "", deep, {}, 400, undefined],
    ["too large", "", { content: "x".repeat(1_048_577) }, {}, 413, undefined],
    [
      "a wrong media type",
      "",
      "content=x",
      { "Content-Type": "application/x-www-form-urlencoded" },
      415,
      "Content-Type",
    ],
    ["no key", "", { content: "x" }, { Authorization: "" }, 401, undefined],
    ["a wrong key", "", { content: "x" }, { Authorization: "Bearer nope" }, 401, undefined],
    ["an empty idempotency key", "", { content: "x" }, { "Idempotency-Key": '""' }, 400, "Idempotency-Key"],
  ];
  it.each(table)("[NATIVE-4] %s is refused and nothing is stored", async (_, query, body, more, code, field) => {
    const answer = await call("POST", `/v1/sessions/${id}/messages${query}`, body, more);
    expect([answer.status, answer.headers.get("Content-Type")]).toEqual([code, "application/problem+json"]);
    const problem = (await answer.json()) as { status: number; detail: string; field?: string };
    expect(problem).toMatchObject({
      type: "about:blank",
      status: code,
      title: expect.any(String),
      detail: expect.any(String),
      code: expect.any(String),
    });
    expect(problem.field).toBe(field);
    if (field) expect(problem.detail).toContain(field);
    expect(await sessionObject(bindings, { account: "default", name: id }).describe()).toMatchObject({
      ok: false,
      code: "not_found",
    });
  });

  it("[NATIVE-4] a body without end is refused while it comes", async () => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536).fill(32));
      },
    });
    const answer = await worker.fetch(`https://longline.test/v1/sessions/${id}/messages`, {
      method: "POST",
      headers,
      body,
    });
    expect(answer.status).toBe(413);
    expect(sent).toBeLessThan(4_000_000);
  });

  it.each(["a.b", "a b", "x".repeat(65), "é", "%2e%2e"])("[NATIVE-4] the session id %s is refused", async (wrong) => {
    expect(await json(call("GET", `/v1/sessions/${encodeURIComponent(wrong)}`))).toMatchObject({
      status: 400,
      body: { field: "id" },
    });
  });

  it("[NATIVE-4] wrong sessions, lists and ranges are refused by field", async () => {
    const refusals: [string, string, unknown, string][] = [
      ["POST", "/v1/sessions", { id: "a b" }, "id"],
      ["POST", "/v1/sessions", { ttl_seconds: 1 }, "ttl_seconds"],
      ["POST", "/v1/sessions", { model: "gpt" }, "model"],
      ["PATCH", `/v1/sessions/${id}`, { name: "x" }, "name"],
      ["GET", "/v1/sessions?limit=0", undefined, "limit"],
      ["GET", "/v1/sessions?offset=1", undefined, "offset"],
      ["GET", `/v1/sessions/${id}/entries?after=x`, undefined, "after"],
    ];
    for (const [method, path, body, field] of refusals) {
      expect(await json(call(method, path, body))).toMatchObject({
        status: 400,
        body: { code: "invalid_request", field },
      });
    }
  });

  it.each([
    ["/chat/completions", "/v1/chat/completions"],
    ["/v1/v1/chat/completions", "/v1/chat/completions"],
    ["/v1//chat/completions", "/v1/chat/completions"],
    ["/openai/v1/responses", "/v1/responses"],
    ["/sessions", "/v1/sessions"],
  ])(
    "[NATIVE-30] a base URL that is a little wrong is answered with the path that is there: %s",
    async (path, meant) => {
      const answer = await worker.fetch(`https://longline.test${path}`, {
        method: "POST",
        headers: { Authorization: "Bearer test-key", "Content-Type": "application/json" },
        body: "{}",
      });
      const said = await answer.text();
      expect([answer.status, said]).toEqual([404, expect.stringContaining(`${meant} is there`)]);
      expect(said.includes('"error"')).toBe(/chat|responses/.test(path));
    },
  );

  it("[NATIVE-5] wrong methods and paths", async () => {
    const wrong = await call("PUT", "/v1/sessions", {});
    expect([wrong.status, wrong.headers.get("Allow")]).toEqual([405, "GET, POST"]);
    expect((await call("POST", "/health", {})).headers.get("Allow")).toBe("GET");
    expect(await json(call("GET", "/v1/nothing"))).toMatchObject({ status: 404, body: { code: "not_found" } });
    expect(await json(call("GET", "/nothing"))).toMatchObject({ status: 404 });
  });
});

describe("browsers", () => {
  const ask = (method: string, origin: string) =>
    call(method, "/v1/sessions", undefined, {
      Origin: origin,
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "authorization",
    });

  it("[NATIVE-9] an allowed origin may call, with the key and without cookies", async () => {
    const preflight = await ask("OPTIONS", "https://app.example");
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("Access-Control-Allow-Origin")).toBe("https://app.example");
    expect(preflight.headers.get("Access-Control-Allow-Headers")).toBe("authorization");
    expect(preflight.headers.get("Access-Control-Allow-Credentials")).toBeNull();
    const answer = await ask("GET", "https://app.example");
    expect([answer.status, answer.headers.get("Access-Control-Allow-Origin"), answer.headers.get("Vary")]).toEqual([
      200,
      "https://app.example",
      "Origin",
    ]);
  });

  it("[NATIVE-9] an allowed origin can read every answer: refusals, streams, and answers without a body", async () => {
    provider.enqueue(text("Hi"));
    const session = `/v1/sessions/${id}`;
    const rows: [number, string, string, unknown?, Record<string, string>?][] = [
      [200, "POST", `${session}/messages`, { content: "Hello" }, { Accept: "text/event-stream" }],
      [200, "GET", `${session}/events?live=false`],
      [200, "HEAD", "/v1/sessions"],
      [204, "DELETE", `${session}/tokens`],
      [400, "POST", "/v1/sessions", "{"],
      [401, "GET", "/v1/sessions", undefined, { Authorization: "Bearer wrong" }],
      [404, "GET", "/v1/sessions/none/events"],
      [404, "GET", "/v1/nothing"],
      [405, "PUT", "/v1/sessions", {}],
    ];
    for (const [status, method, path, body, more] of rows) {
      const answer = await call(method, path, body, { Origin: "https://app.example", ...more });
      await answer.text();
      const [origin, exposed] = ["Allow-Origin", "Expose-Headers"].map((name) =>
        answer.headers.get(`Access-Control-${name}`),
      );
      const seen = [answer.status, origin, answer.headers.get("Vary"), exposed?.split(",").includes("X-Session-Id")];
      expect(seen, `${method} ${path}`).toEqual([status, "https://app.example", "Origin", true]);
    }
  });

  it("[NATIVE-9] no other origin is let in", async () => {
    for (const origin of ["https://app.example.evil.test", "http://app.example", "null", "https://APP.example:444"]) {
      expect((await ask("OPTIONS", origin)).headers.get("Access-Control-Allow-Origin")).toBeNull();
      expect((await ask("GET", origin)).headers.get("Access-Control-Allow-Origin")).toBeNull();
    }
  });
});
