/** Copies whose entries have texts of megabytes: written in parts, and there as a whole or not at all. */
import { abortAllDurableObjects } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import { unwrap } from "../../../src/account/outcome.ts";
import type { Entry, TurnOptions } from "../../../src/core/entry.ts";
import { Copying, type CopyStep } from "../../../src/session/store/copying.ts";
import { SqliteTranscriptLog } from "../../../src/session/store/transcript-log.ts";
import { assistant, ended, user } from "../../support/entries.ts";
import { text as model } from "../../support/fake-provider.ts";
import { SessionWorld, startProvider } from "../../support/session-world.ts";
import { storesNothing } from "../../support/stores-nothing.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
afterEach(() => {
  vi.restoreAllMocks();
});

const text = '日😀"x'.repeat(200_000);
const entries = [user({ content: text }), assistant({ content: "Yes." }), ended()].map(
  (entry, at) => ({ ...entry, seq: at + 1 }) as Entry,
);
const [first, ...rest] = entries;
const cuts = [4_000, 300_000, 600_000, text.length];
const token = "t";
type Step = { part: number; text: string } | CopyStep;

/** The steps of a copy, each of which is a call of its own. */
function stepsOf(world: SessionWorld): Step[] {
  const plan = { address: world.address, choices: {}, from: { kind: "import", createdAtMs: 1 } } as const;
  const parts = cuts.slice(1).map((to, part) => ({ part, text: text.slice(cuts[part], to) }));
  const head = { ...first, content: text.slice(0, cuts[0]) } as Entry;
  return [
    { type: "begin", token, plan },
    ...parts,
    { type: "load", token, lines: [{ line: 2, entry: head, staged: { field: "content", parts: parts.length } }] },
    { type: "load", token, lines: rest.map((entry, at) => ({ line: at + 3, entry })) },
    { type: "finish", token },
  ];
}

async function take(world: SessionWorld, step: Step): Promise<void> {
  if ("part" in step) unwrap(await world.stub.copyPart({ token, ...step }));
  else unwrap(await world.stub.copy(step));
}

const steps = stepsOf(new SessionWorld());

it.each(steps.map((_, at) => at + 1))(
  "[BOUND-31] an object that ends after step %i of a copy in parts has nothing of it, or the whole",
  async (many) => {
    const world = new SessionWorld();
    for (const [at, step] of stepsOf(world).slice(0, many).entries()) {
      // No reader sees a part of it before the last step.
      expect([at, (await world.stub.entries({ after: 0 })).ok]).toEqual([at, false]);
      await take(world, step);
    }
    await abortAllDurableObjects();
    const isWhole = many === steps.length;
    const read = await world.stub.entries({ after: 0 });
    expect(read.ok).toBe(isWhole);
    if (isWhole) expect(unwrap(read).entries).toEqual(entries);
    expect(await storesNothing(world.stub)).toBe(!isWhole);
    if (isWhole) return;
    // What was left is no obstacle, and is not part of the next one.
    for (const step of stepsOf(world)) await take(world, step);
    expect(unwrap(await world.stub.entries({ after: 0 })).entries).toHaveLength(3);
  },
);

it("[BOUND-31] parts that are missing, or come twice, give the copy up", async () => {
  const part = { part: 0, text: "a" };
  const load = (entry: Entry, parts?: number): Step => {
    const staged = parts === undefined ? {} : { staged: { field: "content" as const, parts } };
    return { type: "load", token, lines: [{ line: 2, entry, ...staged }] };
  };
  const question = { ...user({ content: "b" }), seq: 1 };
  const wrong = [
    [{ part: 1, text: "b" }],
    [part, part],
    [part, load(question, 2)],
    [part, load(question)],
    [load(question, 1)],
  ];
  for (const list of wrong) {
    const world = new SessionWorld();
    const [begin, finish] = [stepsOf(world)[0], stepsOf(world).at(-1)];
    const taken = (async () => {
      for (const step of [begin, ...list, finish]) if (step !== undefined) await take(world, step);
    })();
    await expect(taken).rejects.toThrow();
    expect((await world.stub.entries({ after: 0 })).ok).toBe(false);
  }
});

const header = {
  longline: 1,
  title: null,
  metadata: {},
  instructions: null,
  model: null,
  prefix: null,
  created_at_ms: 1,
};
const usage = { input_tokens: 0, cached_tokens: 0, output_tokens: 0, reasoning_tokens: 0 };
const question = { seq: 1, turn: "turn_1", type: "user", at_ms: 1, options: {} };
const end = {
  seq: 2,
  turn: "turn_1",
  type: "turn_ended",
  at_ms: 1,
  reason: "cancelled",
  usage,
  cost_micros: 0,
  steps: 0,
};
const post = (path: string, body: string, type = "application/x-ndjson") =>
  worker.fetch(`https://longline.test${path}`, {
    method: "POST",
    headers: { Authorization: "Bearer test-key", "Content-Type": type },
    body,
  });
const bodyOf = (id: string, lines: unknown[]) =>
  [{ ...header, id }, ...lines].map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n");

it("[BOUND-30] an import writes a long text in parts, each in a call of its own, and exports the same again", async () => {
  const stage = vi.spyOn(Copying.prototype, "stage");
  const doStep = vi.spyOn(Copying.prototype, "do");
  const id = crypto.randomUUID();
  const lines = [{ ...question, content: text }, end];
  const imported = await post("/v1/sessions/import", bodyOf(id, lines));
  expect([imported.status, stage.mock.calls.length]).toEqual([201, 4]);
  await imported.arrayBuffer();
  expect(Math.max(...stage.mock.calls.map(([part]) => part.text.length))).toBeLessThanOrEqual(300_000);
  expect(Math.max(...doStep.mock.calls.map(([step]) => JSON.stringify(step).length))).toBeLessThan(20_000);
  const exported = await worker.fetch(`https://longline.test/v1/sessions/${id}/export`, {
    headers: { Authorization: "Bearer test-key" },
  });
  const again = new TextDecoder()
    .decode(await exported.arrayBuffer())
    .trimEnd()
    .split("\n");
  expect(again.slice(1).map((line) => JSON.parse(line))).toEqual(lines);
});

it.each([
  ["a text of more than 8,000,000 characters", { ...question, content: "x".repeat(8_000_001) }, "content: Too big"],
  ["a long text that is no JSON", `{"seq":1,"content":"${"x".repeat(400_000)}\\q"}`, "is not a JSON object"],
  [
    "a long text that is there twice",
    `{"content":"${"x".repeat(400_000)}","content":"y"${JSON.stringify(question).replace("{", ",")}`,
    "content: is there twice",
  ],
  ["a long text of an entry that has none", { ...end, seq: 1, content: text }, "content"],
  ["a long text of an entry that is out of place", { ...question, seq: 9, content: text }, "seq is 9"],
])("[BOUND-30] %s is refused with its line, and nothing of it stays", async (_, line, detail) => {
  const id = crypto.randomUUID();
  const refused = await post("/v1/sessions/import", bodyOf(id, [line, end]));
  const problem = (await refused.json()) as { detail: string };
  expect([refused.status, problem.detail.slice(0, 7)]).toEqual([400, "Line 2:"]);
  expect(problem.detail).toContain(detail);
  const taken = await post("/v1/sessions/import", bodyOf(id, [{ ...question, content: "short" }, end]));
  expect(taken.status).toBe(201);
  await taken.arrayBuffer();
});

it("[BOUND-32] what lists and reports say of a session with long texts is known without reading them", async () => {
  const read = vi.spyOn(SqliteTranscriptLog.prototype, "read");
  const world = new SessionWorld();
  for (const step of stepsOf(world)) await take(world, step);
  await abortAllDurableObjects();
  expect(unwrap(await world.stub.describe()).lastSeq).toBe(3);
  unwrap(await world.stub.change({ title: "Long" }));
  expect(read).not.toHaveBeenCalled();
});

it("[BOUND-35] an object is called once there is something to be written, and a body that breaks off leaves nothing", async () => {
  const doStep = vi.spyOn(Copying.prototype, "do");
  const id = crypto.randomUUID();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const write = (line: string) => writer.write(new TextEncoder().encode(`${line}\n`));
  const imported = worker.fetch("https://longline.test/v1/sessions/import", {
    method: "POST",
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/x-ndjson" },
    body: readable,
  });
  const [head = "", ...lines] = bodyOf(id, [{ ...question, content: "a" }, end]).split("\n");
  await write(head);
  expect(doStep).not.toHaveBeenCalled();
  for (const line of lines) await write(line);
  await writer.close();
  expect((await imported).status).toBe(201);
  expect(doStep.mock.calls.map(([step]) => step.type)).toEqual(["begin", "load", "finish"]);
});

it("[BOUND-34] the tools of a message are in no memory after its turn, and its answer is known with them all the same", async () => {
  const provider = startProvider();
  provider.enqueue(model("Yes."));
  const world = new SessionWorld();
  const tools = [{ name: "f", description: "x".repeat(200_000), parameters: { type: "object", properties: {} } }];
  const { turn } = await world.send("Hi", { options: { tools } });
  await world.ended(turn);
  const read = vi.spyOn(SqliteTranscriptLog.prototype, "read");
  expect(JSON.stringify(unwrap(await world.stub.wait(turn, 0))).length).toBeLessThan(5_000);
  expect(read).not.toHaveBeenCalled();
  // A reader that comes later leaves nothing in memory either.
  unwrap(await world.stub.entries({ after: 0, limit: 100 }));
  const parse = vi.spyOn(JSON, "parse");
  const { options } = unwrap(await world.stub.asked({ turn }, "x")) as { options: TurnOptions };
  expect(options.tools).toEqual(tools);
  expect(parse.mock.calls.some(([json]) => json.length > 200_000)).toBe(true);
});

it("[BOUND-24] a fork and an export read a long session in pages of about 250,000 characters", async () => {
  const id = crypto.randomUUID();
  const lines = Array.from({ length: 6 }, (_, n) => {
    const turn = `turn_${n + 1}`;
    return [
      { ...question, seq: 2 * n + 1, turn, content: "x".repeat(100_000) },
      { ...end, seq: 2 * n + 2, turn },
    ];
  }).flat();
  expect((await post("/v1/sessions/import", bodyOf(id, lines))).status).toBe(201);
  const read = vi.spyOn(SqliteTranscriptLog.prototype, "read");
  const pages = () => read.mock.results.map(({ value }) => JSON.stringify(value).length);
  const headers = { Authorization: "Bearer test-key" };
  const exported = await worker.fetch(`https://longline.test/v1/sessions/${id}/export`, { headers });
  expect((await exported.arrayBuffer()).byteLength).toBeGreaterThan(600_000);
  expect([Math.max(...pages()) < 400_000, pages().length >= 2]).toEqual([true, true]);
  read.mockClear();
  const forked = await post(`/v1/sessions/${id}/fork`, "{}", "application/json");
  expect([forked.status, Math.max(...pages()) < 400_000]).toEqual([201, true]);
  await forked.arrayBuffer();
});
