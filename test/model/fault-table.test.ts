import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { profileFor } from "../../src/model/catalog.ts";
import { mostCalls } from "../../src/model/retry.ts";
import { endpointOf, requestBody, serializeHead } from "../../src/model/serialize.ts";
import { calculator } from "../../src/tools/calculator.ts";
import { createToolbox } from "../../src/tools/tool.ts";
import { calls, createFakeProvider, type Reply, refused, status, text } from "../support/fake-provider.ts";
import { MemorySession, policy, timeouts } from "../support/memory-session.ts";
import { randomOf } from "../support/random.ts";

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

type Cut = (whole: Uint8Array) => Uint8Array[];
const encoder = new TextEncoder();
const delta = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const word = delta({ content: "word " });
const stop = delta({ content: "" }, "stop");
const done = "data: [DONE]\n\n";
const callDelta = (index: number | undefined, more: object) =>
  delta({ tool_calls: [{ ...(index !== undefined && { index }), ...more }] });
const sum = { name: "calculator", arguments: '{"expression":"1+1"}' };

type Ending = "close" | "hang" | "reset" | "comments";
/** A stream of these bytes, cut as the seed says, that closes, falls silent, breaks, or sends comments for ever. */
function stream(source: string | Uint8Array, ending: Ending = "close"): (cut: Cut) => Reply {
  const bytes = typeof source === "string" ? encoder.encode(source) : source;
  return (cut) => () => {
    const pieces = cut(bytes);
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const piece = pieces.shift();
        if (piece !== undefined) return controller.enqueue(piece);
        if (ending === "close") return controller.close();
        if (ending === "reset") return controller.error(new TypeError("terminated"));
        await new Promise((resolve) => setTimeout(resolve, ending === "comments" ? 10_000 : 1e9));
        controller.enqueue(encoder.encode(": keep-alive\n\n"));
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
}
const plain = (reply: Reply) => () => reply;
const html = (code: number) =>
  plain(status(code, "<html><title>Bad gateway</title></html>", { "content-type": "text/html" }));
const never: Reply = () => new Promise(() => {});

/** How the turn ends when the provider does this every time, or `retried` when it does it once and then answers. */
const faults: [what: string, (cut: Cut) => Reply, always: "failed" | "completed" | "length"][] = [
  ["connection refused", plain(refused), "failed"],
  ["reset before the first byte", stream("", "reset"), "failed"],
  ["reset amid the stream", stream(word + word, "reset"), "failed"],
  ["400", plain(status(400, { error: { message: "bad", code: "invalid_request_error" } })), "failed"],
  ["401", plain(status(401, { error: { message: "Authentication Fails" } })), "failed"],
  ["402", plain(status(402, { error: { message: "Insufficient Balance" } })), "failed"],
  ["403", plain(status(403, "")), "failed"],
  ["404", html(404), "failed"],
  ["422", plain(status(422, { detail: "x" })), "failed"],
  ["429 with seconds", plain(status(429, {}, { "retry-after": "3" })), "failed"],
  ["429 with a date", plain(status(429, {}, { "retry-after": "Mon, 23 Nov 2026 12:00:05 GMT" })), "failed"],
  ["429 without", plain(status(429, "")), "failed"],
  ["429 for an hour", plain(status(429, {}, { "retry-after": "3600" })), "failed"],
  [
    "500 octet-stream",
    plain(status(500, '{"error":{"message":"x"}}', { "content-type": "application/octet-stream" })),
    "failed",
  ],
  ["502 html", html(502), "failed"],
  ["503 empty", plain(status(503, "")), "failed"],
  [
    "503 model_not_found",
    plain(status(503, { error: { code: "model_not_found", message: "no available channel" } })),
    "failed",
  ],
  ["504", plain(status(504, "upstream timeout")), "failed"],
  [
    "200 with an error object",
    plain(status(200, { error: { message: "overloaded", type: "server_error" } })),
    "failed",
  ],
  ["200 html", html(200), "failed"],
  ["200 empty", plain(status(200, "", { "content-type": "text/event-stream" })), "failed"],
  ["an error in the stream", stream(`${word}data: {"error":{"message":"boom","type":"server_error"}}\n\n`), "failed"],
  ["a stall before the first byte", plain(never), "failed"],
  ["a silent stall amid the stream", stream(word, "hang"), "failed"],
  ["comments for ever", stream(word, "comments"), "failed"],
  ["no finish_reason, no [DONE]", stream(word + word), "failed"],
  ["[DONE] without finish_reason", stream(word + done), "failed"],
  ["finish_reason without [DONE]", stream(word + stop), "completed"],
  ["finish_reason, then silence", stream(word + stop, "hang"), "completed"],
  ["finish_reason, then reset", stream(word + stop, "reset"), "completed"],
  ["an end inside a character", stream(encoder.encode(delta({ content: "schön" })).slice(0, 52)), "failed"],
  ["insufficient_system_resource", stream(word + delta({}, "insufficient_system_resource") + done), "failed"],
  ["an empty stop", stream(delta({ role: "assistant", content: "" }) + stop + done), "failed"],
  ["an unknown finish", stream(word + delta({}, "aborted") + done), "failed"],
  ["content_filter", stream(word + delta({}, "content_filter") + done), "failed"],
  ["two [DONE]", stream(word + stop + done + done), "completed"],
  ["data behind [DONE]", stream(word + stop + done + word), "completed"],
  ["two finish reasons", stream(word + stop + delta({}, "length") + done), "completed"],
  [
    "usage doubled",
    stream(
      `${word}${stop}data: {"choices":[],"usage":{"prompt_tokens":3}}\n\ndata: {"choices":[],"usage":{"prompt_tokens":5}}\n\n${done}`,
    ),
    "completed",
  ],
  [
    "CRLF, comments and unknown fields",
    stream(`: hi\nretry: 5\nfoo: bar\n${word}${stop}${done}`.replaceAll("\n", "\r\n")),
    "completed",
  ],
  [
    "a byte order mark, data without a space",
    stream(`\ufeff${(word + stop + done).replaceAll("data: ", "data:")}`),
    "completed",
  ],
  [
    "null deltas and empty arrays",
    stream(
      `${delta({ content: null, tool_calls: [] })}data: {"choices":[{"delta":null}]}\n\ndata: {"choices":[]}\n\n${word}${stop}${done}`,
    ),
    "completed",
  ],
  ["rubbish in the middle", stream(`${word}data: {"choi\n\n${stop}${done}`), "failed"],
  ["length in the text", stream(word + delta({}, "length") + done), "length"],
  [
    "length in a call",
    stream(
      callDelta(0, { id: "c", function: { name: "calculator", arguments: '{"expr' } }) + delta({}, "length") + done,
    ),
    "length",
  ],
  [
    "a call without a name",
    stream(callDelta(0, { id: "c", function: { arguments: "{}" } }) + delta({}, "tool_calls") + done),
    "failed",
  ],
  [
    "leaked markup cut off",
    stream(`${word}${delta({ content: '<｜DSML｜function_calls><｜DSML｜invoke name="calculator">' })}${stop}${done}`),
    "failed",
  ],
  ["a delta of a megabyte", stream(delta({ content: "x".repeat(1_000_000) }) + stop + done), "completed"],
];

/** Calls that are odd and meant; each is run once and answered, then the model goes on. */
const oddCalls: [what: string, body: string, results: number][] = [
  ["index gaps", callDelta(3, { id: "a", function: sum }) + callDelta(7, { id: "b", function: sum }), 2],
  ["repeated ids", callDelta(0, { id: "a", function: sum }) + callDelta(1, { id: "a", function: sum }), 2],
  ["no ids", callDelta(0, { function: sum }) + callDelta(1, { function: sum }), 2],
  [
    "no indexes",
    callDelta(undefined, { id: "a", function: sum }) + callDelta(undefined, { id: "b", function: sum }),
    2,
  ],
  ["one index for two calls", callDelta(0, { id: "a", function: sum }) + callDelta(0, { id: "b", function: sum }), 2],
  ["empty arguments", callDelta(0, { id: "a", function: { name: "calculator", arguments: "" } }), 1],
  [
    "arguments that are no JSON",
    callDelta(0, { id: "a", function: { name: "calculator", arguments: '{"expression":' } }),
    1,
  ],
  ["an unknown tool", callDelta(0, { id: "a", function: { name: "rm", arguments: "{}" } }), 1],
  [
    "arguments as an object",
    callDelta(0, { id: "a", function: { name: "calculator", arguments: { expression: "1+1" } } }),
    1,
  ],
  [
    "leaked markup",
    delta({
      content:
        '<|DSML|tool_calls><|DSML|invoke name="calculator"><|DSML|parameter name="expression" string="true">1+1</|DSML|parameter></|DSML|invoke></|DSML|tool_calls>',
    }),
    1,
  ],
  ["text together with a call", word + callDelta(0, { id: "a", function: sum }), 1],
];

const seeds = [1, 20_261_123, 77];
const cutBy = (seed: number): Cut => {
  const random = randomOf(seed);
  return (whole) => {
    const pieces: Uint8Array[] = [];
    // Large bodies in larger pieces: what matters is where the cuts fall, not how many there are.
    const most = Math.max(40, whole.length / 200);
    for (let at = 0; at < whole.length; ) {
      const length = 1 + Math.floor(random() * most);
      pieces.push(whole.slice(at, at + length));
      at += length;
    }
    return pieces;
  };
};

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
  it.each(faults)("[FAULT-1] %s", async (_, fault, always) => {
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

  it.each(oddCalls)("[FAULT-1] a call with %s is answered once", async (_, body, results) => {
    const provider = createFakeProvider();
    const bench = new Bench(provider);
    provider.enqueue(stream(body + delta({}, "tool_calls") + done)(cutBy(seed)), text("Done."));
    await bench.say("Hello");
    expect(ends(bench)).toEqual(["completed"]);
    expect(bench.log.read({ after: 0 }).filter(({ type }) => type === "tool")).toHaveLength(results);
    mustBeLegal(bench);
  });
});

it("[FAULT-1] a fault that passes costs a try, and the turn completes", async () => {
  for (const [what, fault, always] of faults.filter(([, , always]) => always === "failed")) {
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
  for (const [what, fault, always] of faults.filter(([, , always]) => always === "failed")) {
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

it("[FAULT-1] a million deltas of one byte are one answer", async () => {
  const one = encoder.encode('data: {"choices":[{"delta":{"content":"x"}}]}\n\n');
  const block = new Uint8Array(one.length * 1000);
  for (let n = 0; n < 1000; n++) block.set(one, n * one.length);
  const provider = createFakeProvider();
  const bench = new Bench(provider);
  const pieces = [...Array.from({ length: 1000 }, () => block), encoder.encode(stop + done)];
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
  expect(reply?.type === "assistant" && reply.content.length).toBe(1_000_000);
}, 30_000);

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
