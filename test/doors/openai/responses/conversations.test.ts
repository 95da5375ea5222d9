/** OpenAI's Conversations API, and its paths that are not offered. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkedWorker } from "../../../support/checked-worker.ts";
import { calls, text } from "../../../support/fake-provider.ts";
import { startProvider } from "../../../support/session-world.ts";

const worker = checkedWorker();
// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;
async function call(method: string, path: string, body?: unknown) {
  const answer = await worker.fetch(`https://longline.test/v1${path}`, {
    method,
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, type: answer.headers.get("Content-Type"), body: (await answer.json()) as Json };
}
const user = (content: string) => ({ role: "user", content });
const textsOf = ({ body }: { body: Json }) => body.data.map(({ content }: Json) => content?.[0]?.text);
let provider: ReturnType<typeof startProvider>;
const seen = () =>
  provider.requests
    .at(-1)
    ?.body.messages.slice(1)
    .map(({ content }: Json) => content);
beforeEach(() => {
  provider = startProvider();
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("a conversation", () => {
  it("[CONVERSATION-1] is made, read, changed and erased", async () => {
    const made = await call("POST", "/conversations", { metadata: { a: "b" }, items: [user("Hi")] });
    const { id } = made.body;
    expect(made).toMatchObject({ status: 200, body: { object: "conversation", metadata: { a: "b" } } });
    expect(id).toMatch(/^conv_/);
    expect((await call("GET", `/conversations/${id}`)).body).toEqual(made.body);
    const changed = await call("POST", `/conversations/${id}`, { metadata: { c: "d" } });
    expect(changed.body).toEqual({ ...made.body, metadata: { c: "d" } });
    const gone = await call("DELETE", `/conversations/${id}`);
    expect(gone.body).toEqual({ id, object: "conversation.deleted", deleted: true });
    expect((await call("GET", `/conversations/${id}`)).status).toBe(404);
    expect((await call("POST", "/conversations", {})).status).toBe(200);
  });

  it("[CONVERSATION-2] its items are what was said, by responses and by clients, in pages", async () => {
    const first = [{ role: "developer", content: "Be kind." }, user("1"), { role: "assistant", content: "one" }];
    const { id } = (await call("POST", "/conversations", { items: first })).body;
    provider.enqueue(text("two"));
    const response = (await call("POST", "/responses", { conversation: id, input: "2" })).body;
    expect(seen()).toEqual(["system: Be kind.", "1", "one", "2"]);
    const added = await call("POST", `/conversations/${id}/items`, {
      items: [user("3"), { role: "assistant", content: "three" }],
    });
    expect(textsOf(added)).toEqual(["3", "three"]);
    const all = await call("GET", `/conversations/${id}/items?order=asc&limit=100`);
    expect(textsOf(all)).toEqual(["Be kind.", "1", "one", "2", "two", "3", "three"]);
    expect(all.body.data[4]).toEqual(response.output[0]);
    expect(new Set(all.body.data.map((item: Json) => item.id)).size).toBe(7);
    const page = await call("GET", `/conversations/${id}/items?limit=2`);
    expect([textsOf(page), page.body.has_more]).toEqual([["three", "3"], true]);
    const rest = await call("GET", `/conversations/${id}/items?limit=50&after=${page.body.last_id}`);
    expect([textsOf(rest), rest.body.has_more]).toEqual([["two", "2", "one", "1", "Be kind."], false]);
    for (const item of all.body.data) {
      expect((await call("GET", `/conversations/${id}/items/${item.id}`)).body).toEqual(item);
    }
    const items = await call("GET", `/responses/${response.id}/input_items`);
    expect(textsOf(items)).toEqual(["2"]);
    provider.enqueue(text("four"));
    await call("POST", "/responses", { conversation: id, input: "4" });
    expect(seen()).toEqual(["system: Be kind.", "1", "one", "2", "two", "3", "three", "4"]);
  });

  it("[CONVERSATION-3] a message that is taken out is not listed, not referred to, and not shown to the model", async () => {
    provider.enqueue(text("one"), text("two"));
    const conversation = crypto.randomUUID();
    await call("POST", "/responses", { conversation, input: "1" });
    const { data } = (await call("GET", `/conversations/${conversation}/items?order=asc`)).body;
    for (const { id } of data)
      expect((await call("DELETE", `/conversations/${conversation}/items/${id}`)).status).toBe(200);
    expect((await call("GET", `/conversations/${conversation}/items`)).body.data).toEqual([]);
    expect((await call("GET", `/conversations/${conversation}/items/${data[0].id}`)).status).toBe(404);
    await call("POST", "/responses", { conversation, input: "2" });
    expect(seen()).toEqual(["2"]);
  });

  it("[CONVERSATION-3] calls and their results stay together", async () => {
    provider.enqueue(calls([{ name: "t", arguments: "{}", id: "c1" }]), text("Done."));
    const tools = [{ type: "function", name: "t", parameters: { type: "object", properties: {} } }];
    const first = (await call("POST", "/responses", { input: "1", tools })).body;
    const output = { type: "function_call_output", call_id: "c1", output: "ok" };
    const second = (await call("POST", "/responses", { previous_response_id: first.id, input: [output], tools })).body;
    const session = first.id.replace("resp_", "").split(".")[0];
    const { data } = (await call("GET", `/conversations/${session}/items?order=asc`)).body;
    expect(data.map(({ type }: Json) => type)).toEqual(["message", "function_call", "function_call_output", "message"]);
    for (const { id } of data.slice(1, 3)) {
      const answer = await call("DELETE", `/conversations/${session}/items/${id}`);
      expect(answer).toMatchObject({ status: 400, body: { error: { param: "item_id" } } });
    }
    const items = (await call("GET", `/responses/${second.id}/input_items`)).body.data;
    expect(items).toMatchObject([{ type: "function_call_output", call_id: "c1", output: "ok" }]);
  });

  it("[CONVERSATION-4] what is wrong is refused by its name, and stores nothing", async () => {
    const { id } = (await call("POST", "/conversations", {})).body;
    const refused: [string, object, string][] = [
      ["/conversations", { items: [{ type: "function_call", call_id: "c", name: "n", arguments: "{}" }] }, "items"],
      ["/conversations", { items: Array.from({ length: 21 }, () => user("x")) }, "items"],
      ["/conversations", { nonsense: 1 }, "nonsense"],
      [`/conversations/${id}/items`, { items: [] }, "items"],
      [`/conversations/${id}/items`, { items: [{ type: "web_search_call" }] }, "items.0.type"],
      [`/conversations/${id}`, { metadata: { a: 1 } }, "metadata.a"],
    ];
    for (const [path, body, param] of refused) {
      expect([path, await call("POST", path, body)]).toMatchObject([path, { status: 400, body: { error: { param } } }]);
    }
    expect((await call("GET", `/conversations/${id}/items?after=msg_x`)).body.error.param).toBe("after");
    expect((await call("GET", `/conversations/${id}/items`)).body.data).toEqual([]);
    for (const path of [
      "/conversations/nobody",
      "/conversations/nobody/items",
      `/conversations/${id}/items/msg_a.1.2`,
    ]) {
      expect([path, await call("GET", path)]).toMatchObject([
        path,
        { status: 404, body: { error: { code: "not_found" } } },
      ]);
    }
  });

  it("[CONVERSATION-5] an input is counted with what stands before it", async () => {
    const count = async (body: object) => (await call("POST", "/responses/input_tokens", body)).body;
    const short = await count({ input: "Hi" });
    expect(short).toMatchObject({ object: "response.input_tokens", input_tokens: expect.any(Number) });
    const long = await count({ input: "word ".repeat(1000) });
    expect(long.input_tokens - short.input_tokens).toBeGreaterThan(500);
    expect(provider.requests).toEqual([]);
  });
});

it.each(
  [
    "embeddings",
    "files/x",
    "images/generations",
    "audio/speech",
    "assistants",
    "threads/t/runs",
    "batches",
    "moderations",
    "completions",
    "fine_tuning/jobs",
    "uploads",
    "vector_stores",
    "realtime/sessions",
  ].flatMap((path) => ["GET", "POST"].map((method) => [method, path] as const)),
)("[CONVERSATION-6] %s /v1/%s is not here, and says so in OpenAI's form", async (method, path) => {
  const answer = await call(method, `/${path}`, method === "POST" ? {} : undefined);
  expect(answer).toMatchObject({
    status: 404,
    type: "application/json",
    body: { error: { type: "invalid_request_error", code: "not_found" } },
  });
});
