/** LlamaIndex.TS: its OpenAI model, and its agent over chat completions. */
import { OpenAI } from "@llamaindex/openai";
import { agent, agentStreamEvent } from "@llamaindex/workflow";
import { tool } from "llamaindex";
import { z } from "zod";
import { type Client, clientFault, expect, expectCount, expectPieces, failureOf, type Place } from "../aspects.ts";

const llmOf = ({ url, key, model }: Place, defaultHeaders: Record<string, string> = {}) =>
  new OpenAI({ model, apiKey: key, baseURL: `${url}/v1`, maxRetries: 0, additionalSessionOptions: { defaultHeaders } });
const weather = tool({
  name: "weather",
  description: "The weather of a city",
  parameters: z.object({ city: z.string() }),
  execute: ({ city }) => `sunny in ${city}`,
});
const ask = (content: string) => ({ messages: [{ role: "user" as const, content }] });

export const client: Client = {
  packages: ["llamaindex", "@llamaindex/openai", "@llamaindex/workflow"],
  checks: {
    async plain(place) {
      const { message } = await llmOf(place).chat(ask(`Hi ${place.mark}`));
      expect("text", message.content, "Hello from the model.");
    },
    async stream(place) {
      const pieces: string[] = [];
      for await (const { delta } of await llmOf(place).chat({ ...ask(`Hi ${place.mark}`), stream: true }))
        pieces.push(delta);
      expect("text", expectPieces("text", pieces), "Hello from the model.");
    },
    async tools(place) {
      const worker = agent({ tools: [weather], llm: llmOf(place), verbose: false });
      const { data } = await worker.run(`The weather in Ulm? ${place.mark}`);
      expect("text", data.result, "It says: sunny in Ulm");
      const pieces: string[] = [];
      for await (const event of worker.runStream(`The weather in Ulm, streamed? ${place.mark}`))
        if (agentStreamEvent.include(event)) pieces.push(event.data.delta);
      expect("streamed text", pieces.join(""), "It says: sunny in Ulm");
    },
    async structured(place) {
      const responseFormat = z.object({ city: z.string(), degrees: z.number() });
      const { message } = await llmOf(place).chat({ ...ask(`How warm is it? ${place.mark}`), responseFormat });
      expect("object", JSON.parse(String(message.content)), { city: "Ulm", degrees: 21 });
    },
    abort: clientFault(
      "it has no signal, and leaving its stream closes no connection: wrapEventCaller calls next() of the stream's iterator, never return()",
    ),
    async errors(place) {
      const wrongKey = await failureOf("wrong key", () => llmOf({ ...place, key: "wrong-key-of-one" }).chat(ask("Hi")));
      expect("status of a wrong key", wrongKey.status, 401);
      const failed = await failureOf("failed turn", () => llmOf(place).chat(ask(`Fail please ${place.mark}`)));
      expectCount("status of a failed turn", failed.status);
    },
    async usage(place) {
      const { raw } = await llmOf(place).chat(ask(`Hi ${place.mark}`));
      const { usage } = raw as { usage: { prompt_tokens: number; completion_tokens: number } };
      expectCount("input", usage.prompt_tokens);
      expectCount("output", usage.completion_tokens);
    },
    async resume(place) {
      const llm = llmOf(place, { "X-Session-Id": place.mark });
      await llm.chat(ask(`The word is ${place.mark}`));
      const { message } = await llm.chat(ask("What did I say?"));
      expect("text", message.content, `You said: The word is ${place.mark}`);
    },
  },
};
