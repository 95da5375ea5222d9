/** LangChain's createAgent with @langchain/openai over chat completions. */
import { ChatOpenAI } from "@langchain/openai";
import { createAgent, tool } from "langchain";
import * as z from "zod";
import { type Client, expect, expectCancelled, expectCount, expectPieces, failureOf, type Place } from "../aspects.ts";

const modelOf = ({ url, key, model }: Place, headers: Record<string, string> = {}) =>
  new ChatOpenAI({
    model,
    apiKey: key,
    maxRetries: 0,
    streamUsage: true,
    configuration: { baseURL: `${url}/v1`, defaultHeaders: headers },
  });
const weather = tool(async ({ city }: { city: string }) => `sunny in ${city}`, {
  name: "weather",
  description: "The weather of a city",
  schema: z.object({ city: z.string() }),
});
const ask = (content: string) => ({ messages: [{ role: "user" as const, content }] });

export const client: Client = {
  packages: ["langchain", "@langchain/openai"],
  checks: {
    async plain(place) {
      const agent = createAgent({ model: modelOf(place), tools: [] });
      const { messages } = await agent.invoke(ask(`Hi ${place.mark}`));
      expect("text", messages.at(-1)?.text, "Hello from the model.");
    },
    async stream(place) {
      const agent = createAgent({ model: modelOf(place), tools: [] });
      const pieces: string[] = [];
      for await (const [piece] of await agent.stream(ask(`Hi ${place.mark}`), { streamMode: "messages" }))
        pieces.push(piece.text);
      expect("text", expectPieces("text", pieces), "Hello from the model.");
    },
    async tools(place) {
      const agent = createAgent({ model: modelOf(place), tools: [weather] });
      const { messages } = await agent.invoke(ask(`The weather in Ulm? ${place.mark}`));
      expect("text", messages.at(-1)?.text, "It says: sunny in Ulm");
      const strict = modelOf(place).bindTools([weather], { strict: true });
      const { tool_calls: calls } = await strict.invoke(`The weather in Ulm? Strict. ${place.mark}`);
      expect("arguments of a strict tool", calls?.[0]?.args, { city: "Ulm" });
    },
    async structured(place) {
      const responseFormat = z.object({ city: z.string(), degrees: z.number() });
      const agent = createAgent({ model: modelOf(place), tools: [], responseFormat });
      const { structuredResponse } = await agent.invoke(ask(`How warm is it? ${place.mark}`));
      expect("object", structuredResponse, { city: "Ulm", degrees: 21 });
      const direct = modelOf(place).withStructuredOutput(responseFormat, { method: "functionCalling" });
      expect("object by a function", await direct.invoke(`How warm? ${place.mark}`), { city: "Ulm", degrees: 21 });
    },
    async abort(place) {
      const stop = new AbortController();
      const failure = await failureOf("aborted stream", async () => {
        for await (const piece of await modelOf(place).stream(`Count slowly ${place.mark}`, { signal: stop.signal }))
          if (piece.text !== "") stop.abort();
      });
      expect("failure", `${failure.name} ${failure.message}`, /abort/i);
      await expectCancelled(place);
    },
    async errors(place) {
      const wrongKey = await failureOf("wrong key", () => modelOf({ ...place, key: "wrong-key-of-one" }).invoke("Hi"));
      expect("code of a wrong key", `${wrongKey.status} ${wrongKey.lc_error_code}`, "401 MODEL_AUTHENTICATION");
      const failed = await failureOf("failed turn", () => modelOf(place).invoke(`Fail please ${place.mark}`));
      expectCount("status of a failed turn", failed.status);
      await failureOf("failed stream", async () => {
        for await (const _ of await modelOf(place).stream(`Fail please, streamed ${place.mark}`));
      });
    },
    async usage(place) {
      const { usage_metadata: usage } = await modelOf(place).invoke(`Hi ${place.mark}`);
      expectCount("input", usage?.input_tokens);
      expectCount("output", usage?.output_tokens);
      expect("cached", usage?.input_token_details?.cache_read, 64);
    },
    async resume(place) {
      const model = modelOf(place, { "X-Session-Id": place.mark });
      await model.invoke(`The word is ${place.mark}`);
      const second = await model.invoke("What did I say?");
      expect("text", second.text, `You said: The word is ${place.mark}`);
    },
  },
};
