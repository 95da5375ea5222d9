import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { unwrap } from "../../../src/account/outcome.ts";
import type { Session } from "../../../src/session/object.ts";
import { sessionObject } from "../../../src/session/session-object.ts";
import { calls, text } from "../../support/fake-provider.ts";
import { bindings, SessionWorld, startProvider } from "../../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
let provider: ReturnType<typeof startProvider>;
let world: SessionWorld;

beforeEach(() => {
  provider = startProvider();
  world = new SessionWorld();
  for (const how of ["error", "warn"] as const) vi.spyOn(console, how).mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

/**
 * What a write says in an object that has reached its limit; reads and deletes go on
 * (developers.cloudflare.com/durable-objects/platform/limits).
 */
const full = "database or disk is full: SQLITE_FULL";
const grows = /^\s*(insert|update|create|alter|replace)\b/i;

interface Filled {
  /** There is room again. */
  end(): void;
  /** How many writes found none. */
  refused(): number;
}

/** From the write of that number on, counted from 1, no write of this object finds room. */
function fill(stub: DurableObjectStub<Session>, from = 1): Promise<Filled> {
  return runInDurableObject(stub, (_, { storage }) => {
    const { sql } = storage;
    return refuse((target) => target === sql, from);
  });
}

/** The same for each write that `isRefused`. The runtime has one class for the storage of all objects. */
function refuse(isRefused: (sql: SqlStorage, query: string) => boolean, from = 1): Filled {
  if (proto === undefined) throw new Error("Call `findProto` first.");
  let [writes, refused] = [0, 0];
  const plain = proto.exec;
  const spy = vi.spyOn(proto, "exec").mockImplementation(function (this: SqlStorage, query, ...values) {
    if (grows.test(query) && isRefused(this, query) && ++writes >= from) {
      refused++;
      throw new Error(full);
    }
    return plain.call(this, query, ...values);
  });
  return { end: () => spy.mockRestore(), refused: () => refused };
}

let proto: SqlStorage | undefined;
const findProto = () =>
  world.inside(({ sql }) => {
    proto = Object.getPrototypeOf(sql) as SqlStorage;
  });

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await worker.fetch(`https://x.test${path}`, {
    method,
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json", ...headers },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** A session of the account that `test-key` belongs to, with one turn. */
async function sessionWithTurn() {
  const name = crypto.randomUUID();
  provider.enqueue(text("Hello."));
  expect((await call("POST", `/v1/sessions/${name}/messages`, { content: "Hi" })).status).toBe(200);
  const stub = sessionObject(bindings, { account: "default", name });
  const entries = async () => unwrap(await stub.entries({ after: 0, limit: 100 })).entries;
  return { name, stub, entries };
}

const doors: [string, (name: string) => [path: string, body: unknown, headers?: Record<string, string>]][] = [
  ["a message", (name) => [`/v1/sessions/${name}/messages`, { content: "More" }]],
  ["feedback", (name) => [`/v1/sessions/${name}/feedback`, { turn: "turn_1", score: 1 }]],
  [
    "a chat completion",
    (name) => [
      "/v1/chat/completions",
      { model: "longline", messages: [{ role: "user", content: "More" }] },
      { "X-Session-Id": name },
    ],
  ],
  ["a response", (name) => ["/v1/responses", { input: "More", conversation: name }]],
  [
    "items of a conversation",
    (name) => [`/v1/conversations/${name}/items`, { items: [{ role: "user", content: "a" }] }],
  ],
  [
    "a UI message",
    (name) => [
      "/v1/ui/messages",
      { id: name, messages: [{ id: "m1", role: "user", parts: [{ type: "text", text: "More" }] }] },
    ],
  ],
];

describe("a session's database is full", () => {
  beforeEach(findProto);

  it.each(doors)("[FULL-1] %s is refused with 507 in the words of its door, and nothing is stored", async (_, ask) => {
    const { name, stub, entries } = await sessionWithTurn();
    const before = await entries();
    const filled = await fill(stub);
    const [path, body, headers] = ask(name);
    const { status, headers: answered, text: words } = await call("POST", path, body, headers);
    expect([status, words]).toEqual([507, expect.stringMatching(/storage_full/)]);
    expect(words).toMatch(/is full\. Nothing of this request was stored\./);
    if (words.startsWith('{"error"')) expect(answered.get("X-Should-Retry")).toBe("false");
    expect([filled.refused() > 0, await entries(), provider.requests.length]).toEqual([true, before, 1]);
    expect((await call("GET", `/v1/sessions/${name}`)).status).toBe(200);
    filled.end();
    provider.enqueue(text("Again."));
    expect((await call("POST", path, body, headers)).status).toBe(200);
  });

  it.each([1, 2, 3, 4])(
    "[FULL-2] a message whose write %i finds no room leaves nothing, and counts once when it is sent again",
    async (nth) => {
      const { name, stub, entries } = await sessionWithTurn();
      const filled = await fill(stub, nth);
      const send = () =>
        call(
          "POST",
          `/v1/sessions/${name}/messages`,
          { content: "More" },
          { "Idempotency-Key": "k", Prefer: "respond-async" },
        );
      // Where the reply itself found no room the model is asked once more.
      provider.enqueue(text("Again."), text("Again."));
      const first = await send();
      // Later writes are those of the turn, which goes on when there is room.
      expect([507, 202]).toContain(first.status);
      filled.end();
      expect([200, 202]).toContain((await send()).status);
      const turn = await stub.wait("turn_2", 0);
      if (turn.ok && turn.value.status !== "ended") await runDurableObjectAlarm(stub);
      expect(unwrap(await stub.wait("turn_2", 20_000))).toMatchObject({
        status: "ended",
        ended: { reason: "completed" },
      });
      const seqs = (await entries()).map(({ seq, turn, type }) => `${seq} ${turn} ${type}`);
      expect(seqs.slice(3)).toEqual(["4 turn_2 user", "5 turn_2 assistant", "6 turn_2 turn_ended"]);
    },
  );

  it("[FULL-3] a session that is full can be read by a new instance, and erased", async () => {
    const { name, entries } = await sessionWithTurn();
    const before = await entries();
    // A turn is open when the instance ends.
    provider.enqueue(calls([{ name: "send_request", arguments: '{"method":"POST","url":"https://a.example"}' }]));
    await call("POST", `/v1/sessions/${name}/messages`, { content: "More" }, { Prefer: "respond-async" });
    await vi.waitFor(async () => expect((await entries()).length).toBeGreaterThan(before.length + 1));
    const filled = refuse((_, query) => /\b(entries|inbox|checkpoint|session|heartbeat|intents)\b/.test(query));
    await abortAllDurableObjects();
    const again = sessionObject(bindings, { account: "default", name });
    expect(unwrap(await again.entries({ after: 0, limit: 3 })).entries).toEqual(before);
    expect((await call("POST", `/v1/sessions/${name}/messages?on_busy=queue`, { content: "x" })).status).toBe(507);
    expect((await call("DELETE", `/v1/sessions/${name}`)).status).toBe(200);
    filled.end();
    expect((await call("GET", `/v1/sessions/${name}`)).status).toBe(404);
    expect((await call("POST", "/v1/sessions", { id: name })).status).toBe(201);
  });

  it("[FULL-4] what a failed transaction had added is not in memory either", async () => {
    const { name, stub, entries } = await sessionWithTurn();
    const messages = ["a", "x".repeat(2_000_000)].map((content) => ({ content, options: {} }));
    const sent = await stub.submit({ account: "default", name }, { messages });
    expect(sent).toMatchObject({ ok: false, refusal: { code: "message_too_large" } });
    provider.enqueue(text("Again."));
    await call("POST", `/v1/sessions/${name}/messages`, { content: "More" });
    expect((await entries()).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("[FULL-5] an import that finds no room midway leaves no session, and can be made again", async () => {
    const { name } = await sessionWithTurn();
    const { text: exported } = await call("GET", `/v1/sessions/${name}/export`);
    const id = crypto.randomUUID();
    const filled = refuse((_, query) => /INTO entries\b/.test(query), 2);
    const path = `/v1/sessions/import?id=${id}`;
    const type = { "Content-Type": "application/x-ndjson" };
    expect((await call("POST", path, exported, type)).status).toBe(507);
    expect((await call("GET", `/v1/sessions/${id}`)).status).toBe(404);
    filled.end();
    expect((await call("POST", path, exported, type)).status).toBe(201);
  });
});
