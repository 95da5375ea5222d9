/** CopilotKit's runtime: its OpenAIAdapter over chat completions, and the agent that it builds from the adapter's model over Responses. */
import { OpenAIAdapter } from "@copilotkit/runtime";
import { BuiltInAgent } from "@copilotkit/runtime/v2";
import OpenAI from "openai";
import { type Client, expect, expectCancelled, expectPieces, failureOf, na, type Place } from "../aspects.ts";

const adapterOf = ({ url, key, model }: Place, options: object = {}) =>
  new OpenAIAdapter({ openai: new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 }), model, ...options });
const jsonSchema = JSON.stringify({ type: "object", properties: { city: { type: "string" } }, required: ["city"] });
const weather = { name: "weather", description: "The weather of a city", jsonSchema };

interface Message {
  role: string;
  content: string;
}
type AgentInput = Parameters<BuiltInAgent["run"]>[0];
type AgentEvent = { type: string; delta?: string; message?: string };

/** What the adapter sends to CopilotKit's event stream: names of its methods, and what they were given. */
async function adapterEvents(place: Place, content: string, options: object = {}) {
  const events: { name: string; given: Record<string, unknown> }[] = [];
  const recorder = new Proxy(
    {},
    { get: (_, name) => (given: Record<string, unknown>) => events.push({ name: String(name), given }) },
  );
  const done = Promise.withResolvers<void>();
  const eventSource = { stream: (run: (to: object) => Promise<void>) => run(recorder).then(done.resolve, done.reject) };
  const message = {
    id: crypto.randomUUID(),
    content,
    role: "user",
    type: "TextMessage",
    isTextMessage: () => true,
    isActionExecutionMessage: () => false,
    isResultMessage: () => false,
    isAgentStateMessage: () => false,
    isImageMessage: () => false,
  };
  const request = { eventSource, messages: [message], actions: [weather], forwardedParameters: {} };
  await adapterOf(place, options).process(request as unknown as Parameters<OpenAIAdapter["process"]>[0]);
  await done.promise;
  return events;
}

async function agentEvents(
  place: Place,
  messages: Message[],
  options: { tools?: object[]; onEvent?: (event: AgentEvent, agent: BuiltInAgent) => void } = {},
) {
  const agent = new BuiltInAgent({ model: adapterOf(place).getLanguageModel(), maxRetries: 0 });
  const input = {
    threadId: place.mark,
    runId: crypto.randomUUID(),
    messages: messages.map((each) => ({ id: crypto.randomUUID(), ...each })),
    tools: options.tools ?? [],
    context: [],
    state: {},
    forwardedProps: {},
  } as AgentInput;
  const events: AgentEvent[] = [];
  await new Promise<void>((resolve, reject) => {
    agent.run(input).subscribe({
      next: (event) => {
        events.push(event as AgentEvent);
        options.onEvent?.(event as AgentEvent, agent);
      },
      error: reject,
      complete: resolve,
    });
  });
  return events;
}

const ask = (content: string): Message[] => [{ role: "user", content }];
const piecesOf = (events: AgentEvent[]) =>
  events.filter(({ type }) => type.startsWith("TEXT_MESSAGE")).map(({ delta }) => delta ?? "");

export const client: Client = {
  packages: ["@copilotkit/runtime"],
  checks: {
    async plain(place) {
      const events = await adapterEvents(place, `Hi ${place.mark}`);
      const text = events.map(({ name, given }) => (name === "sendTextMessageContent" ? given.content : "")).join("");
      expect("text by the adapter", text, "Hello from the model.");
      expect(
        "text by the agent",
        piecesOf(await agentEvents(place, ask(`Hi ${place.mark}`))).join(""),
        "Hello from the model.",
      );
    },
    async stream(place) {
      const pieces = piecesOf(await agentEvents(place, ask(`Hi ${place.mark}`)));
      expect("text", expectPieces("text", pieces), "Hello from the model.");
    },
    async tools(place) {
      for (const options of [{}, { disableParallelToolCalls: true }]) {
        const events = await adapterEvents(place, `The weather in Ulm? ${place.mark}`, options);
        const args = events.map(({ name, given }) => (name === "sendActionExecutionArgs" ? given.args : "")).join("");
        expect(`arguments by the adapter with ${JSON.stringify(options)}`, args, '{"city":"Ulm"}');
      }
      const tools = [{ ...weather, parameters: JSON.parse(jsonSchema) }];
      const events = await agentEvents(place, ask(`The weather in Ulm? ${place.mark}`), { tools });
      const args = events.map(({ type, delta }) => (type === "TOOL_CALL_ARGS" ? delta : "")).join("");
      expect("arguments by the agent", args, '{"city":"Ulm"}');
    },
    structured: na("it has no typed answers"),
    async abort(place) {
      await agentEvents(place, ask(`Count slowly ${place.mark}`), {
        onEvent: ({ type }, agent) => {
          if (type.startsWith("TEXT_MESSAGE_C")) agent.abortRun();
        },
      }).catch(() => {});
      await expectCancelled(place);
    },
    async errors(place) {
      await failureOf("failed turn by the adapter", () => adapterEvents(place, `Fail please ${place.mark}`));
      for (const at of [{ ...place, key: "wrong-key-of-a-caller" }, place]) {
        const kinds = await agentEvents(at, ask(`Fail please ${place.mark}`)).then(
          (events) => events.map(({ type }) => type),
          () => ["RUN_ERROR"],
        );
        expect("a failure is seen", kinds.includes("RUN_ERROR"), true);
      }
    },
    usage: na("neither the adapter nor the agent hands usage on"),
    async resume(place) {
      const messages = [
        { role: "user", content: `The word is ${place.mark}` },
        { role: "assistant", content: "Hello from the model." },
        { role: "user", content: "What did I say?" },
      ];
      expect("text", piecesOf(await agentEvents(place, messages)).join(""), `You said: The word is ${place.mark}`);
    },
  },
};
