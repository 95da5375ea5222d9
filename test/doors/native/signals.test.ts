import { exports } from "cloudflare:workers";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { mostValueBytes } from "../../../src/tools/steps/step.ts";
import { agent } from "../../app/agent.ts";
import { webhooks } from "../../app/app.ts";
import { calls, text } from "../../support/fake-provider.ts";
import { startProvider } from "../../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
const until = (check: () => unknown) => vi.waitFor(check);

let provider: ReturnType<typeof startProvider>;
let session: string;

beforeEach(() => {
  provider = startProvider();
  session = crypto.randomUUID();
  const tool = agent.tools.get("calculator");
  if (tool === undefined) throw new Error("no calculator");
  vi.spyOn(tool, "run").mockImplementation((_, { step }) => step.waitFor("shipped:7", { timeout: 86_400_000 }));
});
afterEach(() => {
  vi.restoreAllMocks();
  delete webhooks.plain;
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;
async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const answer = await worker.fetch(`https://longline.test${path}`, {
    method,
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json", ...headers },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Json };
}
const signal = (name: string, body?: unknown, headers?: Record<string, string>) =>
  call("POST", `/v1/sessions/${session}/signals/${encodeURIComponent(name)}`, body, headers);
const turn = () => call("GET", `/v1/sessions/${session}/turns/turn_1`);

/** A turn whose tool waits for `shipped:7`. */
async function waitingTurn(): Promise<void> {
  provider.enqueue(calls([{ id: "c1", name: "calculator", arguments: '{"expression":"1"}' }]), text("Done."));
  await call("POST", `/v1/sessions/${session}/messages`, { content: "Do it." }, { Prefer: "respond-async" });
  await until(async () => expect((await turn()).body.status).toBe("waiting"));
}

it("[SIGNAL-7] wakes its tool: 200, again 200, then 410 for another; the turn says what it waits for until then", async () => {
  await waitingTurn();
  expect((await turn()).body).toMatchObject({
    waiting_for: [],
    suspended: [
      { call_id: "c1", name: "calculator", waits: [{ name: "shipped:7", kind: "signal", until: expect.any(String) }] },
    ],
  });
  const taken = { session, turn: "turn_1", name: "shipped:7", status: "delivered", call_id: "c1" };
  expect(await signal("shipped:7", { value: { parcel: 9 } })).toEqual({ status: 200, body: taken });
  expect(await signal("shipped:7", { value: { parcel: 9 } })).toEqual({ status: 200, body: taken });
  expect(await signal("shipped:7", { value: 1 })).toMatchObject({ status: 410, body: { code: "gone", field: "name" } });
  await until(async () => expect((await turn()).body.status).toBe("completed"));
  const { body } = await call("GET", `/v1/sessions/${session}/entries`);
  expect(body.entries.find(({ type }: Json) => type === "tool").message.content).toBe('{"value":{"parcel":9}}');
});

it("[TRACE-4] is an event of its call in the trace of the turn", async () => {
  await waitingTurn();
  await signal("shipped:7", { value: 9 });
  await until(async () => expect((await turn()).body.status).toBe("completed"));
  const { body } = await call("GET", `/v1/sessions/${session}/turns/turn_1/trace`);
  const { spans } = body.resourceSpans[0].scopeSpans[0];
  const [event] = spans.find(({ name }: Json) => name === "execute_tool calculator").events;
  const about = event.attributes.map(({ key, value }: Json) => [key, value.stringValue]);
  expect([event.name, Object.fromEntries(about)]).toEqual([
    "longline.tool_step.ended",
    {
      "longline.tool_step.name": "shipped:7",
      "longline.tool_step.kind": "signal",
      "longline.tool_step.outcome": "signalled",
    },
  ]);
});

it("[SIGNAL-7] without a body has no value; what no call can take is 404; one that is early 202", async () => {
  expect(await signal("shipped:7")).toMatchObject({ status: 404, body: { code: "not_found" } });
  await waitingTurn();
  expect(await signal("other")).toMatchObject({ status: 202, body: { status: "kept", call_id: null } });
  expect(await signal("shipped:7", undefined, { "Idempotency-Key": "k1" })).toMatchObject({ status: 200 });
  expect(await signal("shipped:7", {}, { "Idempotency-Key": "k1" })).toMatchObject({ status: 200 });
  expect(await signal("shipped:7", { value: 2 }, { "Idempotency-Key": "k1" })).toMatchObject({ status: 422 });
});

it.each<[name: string, body: unknown, status: number, field: string]>([
  ["~agent", {}, 400, "name"],
  [" x", {}, 400, "name"],
  ["x".repeat(101), {}, 400, "name"],
  ["a?b", {}, 400, "name"],
  ["x", { value: "x".repeat(mostValueBytes) }, 413, "value"],
  ["x", { value: 1, extra: 2 }, 400, "extra"],
  ["x", { call_id: 7 }, 400, "call_id"],
  ["x", { call_id: "" }, 400, "call_id"],
])("[SIGNAL-7] %s with %s is refused as %i at %s", async (name, body, status, field) => {
  await waitingTurn();
  const refused = await signal(name, body);
  expect([refused.status, refused.body.detail]).toEqual([status, expect.stringContaining(field)]);
  expect((await turn()).body.status).toBe("waiting");
});

it("[SIGNAL-8] comes by a webhook, once for each delivery", async () => {
  webhooks.plain = {
    toSignal: (payload) => {
      const { of, parcel } = payload as { of?: string; parcel?: number };
      return of === undefined ? undefined : { session, signal: of, value: { parcel } };
    },
  };
  await waitingTurn();
  const send = (payload: object, id: string) => {
    const body = JSON.stringify(payload);
    const at = new Date();
    const signature = new Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").sign(id, at, body);
    const headers = {
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      "webhook-signature": signature,
    };
    return call("POST", "/channels/webhooks/plain", body, headers);
  };
  const taken = { session, turn: "turn_1", name: "shipped:7", status: "delivered" };
  expect(await send({ of: "shipped:7", parcel: 1 }, "m1")).toEqual({ status: 200, body: taken });
  expect(await send({ of: "shipped:7", parcel: 1 }, "m1")).toEqual({ status: 200, body: taken });
  expect(await send({ of: "shipped:7", parcel: 2 }, "m2")).toMatchObject({ status: 410 });
  expect(await send({ of: "~x" }, "m3")).toMatchObject({ status: 400, body: { field: "signal" } });
  await until(async () => expect((await turn()).body.status).toBe("completed"));
});
