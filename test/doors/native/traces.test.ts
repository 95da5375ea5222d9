import { abortAllDurableObjects } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { calls, gated, status, text } from "../../support/fake-provider.ts";
import { SessionWorld, startProvider } from "../../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const span = "00f067aa0ba902b7";
let provider: ReturnType<typeof startProvider>;
let log: ReturnType<typeof vi.spyOn>;
let id: string;
beforeEach(() => {
  provider = startProvider();
  id = crypto.randomUUID();
  log = vi.spyOn(console, "log").mockImplementation(() => {});
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;
async function call(method: string, path: string, of: { body?: object; headers?: Record<string, string> } = {}) {
  const headers = { Authorization: "Bearer test-key", "Content-Type": "application/json", ...of.headers };
  const body = of.body && JSON.stringify(of.body);
  const answer = await worker.fetch(`https://longline.test${path}`, { method, headers, ...(body && { body }) });
  return {
    status: answer.status,
    type: answer.headers.get("Content-Type"),
    text: await answer.text(),
    id: answer.headers.get("X-Session-Id"),
  };
}
const spansOf = async (session: string, turn = "turn_1"): Promise<Json[]> => {
  const { text: body } = await call("GET", `/v1/sessions/${session}/turns/${turn}/trace`);
  const [resource] = JSON.parse(body).resourceSpans;
  return resource?.scopeSpans[0].spans ?? [];
};
const linesOf = (session: string): Json[] =>
  log.mock.calls
    .map(([line]: unknown[]) => String(line))
    .filter((line: string) => line.startsWith("{") && line.includes(session))
    .map((line: string) => JSON.parse(line));

it("[TRACE-9] gives the trace of a turn with its retries, calls and parent, the same whenever it is read", async () => {
  const ask = { body: { content: "6*7?" }, headers: { traceparent: `00-${trace}-${span}-01` } };
  provider.enqueue(status(503, {}), calls([{ name: "calculator", arguments: '{"expression":"6*7"}' }]), text("42."));
  expect((await call("POST", `/v1/sessions/${id}/messages`, ask)).status).toBe(200);
  const first = await call("GET", `/v1/sessions/${id}/turns/turn_1/trace`);
  expect(first).toMatchObject({ status: 200, type: "application/json" });
  const spans = await spansOf(id);
  expect(spans.map(({ name }) => name.split(" ")[0])).toEqual(["invoke_agent", "chat", "chat", "execute_tool", "chat"]);
  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([trace]));
  expect(spans[0].parentSpanId).toBe(span);
  expect(spans[1].attributes).toContainEqual({ key: "error.type", value: { stringValue: "model_unavailable" } });
  expect(spans[1].attributes).toContainEqual({ key: "server.port", value: { intValue: "9" } });
  // What people and tools wrote is not in it.
  expect(first.text).not.toContain("6*7");
  await abortAllDurableObjects();
  expect((await call("GET", `/v1/sessions/${id}/turns/turn_1/trace`)).text).toBe(first.text);
});

it("[TRACE-7] what a provider or a model wrote into a failure is not in the trace: its status has our words", async () => {
  const canary = { error: { message: "invalid prompt: canary-prompt", type: "invalid_request_error" } };
  provider.enqueue(status(503, canary), status(400, canary), text("canary is no JSON"), text("canary is none either"));
  const session = `/v1/sessions/${id}/messages`;
  const response_format = { type: "json_schema", json_schema: { name: "a", schema: { type: "object" } } };
  await call("POST", session, { body: { content: "canary" } });
  await call("POST", session, { body: { content: "canary", response_format } });
  const traces = await Promise.all(["turn_1", "turn_2"].map((turn) => spansOf(id, turn)));
  expect(traces.map(([root]) => root.status)).toEqual([
    expect.objectContaining({ code: 2, message: expect.any(String) }),
    expect.objectContaining({ code: 2, message: expect.any(String) }),
  ]);
  expect(JSON.stringify(traces)).not.toContain("canary");
});

it("[TRACE-9] an unknown turn is not found, and a session's token opens none", async () => {
  provider.enqueue(text("Hello."));
  await call("POST", `/v1/sessions/${id}/messages`, { body: { content: "Hi" } });
  expect((await call("GET", `/v1/sessions/${id}/turns/turn_9/trace`)).status).toBe(404);
  expect((await call("GET", `/v1/sessions/${crypto.randomUUID()}/turns/turn_1/trace`)).status).toBe(404);
  const rights = ["read", "append", "approve", "cancel"];
  const { token } = JSON.parse((await call("POST", `/v1/sessions/${id}/tokens`, { body: { rights } })).text);
  const headers = { Authorization: `Bearer ${token}` };
  expect((await call("GET", `/v1/sessions/${id}/turns/turn_1`, { headers })).status).toBe(200);
  expect((await call("GET", `/v1/sessions/${id}/turns/turn_1/trace`, { headers })).status).toBe(403);
});

it("[TRACE-5] every door takes a traceparent, and none of them a malformed one; the model never sees it", async () => {
  provider.enqueue(...Array.from({ length: 8 }, () => text("Hello.")));
  const messages = [{ role: "user", content: "Hi" }];
  const ui = { id: crypto.randomUUID(), messages: [{ id: "m1", role: "user", parts: [{ type: "text", text: "Hi" }] }] };
  const doors: [path: string, body: (session: string) => object][] = [
    ["/v1/chat/completions", () => ({ model: "longline", messages })],
    ["/v1/responses", () => ({ model: "longline", input: "Hi" })],
    ["/v1/ui/messages", (session) => ({ ...ui, id: session })],
    [`/v1/sessions/${id}/messages`, () => ({ content: "Hi" })],
  ];
  for (const [path, bodyOf] of doors) {
    for (const [header, parent] of [
      [`00-${trace}-${span}-01`, span],
      [`00-${trace}-${span}`, undefined],
    ]) {
      const chat = crypto.randomUUID();
      const sent = await call("POST", path, {
        body: bodyOf(chat),
        headers: { traceparent: header ?? "" },
      });
      expect(sent.status, `${path}: ${sent.text}`).toBe(200);
      const [, ofResponse] = /"resp_([\w-]+)\.1"/.exec(sent.text) ?? [];
      const session = path.startsWith("/v1/sessions") ? id : (sent.id ?? ofResponse ?? chat);
      const turn = path.startsWith("/v1/sessions") && parent === undefined ? "turn_2" : "turn_1";
      await vi.waitFor(async () => expect((await spansOf(session, turn))[0]?.name).toMatch(/^invoke_agent/));
      expect((await spansOf(session, turn))[0].parentSpanId, path).toBe(parent);
    }
  }
  expect(provider.requests.map(({ text: sent }) => sent).join()).not.toContain(trace);
});

it("[TRACE-5] [TRACE-13] an export keeps the parent, and an import brings it back", async () => {
  provider.enqueue(text("Hello."));
  const headers = { traceparent: `00-${trace}-${span}-03`, tracestate: " rojo=1 ,\tcongo=2" };
  await call("POST", `/v1/sessions/${id}/messages`, { body: { content: "Hi" }, headers });
  const { text: lines } = await call("GET", `/v1/sessions/${id}/export`);
  const copy = crypto.randomUUID();
  const imported = await worker.fetch(`https://longline.test/v1/sessions/import?id=${copy}`, {
    method: "POST",
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/x-ndjson" },
    body: lines,
  });
  expect(imported.status).toBe(201);
  const [[root], [own]] = [await spansOf(copy), await spansOf(id)];
  expect(root).toMatchObject({ traceId: trace, parentSpanId: span, traceState: "rojo=1,congo=2" });
  expect(root.spanId).not.toBe(own.spanId);
});

it("[TRACE-10] a turn writes one line when it has ended, also where a crash cut it off", async () => {
  provider.enqueue(text("Hello."), status(401, { error: { message: "canary" } }), status(401, {}));
  await call("POST", `/v1/sessions/${id}/messages`, { body: { content: "canary" } });
  await vi.waitFor(() => expect(linesOf(id)).toHaveLength(1));
  expect(linesOf(id)).toEqual([
    {
      level: "info",
      event: "turn",
      account: "default",
      session: id,
      turn: "turn_1",
      agent: expect.any(String),
      version: expect.stringMatching(/^v_/),
      model: "deepseek-v3.2-exp",
      reason: "completed",
      steps: 1,
      input_tokens: expect.any(Number),
      cached_tokens: expect.any(Number),
      output_tokens: expect.any(Number),
      cost_micros: expect.any(Number),
      ms: expect.any(Number),
    },
  ]);
  await call("POST", `/v1/sessions/${id}/messages`, { body: { content: "canary" } });
  await vi.waitFor(() => expect(linesOf(id)).toHaveLength(2));
  expect(linesOf(id)[1]).toMatchObject({ level: "error", turn: "turn_2", reason: "failed", code: "model_auth" });
  expect(JSON.stringify(linesOf(id))).not.toContain("canary");
});

it("[TRACE-2] [TRACE-10] a turn that a crash cut off has its whole trace and one line", async () => {
  const world = new SessionWorld();
  const cut = gated("It ", "is");
  provider.enqueue(calls([{ name: "calculator", arguments: '{"expression":"6*7"}' }]), cut.reply);
  const { turn } = await world.send("6*7?");
  await cut.reached(1);
  expect(linesOf(world.address.name)).toEqual([]);
  await abortAllDurableObjects();
  provider.enqueue(text("It is 42."));
  await world.ended(turn);
  await vi.waitFor(() => expect(linesOf(world.address.name)).toHaveLength(1));
  const made = await world.stub.trace(turn);
  if (!made.ok) throw new Error("no trace");
  const { spans } = JSON.parse(made.value).resourceSpans[0].scopeSpans[0];
  const types = spans.map(({ name, attributes }: Json) => [
    name.split(" ")[0],
    attributes.find(({ key }: Json) => key === "error.type")?.value.stringValue,
  ]);
  expect(types).toEqual([
    ["invoke_agent", undefined],
    ["chat", undefined],
    ["execute_tool", undefined],
    ["chat", "crash"],
    ["chat", undefined],
  ]);
});
