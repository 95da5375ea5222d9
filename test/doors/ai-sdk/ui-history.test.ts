import { safeValidateUIMessages, type UIMessage } from "ai";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkedUiWorker } from "../../support/checked-ui-worker.ts";
import { calls, gated, status, text } from "../../support/fake-provider.ts";
import { startProvider } from "../../support/session-world.ts";

const worker = checkedUiWorker();
let provider: ReturnType<typeof startProvider>;
let id: string;

beforeEach(() => {
  provider = startProvider();
  id = crypto.randomUUID();
});
afterEach(() => {
  vi.restoreAllMocks();
});

function call(method: string, path: string, body?: unknown, more: Record<string, string> = {}): Promise<Response> {
  return worker.fetch(`https://longline.test${path}`, {
    method,
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json", ...more },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}
const send = (content: string, messageId: string, more: object = {}) =>
  call("POST", "/v1/ui/messages", {
    id,
    messages: [{ id: messageId, role: "user", parts: [{ type: "text", text: content }] }],
    ...more,
  });
const later = (content: string) =>
  call("POST", `/v1/sessions/${id}/messages`, { content, speaker: "Ann" }, { Prefer: "respond-async" });
async function list(): Promise<UIMessage[]> {
  const answer = await call("GET", `/v1/ui/messages/${id}`);
  expect(answer.status).toBe(200);
  const messages = (await answer.json()) as UIMessage[];
  if (messages.length > 0) {
    const checked = await safeValidateUIMessages({ messages });
    expect(checked.success ? undefined : checked.error).toBeUndefined();
  }
  expect(new Set(messages.map((message) => message.id)).size).toBe(messages.length);
  return messages;
}
// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
const session = async () => (await (await call("GET", `/v1/sessions/${id}`)).json()) as any;
const textOf = ({ parts }: UIMessage) => parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");

describe("a page that is loaded again", () => {
  it("[UI-7] [UI-8] has the session's messages under the ids that the client knows", async () => {
    provider.enqueue(text("One."), text("Two."), text("Three."), text("Four."));
    await (await send("Hi", "mine")).text();
    await (await send("Hi, you", "mine")).text();
    await (await send("Hi, you", "mine", { trigger: "regenerate-message" })).text();
    await (await call("POST", `/v1/sessions/${id}/messages`, { content: "From elsewhere" })).text();
    const messages = await list();
    expect(messages.map((message) => [message.id, textOf(message)])).toEqual([
      ["msg_turn_1_user", "Hi"],
      ["msg_turn_1", "One."],
      ["mine", "Hi, you"],
      ["msg_turn_2", "Two."],
      ["msg_turn_3_user", "Hi, you"],
      ["msg_turn_3", "Three."],
      ["msg_turn_4_user", "From elsewhere"],
      ["msg_turn_4", "Four."],
    ]);
    expect(messages[1]?.metadata).toMatchObject({ session: id, turn: "turn_1", reason: "completed" });
    expect(await session()).toMatchObject({ queued: [], last_turn: { turn: "turn_4", reason: "completed" } });
  });

  it("[UI-8] [NATIVE-12] messages that wait are there, and the answer that is arriving is left to the stream", async () => {
    const gate = gated("Once upon ", "a time.");
    provider.enqueue(gate.reply, text("Second."));
    const first = send("A story", "m1");
    await gate.reached(1);
    await later("And another");
    expect((await list()).map((message) => [message.id, textOf(message)])).toEqual([
      ["m1", "A story"],
      ["msg_turn_2_user", "And another"],
    ]);
    expect(await session()).toMatchObject({
      status: "running",
      last_turn: null,
      queued: [{ turn: "turn_2", content: "And another", speaker: "Ann", created_at: expect.any(String) }],
    });
    gate.release();
    await (await first).text();
    await call("GET", `/v1/sessions/${id}/turns/turn_2`);
    await vi.waitFor(async () => expect((await session()).last_turn).toMatchObject({ turn: "turn_2" }));
    expect((await list()).map(textOf)).toEqual(["A story", "Once upon a time.", "And another", "Second."]);
    expect((await session()).queued).toEqual([]);
  });

  it("[NATIVE-12] of a long message that waits the beginning is shown", async () => {
    const gate = gated("a", "b");
    provider.enqueue(gate.reply, text("c"));
    const first = send("Hi", "m1");
    await gate.reached(1);
    await later("ä".repeat(50_000));
    const [queued] = (await session()).queued;
    expect([queued.content.length, queued.cut]).toEqual([16_000, true]);
    gate.release();
    await (await first).text();
    await vi.waitFor(async () => expect((await session()).last_turn).toMatchObject({ turn: "turn_2" }));
  });

  it("[UI-8] a call that waits for a person is the last message; so it is answered, and stays valid", async () => {
    const request = { url: "https://example.com/", method: "POST", body: "x" };
    provider.enqueue(calls([{ name: "send_request", arguments: JSON.stringify(request), id: "c1" }]), text("Well."));
    await (await send("Send it", "m1")).text();
    const waiting = await list();
    expect(waiting.at(-1)?.parts.at(-1)).toMatchObject({ state: "approval-requested", approval: { id: "c1" } });
    const answered = structuredClone(waiting) as unknown as { parts: object[] }[];
    const parts = answered.at(-1)?.parts ?? [];
    parts[parts.length - 1] = {
      ...parts.at(-1),
      state: "approval-responded",
      approval: { id: "c1", approved: false, reason: "No." },
    };
    const told = await (await call("POST", "/v1/ui/messages", { id, messages: answered })).text();
    expect(told).toContain('"type":"tool-output-denied"');
    expect((await list()).at(-1)?.parts[1]).toMatchObject({
      state: "output-denied",
      approval: { id: "c1", approved: false, reason: "No." },
    });
  });

  it("[UI-7] [NATIVE-12] a turn that failed is there, and says so", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    provider.enqueue(status(401, { error: { message: "no" } }));
    await (await send("Hi", "m1")).text();
    expect((await list()).at(-1)).toMatchObject({ role: "assistant", metadata: { reason: "failed" } });
    expect((await session()).last_turn).toMatchObject({ turn: "turn_1", reason: "failed" });
    const found = async (query: string) => {
      const page = (await (await call("GET", `/v1/sessions?${query}`)).json()) as { sessions: { id: string }[] };
      return page.sessions.map((each) => each.id);
    };
    await vi.waitFor(async () => expect(await found(`reason=failed&q=${id.slice(3, 20).toUpperCase()}`)).toEqual([id]));
    expect(await found(`reason=completed&q=${id}`)).toEqual([]);
    expect((await call("GET", "/v1/sessions?reason=broken")).status).toBe(400);
  });

  it("[UI-8] a token needs the right to read; a session that is not there is not found; an empty one is empty", async () => {
    expect((await call("GET", `/v1/ui/messages/${id}`)).status).toBe(404);
    await call("POST", "/v1/sessions", { id });
    expect(await list()).toEqual([]);
    const tokenWith = async (right: string) =>
      ((await (await call("POST", `/v1/sessions/${id}/tokens`, { rights: [right] })).json()) as { token: string })
        .token;
    for (const [right, expected] of [
      ["read", 200],
      ["append", 403],
    ] as const) {
      const token = await tokenWith(right);
      const answer = await call("GET", `/v1/ui/messages/${id}`, undefined, { Authorization: `Bearer ${token}` });
      expect(answer.status).toBe(expected);
    }
  });

  it("[UI-7] of a session that is longer than a client could send back the newest turns are given", async () => {
    const long = "x".repeat(90_000);
    const messages = Array.from({ length: 60 }, (_, n) => [
      { role: "user", content: `${n} ${long}` },
      { role: "assistant", content: `${n}` },
    ]).flat();
    // The first of them may be asked for a summary.
    provider.enqueue(text("End."), text("End."), text("End."));
    const seeded = await call("POST", "/v1/chat/completions", {
      model: "longline",
      messages: [...messages, { role: "user", content: "Now?" }],
    });
    id = seeded.headers.get("X-Session-Id") ?? "";
    await seeded.text();
    const given = await list();
    expect(given.length).toBeGreaterThan(60);
    expect(given.length).toBeLessThan(100);
    expect(given[0]?.role).toBe("user");
    expect(textOf(given.at(-1) as UIMessage)).toBe("End.");
  });
});
