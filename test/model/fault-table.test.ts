import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { profileFor } from "../../src/model/catalog.ts";
import { mostCalls } from "../../src/model/retry.ts";
import { endpointOf, requestBody, serializeHead } from "../../src/model/serialize.ts";
import { MemorySession, policy, timeouts } from "../../src/test-kit/memory-session.ts";
import { calculator } from "../../src/tools/calculator.ts";
import { createToolbox } from "../../src/tools/tool.ts";
import { calls, createFakeProvider, text } from "../support/fake-provider.ts";
import { faultRows, oddCallRows } from "../support/fault-rows.ts";
import { heavyFaultRows } from "../support/wire-fault-rows.ts";
import { cutBy, delta, done, encoder, stop, stream, sum } from "../support/wire-frames.ts";

const tools = createToolbox([calculator]);
const comet = "https://api.cometapi.com/v1";
const profile = profileFor({ modelId: "deepseek-v3.2-exp", baseUrl: comet, demo: false });

/** A session in memory whose clock is wound on. */
class Bench extends MemorySession {
  readonly provider: ReturnType<typeof createFakeProvider>;

  constructor(provider: ReturnType<typeof createFakeProvider>, retry = policy) {
    super({ profile, baseUrl: comet, fetch: provider.fetch, tools, instructions: "Be brief.", retry });
    this.provider = provider;
  }

  /** Runs one message to its end; returns how long it took by the clock. */
  async say(content: string): Promise<number> {
    const beganMs = Date.now();
    let done = false;
    const running = this.ask(content).finally(() => {
      done = true;
    });
    while (!done) await vi.advanceTimersByTimeAsync(1_000);
    await running;
    return Date.now() - beganMs;
  }
}

const seeds = [1, 20_261_123, 77];

/** Every call has one result behind it, and every stored argument that goes back is JSON: the provider's own rules, asked of the next request. */
function mustBeLegal({ log, provider }: Bench): void {
  const entries = log.read({ after: 0 });
  const asked = entries.flatMap((entry) =>
    entry.type === "assistant" ? entry.toolCalls.map(({ id }) => `${entry.turn} ${entry.step} ${id}`) : [],
  );
  const answered = entries.flatMap((entry) =>
    entry.type === "tool" ? [`${entry.turn} ${entry.step} ${entry.callId}`] : [],
  );
  expect(answered.toSorted()).toEqual(asked.toSorted());
  expect(new Set(asked).size).toBe(asked.length);
  for (const { body } of provider.requests) {
    for (const { tool_calls = [] } of body.messages) for (const call of tool_calls) JSON.parse(call.function.arguments);
  }
}
const ends = ({ log }: Bench) =>
  log.read({ after: 0 }).flatMap((entry) => (entry.type === "turn_ended" ? [entry.reason] : []));

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-11-23T12:00:00Z") });
});
afterEach(() => {
  vi.useRealTimers();
});

describe.each(seeds)("with chunks cut by seed %i", (seed) => {
  it.each(faultRows)("[FAULT-1] %s", async (_, fault, always) => {
    const provider = createFakeProvider();
    const bench = new Bench(provider);
    provider.enqueue(...Array.from({ length: 3 }, () => fault(cutBy(seed))));
    const tookMs = await bench.say("Hello");
    expect(ends(bench)).toEqual([always]);
    // Three tries, each within the longest timer, and two pauses.
    expect(tookMs).toBeLessThanOrEqual(3 * timeouts.dataMs + 2 * policy.longestPauseMs);
    provider.forget();
    provider.enqueue(calls([sum]), text("Better now."));
    await bench.say("And now?");
    expect(ends(bench)).toEqual([always, "completed"]);
    mustBeLegal(bench);
  });

  it.each(oddCallRows)("[FAULT-1] a call with %s is answered once", async (_, body, results) => {
    const provider = createFakeProvider();
    const bench = new Bench(provider);
    provider.enqueue(stream(body + delta({}, "tool_calls") + done)(cutBy(seed)), text("Done."));
    await bench.say("Hello");
    expect(ends(bench)).toEqual(["completed"]);
    expect(bench.log.read({ after: 0 }).filter(({ type }) => type === "tool")).toHaveLength(results);
    mustBeLegal(bench);
  });
});

it.each(heavyFaultRows)("[FAULT-1] [STREAM-31] %s", async (_, fault, always) => {
  const provider = createFakeProvider();
  const bench = new Bench(provider);
  provider.enqueue(fault(cutBy(1)), text("Fine."));
  await bench.say("Hello");
  expect(ends(bench)).toEqual(["completed"]);
  const entries = bench.log.read({ after: 1 });
  const [reply] = entries;
  expect(reply?.type === "assistant" && (reply.tries?.length ?? 0)).toBe(always === "failed" ? 1 : 0);
  expect(entries.filter(({ type }) => type === "tool")).toEqual([]);
});

it("[FAULT-1] a fault that passes costs a try, and the turn completes", async () => {
  for (const [what, fault, always] of faultRows.filter(([, , always]) => always === "failed")) {
    const provider = createFakeProvider();
    const bench = new Bench(provider);
    provider.enqueue(fault(cutBy(1)), text("Fine."));
    await bench.say("Hello");
    const { tries, failure } = bench.log.read({ after: 1 })[0] as {
      tries?: unknown[];
      failure?: { retryable: boolean };
    };
    const lasting = failure !== undefined && (!failure.retryable || what === "429 for an hour");
    expect([what, ends(bench), tries?.length ?? 0]).toEqual([what, [lasting ? always : "completed"], lasting ? 0 : 1]);
  }
});

it("[RETRY-9] [RETRY-10] no fault of the table is requested more often than its kind allows", async () => {
  const retry = { ...policy, retriesPerModel: 5 };
  const counts: Record<string, number> = {};
  for (const [what, fault, always] of faultRows.filter(([, , always]) => always === "failed")) {
    const provider = createFakeProvider();
    const bench = new Bench(provider, retry);
    provider.enqueue(...Array.from({ length: 8 }, () => fault(cutBy(1))));
    await bench.say("Hello");
    expect([what, ends(bench)]).toEqual([what, [always]]);
    const failed = bench.entries.findLast((entry) => entry.type === "step_failed");
    if (failed?.type !== "step_failed") throw new Error(`${what} is no failed step`);
    const paid = failed.tries?.some((one) => one.paid) ?? false;
    expect([what, provider.requests.length <= mostCalls(failed.failure, paid, retry)]).toEqual([what, true]);
    counts[what] = provider.requests.length;
  }
  expect(counts).toMatchObject({
    "connection refused": 6,
    "503 empty": 6,
    "reset amid the stream": 3,
    "a silent stall amid the stream": 3,
    "an empty stop": 2,
    "an unknown finish": 2,
    "200 with an error object": 6,
    "an error in the stream": 3,
    "402": 1,
    content_filter: 1,
  });
});

it.each(heavyFaultRows.filter(([what, , always]) => always === "failed" && /calls|line|text/.test(what)))(
  "[RETRY-9] %s is requested three times at most",
  async (_, fault) => {
    const retry = { ...policy, retriesPerModel: 5 };
    const provider = createFakeProvider();
    const bench = new Bench(provider, retry);
    provider.enqueue(...Array.from({ length: 4 }, () => fault(cutBy(1))));
    await bench.say("Hello");
    expect(ends(bench)).toEqual(["failed"]);
    expect(provider.requests.length).toBeLessThanOrEqual(3);
  },
);

it("[FAULT-1] two hundred thousand deltas of one byte are one answer", async () => {
  const one = encoder.encode('data: {"choices":[{"delta":{"content":"x"}}]}\n\n');
  const block = new Uint8Array(one.length * 1000);
  for (let n = 0; n < 1000; n++) block.set(one, n * one.length);
  const provider = createFakeProvider();
  const bench = new Bench(provider);
  const pieces = [...Array.from({ length: 200 }, () => block), encoder.encode(stop + done)];
  provider.enqueue(
    () =>
      new Response(
        new ReadableStream({
          pull: (controller) => (pieces.length > 0 ? controller.enqueue(pieces.shift()) : controller.close()),
        }),
        { headers: { "content-type": "text/event-stream" } },
      ),
  );
  await bench.say("Hello");
  const reply = bench.log.read({ after: 1 })[0];
  expect(reply?.type === "assistant" && reply.content.length).toBe(200_000);
});

it("[FAULT-2] strict tools go to /beta where the profile says so, and all of them are strict or none", () => {
  const flash = profileFor({ modelId: "deepseek-flash", baseUrl: "https://api.deepseek.com", demo: false });
  for (const base of [
    "https://api.deepseek.com",
    "https://api.deepseek.com/",
    "https://api.deepseek.com/v1",
    "https://api.deepseek.com/beta",
  ]) {
    expect(endpointOf(flash, base)).toBe("https://api.deepseek.com/beta");
  }
  expect(endpointOf(profile, comet)).toBe(comet);
  const strictness = (of: typeof profile) => {
    const body = requestBody(
      serializeHead({ profile: of, tools: [...tools.declarations, ...tools.declarations], instructions: "" }),
      [],
    );
    return JSON.parse(body).tools.map((tool: { function: { strict?: boolean } }) => tool.function.strict);
  };
  expect(strictness(flash)).toEqual([true, true]);
  expect(strictness(profileFor({ modelId: "x", baseUrl: "https://x.test", demo: false }))).toEqual([
    undefined,
    undefined,
  ]);
});
