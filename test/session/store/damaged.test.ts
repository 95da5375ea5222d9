/** What is shown and done where rows or tables are damaged. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { accountObject } from "../../../src/account/account-object.ts";
import { unwrap } from "../../../src/account/outcome.ts";
import { sessionObject } from "../../../src/session/session-object.ts";
import { text } from "../../support/fake-provider.ts";
import { type Call, ownAccount } from "../../support/own-account.ts";
import { bindings, SessionWorld, startProvider } from "../../support/session-world.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;
let provider: ReturnType<typeof startProvider>;
let world: SessionWorld;
let id: string;
let call: Call;

beforeEach(async () => {
  provider = startProvider();
  world = new SessionWorld();
  for (const method of ["error", "warn"] as const) vi.spyOn(console, method).mockImplementation(() => {});
  id = crypto.randomUUID();
  call = await ownAccount(accountName());
});
afterEach(() => {
  vi.restoreAllMocks();
});
const accountName = () => `dam-${id.slice(0, 20)}`;

const ids = async () => (await call("GET", "/v1/sessions?limit=100")).body.sessions.map((row: Json) => row.id);

describe("a damaged row", () => {
  const damages: [what: string, sql: string][] = [
    ["a birth beyond any date", `json_set(summary, '$.createdAtMs', 8640000000000001)`],
    ["no usage", `json_remove(summary, '$.usage')`],
    ["no JSON", `'{'`],
  ];
  it.each(damages)(
    "[IMPORT-3] of a session with %s is listed as broken, and the others as they are",
    async (_what, change) => {
      for (const name of ["a", "b", "c"]) await call("POST", "/v1/sessions", { id: `${name}-${id}` });
      await runInDurableObject(accountObject(bindings, accountName()), (_, { storage }) => {
        storage.sql.exec(`UPDATE sessions SET summary = ${change} WHERE id = ?`, `b-${id}`);
        storage.sql.exec("UPDATE sessions SET created_at = 8640000000000001 WHERE id = ?", `b-${id}`);
      });
      const first = (await call("GET", "/v1/sessions?limit=1")).body;
      expect(first.sessions).toEqual([expect.objectContaining({ id: `b-${id}`, broken: expect.any(String) })]);
      const rest = (await call("GET", `/v1/sessions?limit=10&cursor=${first.next_cursor}`)).body;
      expect(rest.sessions.map((row: Json) => [row.id, row.broken])).toEqual([
        [`c-${id}`, undefined],
        [`a-${id}`, undefined],
      ]);
      expect((await call("DELETE", `/v1/sessions/b-${id}`)).status).toBe(200);
      expect(await ids()).toEqual([`c-${id}`, `a-${id}`]);
    },
  );

  it.each([
    ["no JSON", `'{'`],
    ["a time beyond any date", `json_set(data, '$.atMs', 8640000000000001)`],
    ["no options", `json_set(data, '$.atMs', 'x')`],
  ])("[IMPORT-3] of an entry with %s is shown as broken at its place", async (_what, change) => {
    provider.enqueue(text("Hi."));
    await call("POST", `/v1/sessions/${id}/messages`, { content: "Hello" });
    const session = sessionObject(bindings, { account: accountName(), name: id });
    await runInDurableObject(session, (_, { storage }) => {
      storage.sql.exec(`UPDATE entries SET data = ${change} WHERE seq = 2`);
    });
    await evictDurableObject(session);
    const { status, body } = await call("GET", `/v1/sessions/${id}/entries`);
    expect(status).toBe(200);
    expect(body.entries.map((row: Json) => [row.seq, row.type, typeof row.broken])).toEqual([
      [1, "user", "undefined"],
      [2, "assistant", "string"],
      [3, "turn_ended", "undefined"],
    ]);
  });

  it("[IMPORT-3] of the usage and of the deliveries does not hide the others", async () => {
    const account = accountObject(bindings, accountName());
    provider.enqueue(text("Hi."));
    await call("POST", `/v1/sessions/${id}/messages`, { content: "Hello" });
    await vi.waitFor(async () => expect((await call("GET", "/v1/usage")).body.usage).toHaveLength(1));
    const letter = {
      session: id,
      turn: "turn_1",
      address: { channel: "callback" },
      error: "e",
      attempts: 1,
      createdAtMs: 1,
    };
    for (const [name, diedAtMs] of [
      ["one", 1],
      ["two", 8_640_000_000_000_001],
      ["three", 3],
    ] as const) {
      await account.addDeadLetter({ id: name, ...letter, diedAtMs });
    }
    await runInDurableObject(account, (_, { storage }) => {
      storage.sql.exec("UPDATE steps SET at = 8640000000000001");
      storage.sql.exec("UPDATE dead_letters SET letter = '{' WHERE id = 'three'");
    });
    const { deliveries, channels } = (await call("GET", "/v1/deliveries")).body;
    expect(channels).toMatchObject([
      { channel: "callback", failed_at: null, error: expect.stringContaining("cannot be shown") },
    ]);
    expect(deliveries.map((row: Json) => [row.id, typeof row.broken])).toEqual([
      ["two", "string"],
      ["three", "string"],
      ["one", "undefined"],
    ]);
    // Whole days are summed as steps come; another span is read off the steps themselves.
    const whole = (await call("GET", "/v1/usage")).body.usage;
    expect(whole).toMatchObject([{ day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), steps: 1 }]);
    const { usage } = (await call("GET", "/v1/usage?from=1970-01-01T00:00:01Z")).body;
    expect(usage).toMatchObject([{ day: "unknown", steps: 1 }]);
  });
});

describe("damaged storage", () => {
  it("[PLATFORM-7] an alarm that cannot even look is set again, later each time", async () => {
    unwrap(await world.stub.create(world.address, {}));
    await world.rewrite(async (storage) => {
      storage.sql.exec("DROP TABLE inbox");
      await storage.setAlarm(Date.now() + 60_000);
    });
    await runDurableObjectAlarm(world.stub);
    const first = await world.inside((storage) => storage.getAlarm());
    expect(first).toBeGreaterThan(Date.now() + 5_000);
  });

  it("[PLATFORM-8] a damaged session is refused with the reason, and can be erased and made anew", async () => {
    await call("POST", "/v1/sessions", { id });
    Object.assign(world.address, { account: accountName(), name: id });
    await world.rewrite(({ sql }) => sql.exec("DROP TABLE entries"));
    for (const [method, path, body] of [
      ["GET", `/v1/sessions/${id}`, undefined],
      ["POST", `/v1/sessions/${id}/messages`, { content: "Hi" }],
      ["POST", "/v1/sessions", { id }],
      ["GET", `/v1/sessions/${id}/events?live=false`, undefined],
    ] as const) {
      const answer = await call(method, path, body);
      expect([path, answer.status, answer.body]).toEqual([
        path,
        503,
        expect.objectContaining({ detail: expect.stringMatching(/damaged.*DELETE erases/) }),
      ]);
    }
    expect((await call("DELETE", `/v1/sessions/${id}`)).status).toBe(200);
    expect((await call("GET", `/v1/sessions/${id}`)).status).toBe(404);
    expect((await call("POST", "/v1/sessions", { id })).status).toBe(201);
  });

  it("[PLATFORM-8] one that a newer Longline wrote is refused, and stays as it is", async () => {
    unwrap(await world.stub.create(world.address, {}));
    await world.rewrite(({ sql }) => sql.exec("UPDATE session SET schema_version = 99"));
    expect(await world.stub.describe()).toMatchObject({ ok: false, code: "unavailable" });
    expect(await world.stub.erase(world.address)).toMatchObject({ ok: false, code: "unavailable" });
    await world.inside(({ sql }) => {
      expect(sql.exec("SELECT schema_version AS v FROM session").one()).toEqual({ v: 99 });
    });
  });
});
