/** Mastra's Agent, whose model router speaks chat completions to a custom address. */
import { Agent } from "@mastra/core/agent";
import { createTool } from "@mastra/core/tools";
import * as z from "zod";
import { type Client, expect, expectCancelled, expectCount, expectPieces, failureOf, type Place } from "../aspects.ts";

const agentOf = ({ url, key, model }: Place, headers: Record<string, string> = {}) =>
  new Agent({
    id: "assistant",
    name: "assistant",
    instructions: "Be short.",
    maxRetries: 0,
    model: { id: `longline/${model}`, url: `${url}/v1`, apiKey: key, headers },
    tools: { weather },
  });
const weather = createTool({
  id: "weather",
  description: "The weather of a city",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `sunny in ${city}`,
});

export const client: Client = {
  packages: ["@mastra/core"],
  checks: {
    async plain(place) {
      const { text } = await agentOf(place).generate(`Hi ${place.mark}`);
      expect("text", text, "Hello from the model.");
    },
    async stream(place) {
      const { textStream } = await agentOf(place).stream(`Hi ${place.mark}`);
      expect("text", expectPieces("text", await Array.fromAsync(textStream)), "Hello from the model.");
    },
    async tools(place) {
      const { text } = await agentOf(place).generate(`The weather in Ulm? ${place.mark}`);
      expect("text", text, "It says: sunny in Ulm");
    },
    async structured(place) {
      const schema = z.object({ city: z.string(), degrees: z.number() });
      const { object } = await agentOf(place).generate(`How warm is it? ${place.mark}`, {
        structuredOutput: { schema },
      });
      expect("object", object, { city: "Ulm", degrees: 21 });
    },
    async abort(place) {
      const stop = new AbortController();
      const { textStream } = await agentOf(place).stream(`Count slowly ${place.mark}`, { abortSignal: stop.signal });
      for await (const piece of textStream) if (piece !== "") stop.abort();
      await expectCancelled(place);
    },
    async errors(place) {
      const wrongKey = await failureOf("wrong key", () =>
        agentOf({ ...place, key: "wrong-key-of-a-caller" }).generate("Hi"),
      );
      expect(
        "status of a wrong key",
        wrongKey.statusCode ?? (wrongKey.cause as { statusCode?: number })?.statusCode,
        401,
      );
      await failureOf("failed turn", () => agentOf(place).generate(`Fail please ${place.mark}`));
    },
    async usage(place) {
      const { usage } = await agentOf(place).generate(`Hi ${place.mark}`);
      expectCount("input", usage.inputTokens);
      expectCount("output", usage.outputTokens);
    },
    async resume(place) {
      const agent = agentOf(place, { "X-Session-Id": place.mark });
      await agent.generate(`The word is ${place.mark}`);
      const { text } = await agent.generate("What did I say?");
      expect("text", text, `You said: The word is ${place.mark}`);
    },
  },
};
