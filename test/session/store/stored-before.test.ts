import { runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { accountLadder, accountVersion } from "../../../src/account/schema.ts";
import { sessionLadder, versionOf } from "../../../src/session/store/schema.ts";
import { text } from "../../support/fake-provider.ts";
import { type Expected, loadStored, receiverUrl, storedObjects, storedStub } from "../../support/stored-fixture.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
let expected: Expected;
/** Bodies of requests to the model, to the receiver of deliveries by path, and to the shop. */
let asked: string[] = [];
const delivered = new Map<string, string>();
let ordered = 0;
const sums: Record<string, unknown> = {};
let account: unknown;

beforeAll(async () => {
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    const body = await request.text();
    if (request.url.startsWith(receiverUrl)) delivered.set(new URL(request.url).pathname, body);
    if (request.url.startsWith("https://shop.example.com/")) ordered++;
    if (!request.url.endsWith("/chat/completions")) return new Response(null, { status: 204 });
    asked.push(body);
    return text("An answer of today.")({ url: request.url, headers: request.headers, text: body, body: {} }, undefined);
  });
  expected = await loadStored();
  // Before any test adds to them.
  for (const group of ["model", "session"]) {
    sums[group] = (await call("GET", `/v1/usage?group_by=${group}&from=2026-01-01&to=2099-01-01`)).body;
  }
  account = (await call("GET", "/v1/admin/accounts/acme", undefined, { key: "test-admin-key-16" })).body;
});
afterAll(() => {
  vi.restoreAllMocks();
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Told = { status: number; body: any };
async function call(method: string, path: string, body?: unknown, of: { key?: string; headers?: object } = {}) {
  const answer = await worker.fetch(`https://longline.test${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${of.key ?? expected.key}`,
      ...(body !== undefined && { "Content-Type": "application/json" }),
      ...of.headers,
    },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const said = new TextDecoder().decode(await answer.arrayBuffer());
  const isJson = answer.headers.get("content-type")?.includes("json") ?? false;
  return { status: answer.status, body: isJson && !path.includes("/export") ? JSON.parse(said) : said } as Told;
}
/** Without what later versions say: which agent a session has, the default one in those of before. */
const lines = (jsonl: string) =>
  jsonl
    .trim()
    .split("\n")
    .map((line) => {
      const { agent: _, ...said } = JSON.parse(line);
      return said;
    });
const entriesOf = async (session: string, key?: string) =>
  (await call("GET", `/v1/sessions/${session}/entries?limit=500`, undefined, key === undefined ? {} : { key })).body
    .entries;
/** The call that a waiting session waits for. */
const openCall = async (session: string): Promise<string> =>
  (await entriesOf(session)).findLast(({ type }: { type: string }) => type === "assistant").message.tool_calls[0].id;
const ends = (session: string, turn: string) =>
  vi.waitFor(async () => {
    const { body } = await call("GET", `/v1/sessions/${session}/turns/${turn}`);
    expect(body.status).toBe("completed");
  });

/** Each test reads what the loaded objects hold; those that write use sessions of their own, so their order does not matter. */
describe("what version 0.1.0 stored", () => {
  it("[UPGRADE-1] is listed and read as it was, in every session", async () => {
    const { body } = await call("GET", "/v1/sessions?limit=100");
    const ids = body.sessions.map(({ id }: { id: string }) => id);
    expect(expected.sessions.length).toBeGreaterThan(12);
    for (const session of expected.sessions) {
      expect(ids).toContain(session.id);
      const exported = await call("GET", `/v1/sessions/${session.id}/export`);
      const before = lines(expected.exports[session.id] ?? "");
      expect(lines(exported.body).slice(0, before.length)).toEqual(before);
    }
    const ofDefault = await call("GET", "/v1/sessions/of-default/export", undefined, { key: "test-key" });
    expect(lines(ofDefault.body)).toEqual(lines(expected.exports["of-default"] ?? ""));
  });

  it("[UPGRADE-1] has the account's sums, keys, limits, prefixes and words as they were", async () => {
    expect(sums).toMatchObject(expected.usage);
    expect((await call("GET", "/v1/sessions?limit=1", undefined, { key: expected.revokedKey })).status).toBe(401);
    const admin = (path: string) => call("GET", `/v1/admin/accounts${path}`, undefined, { key: "test-admin-key-16" });
    expect((await admin("/acme/keys")).body).toMatchObject(expected.keys);
    expect(account).toMatchObject(expected.account);
    expect((await admin("")).body.accounts).toContain("acme");
    const prefix = await call("GET", `/v1/prefixes/${expected.prefix.prefix}`);
    expect(prefix).toMatchObject({
      status: 200,
      body: { prefix: expected.prefix.prefix, bytes: expected.prefix.bytes },
    });
    const found = (await call("GET", "/v1/sessions?q=harbour&limit=100")).body.sessions;
    expect(found.map(({ id }: { id: string }) => id)).toEqual(expect.arrayContaining(expected.foundByHarbour));
    expect((await call("GET", "/v1/sessions/plain/search?q=lighthouse")).body.results).not.toEqual([]);
    expect((await call("GET", "/v1/sessions/gone")).status).toBe(404);
  });

  const nexts: [session: string, remembers: string][] = [
    ["plain", "A harbour, please think about it"],
    ["forked", "Another way from here"],
    ["imported", "A harbour, please think about it"],
    ["tools", "391"],
    ["failed", "And now not"],
    ["dressed", "Answer as the harbour master."],
    ["long", "the 5th chapter speaks"],
    ["chat", "By the chat door"],
  ];
  it.each(nexts)("[UPGRADE-1] goes on in %s with what was said before", async (session, remembers) => {
    asked = [];
    const answer = await call("POST", `/v1/sessions/${session}/messages`, { content: "And today?" });
    expect(answer).toMatchObject({ status: 200, body: { message: { content: "An answer of today." } } });
    expect(asked.join("\n")).toContain(remembers);
    const before = lines(expected.exports[session] ?? "").filter(({ seq }) => seq !== undefined);
    const last = Math.max(...before.map(({ seq }) => seq));
    const added = (await entriesOf(session)).filter(({ seq }: { seq: number }) => seq > last);
    // Another test may have gone on in it, too.
    expect(added[0]).toMatchObject({ seq: last + 1, type: "user" });
    expect(added.slice(-3)).toMatchObject([
      { type: "user", message: { content: "And today?" } },
      { type: "assistant" },
      { type: "turn_ended", reason: "completed" },
    ]);
  });

  it("[UPGRADE-1] knows its messages again by their Idempotency-Key", async () => {
    const message = { content: "A harbour, please think about it", speaker: "Ada", metadata: { order: "17" } };
    const again = await call("POST", "/v1/sessions/plain/messages", message, {
      headers: { "Idempotency-Key": "order-17" },
    });
    expect(again).toMatchObject({ status: 200, body: { turn: "turn_1" } });
    const other = await call(
      "POST",
      "/v1/sessions/plain/messages",
      { content: "Other" },
      { headers: { "Idempotency-Key": "order-17" } },
    );
    expect(other.status).toBe(422);
  });

  it("[UPGRADE-1] takes the approval that it waited for, runs the call once, and then what was queued", async () => {
    const id = await openCall("waiting");
    expect((await call("POST", `/v1/sessions/waiting/approvals/${id}`, { approve: true })).status).toBe(200);
    for (const turn of ["turn_1", "turn_2", "turn_3"]) await ends("waiting", turn);
    expect(ordered).toBe(1);
    const said = (await entriesOf("waiting")).filter(({ type }: { type: string }) => type === "user");
    expect(said.map(({ message }: { message: { content: string } }) => message.content)).toEqual([
      "Please send the order",
      "First in the queue",
      "Second in the queue",
    ]);
  });

  it("[UPGRADE-1] takes the result that it waited for from its client", async () => {
    const results = [{ call_id: await openCall("at-client"), content: "opened" }];
    expect((await call("POST", "/v1/sessions/at-client/tool_results", { results })).status).toBe(200);
    await ends("at-client", "turn_1");
  });

  it("[UPGRADE-1] delivers what it owes, and what was given up when that is asked for", async () => {
    await vi.waitFor(() => expect([...delivered.keys()]).toContain("/busy"));
    expect(JSON.parse(delivered.get("/busy") ?? "")).toMatchObject({ type: "turn.ended" });
    const dead = async () => (await call("GET", "/v1/deliveries?status=dead")).body.deliveries;
    expect(await dead()).toMatchObject(expected.deliveries);
    const [{ id } = { id: "" }] = expected.deliveries;
    expect((await call("POST", `/v1/deliveries/${id}/retry`)).status).toBe(202);
    await vi.waitFor(async () => expect([delivered.has("/gone"), await dead()]).toEqual([true, []]));
  });

  it("[UPGRADE-1] is found under the names that OpenAI's door gave, and goes on from them", async () => {
    const found = await call("GET", `/v1/responses/${expected.response.id}`);
    expect(found).toMatchObject({ status: 200, body: { id: expected.response.id, status: "completed" } });
    const next = { model: "deepseek-v3.2-exp", input: "And today?", previous_response_id: expected.response.id };
    expect(await call("POST", "/v1/responses", next)).toMatchObject({ status: 200, body: { status: "completed" } });
    const asks = { model: "deepseek-v3.2-exp", messages: [{ role: "user", content: "By the chat door, again" }] };
    const chat = await call("POST", "/v1/chat/completions", asks, { headers: { "X-Session-Id": "chat" } });
    expect(chat.status).toBe(200);
  });

  it("[UPGRADE-1] can be forked, and its export imported", async () => {
    const fork = await call("POST", "/v1/sessions/plain/fork", { after_seq: 3, id: "forked-today" });
    expect(fork.status).toBe(201);
    const text = expected.exports.tools ?? "";
    const answer = await worker.fetch("https://longline.test/v1/sessions/import?id=imported-today", {
      method: "POST",
      headers: { Authorization: `Bearer ${expected.key}` },
      body: text,
    });
    expect(answer.status).toBe(201);
    const copy = lines((await call("GET", "/v1/sessions/imported-today/export")).body);
    expect(copy.filter(({ type }) => type !== undefined)).toEqual(lines(text).filter(({ type }) => type !== undefined));
  });

  it("[UPGRADE-1] is brought to today's version in every object", async () => {
    const admin = { key: "test-admin-key-16" };
    await call("GET", "/v1/sessions", undefined, { key: "test-key" });
    await call("GET", "/v1/sessions");
    await call("GET", "/v1/admin/accounts", undefined, admin);
    for (const name of storedObjects) {
      const isSession = name.startsWith("Session");
      const found = await runInDurableObject(storedStub(name), (_, { storage }) =>
        isSession ? versionOf(storage.sql) : accountVersion(storage.sql),
      );
      const { version, readableFrom } = isSession ? sessionLadder : accountLadder;
      expect([name, found]).toEqual([name, { version, readableFrom }]);
    }
  });
});
