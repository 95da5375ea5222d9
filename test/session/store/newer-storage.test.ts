import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { accountLadder } from "../../../src/account/schema.ts";
import { sessionLadder } from "../../../src/session/store/schema.ts";
import { calls, text } from "../../support/fake-provider.ts";
import { startProvider } from "../../support/session-world.ts";
import { accountStub, change, restart, sessionStub, storedRows } from "../../support/stored-rows.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
const adminKey = "test-admin-key-16";
let provider: ReturnType<typeof startProvider>;
let account: string;
let key: string;

beforeEach(async () => {
  provider = startProvider();
  vi.spyOn(console, "error").mockImplementation(() => {});
  account = `newer-${crypto.randomUUID().slice(0, 18)}`;
  await call(["POST", "/v1/admin/accounts", { id: account }], adminKey);
  key = await makeKey();
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function makeKey(): Promise<string> {
  return JSON.parse((await call(["POST", `/v1/admin/accounts/${account}/keys`, {}], adminKey)).text).key;
}

type Request = [method: string, path: string, body?: unknown, headers?: Record<string, string>];
async function call([method, path, body, headers = {}]: Request, as = key) {
  const answer = await worker.fetch(`https://longline.test${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${as}`,
      ...(body !== undefined && { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = new TextDecoder().decode(await answer.arrayBuffer());
  return { status: answer.status, text, retryAfter: Number(answer.headers.get("Retry-After")) };
}

const message = { content: "Hello" };
const streamed = { Accept: "text/event-stream" };
const history = { model: "deepseek-v3.2-exp", messages: [{ role: "user", content: "Hello" }] };
const inSession = { "X-Session-Id": "s" };
const uiMessages = [{ id: "m1", role: "user", parts: [{ type: "text", text: "Hello" }] }];
/** Calls about the session `s`, at every door. */
const sessionCalls: Request[] = [
  ["POST", "/v1/sessions", { id: "s" }],
  ["GET", "/v1/sessions/s"],
  ["PATCH", "/v1/sessions/s", { title: "New" }],
  ["DELETE", "/v1/sessions/s"],
  ["POST", "/v1/sessions/s/messages", message],
  ["POST", "/v1/sessions/s/messages", message, streamed],
  ["POST", "/v1/sessions/s/messages", message, { Prefer: "respond-async" }],
  ["GET", "/v1/sessions/s/events?live=false"],
  ["GET", "/v1/sessions/s/turns/turn_1"],
  ["GET", "/v1/sessions/s/entries"],
  ["GET", "/v1/sessions/s/export"],
  ["GET", "/v1/sessions/s/search?q=hello"],
  ["GET", "/v1/sessions/s/prefix"],
  ["GET", "/v1/sessions/s/requests/2"],
  ["POST", "/v1/sessions/s/approvals/call_1", { approve: true }],
  ["POST", "/v1/sessions/s/tool_results", { results: [{ call_id: "call_1", content: "x" }] }],
  ["POST", "/v1/sessions/s/cancel"],
  ["POST", "/v1/sessions/s/fork", { id: "copy" }],
  ["POST", "/v1/sessions/s/tokens", { rights: ["read"] }],
  ["POST", "/v1/sessions/s/feedback", { turn: "turn_1", score: 1 }],
  ["POST", "/v1/chat/completions", history, inSession],
  ["POST", "/v1/chat/completions", { ...history, stream: true }, inSession],
  ["POST", "/v1/responses", { model: "deepseek-v3.2-exp", input: "Hello", previous_response_id: "resp_s.1" }],
  ["GET", "/v1/responses/resp_s.1"],
  ["POST", "/v1/ui/messages", { id: "s", messages: uiMessages }],
  ["GET", "/v1/ui/messages/s"],
];
/** Calls that need only the account. */
const accountCalls: Request[] = [
  ["GET", "/v1/sessions"],
  ["GET", "/v1/usage"],
  ["GET", "/v1/models"],
  ["GET", "/v1/deliveries?status=dead"],
  ["PUT", "/v1/prefixes", { instructions: "Hello" }],
  ["POST", "/v1/sessions/import?id=x", {}],
  ["POST", "/v1/responses", { model: "deepseek-v3.2-exp", input: "Hello" }],
  ["POST", "/v1/chat/completions", history],
];
const mcpCall: Request = [
  "POST",
  "/mcp",
  { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "ask", arguments: { question: "Hi", session: "s" } } },
  { Accept: "application/json, text/event-stream" },
];

const sessionWords = new RegExp(
  `The session's storage is of version 99; this Longline reads up to ${sessionLadder.version}. Deploy one that reads version 98`,
);
const accountWords = new RegExp(
  `The account's storage is of version 99; this Longline reads up to ${accountLadder.version}. Deploy one that reads version 98`,
);
const newerSession = "UPDATE session SET schema_version = 98, ladder_version = 99";
const knownSession = `UPDATE session SET schema_version = ${sessionLadder.readableFrom}, ladder_version = ${sessionLadder.version}`;
const newerAccount = "UPDATE account_schema SET version = 98, ladder_version = 99";
const knownAccount = `UPDATE account_schema SET version = ${accountLadder.readableFrom}, ladder_version = ${accountLadder.version}`;

/** A session with a turn that has ended and one that waits for its client. */
async function makeSession() {
  const open_door = {
    type: "function",
    function: { name: "open_door", parameters: { type: "object", properties: {} } },
  };
  provider.enqueue(text("Hello."), calls([{ name: "open_door", arguments: "{}" }]));
  await call(["POST", "/v1/sessions/s/messages", message]);
  const asked = await call(["POST", "/v1/sessions/s/messages", { content: "Open it", tools: [open_door] }]);
  expect(asked.status).toBe(202);
  return (JSON.parse(asked.text) as { waiting_for: { call_id: string }[] }).waiting_for;
}

describe("storage that only a newer Longline can read", () => {
  it("[UPGRADE-5] of a session is refused by name at every door, and nothing is written", async () => {
    await makeSession();
    const stub = sessionStub(account, "s");
    await change(stub, newerSession);
    // The instance that ends may have written still that a report was taken.
    await restart(stub);
    const before = await storedRows(stub);
    for (const request of sessionCalls) {
      const answer = await call(request);
      expect([request, answer.status, answer.text]).toEqual([request, 503, expect.stringMatching(sessionWords)]);
      expect(answer.retryAfter).toBeGreaterThan(30);
    }
    expect((await call(mcpCall)).text).toMatch(sessionWords);
    expect(await storedRows(stub)).toBe(before);
    expect((await call(["GET", "/v1/sessions"])).text).toContain('"id":"s"');
  });

  it("[UPGRADE-5] of a session is looked at by its alarm once a minute at most, and its work goes on with the right version", async () => {
    const [waiting] = await makeSession();
    const stub = sessionStub(account, "s");
    await change(stub, newerSession);
    // The instance that ends may have written still that a report was taken.
    await restart(stub);
    const before = await storedRows(stub);
    for (let n = 0; n < 3; n++) {
      const atMs = Date.now();
      await runInDurableObject(stub, (_, { storage }) => storage.setAlarm(atMs + 3_600_000));
      expect(await runDurableObjectAlarm(stub)).toBe(true);
      const nextMs = await runInDurableObject(stub, (_, { storage }) => storage.getAlarm());
      expect((nextMs ?? 0) - atMs).toBeGreaterThan(40_000);
      expect((nextMs ?? 0) - atMs).toBeLessThan(400_000);
    }
    expect(await storedRows(stub)).toBe(before);
    await change(stub, knownSession);
    await restart(stub);
    provider.enqueue(text("It is open."));
    const results = [{ call_id: waiting?.call_id, content: "opened" }];
    expect((await call(["POST", "/v1/sessions/s/tool_results", { results }])).status).toBe(200);
    await vi.waitFor(async () => {
      expect((await call(["GET", "/v1/sessions/s/turns/turn_2"])).text).toContain("It is open.");
    });
  });

  it("[UPGRADE-5] of an account is refused by name at every door, and nothing is written", async () => {
    await makeSession();
    // One that the Worker has not seen: it remembers for some seconds what a key may do.
    key = await makeKey();
    const stub = accountStub(account);
    await change(stub, newerAccount);
    await restart(stub);
    const before = await storedRows(stub);
    // Every call asks the account first who is calling, so some of each door will do.
    const some = sessionCalls.filter(([, path]) => /messages|events|completions|responses|ui/.test(path));
    for (const request of [...some, ...accountCalls]) {
      const answer = await call(request);
      expect([request, answer.status, answer.text]).toEqual([request, 503, expect.stringMatching(accountWords)]);
      expect(answer.retryAfter).toBeGreaterThan(30);
    }
    const admin: Request[] = [
      ["GET", `/v1/admin/accounts/${account}`],
      ["PATCH", `/v1/admin/accounts/${account}`, { budget_micros: 1 }],
      ["POST", `/v1/admin/accounts/${account}/keys`, {}],
    ];
    for (const request of admin) {
      const answer = await call(request, adminKey);
      expect([request, answer.status, answer.text]).toEqual([request, 503, expect.stringMatching(accountWords)]);
    }
    expect(await storedRows(stub)).toBe(before);
    await change(stub, knownAccount);
    await restart(stub);
    expect((await call(["GET", "/v1/sessions/s"])).status).toBe(200);
  });
});
