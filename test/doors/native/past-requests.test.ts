import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { sessionObject } from "../../../src/session/session-object.ts";
import { calls, status, text } from "../../support/fake-provider.ts";
import { bindings, startProvider } from "../../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
let provider: ReturnType<typeof startProvider>;
let id: string;
beforeEach(() => {
  provider = startProvider();
  id = crypto.randomUUID();
});
afterEach(() => {
  vi.restoreAllMocks();
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;
async function call(method: string, path: string, body?: object) {
  const answer = await worker.fetch(`https://longline.test${path}`, {
    method,
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Json };
}
const ask = (content: string, more: object = {}, session = id) =>
  call("POST", `/v1/sessions/${session}/messages`, { content, ...more });
const repliesOf = async (session: string): Promise<number[]> => {
  const { body } = await call("GET", `/v1/sessions/${session}/entries?limit=500`);
  return body.entries.filter(({ type }: Json) => type === "assistant").map(({ seq }: Json) => seq);
};
const mine = { type: "function", function: { name: "mine", parameters: { type: "object", properties: {} } } };

it("[PAST-1] every request of a session is made again to the byte: tools, choices, client tools, forms", async () => {
  await call("POST", "/v1/sessions", { id, instructions: "Be brief." });
  provider.enqueue(
    calls([{ name: "calculator", arguments: '{"expression":"6*7"}' }]),
    text("It is 42. 👋"),
    text('{"a":1}'),
    calls([{ name: "mine", arguments: "{}", id: "call_m" }]),
    text("Done."),
  );
  await ask("6*7?", { speaker: "Ann", thinking: true });
  await ask("As JSON", { response_format: { type: "json_object" } });
  await ask("Use mine", { tools: [mine] });
  await call("POST", `/v1/sessions/${id}/tool_results`, { results: [{ call_id: "call_m", content: "ok" }] });
  await vi.waitFor(async () => expect(await repliesOf(id)).toHaveLength(5));
  const stub = sessionObject(bindings, { account: "default", name: id });
  for (const [place, seq] of (await repliesOf(id)).entries()) {
    const made = await stub.request(seq);
    expect(made, `request ${place + 1}`).toMatchObject({ ok: true, value: { body: provider.requests[place]?.text } });
    const told = await call("GET", `/v1/sessions/${id}/requests/${seq}`);
    expect(told.body).toMatchObject({ seq, exact: true, body: { messages: provider.requests[place]?.body.messages } });
  }
});

it("[PAST-2] a fork says that it was sent elsewhere; what is no reply is not found", async () => {
  provider.enqueue(text("One."), status(400, { error: { message: "no" } }));
  await ask("1?");
  const fork = (await call("POST", `/v1/sessions/${id}/fork`, {})).body.id;
  const [seq = 0] = await repliesOf(fork);
  const told = await call("GET", `/v1/sessions/${fork}/requests/${seq}`);
  expect(told.body).toMatchObject({ exact: false, differs: expect.stringContaining("another session") });
  expect(told.body.body.messages).toEqual(provider.requests[0]?.body.messages);
  await ask("2?");
  const { entries } = (await call("GET", `/v1/sessions/${id}/entries`)).body;
  const failed = entries.find(({ type }: Json) => type === "step_failed").seq;
  expect((await call("GET", `/v1/sessions/${id}/requests/${failed}`)).body.exact).toBe(false);
  for (const wrong of [1, 999]) expect((await call("GET", `/v1/sessions/${id}/requests/${wrong}`)).status).toBe(404);
  expect((await call("GET", `/v1/sessions/${id}/requests/x`)).status).toBe(400);
  expect((await call("GET", "/v1/sessions/nobody/requests/1")).status).toBe(404);
});
