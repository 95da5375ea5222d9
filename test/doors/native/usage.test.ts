import { exports } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { SessionNews } from "../../../src/account/account.ts";
import { accountObject } from "../../../src/account/account-object.ts";
import type { StepRecord } from "../../../src/account/ledger.ts";
import { Reporter } from "../../../src/session/deliver/reporter.ts";
import { MemoryLog } from "../../../src/test-kit/memory-log.ts";
import type { SessionSummary } from "../../../src/wire/native.ts";
import { asking, ended, result, user } from "../../support/entries.ts";
import { calls, status, text } from "../../support/fake-provider.ts";
import { bindings, SessionWorld, startProvider } from "../../support/session-world.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const step = (seq: number, more: Partial<StepRecord> = {}): StepRecord => ({
  seq,
  atMs: Date.parse("2026-11-23T12:00:00Z"),
  model: "a",
  failed: false,
  retries: 0,
  repairs: 0,
  inputTokens: 10,
  cachedTokens: 5,
  outputTokens: 2,
  reasoningTokens: 1,
  costMicros: 3,
  firstEventMs: 100,
  durationMs: 200,
  rowsWritten: 4,
  kvReads: 1,
  kvWrites: 2,
  ...more,
});
/** A session of this name that has used nothing. */
const summary = (id: string): SessionSummary => {
  const usage = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 };
  const none = { ...usage, steps: 0, costMicros: 0, rowsWritten: 0 };
  const named = { id, title: null, metadata: {}, model: "m", prefix: null, status: "idle" } as const;
  return { ...named, lastSeq: 0, createdAtMs: 0, expiresAtMs: null, forkedFrom: null, usage: none };
};
const news = (...steps: StepRecord[]): SessionNews => ({ throughSeq: steps.at(-1)?.seq ?? 0, steps, texts: [] });
const all = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };

describe("the ledger", () => {
  it("[LEDGER-1] records a step once, however often it is reported", async () => {
    const account = accountObject(bindings, crypto.randomUUID());
    expect(await account.report(summary("s"))).toBe(0);
    expect(await account.report(summary("s"), news(step(2), step(4)))).toBe(4);
    expect(await account.report(summary("s"), news(step(2), step(4), step(6)))).toBe(6);
    expect((await account.usage({ group: "session", ...all }))[0]).toMatchObject({ key: "s", steps: 3, costMicros: 9 });
  });

  it("[LEDGER-2] sums by day, model and session, within a time", async () => {
    const account = accountObject(bindings, crypto.randomUUID());
    const failed = step(4, { model: "b", failed: true, retries: 2, repairs: 1, firstEventMs: null, costMicros: 50 });
    await account.report(summary("s"), news(step(2), failed));
    const before = step(2, { atMs: Date.parse("2026-11-22T23:59:59Z"), firstEventMs: 300 });
    await account.report(summary("t"), news(before));
    const keys = async (group: "day" | "model" | "session", time = all) =>
      (await account.usage({ group, ...time })).map(({ key, steps }) => [key, steps]);
    expect(await keys("model")).toEqual([
      ["b", 1],
      ["a", 2],
    ]);
    expect(await keys("day")).toEqual([
      ["2026-11-23", 2],
      ["2026-11-22", 1],
    ]);
    expect(await keys("session", { ...all, fromMs: Date.parse("2026-11-23") })).toEqual([["s", 2]]);
    const ofA = await account.usage({ group: "day", ...all, model: "a" });
    expect(ofA.map(({ key, steps }) => [key, steps])).toEqual([
      ["2026-11-22", 1],
      ["2026-11-23", 1],
    ]);
    expect(await account.usage({ group: "model", ...all })).toMatchObject([
      { failures: 1, retries: 2, repairs: 1, firstEventMs: null },
      { failures: 0, firstEventMs: 200, durationMs: 200, inputTokens: 20, cachedTokens: 10 },
    ]);
  });

  it("[LEDGER-5] tries at another model are that model's, and the sums of a step stay what they are", async () => {
    const account = accountObject(bindings, crypto.randomUUID());
    const none = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0, costMicros: 0 };
    const paid = { inputTokens: 4, cachedTokens: 1, outputTokens: 1, reasoningTokens: 1, costMicros: 2 };
    const others = [
      { model: "bad", tries: 2, ...paid },
      { model: "worse", tries: 1, ...none },
    ];
    // Four tries before the last one: two at `bad`, one at `worse`, one at `a` itself.
    const mixed = step(2, { retries: 4, others });
    for (let told = 0; told < 2; told++) {
      await account.report(
        summary("s"),
        news(mixed, step(4, { failed: true, others: others.slice(0, 1), retries: 2 })),
      );
    }
    for (const time of [all, { ...all, toMs: Date.parse("2026-11-24T01:00:00Z") }]) {
      const models = await account.usage({ group: "model", ...time });
      expect(Object.fromEntries(models.map((sum) => [sum.key, sum]))).toMatchObject({
        a: { steps: 2, failures: 1, retries: 1, inputTokens: 12, cachedTokens: 8, costMicros: 2, firstEventMs: 100 },
        bad: { steps: 0, failures: 2, retries: 2, inputTokens: 8, cachedTokens: 2, costMicros: 4, firstEventMs: null },
        worse: { steps: 0, failures: 1, retries: 0, inputTokens: 0, costMicros: 0 },
      });
      const [day] = await account.usage({ group: "day", ...time });
      expect(day).toMatchObject({ steps: 2, failures: 4, retries: 3, inputTokens: 20, costMicros: 6 });
    }
  });

  it("[LEDGER-3] a session's steps reach it with their repairs, retries and failures", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const provider = startProvider();
    const world = new SessionWorld();
    provider.enqueue(
      calls([{ name: "calculator", arguments: '{"expression":"1+1",}' }]),
      status(503, ""),
      text("2"),
      status(401, ""),
    );
    await world.ask("1+1?");
    await world.ask("And now?");
    const account = accountObject(bindings, world.address.account);
    await vi.waitFor(async () => {
      const sums = await account.usage({ group: "session", ...all });
      expect(sums.find(({ key }) => key === world.address.name)).toMatchObject({
        steps: 3,
        failures: 1,
        retries: 1,
        repairs: 1,
        costMicros: 52,
        rowsWritten: expect.any(Number),
      });
    });
  });

  it("[LEDGER-3] also those of a turn longer than what is read at once", async () => {
    const log = new MemoryLog();
    const many = Array.from({ length: 150 }, (_, n) => [
      asking(["clock"], { step: n + 1 }),
      result("c0", { step: n + 1, repairs: ["x"] }),
    ]).flat();
    log.append([user(), ...many, ended()]);
    const name = crypto.randomUUID();
    const account = accountObject(bindings, name);
    const reporter = new Reporter(bindings);
    const turns = { firstSeq: () => 1, entries: () => [] };
    const feedback = { unreported: () => [] };
    const parts = { log, turns, feedback, record: { read: () => ({ account: name, copiedSeq: 0 }) } } as never;
    await reporter.report(parts, summary("long"));
    await reporter.report(parts, summary("long"));
    expect(await account.usage({ group: "session", ...all })).toMatchObject([
      { key: "long", steps: 150, repairs: 150 },
    ]);
  });

  it("[LEDGER-2] GET /v1/usage tells it, and names a wrong field", async () => {
    const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
    const ask = (query: string) =>
      worker.fetch(`https://x.test/v1/usage?${query}`, { headers: { Authorization: "Bearer test-key" } });
    await accountObject(bindings, "default").report(summary("usage-route"), news(step(2, { model: "usage-model" })));
    const body = (await (await ask("group_by=model&from=2026-11-23&to=2026-11-24T00:00:00Z")).json()) as {
      usage: { model: string }[];
    };
    expect(body).toMatchObject({ group_by: "model" });
    expect(body.usage.find(({ model }) => model === "usage-model")).toEqual({
      model: "usage-model",
      steps: 1,
      failures: 0,
      retries: 0,
      repairs: 0,
      input_tokens: 10,
      cached_tokens: 5,
      output_tokens: 2,
      reasoning_tokens: 1,
      cost_micros: 3,
      first_event_ms: 100,
      duration_ms: 200,
      rows_written: 4,
      kv_reads: 1,
      kv_writes: 2,
      feedback: { positive: 0, negative: 0, count: 0, average: null },
    });
    for (const [query, field] of [
      ["group_by=hour", "group_by"],
      ["from=yesterday", "from"],
      ["until=2026-01-01", "until"],
    ]) {
      const answer = await ask(query ?? "");
      expect([answer.status, await answer.json()]).toMatchObject([400, { field }]);
    }
  });
});
