/** What a hang-up of a client means to its turn, at every door that streams. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkedWorker } from "../support/checked-worker.ts";
import { gated } from "../support/fake-provider.ts";
import { startProvider } from "../support/session-world.ts";

const worker = checkedWorker();
const model = "deepseek-v3.2-exp";
interface Door {
  path: string;
  body: object;
  headers?: Record<string, string>;
}
const hi = [{ role: "user", content: "Hi" }];
const named = (session: string): Record<string, Door> => ({
  "chat completions": {
    path: "/chat/completions",
    body: { model, messages: hi, stream: true },
    headers: { "X-Session-Id": session },
  },
  Responses: { path: "/responses", body: { input: "Hi", conversation: session, stream: true } },
  native: {
    path: `/sessions/${session}/messages`,
    body: { content: "Hi" },
    headers: { Accept: "text/event-stream" },
  },
  "UI messages": {
    path: "/ui/messages",
    body: { id: session, messages: [{ id: "m1", role: "user", parts: [{ type: "text", text: "Hi" }] }] },
  },
});
const unnamed: Record<string, Door> = {
  "chat completions": { path: "/chat/completions", body: { model, messages: hi, stream: true } },
  Responses: { path: "/responses", body: { input: "Hi", stream: true } },
  "chat completions without a stream": { path: "/chat/completions", body: { model, messages: hi } },
  "Responses without a stream": { path: "/responses", body: { input: "Hi" } },
};
const doors = Object.keys(named(""));

const hangsUp = async ({ path, body, headers = {} }: Door, more: Record<string, string> = {}) => {
  const gate = gated("one", "two");
  provider.enqueue(gate.reply);
  const abort = new AbortController();
  const answer = worker.fetch(`https://longline.test/v1${path}`, {
    method: "POST",
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json", ...headers, ...more },
    body: JSON.stringify(body),
    signal: abort.signal,
  });
  await gate.reached(1);
  const isStream = "stream" in body || path.includes("messages");
  const reader = isStream ? (await answer).body?.getReader() : undefined;
  await reader?.read();
  await reader?.cancel().catch(() => undefined);
  abort.abort();
  await answer.catch(() => undefined);
  return gate;
};

let provider: ReturnType<typeof startProvider>;
beforeEach(() => {
  provider = startProvider();
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function reasonOf(session: string): Promise<string> {
  return vi.waitFor(async () => {
    const answer = await worker.fetch(`https://longline.test/v1/sessions/${session}/entries`, {
      headers: { Authorization: "Bearer test-key" },
    });
    const { entries } = (await answer.json()) as { entries: { type: string; reason: string }[] };
    const ended = entries.find(({ type }) => type === "turn_ended");
    expect(ended).toBeDefined();
    return ended?.reason ?? "";
  });
}

describe("a client that hangs up", () => {
  it.each(doors)("[HANGUP-1] stops the turn where it asks for that: %s", async (name) => {
    const session = crypto.randomUUID();
    const gate = await hangsUp(named(session)[name] as Door, { "X-On-Disconnect": "stop" });
    await gate.cancelled;
    expect(await reasonOf(session)).toBe("cancelled");
  });

  it.each(doors)("[HANGUP-1] changes nothing for a turn in a session that it named: %s", async (name) => {
    const session = crypto.randomUUID();
    const gate = await hangsUp(named(session)[name] as Door);
    gate.release();
    expect(await reasonOf(session)).toBe("completed");
  });

  it.each(Object.keys(unnamed))("[HANGUP-2] stops the turn where it named no session: %s", async (name) => {
    const gate = await hangsUp(unnamed[name] as Door);
    await gate.cancelled;
  });

  it("[HANGUP-2] may ask for the opposite, and what has a key, or is in the background, goes on", async () => {
    const doors = [
      [unnamed["chat completions"], { "X-On-Disconnect": "continue" }],
      [unnamed["chat completions"], { "Idempotency-Key": crypto.randomUUID() }],
      [{ path: "/responses", body: { input: "Hi", stream: true, background: true } }, {}],
    ] as const;
    for (const [door, more] of doors) {
      const gate = await hangsUp(door as Door, more);
      gate.release();
      await vi.waitFor(async () => {
        const list = await worker.fetch("https://longline.test/v1/sessions?limit=1", {
          headers: { Authorization: "Bearer test-key" },
        });
        const { sessions } = (await list.json()) as {
          sessions: { status: string; usage: { output_tokens: number } }[];
        };
        expect(sessions[0]).toMatchObject({ status: "idle", usage: { output_tokens: 10 } });
      });
    }
  });

  it("[HANGUP-3] another value is refused by the header's name, and a token needs the right to cancel", async () => {
    const session = crypto.randomUUID();
    const bad = await worker.fetch("https://longline.test/v1/chat/completions", {
      method: "POST",
      headers: {
        Authorization: "Bearer test-key",
        "Content-Type": "application/json",
        "X-On-Disconnect": "perhaps",
        "X-Session-Id": session,
      },
      body: JSON.stringify({ model, messages: hi, stream: true }),
    });
    expect(bad.status).toBe(400);
    expect(await bad.json()).toMatchObject({ error: { param: "X-On-Disconnect" } });
    expect(provider.requests).toEqual([]);
    const post = async (path: string, body: object, key: string, headers = {}) =>
      worker.fetch(`https://longline.test/v1/sessions${path}`, {
        method: "POST",
        headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", ...headers },
        body: JSON.stringify(body),
      });
    await post("", { id: session }, "test-key");
    const made = await post(`/${session}/tokens`, { rights: ["read", "append"], ttl_seconds: 60 }, "test-key");
    const { token } = (await made.json()) as { token: string };
    const stop = { "X-On-Disconnect": "stop", Accept: "text/event-stream" };
    expect((await post(`/${session}/messages`, { content: "Hi" }, token, stop)).status).toBe(403);
    expect(provider.requests).toEqual([]);
  });
});
