import { runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { accountObject } from "../../../src/account/account-object.ts";
import { unwrap } from "../../../src/account/outcome.ts";
import type { HistoryItem } from "../../../src/core/history.ts";
import { profileFor } from "../../../src/model/catalog.ts";
import { sessionObject } from "../../../src/session/session-object.ts";
import { RequestWindow } from "../../../src/session/turn/request-window.ts";
import { sentEstimate } from "../../../src/session/turn/sent-estimate.ts";
import { MemoryLog } from "../../../src/test-kit/memory-log.ts";
import { strictClientTool } from "../../../src/tools/client-tool.ts";
import { assistant, ended, user } from "../../support/entries.ts";
import { text } from "../../support/fake-provider.ts";
import { bindings, SessionWorld, startProvider } from "../../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
let provider: ReturnType<typeof startProvider>;

beforeEach(() => {
  provider = startProvider();
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Every statement of every object from now on. */
async function statements(world: SessionWorld): Promise<string[]> {
  const seen: string[] = [];
  await world.inside(({ sql }) => {
    const proto = Object.getPrototypeOf(sql) as SqlStorage;
    const plain = proto.exec;
    vi.spyOn(proto, "exec").mockImplementation(function (this: SqlStorage, query, ...values) {
      seen.push(query);
      return plain.call(this, query, ...values);
    });
  });
  return seen;
}

it("[BOUND-23] a turn with a megabyte of tools reads its message when it begins, however often it is asked how it stands", async () => {
  const world = new SessionWorld();
  provider.enqueue(text("Hello."), text("Again."));
  await world.ask("Hi");
  const seen = await statements(world);
  const tools = [{ name: "f", description: "x".repeat(100_000), parameters: { type: "object", properties: {} } }];
  const { turn } = await world.send("More", { options: { tools } });
  await world.ended(turn);
  for (let n = 0; n < 20; n++) unwrap(await world.stub.describe());
  const whole = seen.filter(
    (query) => /SELECT[^;]*\bmessage\b.*FROM inbox/s.test(query) && !query.includes("json_extract"),
  );
  expect(whole.length).toBeLessThanOrEqual(2);
});

it("[BOUND-24] a conversation of 1,000 messages is stored with three statements for each, and indexed once", async () => {
  const world = new SessionWorld();
  provider.enqueue(text("Hello."), text("Done."));
  await world.ask("Hi");
  const { account } = world.address;
  await vi.waitFor(async () =>
    expect((await accountObject(bindings, account).listTurns({ limit: 1 })).turns).toHaveLength(1),
  );
  const seen = await statements(world);
  const messages = Array.from({ length: 1_001 }, (_, n) => ({ role: n % 2 ? "assistant" : "user", content: `m${n}` }));
  const session = crypto.randomUUID();
  const response = await worker.fetch("https://x.test/v1/chat/completions", {
    method: "POST",
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json", "X-Session-Id": session },
    body: JSON.stringify({ model: "longline", messages }),
  });
  expect([response.status, await response.text()]).toEqual([200, expect.stringContaining("Done.")]);
  // The last report comes after the answer.
  await unwrap(await sessionObject(bindings, { account: "default", name: session }).change({ title: "t" }));
  const count = (words: RegExp) => seen.filter((query) => words.test(query)).length;
  // 1,001 messages, 500 ends of turns, and the turn that answers.
  expect(count(/^INSERT INTO entries /)).toBe(1_503);
  expect(count(/^\s*INSERT INTO inbox /)).toBe(501);
  // Once for each report: how many there are depends on how long the storing takes.
  expect(count(/^INSERT OR IGNORE INTO texts /)).toBeLessThan(50);
  const query = "SELECT count(*) AS texts FROM texts WHERE session = ?";
  const object = accountObject(bindings, "default") as unknown as DurableObjectStub;
  expect(await runInDurableObject(object, (_, { storage: { sql } }) => sql.exec(query, session).one())).toEqual({
    texts: 1_002,
  });
  expect(seen.length).toBeLessThan(3 * messages.length);
});

it("[SPEED-13] after a start a conversation of 2,000 messages is sent with the same bytes, without reading its old entries", async () => {
  const world = new SessionWorld();
  provider.enqueue(text("Hello."), text("Done."), text("Again."));
  await world.ask("Hi");
  const items = Array.from({ length: 2_000 }, (_, n): HistoryItem => {
    if (n % 2 === 0) return { role: "user", content: `Question ${n}` };
    return { role: "assistant", content: `Answer ${n}`, reasoning: "", calls: [] };
  });
  unwrap(await world.stub.addHistory(items, "m"));
  const { turn } = await world.send("More");
  await world.ended(turn);
  await world.rewrite(() => {});
  const rows: number[] = [];
  await world.inside(({ sql }) => {
    const proto = Object.getPrototypeOf(sql) as SqlStorage;
    const plain = proto.exec;
    vi.spyOn(proto, "exec").mockImplementation(function (this: SqlStorage, query, ...values) {
      const cursor = plain.call(this, query, ...values);
      if (!/\bFROM entries\b/.test(query)) return cursor;
      const found = cursor.toArray();
      rows.push(found.length);
      return { toArray: () => found, one: () => found[0], [Symbol.iterator]: () => found[Symbol.iterator]() } as never;
    });
  });
  const last = await world.send("And more");
  await world.ended(last.turn);
  const [before, after] = provider.requests.slice(-2).map(({ body }) => JSON.stringify(body.messages));
  expect(after?.startsWith(before?.slice(0, -1) ?? "-")).toBe(true);
  expect(rows.reduce((sum, count) => sum + count, 0)).toBeLessThan(1_000);
});

it("[BOUND-24] a long conversation is read ahead in pieces, and each entry once", async () => {
  const turns = Array.from({ length: 700 }, (_, n) => {
    const at = { turn: `turn_${n + 1}` };
    return [user({ ...at, content: `q${n}` }), assistant({ ...at, content: `a${n}` }), ended(at)];
  });
  const log = new MemoryLog();
  log.append(turns.flat());
  const profile = profileFor({ modelId: "demo", baseUrl: "https://x.test", demo: true });
  const whole = new RequestWindow(log, () => 0);
  whole.read(profile, "head");
  const read = vi.spyOn(log, "read");
  const inPieces = new RequestWindow(log, () => 0);
  let pieces = 0;
  await inPieces.readAhead(profile, "head", async () => {
    pieces++;
    return true;
  });
  inPieces.read(profile, "head");
  expect([pieces > 5, inPieces.messages()]).toEqual([true, whole.messages()]);
  // Those of `newest` have no limit.
  const pages = read.mock.results.filter((_, at) => read.mock.calls[at]?.[0].maxUnits !== undefined);
  const seqs = pages.flatMap(({ value }) => (value as { seq: number }[]).map(({ seq }) => seq));
  expect(seqs.length).toBe(new Set(seqs).size);
  // A session that is erased meanwhile is not read on.
  let left = 2;
  const erased = new RequestWindow(log, () => 0);
  read.mockClear();
  await erased.readAhead(profile, "head", async () => left-- > 0);
  expect(read.mock.calls.length).toBeLessThan(15);
});

it("[BOUND-24] a few long messages are read ahead in pieces of a million characters, and the open turn's entries are left", async () => {
  const turns = Array.from({ length: 24 }, (_, n) => {
    const at = { turn: `turn_${n + 1}` };
    return [user({ ...at, content: "q".repeat(80_000) }), assistant({ ...at, content: "a".repeat(80_000) }), ended(at)];
  });
  const log = new MemoryLog();
  log.append([...turns.flat(), user({ turn: "turn_25", content: "last" })]);
  const profile = profileFor({ modelId: "demo", baseUrl: "https://x.test", demo: true });
  const read = vi.spyOn(log, "read");
  let pieces = 0;
  let units = 0;
  const pieceUnits: number[] = [];
  await new RequestWindow(log, () => 0).readAhead(profile, "head", async () => {
    pieces++;
    const all = read.mock.results.filter((_, at) => read.mock.calls[at]?.[0].maxUnits !== undefined);
    const now = all.reduce((sum, { value }) => sum + JSON.stringify(value).length, 0);
    pieceUnits.push(now - units);
    units = now;
    return true;
  });
  expect([pieces >= 3, Math.max(...pieceUnits) < 1_500_000]).toEqual([true, true]);
  const seqs = read.mock.results.flatMap(({ value }, at) =>
    read.mock.calls[at]?.[0].maxUnits === undefined ? [] : (value as { seq: number }[]).map(({ seq }) => seq),
  );
  expect(Math.max(...seqs)).toBe(24 * 3);
});

it("[BOUND-41] a message of megabytes that a client sends as history is read part by part before the model is asked, and when it comes again", async () => {
  const world = new SessionWorld();
  provider.enqueue(text("Hello."), text("Done."), text("Again."));
  await world.ask("Hi");
  const seen = await statements(world);
  const content = '日"'.repeat(700_000);
  const asked = (content: string) => ({ role: "user", content });
  const answered = (content: string) => ({ role: "assistant", content });
  const session = crypto.randomUUID();
  const ask = async (messages: object[]) => {
    const response = await worker.fetch("https://x.test/v1/chat/completions", {
      method: "POST",
      headers: { Authorization: "Bearer test-key", "Content-Type": "application/json", "X-Session-Id": session },
      body: JSON.stringify({ model: "longline", messages }),
    });
    expect(response.status).toBe(200);
    await response.text();
  };
  const messages = [asked(content), answered("a"), asked("b")];
  await ask(messages);
  const many = seen.length;
  await ask([...messages, answered("Done."), asked("c")]);
  expect(seen.slice(many).filter((query) => query.includes("FROM entry_parts")).length).toBeGreaterThan(2);
  const reads = seen.filter((query) => /SELECT[^;]*\bdata FROM entry_parts\b/.test(query));
  expect([reads.length > 5, reads.every((query) => query.includes("LIMIT 1"))]).toEqual([true, true]);
  const [first] = provider.requests.at(-1)?.body.messages.filter(({ role }: { role: string }) => role === "user") ?? [];
  const { shown, left } = /^(?<shown>[^[]*)\n\[cut: (?<left>\d+) more/.exec(String(first?.content))?.groups ?? {};
  expect([content.startsWith(shown ?? "-"), (shown?.length ?? 0) + Number(left)]).toEqual([true, content.length]);
});

it("[BOUND-32] for what a call cost that was cut off only counted replies are read whole, and none of them is long", () => {
  const log = new MemoryLog();
  const usage = { inputTokens: 10, cachedTokens: 0, outputTokens: 90_000, reasoningTokens: 0 };
  log.append([user({ content: "q".repeat(3_000_000) }), assistant({ content: "Yes. ".repeat(900) }), ended()]);
  log.append([user({ turn: "turn_2" }), assistant({ turn: "turn_2", content: "x".repeat(300_000), usage })]);
  const read = vi.spyOn(log, "read");
  const beside = { beside: ["head"], messages: ["a"], expectedTokens: 0 };
  const estimate = sentEstimate(new RequestWindow(log, () => 0), log, { model: "m", ...beside });
  expect(estimate.outputRatio).toBeGreaterThan(0);
  const whole = read.mock.calls.filter(([{ limit = 200 }]) => limit === 1);
  expect(whole.map(([{ after }]) => after)).toEqual([1]);
});

it("[BOUND-26] a turn with a megabyte of tools reads its first entry once from its rows, and hands no tools to a reader of the answer", async () => {
  const world = new SessionWorld();
  provider.enqueue(text("Hello."), text("Again."));
  await world.ask("Hi");
  const whole: number[] = [];
  const parse = JSON.parse;
  vi.spyOn(JSON, "parse").mockImplementation((text: string, reviver) => {
    // A provider reads its requests.
    if (text.length > 200_000 && text.includes('"options":')) whole.push(text.length);
    return parse(text, reviver);
  });
  const tools = [{ name: "f", description: "x".repeat(300_000), parameters: { type: "object", properties: {} } }];
  const { turn } = await world.send("More", { options: { tools } });
  await world.ended(turn);
  for (let n = 0; n < 20; n++) unwrap(await world.stub.describe());
  // The message from the inbox, when its turn begins.
  expect(whole.length).toBe(1);
  const range = { after: 0, limit: 100 };
  const has = (entries: { type: string }[]) => JSON.stringify(entries).length > 300_000;
  expect(has(unwrap(await world.stub.entries(range)).entries)).toBe(true);
  expect(has(unwrap(await world.stub.entries({ ...range, lean: true })).entries)).toBe(false);
});

it("[BOUND-29] strict tools are measured in pieces, and for checking calls only when one is called", async () => {
  const world = new SessionWorld();
  provider.enqueue(text("Hello."), text("Again."));
  await world.ask("Hi");
  const parameters = {
    type: "object",
    properties: { a: { type: "string" } },
    required: ["a"],
    additionalProperties: false,
  };
  const tools = Array.from({ length: 40 }, (_, n) => ({ name: `f${n}`, description: "", parameters, strict: true }));
  const waits = vi.spyOn(globalThis, "setTimeout");
  const { turn } = await world.send("More", { options: { tools } });
  await world.ended(turn);
  // 160 ms of work in pieces of 8 ms.
  expect(waits.mock.calls.length).toBeGreaterThan(20);
  let looks = 0;
  const watched = new Proxy(parameters, {
    ownKeys: (target) => {
      looks++;
      return Reflect.ownKeys(target);
    },
  });
  const tool = strictClientTool({ name: "f", description: "", parameters: watched, strict: true });
  expect(looks).toBe(0);
  expect(tool.parse('{"b":1}')).toMatchObject({ ok: false });
  expect([tool.parse('{"a":"x"}'), looks > 0]).toEqual([{ ok: true, input: { a: "x" }, repairs: [] }, true]);
});
