/** Genkit with its plugin for OpenAI-compatible hosts. */
import { openAICompatible } from "@genkit-ai/compat-oai";
import { genkit, z } from "genkit";
import { type Client, expect, expectCancelled, expectCount, expectPieces, failureOf, type Place } from "../aspects.ts";

function aiOf({ url, key, model }: Place, headers: Record<string, string> = {}) {
  const plugin = openAICompatible({
    name: "longline",
    apiKey: key,
    baseURL: `${url}/v1`,
    defaultHeaders: headers,
    maxRetries: 0,
  });
  const ai = genkit({ plugins: [plugin], model: `longline/${model}` });
  const weather = ai.defineTool(
    {
      name: "weather",
      description: "The weather of a city",
      inputSchema: z.object({ city: z.string() }),
      outputSchema: z.string(),
    },
    async ({ city }) => `sunny in ${city}`,
  );
  return { ai, weather };
}

export const client: Client = {
  packages: ["genkit", "@genkit-ai/compat-oai"],
  checks: {
    async plain(place) {
      const { text } = await aiOf(place).ai.generate(`Hi ${place.mark}`);
      expect("text", text, "Hello from the model.");
    },
    async stream(place) {
      const { stream, response } = aiOf(place).ai.generateStream(`Hi ${place.mark}`);
      const pieces: string[] = [];
      for await (const piece of stream) pieces.push(piece.text);
      expect("text", expectPieces("text", pieces), "Hello from the model.");
      expect("whole text", (await response).text, "Hello from the model.");
    },
    async tools(place) {
      const { ai, weather } = aiOf(place);
      const { text } = await ai.generate({ prompt: `The weather in Ulm? ${place.mark}`, tools: [weather] });
      expect("text", text, /^It says: "?sunny in Ulm"?$/);
    },
    async structured(place) {
      const schema = z.object({ city: z.string(), degrees: z.number() });
      const { output } = await aiOf(place).ai.generate({ prompt: `How warm is it? ${place.mark}`, output: { schema } });
      expect("object", output, { city: "Ulm", degrees: 21 });
    },
    async abort(place) {
      const stop = new AbortController();
      const { stream, response } = aiOf(place).ai.generateStream({
        prompt: `Count slowly ${place.mark}`,
        abortSignal: stop.signal,
      });
      await failureOf("aborted stream", async () => {
        for await (const piece of stream) if (piece.text !== "") stop.abort();
        await response;
      });
      await expectCancelled(place);
    },
    async errors(place) {
      const wrongKey = await failureOf("wrong key", () =>
        aiOf({ ...place, key: "wrong-key-of-one" }).ai.generate("Hi"),
      );
      expect("status of a wrong key", wrongKey.status, "UNAUTHENTICATED");
      await failureOf("failed turn", () => aiOf(place).ai.generate(`Fail please ${place.mark}`));
    },
    async usage(place) {
      const { usage } = await aiOf(place).ai.generate(`Hi ${place.mark}`);
      expectCount("input", usage.inputTokens);
      expectCount("output", usage.outputTokens);
    },
    async resume(place) {
      const { ai } = aiOf(place, { "X-Session-Id": place.mark });
      await ai.generate(`The word is ${place.mark}`);
      const { text } = await ai.generate("What did I say?");
      expect("text", text, `You said: The word is ${place.mark}`);
    },
  },
};
