import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { calls, status, text } from "../../support/fake-provider.ts";
import { bindings, startProvider } from "../../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
let provider: ReturnType<typeof startProvider>;
beforeEach(() => {
  provider = startProvider();
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Asks in a fresh session; the answer's JSON. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
async function ask(content: string, more: object = { cache: { ttl_seconds: 60 } }): Promise<any> {
  const answer = await worker.fetch(`https://longline.test/v1/sessions/${crypto.randomUUID()}/messages`, {
    method: "POST",
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json" },
    body: JSON.stringify({ content, ...more }),
  });
  return { http: answer.status, ...((await answer.json()) as object) };
}
const unique = () => `Question ${crypto.randomUUID()}`;
/** The model fails: another answer would be kept in the place of the first. */
const asksAgain = status(401, { error: { message: "asked again" } });
/** Keeping an answer is not waited for by the one who asked first. */
const kept = (content: string) =>
  vi.waitFor(async () => {
    const before = provider.requests.length;
    provider.enqueue(asksAgain);
    const answer = await ask(content);
    provider.forget();
    expect([answer.usage.cached, provider.requests.length]).toEqual([true, before]);
    return answer;
  });

it("[CACHE-1] an equal request is answered the same, without the model and without cost", async () => {
  const question = unique();
  provider.enqueue(text("Forty-two."));
  expect((await ask(question)).usage.cached).toBeUndefined();
  const again = await kept(question);
  expect(again).toMatchObject({ status: "completed", message: { content: "Forty-two." }, cost_micros: 0 });
  expect(again.usage).toMatchObject({ input_tokens: 0, output_tokens: 0, cached: true });
});

it("[CACHE-2] another question, or a message that does not ask for it, goes to the model", async () => {
  const question = unique();
  provider.enqueue(text("One."));
  await ask(question);
  await kept(question);
  provider.enqueue(text("Two."), text("Three."), text("Four."));
  expect((await ask(question, {})).message.content).toBe("Two.");
  expect((await ask(`${question}!`)).message.content).toBe("Three.");
  expect((await ask(question, { cache: { ttl_seconds: 60 }, speaker: "Ada" })).message.content).toBe("Four.");
  expect(await ask(question, { cache: { ttl_seconds: 5 } })).toMatchObject({ http: 400, field: "cache.ttl_seconds" });
});

it("[CACHE-2] a damaged value and a KV that fails change nothing but the cost", async () => {
  const question = unique();
  provider.enqueue(text("One."));
  await ask(question);
  await kept(question);
  const get = vi
    .spyOn(bindings.PREFIXES, "get")
    .mockResolvedValue(`${"0".repeat(64)}{"reasoning":"","text":"Lies."}` as never);
  provider.enqueue(text("Two."));
  expect((await ask(question)).message.content).toBe("Two.");
  get.mockRejectedValue(new Error("KV GET failed: 500") as never);
  provider.enqueue(text("Three."));
  expect((await ask(question)).message.content).toBe("Three.");
});

it("[CACHE-3] a turn whose tools had no effect is replayed from where it is the same, one with effects never", async () => {
  const question = unique();
  const sum = calls([{ id: "c1", name: "calculator", arguments: '{"expression":"1+1"}' }]);
  provider.enqueue(sum, text("Two."));
  await ask(question);
  await vi.waitFor(async () => {
    const before = provider.requests.length;
    provider.enqueue(sum, asksAgain);
    const answer = await ask(question);
    provider.forget();
    expect([answer.message?.content, provider.requests.length]).toEqual(["Two.", before + 1]);
  });
  const tool = { type: "function", function: { name: "place_order", parameters: { type: "object", properties: {} } } };
  const put = vi.spyOn(bindings.PREFIXES, "put");
  provider.enqueue(calls([{ id: "c2", name: "place_order", arguments: "{}" }]), text("Ordered."));
  const id = crypto.randomUUID();
  const call = (path: string, body: object) =>
    worker.fetch(`https://longline.test/v1/sessions/${id}/${path}`, {
      method: "POST",
      headers: { Authorization: "Bearer test-key", "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  await call("messages", { content: unique(), tools: [tool], cache: { ttl_seconds: 60 } });
  await call("tool_results", { results: [{ call_id: "c2", content: "done" }] });
  const turn = await call("messages?on_busy=queue", { content: "wait for the turn before" });
  expect(turn.ok).toBe(true);
  expect(put.mock.calls.filter(([key]) => String(key).startsWith("answer/"))).toEqual([]);
});
