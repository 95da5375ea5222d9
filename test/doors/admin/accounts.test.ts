import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { accountObject } from "../../../src/account/account-object.ts";
import { frames, text } from "../../support/fake-provider.ts";
import { randomOf } from "../../support/random.ts";
import { bindings, startProvider } from "../../support/session-world.ts";
import { storesNothing } from "../../support/stores-nothing.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
let provider: ReturnType<typeof startProvider>;
let account: string;

beforeEach(() => {
  provider = startProvider();
  account = `acc-${crypto.randomUUID().slice(0, 18)}`;
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Told = { status: number; body: any; headers: Headers };
async function call(key: string, method: string, path: string, body?: unknown): Promise<Told> {
  const answer = await worker.fetch(`https://longline.test${path}`, {
    method,
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const said = await answer.text();
  return { status: answer.status, body: said === "" ? undefined : JSON.parse(said), headers: answer.headers };
}
const admin = (method: string, path: string, body?: unknown) =>
  call("test-admin-key-16", method, `/v1/admin/accounts${path}`, body);

/** A fresh account with these limits, and a key of it. */
async function makeAccount(limits: object = {}, id = account): Promise<string> {
  expect((await admin("POST", "", { id, ...limits })).status).toBe(201);
  return (await admin("POST", `/${id}/keys`)).body.key;
}
/** An answer that costs so many output tokens. */
const costing = (completion_tokens: number) => {
  const usage = { prompt_tokens: 10, completion_tokens, prompt_cache_hit_tokens: 0, prompt_cache_miss_tokens: 10 };
  const chunk = { choices: [{ index: 0, delta: { content: "Hi." }, finish_reason: "stop" }], usage };
  return frames(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`);
};

describe("accounts and their keys", () => {
  it("[ACCOUNT-1] are made by whoever has the ADMIN_KEY, and by nobody else", async () => {
    for (const key of ["test-key", "wrong", "test-admin-key-17"]) {
      expect((await call(key, "POST", "/v1/admin/accounts", { id: account })).status).toBe(401);
    }
    const made = await admin("POST", "", { id: account, budget_micros: 5_000, rate_per_minute: 10 });
    expect(made).toMatchObject({
      status: 201,
      body: { id: account, budget_micros: 5_000, spent_micros: 0, rate_per_minute: 10, models: null },
    });
    expect((await admin("POST", "", { id: account })).status).toBe(409);
    expect((await admin("GET", "")).body.accounts).toContain(account);
    const changed = await admin("PATCH", `/${account}`, { budget_micros: null, models: ["deepseek-v3.2-exp"] });
    expect(changed.body).toMatchObject({ budget_micros: null, rate_per_minute: 10, models: ["deepseek-v3.2-exp"] });
    expect((await admin("GET", "/acc-none")).status).toBe(404);
  });

  it.each([
    [{ id: "With_underscore" }, "id"],
    [{ budget_micros: -1 }, "budget_micros"],
    [{ budget_micros: 1e15 }, "budget_micros"],
    [{ budget_micros: 0.5 }, "budget_micros"],
    [{ rate_per_minute: 0 }, "rate_per_minute"],
    [{ models: ["nonsense"] }, "models.0"],
    [{ colour: "red" }, "colour"],
  ])("[ACCOUNT-2] %j is refused by its field, and nothing is made", async (wrong, field) => {
    const answer = await admin("POST", "", { id: account, ...wrong });
    expect([answer.status, answer.body.field]).toEqual([400, field]);
    expect((await admin("GET", `/${account}`)).status).toBe(404);
  });

  it("[KEY-1] a key is shown once, kept as a digest, and opens its own account only", async () => {
    const key = await makeAccount();
    expect(key).toMatch(new RegExp(`^ll_${account}_[A-Za-z0-9_-]{43}$`));
    const { keys } = (await admin("GET", `/${account}/keys`)).body;
    expect(JSON.stringify(keys)).not.toContain(key.slice(-43));
    expect(keys).toEqual([{ id: expect.stringMatching(/^key_/), created_at: expect.any(String), revoked_at: null }]);
    provider.enqueue(text("Hi."));
    expect((await call(key, "POST", "/v1/sessions/mine/messages", { content: "Hello" })).status).toBe(200);
    expect((await call("test-key", "GET", "/v1/sessions/mine")).status).toBe(404);
    const other = await makeAccount({}, `${account}-2`);
    expect((await call(other, "GET", "/v1/sessions/mine")).status).toBe(404);
    expect((await call(other, "GET", "/v1/usage")).body.usage).toEqual([]);
    expect((await call(key, "GET", "/v1/sessions")).body.sessions.map(({ id }: { id: string }) => id)).toEqual([
      "mine",
    ]);
  });

  it("[KEY-2] two keys live at a time, and a revoked one is refused within 30 s", async () => {
    const first = await makeAccount();
    const second = (await admin("POST", `/${account}/keys`)).body;
    expect((await admin("POST", `/${account}/keys`)).status).toBe(409);
    expect((await call(first, "GET", "/v1/sessions")).status).toBe(200);
    const { keys } = (await admin("GET", `/${account}/keys`)).body;
    const old = keys.find(({ id }: { id: string }) => id !== second.id);
    expect((await admin("DELETE", `/${account}/keys/${old.id}`)).status).toBe(204);
    expect((await admin("DELETE", `/${account}/keys/key_none`)).status).toBe(404);
    const later = Date.now() + 30_000;
    vi.spyOn(Date, "now").mockImplementation(() => later);
    expect((await call(first, "GET", "/v1/sessions")).status).toBe(401);
    expect((await call(second.key, "GET", "/v1/sessions")).status).toBe(200);
    expect((await admin("POST", `/${account}/keys`)).status).toBe(201);
  });

  it("[KEY-4] what was changed by a call that came in here holds here at once", async () => {
    const key = await makeAccount({ rate_per_minute: 100 });
    const { id } = (await admin("GET", `/${account}/keys`)).body.keys[0];
    expect((await call(key, "GET", "/v1/sessions")).status).toBe(200);
    await admin("PATCH", `/${account}`, { rate_per_minute: 1 });
    provider.enqueue(text("Hi."));
    expect((await call(key, "POST", "/v1/sessions/a/messages", { content: "Hello" })).status).toBe(200);
    expect((await call(key, "POST", "/v1/sessions/a/messages", { content: "Hello" })).status).toBe(429);
    expect((await admin("DELETE", `/${account}/keys/${id}`)).status).toBe(204);
    expect((await call(key, "GET", "/v1/sessions")).status).toBe(401);
    const other = (await admin("POST", `/${account}/keys`)).body.key;
    expect((await call(other, "GET", "/v1/sessions")).status).toBe(200);
    expect((await admin("DELETE", `/${account}`)).status).toBe(200);
    expect((await call(other, "GET", "/v1/sessions")).status).toBe(401);
  });

  it("[KEY-3] a key of an account that was never made is refused, and stores nothing", async () => {
    const key = `ll_${account}_${"x".repeat(43)}`;
    const refused = await call(key, "GET", "/v1/sessions");
    expect([refused.status, refused.body.detail]).toEqual([
      401,
      "Send a valid key in the header: Authorization: Bearer <key>.",
    ]);
    expect(await accountObject(bindings, account).settings()).toBeUndefined();
    expect((await admin("GET", `/${account}`)).status).toBe(404);
  });

  it("[ACCOUNT-3] names only the models that it may use", async () => {
    const key = await makeAccount({ models: ["deepseek-v3.2-exp"] });
    const wrong = await call(key, "POST", "/v1/sessions", { model: "gpt-9" });
    expect([wrong.status, wrong.body.field]).toEqual([400, "model"]);
    expect((await call(key, "POST", "/v1/sessions", { model: "deepseek-v3.2-exp" })).status).toBe(201);
  });
});

describe("a session's token", () => {
  const ask = (rights: string[], more: object = {}) =>
    call("test-key", "POST", `/v1/sessions/${account}/tokens`, { rights, ...more });

  it("[TOKEN-1] opens its session, as far as its rights go, and nothing else", async () => {
    await call("test-key", "POST", "/v1/sessions", { id: account });
    const made = await ask(["read", "append"], { ttl_seconds: 60 });
    expect([made.status, made.body]).toMatchObject([201, { session: account, rights: ["read", "append"] }]);
    const { token } = made.body;
    const mine = `/v1/sessions/${account}`;
    provider.enqueue(text("Hi."));
    expect((await call(token, "POST", `${mine}/messages`, { content: "Hello" })).status).toBe(200);
    expect((await call(token, "GET", `${mine}/entries`)).status).toBe(200);
    expect((await call(token, "GET", `${mine}/events?live=false`).catch(() => ({ status: 200 }))).status).toBe(200);
    expect((await call(token, "POST", `${mine}/cancel`)).body).toMatchObject({ status: 403, code: "forbidden" });
    expect((await call(token, "POST", `${mine}/approvals/c`, { approve: true })).status).toBe(403);
    expect((await call(token, "GET", "/v1/sessions/other")).status).toBe(404);
    for (const [method, path] of [
      ["GET", "/v1/sessions"],
      ["GET", "/v1/usage"],
      ["POST", "/v1/sessions"],
      ["DELETE", mine],
      ["PATCH", mine],
      ["POST", `${mine}/fork`],
      ["POST", `${mine}/tokens`],
      ["POST", "/v1/sessions/import"],
    ] as const) {
      expect([path, (await call(token, method, path, method === "GET" ? undefined : {})).status]).toEqual([path, 403]);
    }
    expect((await call(token, "GET", "/v1/admin/accounts")).status).toBe(401);
  });

  it("[TOKEN-2] is refused when it has expired or was changed in any letter", async () => {
    await call("test-key", "POST", "/v1/sessions", { id: account });
    const { token } = (await ask(["read"], { ttl_seconds: 60 })).body as { token: string };
    const read = (with_: string) => call(with_, "GET", `/v1/sessions/${account}`).then(({ status }) => status);
    expect(await read(token)).toBe(200);
    const random = randomOf(7);
    for (let n = 0; n < 100; n++) {
      const at = 3 + Math.floor(random() * (token.length - 4));
      const letter = token[at] === "A" ? "B" : "A";
      expect([at, await read(token.slice(0, at) + letter + token.slice(at + 1))]).toEqual([at, 401]);
    }
    const later = Date.now() + 61_000;
    vi.spyOn(Date, "now").mockImplementation(() => later);
    expect(await read(token)).toBe(401);
  });

  it("[TOKEN-4] makes the session that is not there, unless its name was erased", async () => {
    const path = `/v1/sessions/${account}-new`;
    const refused = await call("test-key", "POST", `${path}/tokens`, { rights: [] });
    expect(refused.status).toBe(400);
    expect((await call("test-key", "GET", path)).status).toBe(404);
    const made = await call("test-key", "POST", `${path}/tokens`, { rights: ["read", "append"] });
    expect(made.status).toBe(201);
    expect((await call(made.body.token, "GET", path)).body).toMatchObject({ id: `${account}-new`, last_seq: 0 });
    // A second one is for the same session, and both are valid.
    const second = await call("test-key", "POST", `${path}/tokens`, { rights: ["read"] });
    for (const { body } of [made, second]) expect((await call(body.token, "GET", path)).status).toBe(200);
    await call("test-key", "DELETE", path);
    const erased = await call("test-key", "POST", `${path}/tokens`, { rights: ["read"] });
    expect([erased.status, erased.body.detail]).toEqual([404, expect.stringContaining("POST /v1/sessions")]);
    expect((await call("test-key", "GET", path)).status).toBe(404);
    expect((await call(made.body.token, "GET", path)).status).toBe(404);
    await call("test-key", "POST", "/v1/sessions", { id: `${account}-new` });
    expect((await call("test-key", "POST", `${path}/tokens`, { rights: ["read"] })).status).toBe(201);
    // A token makes no tokens, and so no sessions.
    const other = `/v1/sessions/${account}-other`;
    expect((await call(second.body.token, "POST", `${other}/tokens`, { rights: ["read"] })).status).toBe(403);
    expect((await call("test-key", "GET", other)).status).toBe(404);
  });

  it("[TOKEN-3] is made with rights that there are", async () => {
    await call("test-key", "POST", "/v1/sessions", { id: account });
    for (const [body, field] of [
      [{ rights: [] }, "rights"],
      [{ rights: ["delete"] }, "rights.0"],
      [{ rights: ["read"], ttl_seconds: 0 }, "ttl_seconds"],
      [{ rights: ["read"], ttl_seconds: 100_000 }, "ttl_seconds"],
    ] as const) {
      const answer = await call("test-key", "POST", `/v1/sessions/${account}/tokens`, body);
      expect([answer.status, answer.body.field]).toEqual([400, field]);
    }
  });
});

describe("limits", () => {
  it("[RATE-1] a message beyond the account's rate is refused with the seconds to wait, and not stored", async () => {
    const key = await makeAccount({ rate_per_minute: 2 });
    provider.enqueue(text("1"), text("2"));
    for (const n of [1, 2])
      expect((await call(key, "POST", `/v1/sessions/s${n}/messages`, { content: "x" })).status).toBe(200);
    const refused = await call(key, "POST", "/v1/sessions/s3/messages", { content: "x" });
    expect([refused.status, refused.body.code]).toEqual([429, "rate_limited"]);
    expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThan(50);
    expect((await call(key, "GET", "/v1/sessions/s3")).status).toBe(404);
    const later = Date.now() + 61_000;
    vi.spyOn(Date, "now").mockImplementation(() => later);
    provider.enqueue(text("3"));
    expect((await call(key, "POST", "/v1/sessions/s3/messages", { content: "x" })).status).toBe(200);
  });

  it("[BUDGET-2] 100 turns at once never pass the budget by a micro-dollar, and those without money say so", async () => {
    const key = await makeAccount({ budget_micros: 60_000 });
    provider.enqueue(...Array.from({ length: 100 }, () => costing(8_000)));
    const turns = await Promise.all(
      Array.from({ length: 100 }, (_, n) => call(key, "POST", `/v1/sessions/p${n}/messages`, { content: `Turn ${n}` })),
    );
    const statuses = Object.groupBy(turns, ({ body }) => body.status);
    expect(Object.keys(statuses).toSorted()).toEqual(["budget_exhausted", "completed"]);
    const spent = turns.reduce((sum, { body }) => sum + body.cost_micros, 0);
    expect(spent).toBeLessThanOrEqual(60_000);
    expect(spent).toBeGreaterThan(0);
    expect(provider.requests.length).toBe(statuses.completed?.length);
    await vi.waitFor(async () => {
      const { body } = await admin("GET", `/${account}`);
      expect([body.spent_micros, body.reserved_micros]).toEqual([spent, 0]);
    });
  });

  it("[BUDGET-3] what a call did not cost is free again, and a raised budget is used", async () => {
    const key = await makeAccount({ budget_micros: 8_000 });
    provider.enqueue(...Array.from({ length: 20 }, () => costing(10)));
    const ask = async (n: number) =>
      (await call(key, "POST", "/v1/sessions/one/messages", { content: `Turn ${n}` })).body.status;
    for (let n = 0; n < 10; n++) expect(await ask(n)).toBe("completed");
    expect((await admin("PATCH", `/${account}`, { budget_micros: 10 })).status).toBe(200);
    expect(await ask(11)).toBe("budget_exhausted");
    await admin("PATCH", `/${account}`, { budget_micros: 1_000_000 });
    expect(await ask(12)).toBe("completed");
  });
});

describe("a budget of each month", () => {
  it("[BUDGET-5] begins anew with the month (UTC); what was spent before stays counted in all", async () => {
    vi.spyOn(Date, "now").mockReturnValue(Date.UTC(2026, 11, 31, 23, 50));
    const key = await makeAccount({ budget_micros: 6_000, budget_period: "month" });
    provider.enqueue(costing(8_000), costing(10));
    const ask = async (n: number) =>
      (await call(key, "POST", `/v1/sessions/m${n}/messages`, { content: "Hello" })).body;
    expect((await ask(1)).status).toBe("completed");
    const shown = async () => (await admin("GET", `/${account}`)).body;
    await vi.waitFor(async () => expect((await shown()).reserved_micros).toBe(0));
    const december = await shown();
    expect(december).toMatchObject({ budget_period: "month", budget_resets_at: "2027-01-01T00:00:00.000Z" });
    expect(december.spent_micros).toBeGreaterThan(0);
    const refused = await ask(2);
    expect(refused.status).toBe("budget_exhausted");
    expect(JSON.stringify(refused)).toContain("begins anew on 2027-01-01");
    vi.spyOn(Date, "now").mockReturnValue(Date.UTC(2027, 0, 1, 0, 1));
    expect(await shown()).toMatchObject({ spent_micros: 0, spent_in_all_micros: december.spent_micros });
    expect((await ask(3)).status).toBe("completed");
    expect((await admin("PATCH", `/${account}`, { budget_period: "total" })).body).toMatchObject({
      budget_period: "total",
      budget_resets_at: null,
    });
    expect((await ask(4)).status).toBe("budget_exhausted");
  });

  it("[BUDGET-5] another word than month or total is refused by its field", async () => {
    const answer = await admin("POST", "", { id: account, budget_period: "week" });
    expect([answer.status, answer.body.field]).toEqual([400, "budget_period"]);
  });
});

describe("an account that is erased", () => {
  const fill = async (key: string, sessions: number) => {
    for (let n = 0; n < sessions; n++) {
      provider.enqueue(text("Hi."));
      await call(key, "POST", `/v1/sessions/e${n}/messages`, { content: "Hello" });
    }
  };
  const object = () => accountObject(bindings, account);

  it("[ACCOUNT-4] takes its sessions, keys and tokens with it, and says how much that was", async () => {
    const key = await makeAccount({ budget_micros: 1_000_000 });
    await fill(key, 3);
    const { token } = (await call(key, "POST", "/v1/sessions/e0/tokens", { rights: ["read"] })).body;
    const receipt = await admin("DELETE", `/${account}`);
    expect([receipt.status, receipt.body.remaining]).toEqual([200, 0]);
    expect(receipt.body.deleted).toMatchObject({ sessions: 3, entries: 9 });
    expect(receipt.body.deleted.bytes).toBeGreaterThan(0);
    expect((await admin("GET", `/${account}`)).status).toBe(404);
    expect((await admin("GET", "")).body.accounts).not.toContain(account);
    expect((await admin("POST", `/${account}/keys`)).status).toBe(404);
    const created = await admin("POST", "", { id: account });
    expect([created.status, created.body.detail]).toEqual([409, expect.stringContaining("is being erased")]);
    const later = Date.now() + 31_000;
    vi.spyOn(Date, "now").mockImplementation(() => later);
    for (const old of [key, token]) expect((await call(old, "GET", "/v1/sessions/e0")).status).toBe(401);
    expect((await admin("DELETE", `/${account}`)).body.deleted).toEqual(receipt.body.deleted);
  });

  it("[ACCOUNT-4] a session that a remembered key made meanwhile goes with the last look, and then the name is free", async () => {
    const key = await makeAccount();
    await fill(key, 1);
    // By a call that came in at another isolate.
    await accountObject(bindings, account).eraseAccount(account);
    provider.enqueue(text("Hi."));
    expect((await call(key, "POST", "/v1/sessions/late/messages", { content: "Hello" })).status).toBe(200);
    const later = Date.now() + 91_000;
    vi.spyOn(Date, "now").mockImplementation(() => later);
    await runDurableObjectAlarm(object());
    expect(await storesNothing(object())).toBe(true);
    expect((await admin("DELETE", `/${account}`)).status).toBe(404);
    const again = await makeAccount();
    expect((await call(again, "GET", "/v1/sessions")).body.sessions).toEqual([]);
    // The object that was emptied watches over the new account's work.
    const schedule = { cron: "0 9 * * *", content: "Good morning." };
    expect((await call(again, "POST", "/v1/schedules", schedule)).status).toBe(201);
    expect(await runInDurableObject(object(), (_, { storage }) => storage.getAlarm())).toBeGreaterThan(later);
  });

  it("[ACCOUNT-5] one session that cannot be erased now does not hold up the others, and is tried again", async () => {
    const key = await makeAccount();
    await fill(key, 3);
    const broken = bindings.SESSIONS.getByName(`${account}:e1`);
    await runInDurableObject(broken, (instance) => {
      Object.assign(instance, { erase: () => Promise.reject(new Error("no")) });
    });
    const receipt = await admin("DELETE", `/${account}`);
    expect([receipt.status, receipt.body.remaining, receipt.body.deleted.sessions]).toEqual([202, 1, 2]);
    await evictDurableObject(broken);
    const later = Date.now() + 91_000;
    vi.spyOn(Date, "now").mockImplementation(() => later);
    await runDurableObjectAlarm(object());
    expect((await admin("DELETE", `/${account}`)).status).toBe(404);
    expect(await storesNothing(bindings.SESSIONS.getByName(`${account}:e1`))).toBe(true);
  });

  it("[ACCOUNT-6] the account of the Worker's own key stays, and says why; nobody but the ADMIN_KEY erases any", async () => {
    const refused = await admin("DELETE", "/default");
    expect([refused.status, refused.body.detail]).toEqual([409, expect.stringContaining("API_KEY")]);
    const key = await makeAccount();
    for (const other of ["test-key", key])
      expect((await call(other, "DELETE", `/v1/admin/accounts/${account}`)).status).toBe(401);
    expect((await call(key, "GET", "/v1/sessions")).status).toBe(200);
    expect((await admin("DELETE", "/acc-none")).status).toBe(404);
  });

  it("[ACCOUNT-7] the ADMIN_KEY reads what an account used", async () => {
    const key = await makeAccount();
    await fill(key, 1);
    // The account is told of a turn after its answer.
    const mine = await vi.waitFor(async () => {
      const used = await call(key, "GET", "/v1/usage?group_by=model");
      expect(used.body.usage).toHaveLength(1);
      return used;
    });
    expect((await admin("GET", `/${account}/usage?group_by=model`)).body).toEqual(mine.body);
    expect((await admin("GET", `/${account}/usage?group_by=colour`)).body.field).toBe("group_by");
    expect((await admin("GET", "/acc-none/usage")).status).toBe(404);
  });
});

/** What can be read of a session. */
const readPaths = [
  "",
  "/entries",
  "/events?live=false",
  "/turns/turn_1",
  "/search?q=secret",
  "/export",
  "/prefix",
  "/requests/2",
];

/** Ways to write the name of another account's session, or of its object, that a parser on the way might take for it. */
function spellings(session: string, owner: string): string[] {
  const colons = [":", "%3A", "%3a", "%253A", "%EF%BC%9A", "%00", "%20", "+", ";", "%0A", "%5C", "%2F", "/", "@", "."];
  const up = ["..%2F", "%2e%2e/", "%2e%2e%2f", "..%5C", "%252e%252e%252f", "./", "%2F", "%00", "%EF%BC%8E%EF%BC%8E%2F"];
  const ends = ["%00", "%20", "%0D%0A", ".", "%2E", ";", "%3F", "%23", "%EF%BB%BF", "%E2%80%8B", "%CC%81"];
  const named = colons.map((colon) => `${owner}${colon}${session}`);
  return [
    ...[session, session.toUpperCase(), `%68${session.slice(1)}`, `%2568${session.slice(1)}`],
    ...named,
    ...up.flatMap((prefix) => [`${prefix}${session}`, `${prefix}${owner}%3A${session}`]),
    ...ends.flatMap((end) => [`${session}${end}`, `${owner}%3A${session}${end}`]),
  ];
}

describe("what is not yours", () => {
  it("[ISOLATION-1] no spelling of its name finds another account's session, at any path", async () => {
    const mine = await makeAccount();
    const theirs = await makeAccount({}, `${account}-b`);
    provider.enqueue(text("secret"));
    await call(mine, "POST", "/v1/sessions/hidden/messages", { content: "secret" });
    const read = (key: string, path: string) =>
      worker.fetch(`https://longline.test/v1/sessions/${path}`, { headers: { Authorization: `Bearer ${key}` } });
    for (const path of readPaths) expect([path, (await read(mine, `hidden${path}`)).status]).toEqual([path, 200]);
    const found: string[] = [];
    const statuses = new Set<number>();
    const probe = async (path: string) => {
      const answer = await read(theirs, path);
      const body = await answer.text();
      statuses.add(answer.status);
      if (answer.ok || body.includes("secret")) found.push(path);
    };
    for (const name of spellings("hidden", account))
      await Promise.all(readPaths.map((path) => probe(`${name}${path}`)));
    expect(found).toEqual([]);
    // Refused as not there, or as no session's name; not because there were too many.
    expect([...statuses].toSorted()).toEqual([400, 404]);
  });
});
