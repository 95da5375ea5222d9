import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { unwrap } from "../../../src/account/outcome.ts";
import { profileFor } from "../../../src/model/catalog.ts";
import { sessionObject } from "../../../src/session/session-object.ts";
import { Conversation } from "../../../src/session/turn/request-window.ts";
import { MemoryLog } from "../../../src/test-kit/memory-log.ts";
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
  expect(count(/^INSERT OR IGNORE INTO texts /)).toBe(1_002);
  expect(seen.length).toBeLessThan(5 * messages.length);
});

it("[BOUND-24] a long conversation is read ahead in pieces, and each entry once", async () => {
  const turns = Array.from({ length: 700 }, (_, n) => {
    const at = { turn: `turn_${n + 1}` };
    return [user({ ...at, content: `q${n}` }), assistant({ ...at, content: `a${n}` }), ended(at)];
  });
  const log = new MemoryLog();
  log.append(turns.flat());
  const profile = profileFor({ modelId: "demo", baseUrl: "https://x.test", demo: true });
  const whole = new Conversation(log, () => 0);
  whole.read(profile, "head");
  const read = vi.spyOn(log, "read");
  const inPieces = new Conversation(log, () => 0);
  let pieces = 0;
  await inPieces.readAhead(profile, "head", async () => {
    pieces++;
    return true;
  });
  inPieces.read(profile, "head");
  expect([pieces > 5, inPieces.messages()]).toEqual([true, whole.messages()]);
  const seqs = read.mock.results.flatMap(({ value }) => (value as { seq: number }[]).map(({ seq }) => seq));
  expect(seqs.length).toBe(new Set(seqs).size);
  // A session that is erased meanwhile is not read on.
  let left = 2;
  const erased = new Conversation(log, () => 0);
  read.mockClear();
  await erased.readAhead(profile, "head", async () => left-- > 0);
  expect(read.mock.calls.length).toBeLessThan(15);
});
