/** The AI SDK with @ai-sdk/openai, whose default is the Responses API. */
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, Output, stepCountIs, streamText, tool } from "ai";
import * as z from "zod";
import { type Client, expect, expectCancelled, expectCount, expectPieces, failureOf, type Place } from "../aspects.ts";

const modelOf = ({ url, key, model }: Place) => createOpenAI({ baseURL: `${url}/v1`, apiKey: key })(model);
const weather = tool({
  description: "The weather of a city",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `sunny in ${city}`,
});

export const client: Client = {
  packages: ["@ai-sdk/openai", "ai"],
  checks: {
    async plain(place) {
      const { text, reasoningText } = await generateText({
        model: modelOf(place),
        prompt: `Hi ${place.mark}`,
        // It asks models that it does not know for no reasoning, and shows summaries alone.
        providerOptions: { openai: { forceReasoning: true, reasoningSummary: "auto" } },
      });
      expect("text", text, "Hello from the model.");
      expect("reasoning", reasoningText, "Let me think.");
    },
    async stream(place) {
      const { textStream } = streamText({ model: modelOf(place), prompt: `Hi ${place.mark}` });
      expect("text", expectPieces("text", await Array.fromAsync(textStream)), "Hello from the model.");
    },
    async tools(place) {
      const { text, steps } = await generateText({
        model: modelOf(place),
        prompt: `The weather in Ulm? ${place.mark}`,
        tools: { weather },
        stopWhen: stepCountIs(3),
      });
      expect("calls", steps[0]?.toolCalls[0]?.input, { city: "Ulm" });
      expect("text", text, "It says: sunny in Ulm");
    },
    async structured(place) {
      const { output } = await generateText({
        model: modelOf(place),
        prompt: `How warm is it? ${place.mark}`,
        output: Output.object({ schema: z.object({ city: z.string(), degrees: z.number() }) }),
      });
      expect("object", output, { city: "Ulm", degrees: 21 });
    },
    async abort(place) {
      const stop = new AbortController();
      const { textStream } = streamText({
        model: modelOf(place),
        prompt: `Count slowly ${place.mark}`,
        abortSignal: stop.signal,
      });
      for await (const piece of textStream) if (piece !== "") stop.abort();
      await expectCancelled(place);
    },
    async errors(place) {
      const wrongKey = await failureOf("wrong key", () =>
        generateText({ model: modelOf({ ...place, key: "wrong-key-of-a-caller" }), prompt: "Hi", maxRetries: 0 }),
      );
      expect("status of a wrong key", wrongKey.statusCode, 401);
      const failed = await failureOf("failed turn", () =>
        generateText({ model: modelOf(place), prompt: `Fail please ${place.mark}` }),
      );
      expect("name of a failed turn's error", failed.name, /APICallError|RetryError/);
    },
    async usage(place) {
      const { usage } = await generateText({ model: modelOf(place), prompt: `Hi ${place.mark}` });
      expectCount("input", usage.inputTokens);
      expectCount("output", usage.outputTokens);
      expect("cached", usage.inputTokenDetails.cacheReadTokens, 64);
    },
    async resume(place) {
      const model = modelOf(place);
      const first = await generateText({ model, prompt: `The word is ${place.mark}` });
      const second = await generateText({
        model,
        prompt: "What did I say?",
        providerOptions: { openai: { previousResponseId: first.providerMetadata?.openai?.responseId as string } },
      });
      expect("text", second.text, `You said: The word is ${place.mark}`);
      // What is stored at the server it sends as references.
      const question = { role: "user" as const, content: `The word is ${place.mark}` };
      const local = await generateText({
        model,
        messages: [question, ...first.response.messages, { role: "user", content: "What did I say?" }],
      });
      expect("text with a local history", local.text, `You said: The word is ${place.mark}`);
    },
  },
};
