/** The AI SDK's useChat for Vue, over `/v1/ui/messages`. */
import { type UseChatOptions, useChat } from "@ai-sdk/vue";
import { DefaultChatTransport, lastAssistantMessageIsCompleteWithToolCalls, type UIMessage } from "ai";
import { effectScope } from "vue";
import { type Client, expect, expectCancelled, expectCount, na, type Place } from "../aspects.ts";

const weather = {
  type: "function",
  function: {
    name: "weather",
    description: "The weather of a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

/** The package brings an older `ai`, whose types are others. */
type Transport = NonNullable<UseChatOptions<ReturnType<typeof useChat>["messages"]["value"][number]>["transport"]>;

interface Options {
  key?: string;
  body?: object;
}

function chatOf(place: Place, { key = place.key, body = {} }: Options = {}) {
  const errors: Error[] = [];
  const api = `${place.url}/v1/ui/messages`;
  const headers = { Authorization: `Bearer ${key}` };
  const transport = new DefaultChatTransport({ api, headers, body });
  // A composable wants a scope, as a component's setup gives it.
  const chat = effectScope().run(() =>
    useChat({
      id: place.mark,
      transport: transport as unknown as Transport,
      sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithToolCalls,
      onError: (error) => void errors.push(error),
      onToolCall: ({ toolCall }) => {
        const output = `sunny in ${(toolCall.input as { city: string }).city}`;
        void chat?.addToolOutput({ tool: toolCall.toolName, toolCallId: toolCall.toolCallId, output });
      },
    }),
  );
  if (chat === undefined) throw new Error("no chat was made");
  return { chat, errors, api, headers };
}

const textOf = (message: UIMessage | undefined) =>
  (message?.parts ?? []).map((part) => (part.type === "text" ? part.text : "")).join("");

async function until(what: string, isDone: () => boolean): Promise<void> {
  const deadline = Date.now() + 8_000;
  while (!isDone()) {
    if (Date.now() > deadline) throw new Error(`${what} did not come within 8 s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const client: Client = {
  packages: ["@ai-sdk/vue"],
  checks: {
    async plain(place) {
      const { chat } = chatOf(place);
      await chat.sendMessage({ text: "Hi" });
      expect("text", textOf(chat.messages.value.at(-1)), "Hello from the model.");
      expect("status", chat.status.value, "ready");
    },
    async stream(place) {
      const { chat } = chatOf(place);
      const seen = new Set<string>();
      const sent = chat.sendMessage({ text: "Count slowly" });
      await until("three states of the text", () => seen.add(textOf(chat.messages.value.at(-1))).size > 4);
      void chat.stop();
      await sent;
    },
    async tools(place) {
      const { chat, errors } = chatOf(place, { body: { tools: [weather] } });
      await chat.sendMessage({ text: "The weather in Ulm?" });
      await until("an answer", () => errors.length > 0 || /It says/.test(textOf(chat.messages.value.at(-1))));
      expect("errors", errors.map(String), []);
      await until("the end", () => chat.status.value === "ready");
      expect("text", textOf(chat.messages.value.at(-1)), "It says: sunny in Ulm");
    },
    structured: na("useChat has no typed answers"),
    async abort(place) {
      const { chat, api, headers } = chatOf(place);
      const sent = chat.sendMessage({ text: `Count slowly ${place.mark}` });
      await until("the first text", () => textOf(chat.messages.value.at(-1)).includes("2"));
      await fetch(`${api}/${place.mark}/stream`, { method: "DELETE", headers });
      await chat.stop();
      await sent;
      await expectCancelled(place);
    },
    async errors(place) {
      const wrong = chatOf(place, { key: "wrong-key-of-a-caller" });
      await wrong.chat.sendMessage({ text: "Hi" });
      expect("status with a wrong key", wrong.chat.status.value, "error");
      const { chat, errors } = chatOf(place);
      await chat.sendMessage({ text: "Fail please" });
      expect("errors of a failed turn", errors.length, 1);
    },
    async usage(place) {
      const { chat } = chatOf(place);
      await chat.sendMessage({ text: "Hi" });
      const part = chat.messages.value.at(-1)?.parts.find(({ type }) => type === "data-usage");
      expectCount("output", (part as { data?: Record<string, number> } | undefined)?.data?.output_tokens);
    },
    async resume(place) {
      const { chat } = chatOf(place);
      const sent = chat.sendMessage({ text: "Count slowly" });
      await until("the first text", () => textOf(chat.messages.value.at(-1)).includes("2"));
      await chat.stop();
      await sent;
      const { chat: again, api, headers } = chatOf(place);
      void again.resumeStream();
      await until("the running answer", () => textOf(again.messages.value.at(-1)).startsWith("1 2 3 "));
      await fetch(`${api}/${place.mark}/stream`, { method: "DELETE", headers });
    },
  },
};
