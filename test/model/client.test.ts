import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ModelEvent } from "../../src/core/model-event.ts";
import { type GenerateRequest, generate } from "../../src/model/client.ts";
import { bodyOf, handFed, joined, tape } from "./wire-tape.ts";

const stream = { headers: { "content-type": "text/event-stream; charset=utf-8" } };
const text = (content: string) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;
const stop = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n';
const done = "data: [DONE]\n\n";
const usageFrame = 'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}}\n\n';
const said = (value: string): ModelEvent => ({ type: "text", text: value });
const finish: ModelEvent = { type: "finish", reason: "stop" };
const failure = (code: string, retryable = true) => ({
  type: "failure",
  failure: expect.objectContaining({ code, retryable }),
});

const timeouts = { firstByteMs: 120_000, idleMs: 60_000, dataMs: 300_000, finishMs: 5_000 };

function asking(fetch: typeof globalThis.fetch, more: Partial<GenerateRequest> = {}) {
  return generate({
    baseUrl: "https://model.test/v1/",
    apiKey: "sk-secret",
    body: "{}",
    fetch,
    signal: new AbortController().signal,
    timeouts,
    ...more,
  })[Symbol.asyncIterator]();
}
const answering = (body: BodyInit | null, init: ResponseInit = stream) => asking(async () => new Response(body, init));
const all = (events: AsyncIterable<ModelEvent[]>) => Array.fromAsync(events);

describe("each", () => {
  const bodies: [string, () => Response][] = [
    [
      "an answer in many reads",
      () =>
        new Response(
          bodyOf([...(text("a") + text("b") + stop + usageFrame + done)].map((of) => new TextEncoder().encode(of))),
          stream,
        ),
    ],
    ["an answer that is cut off", () => new Response(text("a"), stream)],
    ["a refusal", () => new Response('{"error":{"message":"no"}}', { status: 400 })],
    [
      "an error in the stream, with a time to wait",
      () =>
        new Response('data: {"error":{"message":"busy","code":429}}\n\n', {
          headers: { ...stream.headers, "retry-after": "7" },
        }),
    ],
    [
      "a line without end",
      () =>
        new Response(bodyOf(Array.from({ length: 18 }, () => new TextEncoder().encode("x".repeat(2 ** 20)))), stream),
    ],
  ];
  it.each(bodies)("[SPEED-1] hands on of %s what iterating it gives", async (_what, body) => {
    const request = {
      baseUrl: "https://model.test",
      body: "{}",
      fetch: async () => body(),
      signal: new AbortController().signal,
      timeouts,
    };
    const handed: ModelEvent[][] = [];
    await generate(request).each((events) => handed.push(events));
    expect(handed).toEqual(await all(generate(request)));
    expect(handed.length).toBeGreaterThan(0);
  });

  it("[SPEED-1] ends at an abort, and passes on what its taker throws; the body is cancelled both times", async () => {
    for (const how of ["abort", "throw"] as const) {
      const upstream = handFed();
      const abort = new AbortController();
      const request = {
        baseUrl: "https://model.test",
        body: "{}",
        fetch: async () => new Response(upstream.body, stream),
        signal: abort.signal,
        timeouts,
      };
      const running = generate(request).each(() => {
        if (how === "throw") throw new Error("a fault of ours");
        abort.abort();
      });
      upstream.feed(text("a"));
      if (how === "throw") await expect(running).rejects.toThrow("a fault of ours");
      else await running;
      expect(upstream.seen.cancelled, how).toBe(true);
    }
  });
});

describe("the request", () => {
  it("[SPEED-27] is not kept while its answer streams", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const upstream = handFed();
    const fetch = async () => new Response(upstream.body, stream);
    const begin = (chars: number) => asking(fetch, { body: JSON.stringify("x".repeat(chars)) });
    const heldBytes = () => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = heldBytes();
    const answer = begin(64 * 2 ** 20);
    const first = answer.next();
    upstream.feed(text("a"));
    expect((await first).value).toEqual([said("a")]);
    expect(heldBytes() - before).toBeLessThan(32 * 2 ** 20);
    await answer.return?.(undefined);
  });

  it("[STREAM-15] posts the body with the key to /chat/completions and follows no redirect", async () => {
    const fetch = vi.fn(async () => new Response(stop + done, stream));
    await all(asking(fetch, { body: '{"model":"m"}' }));
    expect(fetch.mock.calls).toEqual([
      [
        "https://model.test/v1/chat/completions",
        {
          method: "POST",
          headers: {
            "content-type": "application/json",
            accept: "text/event-stream",
            "user-agent": "longline",
            authorization: "Bearer sk-secret",
          },
          body: '{"model":"m"}',
          signal: expect.any(AbortSignal),
          redirect: "manual",
        },
      ],
    ]);
  });

  it("[STREAM-15] sends no authorization without a key", async () => {
    const fetch = vi.fn(async (_url: unknown, _init?: RequestInit) => new Response(stop + done, stream));
    await all(asking(fetch, { apiKey: undefined }));
    expect(fetch.mock.calls[0]?.[1]?.headers).not.toHaveProperty("authorization");
  });

  it("[STREAM-15] does not call fetch as a method, which the Workers runtime refuses", async () => {
    const receivers: unknown[] = [];
    const fetch = async function (this: unknown) {
      receivers.push(this);
      return new Response(stop + done, stream);
    };
    await all(asking(fetch));
    expect(receivers).toEqual([undefined]);
  });
});

describe("a good answer", () => {
  it("[STREAM-2] hands on one array per read, and none for a read without events", async () => {
    const pieces = [": keep-alive\n\n", text("a") + text("b"), text("c").slice(0, 9), text("c").slice(9), stop + done];
    const body = bodyOf(pieces.map((piece) => new TextEncoder().encode(piece)));
    expect(await all(answering(body))).toEqual([[said("ab")], [said("c")], [finish]]);
  });

  it("[STREAM-16] is whole with a finish reason and no [DONE]", async () => {
    const events = (await all(answering(bodyOf([tape("no-done")])))).flat();
    expect(joined(events)).toMatchObject({ text: "Hello, world.", rest: [finish, { type: "usage" }] });
  });

  it("[STREAM-3] stops reading at [DONE] and cancels the body", async () => {
    const { body, seen, feed } = handFed();
    feed(text("a") + stop + done + text("never"));
    expect(await all(answering(body))).toEqual([[said("a"), finish]]);
    expect(seen.cancelled).toBe(true);
  });

  it.each([
    ["in the same read", 0],
    ["in a read of its own", 1],
  ])("[STREAM-12] usage behind [DONE], %s, counts, and text there is none", async (_, apart) => {
    const { body, seen, feed } = handFed();
    const late = 'data: {"choices":[{"delta":{"content":"never"}}],"usage":{"prompt_tokens":3}}\n\n';
    const pieces = apart ? [text("a") + stop + done, late] : [text("a") + stop + done + text("never") + late];
    for (const piece of pieces) feed(piece);
    const events = (await all(answering(body))).flat();
    expect(events).toEqual([said("a"), finish, expect.objectContaining({ type: "usage" })]);
    expect(seen.cancelled).toBe(true);
  });

  it("[STREAM-3] a host that is silent behind [DONE] is not waited for, nor one that sends on", async () => {
    for (const noise of ["", ": keep-alive\n\n"]) {
      const { body, seen, feed } = handFed();
      feed(text("a") + stop + done);
      const timer = setInterval(() => noise !== "" && !seen.cancelled && feed(noise), 20);
      expect((await all(answering(body))).flat()).toEqual([said("a"), finish]);
      clearInterval(timer);
      expect(seen.cancelled).toBe(true);
    }
  });

  it("[STREAM-17] may come unstreamed", async () => {
    const message = {
      role: "assistant",
      content: "Hi",
      tool_calls: [{ id: "c", function: { name: "a", arguments: "{}" } }],
    };
    const body = `\n\n${JSON.stringify({ choices: [{ message, finish_reason: "tool_calls" }], usage: { prompt_tokens: 3 } })}`;
    expect(await all(answering(body, { headers: { "content-type": "application/json" } }))).toEqual([
      [
        said("Hi"),
        { type: "tool_call", index: 0, id: "c", name: "a", arguments: "{}" },
        { type: "finish", reason: "tool_calls" },
        { type: "usage", usage: { inputTokens: 3, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 } },
      ],
    ]);
  });
});

describe("labels", () => {
  const sse = text("a") + stop + done;
  const json = JSON.stringify({ choices: [{ message: { content: "a" }, finish_reason: "stop" }] }, null, 1);
  const lines = `${sse}`.replaceAll("data: ", "").replaceAll("\n\n", "\n");
  const types = ["application/json", "text/event-stream", "text/plain", "application/octet-stream", "text/html", ""];
  it.each(
    types.flatMap((type) => [
      [type, "events", sse],
      [type, "JSON", json],
      [type, "JSON lines", lines],
      [type, "a byte order mark and blank lines before events", `\ufeff\n\n: hi\n\n${sse}`],
    ]),
  )("[STREAM-22] %j on %s is not asked", async (type, _what, sent) => {
    const headers = type === "" ? {} : { "content-type": type };
    const events = await all(answering(new TextEncoder().encode(sent), { headers }));
    expect(joined(events.flat())).toMatchObject({ text: "a", rest: [finish] });
  });

  it.each(types)("[STREAM-22] a bare error under %j is classified", async (type) => {
    for (const body of [
      '{"error":{"message":"Insufficient Balance"}}',
      '{\n "error": {\n  "message": "Insufficient Balance"\n }\n}',
    ]) {
      const headers = type === "" ? {} : { "content-type": type };
      const events = await all(answering(new TextEncoder().encode(body), { headers }));
      expect(events).toEqual([[failure("model_payment", false)]]);
    }
  });

  it("[STREAM-14] an error under 200 may say when to come back", async () => {
    const headers = { "content-type": "application/json", "retry-after": "7" };
    expect(await all(answering('{"error":{"message":"busy"}}', { headers }))).toMatchObject([
      [{ failure: { code: "model_unavailable", retryAfterMs: 7000 } }],
    ]);
  });

  it("[STREAM-22] a refusal may be an event", async () => {
    const body = 'event: error\ndata: {"error":{"message":"Insufficient Balance"}}\n\n';
    expect(await all(answering(body, { ...stream, status: 500 }))).toEqual([[failure("model_payment", false)]]);
  });
});

describe("a bad answer", () => {
  it("[STREAM-18] is a failure when the provider cannot be reached, without the key in it", async () => {
    const refused = async () => {
      throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED with sk-secret") });
    };
    expect(await all(asking(refused))).toEqual([
      [
        {
          type: "failure",
          failure: {
            code: "model_unreachable",
            detail: "The connection to the model provider failed: fetch failed: connect ECONNREFUSED with [API key]",
            retryable: true,
          },
        },
      ],
    ]);
  });

  const json = { "content-type": "application/json" };
  const page = { "content-type": "text/html" };
  it.each([
    ["a refusal", '{"error":{"message":"no"}}', { status: 400, headers: json }, failure("model_refused", false)],
    [
      "JSON named octet-stream",
      '{"error":{"message":"Model Not Exist"}}',
      { status: 400, headers: { "content-type": "application/octet-stream" } },
      failure("model_not_found", false),
    ],
    ["an empty server error", null, { status: 502 }, failure("model_unavailable")],
    ["a redirect", null, { status: 302, headers: { location: "/" } }, failure("model_refused", false)],
    ["a web page", "<html></html>", { status: 200, headers: page }, failure("model_malformed", false)],
    [
      "an error object under 200",
      '{"error":{"message":"busy","code":503}}',
      { status: 200, headers: json },
      failure("model_unavailable"),
    ],
    ["an envelope", '{"success":false,"message":"no"}', { status: 200, headers: json }, failure("model_malformed")],
    ["no body", null, { status: 200 }, failure("model_malformed")],
  ])("[STREAM-14] is a failure when it is %s", async (_what, body, init, expected) => {
    expect(await all(answering(body, init))).toEqual([[expected]]);
  });

  it("[STREAM-16] is truncated when the body ends without a finish reason", async () => {
    expect(await all(answering(text("a")))).toEqual([[said("a")], [failure("model_truncated")]]);
    expect(await all(answering(text("a") + done))).toEqual([[said("a")], [failure("model_truncated")]]);
    expect(await all(answering(""))).toEqual([[failure("model_truncated")]]);
  });

  it("[STREAM-16] is truncated when an unstreamed message has no finish reason", async () => {
    const body = '{"choices":[{"message":{"content":"a"}}]}';
    expect(await all(answering(body, { headers: json }))).toEqual([[said("a")], [failure("model_truncated")]]);
  });

  it("[STREAM-16] is truncated when the connection breaks in the middle, and whole when it breaks after the finish", async () => {
    for (const [sent, expected] of [
      [text("a"), [[said("a")], [failure("model_truncated")]]],
      [text("a") + stop, [[said("a"), finish]]],
    ] as const) {
      const upstream = handFed();
      upstream.feed(sent);
      const events = answering(upstream.body);
      const first = await events.next();
      upstream.break("terminated");
      expect([first.value, ...(await all(events))]).toEqual(expected);
    }
  });

  it("[STREAM-4] [STREAM-31] is a failure of its own when a line does not end, and is not kept", async () => {
    const endless = new TextEncoder().encode("x".repeat(1024 * 1024));
    for (const first of ["data: ", ": ", "", "{"]) {
      const body = bodyOf([new TextEncoder().encode(first), ...Array.from({ length: 20 }, () => endless)]);
      const [[last] = []] = await all(answering(body));
      expect(last).toMatchObject(failure("model_malformed"));
      expect(JSON.stringify(last)).toContain("16 MB");
    }
  });

  it("[STREAM-31] reads no more of a refusal than it needs", async () => {
    let reads = 0;
    const block = new TextEncoder().encode("x".repeat(64 * 1024));
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        reads++;
        controller.enqueue(block);
      },
    });
    expect(await all(answering(body, { status: 500 }))).toEqual([[failure("model_unavailable")]]);
    expect(reads).toBeLessThan(10);
  });

  it("[STREAM-7] ends at a failure and cancels the body", async () => {
    const { body, seen, feed } = handFed();
    feed(`${text("a")}data: {oops\n\n${text("b")}${stop}`);
    expect(await all(answering(body))).toEqual([[said("a"), failure("model_malformed")]]);
    expect(seen.cancelled).toBe(true);
  });
});

describe("silence", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("[STREAM-19] is a stall when the response does not begin in time, and the request is aborted", async () => {
    let signal: AbortSignal | null | undefined;
    const events = asking(
      (_url, init) => {
        signal = init?.signal;
        return new Promise(() => {});
      },
      { timeouts: { ...timeouts, firstByteMs: 1000 } },
    );
    const first = events.next();
    await vi.advanceTimersByTimeAsync(999);
    expect(signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect((await first).value).toEqual([failure("model_stalled")]);
    expect(await all(events)).toEqual([]);
    expect(signal?.aborted).toBe(true);
  });

  it("[STREAM-19] is a stall when one read takes too long; comments count as life", async () => {
    const { body, seen, feed } = handFed();
    const events = asking(async () => new Response(body, stream), { timeouts: { ...timeouts, idleMs: 1000 } });
    const first = events.next();
    await vi.advanceTimersByTimeAsync(900);
    feed(": keep-alive\n\n");
    await vi.advanceTimersByTimeAsync(900);
    feed(text("a"));
    expect((await first).value).toEqual([said("a")]);
    const second = events.next();
    await vi.advanceTimersByTimeAsync(1000);
    expect((await second).value).toEqual([failure("model_stalled")]);
    expect(await all(events)).toEqual([]);
    expect(seen.cancelled).toBe(true);
  });

  it("[STREAM-19] is a stall when nothing but comments comes for too long", async () => {
    const { body, feed } = handFed();
    const first = asking(async () => new Response(body, stream)).next();
    for (let seconds = 0; seconds < 300; seconds += 30) {
      feed(": keep-alive\n\n");
      await vi.advanceTimersByTimeAsync(30_000);
    }
    expect((await first).value).toEqual([failure("model_stalled")]);
  });

  it.each([
    ["the usage has come", usageFrame, 5000],
    ["no usage has come", "", 15_000],
  ])("[STREAM-16] after the finish is only the end: when %s", async (_what, frame, waitMs) => {
    const { body, seen, feed } = handFed();
    feed(text("a") + stop + frame);
    const events = asking(async () => new Response(body, stream));
    expect((await events.next()).value?.slice(0, 2)).toEqual([said("a"), finish]);
    const end = events.next();
    await vi.advanceTimersByTimeAsync(waitMs - 1);
    expect(seen.cancelled).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await end).toEqual({ done: true, value: undefined });
    expect(seen.cancelled).toBe(true);
  });

  it("[STREAM-19] [STREAM-21] is a stall when nothing but signs of life comes for too long, as data, too", async () => {
    for (const sign of [
      "data: ping\n\n",
      'data: {"choices":[{"delta":{"content":""}}]}\n\n',
      "data: : keepalive\n\n",
    ]) {
      const { body, feed } = handFed();
      const first = asking(async () => new Response(body, stream)).next();
      for (let seconds = 0; seconds < 300; seconds += 30) {
        feed(sign);
        await vi.advanceTimersByTimeAsync(30_000);
      }
      expect((await first).value).toEqual([failure("model_stalled")]);
    }
  });

  it("[STREAM-21] a stall after an error in plain words is that error", async () => {
    const { body, feed } = handFed();
    feed("data: Insufficient Balance\n\n");
    const events = all(asking(async () => new Response(body, stream)));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await events).toEqual([[failure("model_payment", false)]]);
  });

  it("[STREAM-30] takes what comes seconds after the finish reason", async () => {
    const { body, feed } = handFed();
    feed(text("a") + stop);
    const events = all(asking(async () => new Response(body, stream)));
    await vi.advanceTimersByTimeAsync(6_000);
    feed(text("b"));
    await vi.advanceTimersByTimeAsync(6_000);
    feed(text("c") + usageFrame + done);
    expect(joined((await events).flat())).toMatchObject({ text: "abc", rest: [finish, { type: "usage" }] });
  });

  it("[STREAM-30] gives a tail that was held back out once, at the end", async () => {
    for (const [tail, expected] of [
      ["b <", "ab <"],
      ["b\ud83c", "ab\ufffd"],
      ["b<|im_end|>", "ab"],
    ] as const) {
      const { body, feed, close } = handFed();
      feed(text("a") + text(tail) + stop);
      const events = all(asking(async () => new Response(body, stream)));
      await vi.advanceTimersByTimeAsync(1_000);
      close();
      expect(joined((await events).flat()).text).toBe(expected);
    }
  });

  it("[STREAM-31] the same finish again and again ends within the idle time", async () => {
    const { body, seen, feed } = handFed();
    feed(text("a") + stop);
    const events = all(asking(async () => new Response(body, stream)));
    for (let seconds = 0; seconds < 61; seconds++) {
      if (!seen.cancelled) feed(stop);
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(seen.cancelled).toBe(true);
    expect(joined((await events).flat())).toMatchObject({ text: "a", rest: [finish] });
  });

  it("[STREAM-19] leaves no timer behind", async () => {
    await all(answering(text("a") + stop + done));
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("cancelling", () => {
  it("[STREAM-20] ends quietly in the middle of a read and cancels the body", async () => {
    const { body, seen, feed } = handFed();
    const abort = new AbortController();
    feed(text("a"));
    const events = asking(async () => new Response(body, stream), { signal: abort.signal });
    expect((await events.next()).value).toEqual([said("a")]);
    const next = events.next();
    abort.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(seen.cancelled).toBe(true);
  });

  it("[STREAM-20] ends quietly while the request is under way", async () => {
    const abort = new AbortController();
    const fetch: typeof globalThis.fetch = (_url, init) =>
      new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(new Error("aborted"))));
    const events = all(asking(fetch, { signal: abort.signal }));
    abort.abort();
    expect(await events).toEqual([]);
  });

  it("[STREAM-20] asks nothing when it was cancelled before", async () => {
    const fetch = vi.fn(async () => new Response(stop, stream));
    expect(await all(asking(fetch, { signal: AbortSignal.abort() }))).toEqual([]);
    expect(fetch).not.toHaveBeenCalled();
  });

  it("[STREAM-3] cancels the body when the consumer stops early", async () => {
    const { body, seen, feed } = handFed();
    feed(text("a"));
    for await (const events of answering(body)) {
      expect(events).toEqual([said("a")]);
      break;
    }
    expect(seen.cancelled).toBe(true);
  });
});
