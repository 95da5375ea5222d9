import { Chat } from "@ai-sdk/react";
import {
  DefaultChatTransport,
  lastAssistantMessageIsCompleteWithApprovalResponses,
  lastAssistantMessageIsCompleteWithToolCalls,
  type UIMessage,
} from "ai";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { calls, createFakeProvider, gated, status, text } from "../support/fake-provider.ts";
import { serveProvider } from "../support/serve-provider.ts";
import { UiCheck } from "../support/ui-check.ts";
import { type DevServer, reach, startDev } from "../support/wrangler-dev.ts";

const provider = createFakeProvider();
let outside: Awaited<ReturnType<typeof serveProvider>>;
let dev: DevServer;
/** Of what the client receives. */
const check = new UiCheck();
const headers = { Authorization: "Bearer e2e-test-key" };

beforeAll(async () => {
  outside = await serveProvider(provider);
  dev = await startDev({ vars: { MODEL_BASE_URL: outside.url, API_KEY: "e2e-test-key", MODEL_RETRIES: "0" } });
});
afterEach(async () => {
  expect(await check.faults()).toEqual([]);
});
afterAll(async () => {
  await dev.stop();
  await outside.close();
});

interface ChatOptions {
  messages?: UIMessage[];
  body?: object;
  onToolCall?: (call: { toolCallId: string; toolName: string; input: unknown }) => unknown;
}
/** A chat as `useChat` keeps it, without the rendering. */
function chatOf(id: string, { messages = [], body = {}, onToolCall }: ChatOptions = {}) {
  const errors: Error[] = [];
  const chat = new Chat({
    id,
    messages,
    transport: new DefaultChatTransport({
      api: `${dev.url}/v1/ui/messages`,
      headers,
      body,
      // wrangler's proxy loses a request now and then by itself.
      fetch: check.watch((url, init) => reach(String(url), init)),
    }),
    onError: (error) => errors.push(error),
    sendAutomaticallyWhen: (of) =>
      lastAssistantMessageIsCompleteWithApprovalResponses(of) || lastAssistantMessageIsCompleteWithToolCalls(of),
    async onToolCall({ toolCall }) {
      if (toolCall.dynamic || onToolCall === undefined) return;
      void chat.addToolOutput({
        tool: toolCall.toolName,
        toolCallId: toolCall.toolCallId,
        output: onToolCall(toolCall),
      });
    },
  });
  return { chat, errors };
}
const ready = (chat: Chat<UIMessage>) => vi.waitFor(() => expect(chat.status).toBe("ready"));
const textOf = (message: UIMessage | undefined) =>
  (message?.parts ?? []).map((part) => (part.type === "text" ? part.text : "")).join("");
async function talkOf(session: string): Promise<string[]> {
  const { entries } = (await (await reach(`${dev.url}/v1/sessions/${session}/entries`, { headers })).json()) as {
    entries: { message?: { role: string; content: string } }[];
  };
  return entries.flatMap(({ message }) => (message ? [`${message.role}: ${message.content}`] : []));
}

describe("useChat", () => {
  it("[E2E-18] tells a turn with a tool of the server, and only what is new is taken in", async () => {
    provider.enqueue(
      calls([{ name: "calculator", arguments: '{"expression":"6*7"}' }]),
      text("It is **42**."),
      text("Sure."),
    );
    const { chat, errors } = chatOf("ui-tools");
    await chat.sendMessage({ text: "What is 6*7?" });
    const answer = chat.messages.at(-1);
    expect(answer).toMatchObject({ id: "msg_turn_1", role: "assistant", metadata: { session: "ui-tools" } });
    expect(answer?.parts.map(({ type }) => type)).toEqual([
      "step-start",
      "dynamic-tool",
      "step-start",
      "text",
      "data-usage",
    ]);
    expect(answer?.parts[1]).toMatchObject({ toolName: "calculator", state: "output-available", output: "6*7 = 42" });
    await chat.sendMessage({ text: "Sure?" });
    expect(await talkOf("ui-tools")).toEqual([
      "user: What is 6*7?",
      "assistant: ",
      "tool: 6*7 = 42",
      "assistant: It is **42**.",
      "user: Sure?",
      "assistant: Sure.",
    ]);
    expect(errors).toEqual([]);
  });

  it("[E2E-18] an approval goes on in the same message; a denial tells the model why", async () => {
    for (const approved of [true, false]) {
      const request = { url: "https://example.invalid/", method: "POST", body: "x" };
      provider.enqueue(
        calls([{ name: "send_request", arguments: JSON.stringify(request), id: "call_p" }]),
        text("Well."),
      );
      const { chat } = chatOf(`ui-approval-${approved}`);
      await chat.sendMessage({ text: "Send it" });
      const asked = chat.messages.at(-1)?.parts.at(-1);
      expect(asked).toMatchObject({ type: "dynamic-tool", state: "approval-requested", approval: { id: "call_p" } });
      await chat.addToolApprovalResponse({ id: "call_p", approved, reason: "Not today." });
      await vi.waitFor(() => expect(textOf(chat.messages.at(-1))).toBe("Well."));
      await ready(chat);
      expect(chat.messages.map(({ id }) => id).at(-1)).toBe("msg_turn_1");
      expect(chat.messages).toHaveLength(2);
      const said = (await talkOf(`ui-approval-${approved}`)).find((line) => line.startsWith("tool:"));
      if (!approved) expect(said).toContain("Not today.");
    }
  });

  it("[E2E-18] a tool of the client is run there, and the turn goes on by itself", async () => {
    provider.enqueue(calls([{ name: "book", arguments: '{"day":"Monday"}', id: "call_b" }]), text("Booked."));
    const book = {
      type: "function",
      function: { name: "book", parameters: { type: "object", properties: { day: { type: "string" } } } },
    };
    const booked: unknown[] = [];
    const { chat } = chatOf("ui-client", {
      body: { tools: [book] },
      onToolCall: ({ input }) => {
        booked.push(input);
        return { ok: true };
      },
    });
    await chat.sendMessage({ text: "Book Monday" });
    await vi.waitFor(() => expect(textOf(chat.messages.at(-1))).toBe("Booked."));
    expect(booked).toEqual([{ day: "Monday" }]);
    expect(await talkOf("ui-client")).toContain('tool: {"ok":true}');
  });

  it("[E2E-18] a page that is loaded again in mid-answer resumes to the same message, no part twice", async () => {
    const gate = gated("Once upon ", "a time.");
    provider.enqueue(gate.reply);
    const { chat } = chatOf("ui-resume");
    const sending = chat.sendMessage({ text: "A story" });
    await vi.waitFor(() => expect(textOf(chat.messages.at(-1))).toBe("Once upon "));
    const kept = structuredClone(chat.messages);
    await chat.stop();
    await sending;
    const { chat: reloaded } = chatOf("ui-resume", { messages: kept });
    const resuming = reloaded.resumeStream();
    await vi.waitFor(() => expect(reloaded.status).toBe("streaming"));
    gate.release();
    await resuming;
    expect(reloaded.messages).toHaveLength(2);
    expect(textOf(reloaded.messages.at(-1))).toBe("Once upon a time.");
    expect((await talkOf("ui-resume")).at(-1)).toBe("assistant: Once upon a time.");
    const { chat: later } = chatOf("ui-resume", { messages: structuredClone(reloaded.messages) });
    await later.resumeStream();
    expect([later.status, later.messages.length]).toEqual(["ready", 2]);
  });

  it("[E2E-18] a stop that is sent stops the model's call; leaving does not", async () => {
    const gate = gated("Once upon ", "a time.");
    provider.enqueue(gate.reply);
    const { chat } = chatOf("ui-stop");
    const sending = chat.sendMessage({ text: "A story" });
    await vi.waitFor(() => expect(textOf(chat.messages.at(-1))).toBe("Once upon "));
    const stopped = await reach(`${dev.url}/v1/ui/messages/ui-stop/stream`, { method: "DELETE", headers });
    expect(stopped.status).toBe(202);
    await sending;
    await gate.cancelled;
    expect(chat.messages.at(-1)?.metadata).toMatchObject({ reason: "cancelled" });
    expect((await talkOf("ui-stop")).at(-1)).toBe("assistant: Once upon ");
  });

  it("[E2E-18] a page that is loaded again in mid-answer has the history from the server, and resumes the rest", async () => {
    const gate = gated("Once upon ", "a time.");
    provider.enqueue(text("Hello."), gate.reply, text("The end."));
    const { chat } = chatOf("ui-reload");
    await chat.sendMessage({ text: "Hi" });
    const sending = chat.sendMessage({ text: "A story" });
    await vi.waitFor(() => expect(textOf(chat.messages.at(-1))).toBe("Once upon "));
    const ids = chat.messages.map(({ id }) => id);
    await chat.stop();
    await sending;
    const history = async () =>
      (await (await reach(`${dev.url}/v1/ui/messages/ui-reload`, { headers })).json()) as UIMessage[];
    const { chat: reloaded, errors } = chatOf("ui-reload", { messages: await history() });
    // The answer that runs is not in the history: the stream brings it whole.
    expect(reloaded.messages.map(({ id }) => id)).toEqual(ids.slice(0, -1));
    const resuming = reloaded.resumeStream();
    await vi.waitFor(() => expect(textOf(reloaded.messages.at(-1))).toBe("Once upon "));
    gate.release();
    await resuming;
    expect(reloaded.messages.map(({ id }) => id)).toEqual(ids);
    expect(reloaded.messages.map(textOf)).toEqual(["Hi", "Hello.", "A story", "Once upon a time."]);
    await reloaded.sendMessage({ text: "And then?" });
    // What was resumed is the same as what a later reload reads, and the next message goes on behind it.
    const plain = (messages: UIMessage[]) =>
      messages.map(({ id, role, parts, metadata }) =>
        JSON.parse(JSON.stringify({ id, role, parts, ...(role === "assistant" && { metadata }) })),
      );
    expect(plain(await history())).toEqual(plain(reloaded.messages));
    expect((await talkOf("ui-reload")).slice(-2)).toEqual(["user: And then?", "assistant: The end."]);
    expect(errors).toEqual([]);
  });

  it("[E2E-18] the same message sent twice is one turn, and an error is told in words", async () => {
    provider.enqueue(text("Once."));
    const message = { id: "user-1", role: "user" as const, parts: [{ type: "text" as const, text: "Hi" }] };
    const { chat } = chatOf("ui-twice");
    const { chat: twin } = chatOf("ui-twice");
    await chat.sendMessage(message);
    await twin.sendMessage(message);
    expect(textOf(twin.messages.at(-1))).toBe("Once.");
    expect(await talkOf("ui-twice")).toHaveLength(2);
    provider.enqueue(status(401, { error: { message: "bad key" } }));
    const { chat: failing, errors } = chatOf("ui-error");
    await failing.sendMessage({ text: "Hi" });
    const sentence = "The assistant cannot answer right now; please ask the people who run it to look into it.";
    expect(errors[0]?.message).toBe(sentence);
    const error = { code: "model_auth", message: sentence, detail: expect.stringContaining("API key") };
    expect(failing.messages.at(-1)?.metadata).toMatchObject({ error });
    const { chat: wrong, errors: refusals } = chatOf("ui error");
    await wrong.sendMessage({ text: "Hi" });
    expect(refusals[0]?.message).toContain("letters");
  });
});
