import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { client, LonglineError } from "../../src/client.ts";

const url = "http://worker.example";
const frame = (data: object, id: string) => `id: ${id}\nevent: x\ndata: ${JSON.stringify(data)}\n\n`;
const begun = frame({ type: "turn.started", turn: "turn_1", seq: 1 }, "a-1");
const ended = frame({ type: "turn.ended", turn: "turn_1", reason: "completed" }, "a-2");

/** A body that gives these pieces, and then nothing, until it is cancelled. */
function silent(...pieces: string[]) {
  const left = vi.fn();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
    },
    cancel: left,
  });
  return { answer: () => new Response(body), left };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function typesOf(events: AsyncIterable<{ type: string }>): Promise<string[]> {
  const types: string[] = [];
  for await (const { type } of events) types.push(type);
  return types;
}

describe("the client's streams", () => {
  it("[OPENAPI-10] a line that is silent for longer than the server ever is counts as broken, and is left", async () => {
    const dead = silent(begun);
    const asked: string[] = [];
    const fetch = vi.fn(async (input: unknown) => {
      asked.push(String(input).replace(url, ""));
      return asked.length === 1 ? dead.answer() : new Response(ended);
    });
    const types = typesOf(client({ url, key: "k", fetch }).stream("s", { content: "Hi" }));
    await vi.advanceTimersByTimeAsync(44_000);
    expect(asked).toEqual(["/v1/sessions/s/messages"]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await types).toEqual(["turn.started", "turn.ended"]);
    expect(asked).toEqual(["/v1/sessions/s/messages", "/v1/sessions/s/events?after=a-1"]);
    expect(dead.left).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("[OPENAPI-10] comments keep it open", async () => {
    let push = (_: string) => {};
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        push = (words) => controller.enqueue(new TextEncoder().encode(words));
      },
    });
    const fetch = vi.fn(async () => new Response(body));
    const types = typesOf(client({ url, key: "k", fetch }).stream("s", { content: "Hi" }));
    for (let at = 0; at < 8; at++) {
      await vi.advanceTimersByTimeAsync(15_000);
      push(": alive\n\n");
    }
    push(begun + ended);
    expect(await types).toEqual(["turn.started", "turn.ended"]);
    expect(fetch).toHaveBeenCalledOnce();
  });

  it("[OPENAPI-10] an abort ends it at once, also while it waits to come back", async () => {
    const control = new AbortController();
    const fetch = vi.fn(async () => Response.json({}, { status: 503 }));
    const { signal } = control;
    const types = typesOf(client({ url, key: "k", fetch }).stream("s", { content: "Hi" }, { signal }));
    const failed = expect(types).rejects.toThrow("enough");
    await vi.advanceTimersByTimeAsync(250 + 1_000 + 3_000);
    expect(fetch).toHaveBeenCalledTimes(4);
    control.abort(new Error("enough"));
    await failed;
    expect(vi.getTimerCount()).toBe(0);
    expect(fetch).toHaveBeenCalledTimes(4);
  });

  it("[OPENAPI-10] a caller who leaves the loop leaves the line", async () => {
    const open = silent(begun);
    const fetch = vi.fn(async () => open.answer());
    for await (const _ of client({ url, key: "k", fetch }).events("s")) break;
    expect(open.left).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("[OPENAPI-10] in a page that came by plain HTTP there is no crypto.randomUUID, and each message has a key all the same", async () => {
    const { getRandomValues } = crypto;
    vi.stubGlobal("crypto", { getRandomValues: getRandomValues.bind(crypto) });
    const keys: (string | null)[] = [];
    const fetch = vi.fn(async (_: unknown, init?: RequestInit) => {
      keys.push(new Headers(init?.headers).get("Idempotency-Key"));
      return Response.json({});
    });
    const longline = client({ url, key: "k", fetch });
    await longline.send("s", { content: "Hi" });
    await longline.send("s", { content: "Hi" });
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(keys[1]).not.toBe(keys[0]);
  });

  it("[OPENAPI-9] what is no answer of the Worker is an error, too", async () => {
    const fetch = vi.fn(async () => new Response("<h1>Bad gateway</h1>", { status: 502 }));
    const failed = client({ url, key: "k", fetch }).turn("s", "turn_1");
    await expect(failed).rejects.toBeInstanceOf(LonglineError);
    await expect(failed).rejects.toMatchObject({ status: 502, code: "unknown", message: "The server answered 502." });
  });
});
