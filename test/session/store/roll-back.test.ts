import { runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Ladder, Rung } from "../../../src/account/ladder.ts";
import { accountLadder, accountVersion } from "../../../src/account/schema.ts";
import { sessionLadder, versionOf } from "../../../src/session/store/schema.ts";
import { calls, text } from "../../support/fake-provider.ts";
import { contractions } from "../../support/rung-rules.ts";
import { startProvider } from "../../support/session-world.ts";
import { accountStub, change, plainTables, restart, sessionStub } from "../../support/stored-rows.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
const adminKey = "test-admin-key-16";
let provider: ReturnType<typeof startProvider>;
let account: string;
let key: string;

beforeEach(() => {
  provider = startProvider();
  account = `back-${crypto.randomUUID().slice(0, 18)}`;
});
afterEach(() => {
  vi.restoreAllMocks();
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
async function call(method: string, path: string, body?: unknown, as = key): Promise<any> {
  const answer = await worker.fetch(`https://longline.test${path}`, {
    method,
    headers: { Authorization: `Bearer ${as}`, ...(body !== undefined && { "Content-Type": "application/json" }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const said = new TextDecoder().decode(await answer.arrayBuffer());
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${said}`);
  return answer.headers.get("content-type")?.includes("ndjson") ? said : JSON.parse(said);
}

async function say(session: string, content: string) {
  provider.enqueue(text(`Heard: ${content}`));
  const { message } = await call("POST", `/v1/sessions/${session}/messages`, { content });
  expect(message.content).toBe(`Heard: ${content}`);
}
const exported = (session: string): Promise<string> => call("GET", `/v1/sessions/${session}/export`);
const numbers = {
  session: (name: string) => runInDurableObject(sessionStub(account, name), (_, { storage }) => versionOf(storage.sql)),
  account: () => runInDurableObject(accountStub(account), (_, { storage }) => accountVersion(storage.sql)),
};
const today = ({ version, readableFrom }: Ladder) => ({ version, readableFrom });

const door = { type: "function", function: { name: "open_door", parameters: { type: "object", properties: {} } } };

/** What the newer code stores: an account with a key, limits and a prefix, turns, a wait, an erased name. */
async function writeWithNewer(): Promise<void> {
  await call("POST", "/v1/admin/accounts", { id: account, budget_micros: 9_000_000, rate_per_minute: 600 }, adminKey);
  key = (await call("POST", `/v1/admin/accounts/${account}/keys`, {}, adminKey)).key;
  await say("talk", "By the newer code");
  const { prefix } = await call("PUT", "/v1/prefixes", { instructions: "Be brief." });
  await call("POST", "/v1/sessions", { id: "dressed", title: "Dressed", prefix, ttl_seconds: 86_400 });
  await say("dressed", "With a prefix");
  provider.enqueue(calls([{ name: "open_door", arguments: "{}" }]));
  await call("POST", "/v1/sessions/waits/messages", { content: "Open it", tools: [door] });
  await call("POST", "/v1/sessions/talk/feedback", { turn: "turn_1", score: 1 });
  await say("gone", "Erased");
  await call("DELETE", "/v1/sessions/gone");
}

/** The older code reads all of it, goes on with it, and adds to it. `makes`: new sessions, too. */
async function goOnWithOlder({ makes = true } = {}): Promise<void> {
  const before = await exported("talk");
  await say("talk", "By the older code");
  expect((await exported("talk")).startsWith(before.trimEnd())).toBe(true);
  expect(provider.requests.at(-1)?.text).toContain("By the newer code");
  await say("dressed", "Again with a prefix");
  expect(provider.requests.at(-1)?.text).toContain("Be brief.");
  const { waiting_for } = await call("GET", "/v1/sessions/waits/turns/turn_1");
  provider.enqueue(text("It is open."));
  const results = [{ call_id: waiting_for[0].call_id, content: "opened" }];
  await call("POST", "/v1/sessions/waits/tool_results", { results });
  await vi.waitFor(async () => {
    expect((await call("GET", "/v1/sessions/waits/turns/turn_1")).status).toBe("completed");
  });
  if (makes) await call("POST", "/v1/sessions/talk/fork", { id: "forked" });
  await call("POST", "/v1/sessions/talk/feedback", { turn: "turn_1", score: -1, comment: "Not so good" });
  if (makes) await say("new", "A session of the older code");
  await call("PATCH", "/v1/sessions/talk", { title: "Renamed" });
  await call("PATCH", `/v1/admin/accounts/${account}`, { rate_per_minute: 500 }, adminKey);
}

async function expectAll({ made = ["forked", "new"] } = {}): Promise<void> {
  const { sessions } = await call("GET", "/v1/sessions?limit=100");
  expect(sessions.map(({ id }: { id: string }) => id).toSorted()).toEqual(
    ["dressed", "talk", "waits", ...made].toSorted(),
  );
  const { results } = await call("GET", "/v1/sessions/talk/search?q=code");
  expect(results.length).toBeGreaterThan(3);
  const { usage } = await call("GET", "/v1/usage?group_by=session");
  const steps = Object.fromEntries(usage.map(({ session, steps }: Record<string, unknown>) => [session, steps]));
  expect(steps).toEqual({ talk: 2, dressed: 2, waits: 2, ...(made.includes("new") && { new: 1 }), gone: 1 });
  expect((await call("GET", "/v1/sessions/talk")).usage.steps).toBe(2);
  expect((await call("GET", "/v1/sessions/talk/turns/turn_1")).feedback).toMatchObject({ score: -1 });
  await say("talk", "By the newer code again");
  if (made.includes("new")) await say("new", "By the newer code, too");
}

async function restartAll(sessions = ["talk", "dressed", "waits"]): Promise<void> {
  for (const name of sessions) await restart(sessionStub(account, name));
  await restart(accountStub(account));
}

describe("a release that is rolled back", () => {
  it("[UPGRADE-3] leaves nothing behind that the code before cannot read and write: today's storage with the last rung missing in the code", async () => {
    await writeWithNewer();
    const cut = [sessionLadder, accountLadder].map((ladder) =>
      vi.spyOn(ladder, "version", "get").mockReturnValue(ladder.rungs.length - 1),
    );
    await restartAll();
    // A new database would lack columns that today's code writes; the next test makes new ones.
    await goOnWithOlder({ makes: false });
    expect([await numbers.session("talk"), await numbers.account()]).toEqual([
      { version: sessionLadder.rungs.length, readableFrom: 6 },
      { version: accountLadder.rungs.length, readableFrom: 4 },
    ]);
    for (const spy of cut) spy.mockRestore();
    await restartAll();
    await expectAll({ made: [] });
    expect(await numbers.session("talk")).toEqual(today(sessionLadder));
  });

  it("[UPGRADE-3] [UPGRADE-4] [UPGRADE-6] loses nothing of what only the newer code knows: today's code on storage of the next release", async () => {
    const ladders = [sessionLadder, accountLadder];
    const ofToday = ladders.map(({ rungs }) => rungs);
    const next = ofToday.map((rungs) => [...rungs, { since: "9.0.0", sql: additions(rungs) }]);
    const install = (of: readonly (readonly Rung[])[]) =>
      ladders.forEach((ladder, at) => void Object.assign(ladder, { rungs: of[at] }));
    const objects = () => [sessionStub(account, "talk"), sessionStub(account, "dressed"), accountStub(account)];
    try {
      install(next);
      await writeWithNewer();
      for (const stub of objects()) await mark(stub);
      await change(sessionStub(account, "talk"), "UPDATE session SET usage = json_set(usage, '$.later', 7)");
      const before = await Promise.all(objects().map(marked));
      expect(before.every((tables) => Object.keys(tables).length > 3)).toBe(true);
      install(ofToday);
      await restartAll();
      await goOnWithOlder();
      expect((await numbers.session("talk")).version).toBe(sessionLadder.version + 1);
      expect((await numbers.account()).version).toBe(accountLadder.version + 1);
      expect(await Promise.all(objects().map(marked))).toEqual(before);
      expect(await laterOf(sessionStub(account, "talk"))).toBe(7);
      install(next);
      await restartAll(["talk", "dressed", "waits", "new", "forked"]);
      await expectAll();
      expect(await numbers.session("new")).toEqual(today(sessionLadder));
      expect(await Promise.all(objects().map(marked))).toEqual(before);
    } finally {
      install(ofToday);
    }
  });
});

/** A rung of the next release that adds all that a rung may: columns to every table, a table, an index. */
function additions(rungs: readonly Rung[]): string {
  const made = rungs.flatMap(({ sql }) => [...sql.matchAll(/(?:CREATE|ALTER) TABLE (?:IF NOT EXISTS )?(\w+)/g)]);
  const tables = new Set(made.map(([, table = ""]) => table));
  const columns = [...tables].map(
    (table) =>
      `ALTER TABLE ${table} ADD COLUMN later TEXT; ALTER TABLE ${table} ADD COLUMN counted INTEGER NOT NULL DEFAULT 7;`,
  );
  const sql = `${columns.join("\n")}\nCREATE TABLE later (id INTEGER PRIMARY KEY) STRICT;
    CREATE INDEX ${tables.has("entries") ? "by_later ON entries" : "by_later ON steps"} (later);`;
  expect(contractions(sql)).toEqual([]);
  return sql;
}

/** Rows that older code deletes once their work is done. */
const passing = ["reservations", "admitted", "checkpoint", "intents", "heartbeat", "outbox"];

async function markedTables(stub: DurableObjectStub): Promise<string[]> {
  return (await plainTables(stub)).filter((name) => name !== "later" && !/^(search|words)(_|$)/.test(name));
}

/** Fills the next release's column in every row. */
async function mark(stub: DurableObjectStub): Promise<void> {
  for (const table of await markedTables(stub)) await change(stub, `UPDATE ${table} SET later = 'kept'`);
}

/** How many rows of each table have it. */
async function marked(stub: DurableObjectStub): Promise<Record<string, number>> {
  const tables = (await markedTables(stub)).filter((name) => !passing.includes(name));
  return runInDurableObject(stub, (_, { storage: { sql } }) => {
    const counts = tables.map((table) => {
      const query = `SELECT count(*) AS n FROM ${table} WHERE later = 'kept' AND counted = 7`;
      return [table, sql.exec<{ n: number }>(query).one().n] as const;
    });
    return Object.fromEntries(counts.filter(([, n]) => n > 0));
  });
}

function laterOf(stub: DurableObjectStub): Promise<number> {
  return runInDurableObject(stub, (_, { storage: { sql } }) => {
    return sql.exec<{ later: number }>("SELECT json_extract(usage, '$.later') AS later FROM session").one().later;
  });
}
