/** assistant-ui's AssistantChatTransport without a page: what it sends of tools, system and settings, over `/v1/ui/messages`. */
import { AssistantChatTransport } from "@assistant-ui/react-ai-sdk";
import { readUIMessageStream, type UIMessage, type UIMessageChunk } from "ai";
import {
  type Client,
  expect,
  expectCancelled,
  expectCount,
  expectPieces,
  failureOf,
  na,
  type Place,
} from "../aspects.ts";

const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] } as const;
const tools = { weather: { description: "The weather of a city", parameters, execute: async () => "unused" } };

function transportOf({ url, key, mark }: Place, context: object = { system: "Be short.", tools: {} }) {
  const transport = new AssistantChatTransport<UIMessage>({
    api: `${url}/v1/ui/messages`,
    headers: { Authorization: `Bearer ${key}` },
  });
  // Of the runtime it uses the model's context and the thread's id alone.
  const runtime = {
    thread: { getModelContext: () => context },
    threads: { mainItem: { initialize: async () => ({ remoteId: mark }) } },
  };
  transport.setRuntime(runtime as unknown as Parameters<typeof transport.setRuntime>[0]);
  return transport;
}

const user = (text: string): UIMessage => ({ id: crypto.randomUUID(), role: "user", parts: [{ type: "text", text }] });

async function send(
  place: Place,
  messages: UIMessage[],
  { context, signal }: { context?: object; signal?: AbortSignal } = {},
) {
  return transportOf(place, context).sendMessages({
    chatId: place.mark,
    messages,
    trigger: "submit-message",
    messageId: undefined,
    abortSignal: signal,
  });
}

async function answered(stream: ReadableStream<UIMessageChunk>, message?: UIMessage): Promise<UIMessage> {
  const all = await Array.fromAsync(readUIMessageStream({ stream, ...(message && { message }) }));
  return all.at(-1) as UIMessage;
}

const textOf = ({ parts }: UIMessage) => parts.map((part) => (part.type === "text" ? part.text : "")).join("");

export const client: Client = {
  packages: ["@assistant-ui/react-ai-sdk"],
  checks: {
    async plain(place) {
      expect("text", textOf(await answered(await send(place, [user(`Hi ${place.mark}`)]))), "Hello from the model.");
      const [request] = await place.seen();
      expect(
        "its system text reaches the model",
        JSON.stringify(request?.body.messages ?? []).includes("Be short."),
        true,
      );
    },
    async stream(place) {
      const pieces: string[] = [];
      for await (const chunk of await send(place, [user("Hi")]))
        if (chunk.type === "text-delta") pieces.push(chunk.delta);
      expect("text", expectPieces("text", pieces), "Hello from the model.");
    },
    async tools(place) {
      const context = { tools };
      const question = user(`The weather in Ulm? ${place.mark}`);
      const first = await answered(await send(place, [question], { context }));
      const call = first.parts.find(({ type }) => type === "tool-weather" || type === "dynamic-tool");
      expect("input of the call", (call as { input?: unknown } | undefined)?.input, { city: "Ulm" });
      const done = { ...call, state: "output-available", output: "sunny in Ulm" } as UIMessage["parts"][number];
      const message = { ...first, parts: first.parts.map((part) => (part === call ? done : part)) };
      const second = await answered(await send(place, [question, message], { context }), message);
      expect("text", textOf(second), "It says: sunny in Ulm");
    },
    structured: na("its transport has no typed answers"),
    async abort(place) {
      const stop = new AbortController();
      await failureOf("aborted stream", async () => {
        for await (const chunk of await send(place, [user(`Count slowly ${place.mark}`)], { signal: stop.signal }))
          if (chunk.type === "text-delta") stop.abort();
      });
      const stopUrl = `${place.url}/v1/ui/messages/${place.mark}/stream`;
      await fetch(stopUrl, { method: "DELETE", headers: { Authorization: `Bearer ${place.key}` } });
      await expectCancelled(place);
    },
    async errors(place) {
      await failureOf("wrong key", () => send({ ...place, key: "wrong-key-of-a-caller" }, [user("Hi")]));
      const kinds: string[] = [];
      for await (const { type } of await send(place, [user("Fail please")])) kinds.push(type);
      expect("a failed turn has an error", kinds.includes("error"), true);
    },
    async usage(place) {
      const { parts } = await answered(await send(place, [user("Hi")]));
      const part = parts.find(({ type }) => type === "data-usage") as { data?: Record<string, number> } | undefined;
      expectCount("output", part?.data?.output_tokens);
    },
    async resume(place) {
      const question = user(`The word is ${place.mark}`);
      const first = await answered(await send(place, [question]));
      const second = await answered(await send(place, [question, first, user("What did I say?")]));
      expect("text", textOf(second), `You said: The word is ${place.mark}`);
    },
  },
};
