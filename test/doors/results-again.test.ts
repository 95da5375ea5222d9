/** Tool results that are sent a second time, where no session is named, and where their turn ended without an answer. */
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Tool } from "../../src/tools/tool.ts";
import { agent } from "../app/agent.ts";
import { calls, gated, status, text } from "../support/fake-provider.ts";
import { startProvider } from "../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;
let provider: ReturnType<typeof startProvider>;
let go: string;
beforeEach(() => {
  provider = startProvider();
  go = `Go ${crypto.randomUUID()}`;
  vi.spyOn(agent.tools.get("send_request") as Tool, "needsApproval").mockReturnValue(false);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const send = (path: string, body?: object, more: RequestInit & { headers?: Record<string, string> } = {}) =>
  worker.fetch(`https://longline.test/v1${path}`, {
    method: "POST",
    ...(body && { body: JSON.stringify(body) }),
    ...more,
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json", ...more.headers },
  });
async function call(path: string, body?: object, headers: Record<string, string> = {}, method = "POST") {
  const answer = await send(path, body, { headers, method });
  return {
    status: answer.status,
    session: answer.headers.get("X-Session-Id") ?? "",
    body: (await answer.json()) as Json,
  };
}

const lookup = { name: "lookup", description: "d", parameters: { type: "object", properties: {} } };
const order = JSON.stringify({ url: "https://shop.example.com/orders", method: "POST", body: "{}" });
const looksUp = () => calls([{ name: "lookup", arguments: "{}", id: "c1" }]);
const orders = () => calls([{ name: "send_request", arguments: order, id: "c2" }]);
const fails = () => status(401, { error: { message: "Invalid key" } });
const result = { role: "tool", tool_call_id: "c1", content: "found" };
const base = () => ({ model: "deepseek-v3.2-exp", tools: [{ type: "function", function: lookup }] });

/** The conversation up to the results of the client's call. */
async function asked(headers: Record<string, string> = {}): Promise<Json[]> {
  provider.enqueue(looksUp());
  const said = { role: "user", content: go };
  const { body } = await call("/chat/completions", { ...base(), messages: [said] }, headers);
  return [said, body.choices[0].message, result];
}
const entriesOf = async (session: string): Promise<Json[]> =>
  (await call(`/sessions/${session}/entries`, undefined, {}, "GET")).body.entries;
/** What the model was shown last, by role. */
const shown = (): string[] =>
  provider.requests
    .at(-1)
    ?.body.messages.slice(1)
    .map(({ role }: Json) => role);

describe("results whose turn failed", () => {
  const names: Record<string, () => Record<string, string>> = {
    "without a session": () => ({}),
    "in a session": () => ({ "X-Session-Id": go.slice(3) }),
  };
  it.each(Object.entries(names))(
    "[ONCE-17] %s: each retry is a new attempt that knows which tools ran, and none runs twice",
    async (_, headersOf) => {
      const headers = headersOf();
      const messages = await asked(headers);
      const again = () => call("/chat/completions", { ...base(), messages }, headers);
      provider.enqueue(orders(), fails());
      const first = await again();
      expect(first.status).toBeGreaterThanOrEqual(400);
      provider.enqueue(fails());
      expect((await again()).status).toBe(first.status);
      provider.enqueue(text("Done."));
      const all = await Promise.all(Array.from({ length: 5 }, again));
      const late = await again();
      expect([...all, late].map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 200));
      expect(new Set([...all, late].map(({ body }) => `${body.id} ${body.choices[0].message.content}`)).size).toBe(1);
      expect(late.body.choices[0].message.content).toBe("Done.");
      expect(shown()).toEqual(["user", "assistant", "tool", "assistant", "tool"]);
      expect(provider.requests).toHaveLength(5);
      expect(provider.outside).toHaveBeenCalledTimes(1);
      // The client has the conversation without the attempts that failed, and goes on in the same session.
      provider.enqueue(text("Bye."));
      const more = [...messages, late.body.choices[0].message, { role: "user", content: "Thanks" }];
      const next = await call("/chat/completions", { ...base(), messages: more }, { "X-Session-Id": late.session });
      expect([next.status, next.session]).toEqual([200, late.session]);
      expect(shown()).toEqual(["user", "assistant", "tool", "assistant", "tool", "assistant", "user"]);
    },
  );

  it("[ONCE-17] outputs behind an earlier response", async () => {
    provider.enqueue(looksUp(), orders(), fails(), text("Done."));
    const tools = [{ type: "function", ...lookup }];
    const first = await call("/responses", { input: go, tools });
    const input = [{ type: "function_call_output", call_id: "c1", output: "found" }];
    const again = () => call("/responses", { previous_response_id: first.body.id, input, tools });
    expect((await again()).status).toBeGreaterThanOrEqual(400);
    const done = await again();
    expect([done.status, done.body.output.at(-1).content[0].text]).toEqual([200, "Done."]);
    expect((await again()).body).toEqual(done.body);
    expect((await call(`/responses/${done.body.id}`, undefined, {}, "GET")).body.status).toBe("completed");
    expect(provider.outside).toHaveBeenCalledTimes(1);
  });

  it("[ONCE-17] a client that hung up gets a new attempt, which begins once the first one has stopped", async () => {
    const messages = await asked();
    const gate = gated("one", "two");
    provider.enqueue(gate.reply);
    const abort = new AbortController();
    const body = JSON.stringify({ ...base(), messages, stream: true });
    const reader = (await send("/chat/completions", undefined, { body, signal: abort.signal })).body?.getReader();
    await gate.reached(1);
    await reader?.read();
    await reader?.cancel().catch(() => undefined);
    abort.abort();
    provider.enqueue(text("Done."));
    const retry = await vi.waitFor(async () => {
      const answer = await call("/chat/completions", { ...base(), messages });
      expect(answer.body.choices?.[0].message.content).toBe("Done.");
      return answer;
    });
    const ends = (await entriesOf(retry.session)).filter(({ type }: Json) => type === "turn_ended");
    expect(ends.map(({ reason }: Json) => reason)).toEqual(["cancelled", "completed"]);
  });

  it("[ONCE-17] an Idempotency-Key of the client's has the answer of its first request, a failed one too", async () => {
    const messages = await asked();
    provider.enqueue(fails());
    const again = () => call("/chat/completions", { ...base(), messages }, { "Idempotency-Key": go });
    const [first, second] = [await again(), await again()];
    expect([second.status, second.body]).toEqual([first.status, first.body]);
    expect(provider.requests).toHaveLength(2);
  });
});

describe("the session that results find again", () => {
  it("[ONCE-16] is another one for another result, user, tool or form, and the same for the same", async () => {
    const messages = await asked();
    const changes = [
      {},
      { user: "ann" },
      { temperature: 0.5 },
      { tools: [{ type: "function", function: { ...lookup, description: "e" } }] },
      { response_format: { type: "json_object" } },
      { messages: [...messages.slice(0, 2), { ...result, content: "not found" }] },
      { messages: [...messages, { role: "user", content: "And?" }] },
    ];
    const sessions: string[] = [];
    for (const change of [...changes, ...changes]) {
      if (sessions.length < changes.length) provider.enqueue(text('{"a":1}'));
      const { status, session } = await call("/chat/completions", { ...base(), messages, ...change });
      expect(status).toBe(200);
      sessions.push(session);
    }
    const first = sessions.slice(0, changes.length);
    expect(new Set(first).size).toBe(changes.length);
    expect(sessions.slice(changes.length)).toEqual(first);
    expect(provider.requests).toHaveLength(1 + changes.length);
  });

  it("[ONCE-18] is one for each client, where two have equal conversations and the model's ids are equal", async () => {
    const ours = await asked();
    provider.enqueue(text("For the first."));
    const first = await call("/chat/completions", { ...base(), messages: ours });
    const theirs = await asked();
    expect(theirs).toEqual(ours);
    provider.enqueue(text("For the second."));
    const second = await call("/chat/completions", { ...base(), messages: theirs });
    expect(second.body.choices[0].message.content).toBe("For the second.");
    expect(second.session).not.toBe(first.session);
    expect(second.body.id).not.toBe(first.body.id);
  });

  it("[ONCE-18] outputs of a response's several calls, whose arguments a client wrote anew, are recognised", async () => {
    const written = ['{"a": 1}', '{"a": 2}'];
    provider.enqueue(
      calls(written.map((text, n) => ({ name: "lookup", arguments: text, id: `functions.lookup:${n}` }))),
    );
    const tools = [{ type: "function", ...lookup }];
    const input = [
      { role: "user", content: "Earlier" },
      { role: "assistant", content: "Yes" },
      { role: "user", content: go },
    ];
    const { body } = await call("/responses", { input, tools, store: false });
    const made = body.output.filter(({ type }: Json) => type === "function_call");
    const again = made.map(({ call_id, name }: Json, n: number) => ({
      ...{ type: "function_call", call_id, name, arguments: `{"a":${n + 1}}` },
    }));
    const outputs = made.map(({ call_id }: Json) => ({ type: "function_call_output", call_id, output: "found" }));
    provider.enqueue(text("Done."));
    const send = () => call("/responses", { input: [...input, ...again, ...outputs], tools, store: false });
    const [first, second] = [await send(), await send()];
    expect([made.length, first.status, second.body.id]).toEqual([2, 200, first.body.id]);
  });

  it("[ONCE-18] is a new one for calls that were not given out here", async () => {
    const [said, reply] = await asked();
    const tool_calls = [{ ...reply.tool_calls[0], id: "call_0" }];
    const messages = [said, { ...reply, tool_calls }, { ...result, tool_call_id: "call_0" }];
    provider.enqueue(text("One."), text("Two."));
    const answers = [
      await call("/chat/completions", { ...base(), messages }),
      await call("/chat/completions", { ...base(), messages }),
    ];
    expect(answers.map(({ body }) => body.choices[0].message.content)).toEqual(["One.", "Two."]);
  });

  it("[ONCE-16] is made anew once it was erased, and streams the same answer as it gives whole", async () => {
    const messages = await asked();
    provider.enqueue(text("One."));
    const first = await call("/chat/completions", { ...base(), messages });
    const streamed = await (await send("/chat/completions", { ...base(), messages, stream: true })).text();
    expect(streamed).toContain(first.body.id);
    expect(streamed).toContain("One");
    expect((await call(`/sessions/${first.session}`, undefined, {}, "DELETE")).status).toBe(200);
    provider.enqueue(text("Two."));
    const second = await call("/chat/completions", { ...base(), messages });
    expect([second.status, second.session, second.body.choices[0].message.content]).toEqual([
      200,
      first.session,
      "Two.",
    ]);
  });
});
