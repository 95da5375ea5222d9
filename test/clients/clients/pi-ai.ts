/** pi's model library, over chat completions and over Responses. */
import { type Context, createModels, createProvider, type Model, type Tool } from "@earendil-works/pi-ai";
import { openAICompletionsApi } from "@earendil-works/pi-ai/api/openai-completions.lazy";
import { openAIResponsesApi } from "@earendil-works/pi-ai/api/openai-responses.lazy";
import {
  type Client,
  expect,
  expectAll,
  expectCancelled,
  expectCount,
  expectPieces,
  na,
  type Place,
} from "../aspects.ts";

const apis = { "openai-completions": openAICompletionsApi(), "openai-responses": openAIResponsesApi() };
type Api = keyof typeof apis;
const apiNames = Object.keys(apis) as Api[];

const weather: Tool = {
  name: "weather",
  description: "The weather of a city",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } as Tool["parameters"],
};
const ask = (content: string): Context => ({
  systemPrompt: "Be short.",
  messages: [{ role: "user", content, timestamp: Date.now() }],
});

function modelsOf({ url, key, model }: Place, api: Api) {
  const known: Model<Api> = {
    id: model,
    name: model,
    api,
    provider: "longline",
    baseUrl: `${url}/v1`,
    reasoning: true,
    input: ["text"],
    cost: { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 },
    contextWindow: 128_000,
    maxTokens: 8_000,
  };
  const provider = createProvider({
    id: "longline",
    auth: { apiKey: { name: "Longline", resolve: async () => ({ auth: { apiKey: key } }) } },
    models: [known],
    api: apis,
  });
  const models = createModels();
  models.setProvider(provider);
  return { models, model: known };
}

function textOf({ content }: { content: { type: string; text?: string }[] }): string {
  return content.map(({ type, text }) => (type === "text" ? text : "")).join("");
}

const eachApi = (place: Place, check: (api: Api) => Promise<void>) =>
  expectAll(place, Object.fromEntries(apiNames.map((api) => [api, () => check(api)])));

export const client: Client = {
  packages: ["@earendil-works/pi-ai"],
  checks: {
    plain: (place) =>
      eachApi(place, async (api) => {
        const { models, model } = modelsOf(place, api);
        const answer = await models.completeSimple(model, ask(`Hi ${place.mark}`), { reasoning: "low" });
        expect("error", answer.errorMessage, undefined);
        expect("text", textOf(answer), "Hello from the model.");
        expect(
          "it has the thinking",
          answer.content.some((each) => each.type === "thinking" && each.thinking !== ""),
          true,
        );
      }),
    stream: (place) =>
      eachApi(place, async (api) => {
        const { models, model } = modelsOf(place, api);
        const pieces: string[] = [];
        for await (const event of models.stream(model, ask(`Hi ${place.mark}`)))
          if (event.type === "text_delta") pieces.push(event.delta);
        expect("text", expectPieces("text", pieces), "Hello from the model.");
      }),
    tools: (place) =>
      eachApi(place, async (api) => {
        const { models, model } = modelsOf(place, api);
        const context = { ...ask(`The weather in Ulm? ${place.mark}`), tools: [weather] };
        const first = await models.complete(model, context);
        expect("error", first.errorMessage, undefined);
        const call = first.content.find((each) => each.type === "toolCall");
        if (call?.type !== "toolCall") throw new Error("no call came");
        expect("arguments", call.arguments, { city: "Ulm" });
        const result = {
          role: "toolResult" as const,
          toolCallId: call.id,
          toolName: call.name,
          content: [{ type: "text" as const, text: "sunny in Ulm" }],
          isError: false,
          timestamp: Date.now(),
        };
        const second = await models.complete(model, { ...context, messages: [...context.messages, first, result] });
        expect("error of the second answer", second.errorMessage, undefined);
        expect("text", textOf(second), "It says: sunny in Ulm");
      }),
    structured: na("it has no typed answers"),
    abort: (place) =>
      eachApi(place, async (api) => {
        const { models, model } = modelsOf(place, api);
        const stop = new AbortController();
        const stream = models.stream(model, ask(`Count slowly ${place.mark}`), { signal: stop.signal });
        for await (const event of stream) if (event.type === "text_delta") stop.abort();
        expect("stop reason", (await stream.result()).stopReason, "aborted");
        await expectCancelled(place);
      }),
    errors: (place) =>
      eachApi(place, async (api) => {
        for (const at of [{ ...place, key: "wrong-key-of-a-caller" }, place]) {
          const { models, model } = modelsOf(at, api);
          const answer = await models.complete(model, ask(`Fail please ${place.mark}`));
          expect("stop reason", answer.stopReason, "error");
          expect("a cause", typeof answer.errorMessage, "string");
        }
      }),
    usage: (place) =>
      eachApi(place, async (api) => {
        const { models, model } = modelsOf(place, api);
        const { usage } = await models.complete(model, ask(`Hi ${place.mark}`));
        expectCount("input", usage.input);
        expectCount("output", usage.output);
        expect("cached", usage.cacheRead, 64);
      }),
    resume: (place) =>
      eachApi(place, async (api) => {
        const { models, model } = modelsOf(place, api);
        const context = ask(`The word is ${place.mark}`);
        const first = await models.complete(model, context);
        const question = { role: "user" as const, content: "What did I say?", timestamp: Date.now() };
        const second = await models.complete(model, { ...context, messages: [...context.messages, first, question] });
        expect("text", textOf(second), `You said: The word is ${place.mark}`);
      }),
  },
};
