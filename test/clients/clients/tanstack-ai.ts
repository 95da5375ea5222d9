/** TanStack AI with its OpenAI adapter over Responses. */
import { chat, maxIterations, toolDefinition } from "@tanstack/ai";
import { createOpenaiChat } from "@tanstack/ai-openai";
import * as z from "zod";
import { type Client, expect, expectCancelled, expectCount, expectPieces, type Place } from "../aspects.ts";

// Its types know OpenAI's models alone.
const adapterOf = ({ url, key, model }: Place) =>
  createOpenaiChat(model as "gpt-4o", key, { baseURL: `${url}/v1`, maxRetries: 0 });
const ask = (content: string) => [{ role: "user" as const, content }];
const weather = toolDefinition({
  name: "weather",
  description: "The weather of a city",
  inputSchema: z.object({ city: z.string() }),
}).server(async ({ city }) => `sunny in ${city}`);

export const client: Client = {
  packages: ["@tanstack/ai", "@tanstack/ai-openai"],
  checks: {
    async plain(place) {
      const text = await chat({ adapter: adapterOf(place), messages: ask(`Hi ${place.mark}`), stream: false });
      expect("text", text, "Hello from the model.");
    },
    async stream(place) {
      const pieces: string[] = [];
      for await (const piece of chat({ adapter: adapterOf(place), messages: ask(`Hi ${place.mark}`) }))
        if (piece.type === "TEXT_MESSAGE_CONTENT") pieces.push(piece.delta);
      expect("text", expectPieces("text", pieces), "Hello from the model.");
    },
    async tools(place) {
      const text = await chat({
        adapter: adapterOf(place),
        messages: ask(`The weather in Ulm? ${place.mark}`),
        tools: [weather],
        agentLoopStrategy: maxIterations(3),
        stream: false,
      });
      expect("text", text, /It says: "?sunny in Ulm"?$/);
    },
    async structured(place) {
      const outputSchema = z.object({ city: z.string(), degrees: z.number() });
      const object = await chat({ adapter: adapterOf(place), messages: ask(`How warm? ${place.mark}`), outputSchema });
      expect("object", object, { city: "Ulm", degrees: 21 });
    },
    async abort(place) {
      const abortController = new AbortController();
      const messages = ask(`Count slowly ${place.mark}`);
      try {
        for await (const piece of chat({ adapter: adapterOf(place), messages, abortController }))
          if (piece.type === "TEXT_MESSAGE_CONTENT") abortController.abort();
      } catch {
        // It may end with the abort's reason, or just end.
      }
      await expectCancelled(place);
    },
    async errors(place) {
      for (const [what, at] of Object.entries({ key: { ...place, key: "wrong-key-of-one" }, turn: place })) {
        const kinds: string[] = [];
        try {
          for await (const piece of chat({ adapter: adapterOf(at), messages: ask(`Fail please ${place.mark}`) }))
            kinds.push(piece.type);
        } catch {
          kinds.push("RUN_ERROR");
        }
        expect(`last event with a wrong or failed ${what}`, kinds.at(-1), "RUN_ERROR");
      }
    },
    async usage(place) {
      let usage: { promptTokens?: number; completionTokens?: number } | undefined;
      for await (const piece of chat({ adapter: adapterOf(place), messages: ask(`Hi ${place.mark}`) }))
        if (piece.type === "RUN_FINISHED" && !Array.isArray(piece.usage)) usage = piece.usage;
      expectCount("input", usage?.promptTokens);
      expectCount("output", usage?.completionTokens);
    },
    async resume(place) {
      const text = await chat({
        adapter: adapterOf(place),
        messages: [
          ...ask(`The word is ${place.mark}`),
          { role: "assistant", content: "Hello from the model." },
          ...ask("What did I say?"),
        ],
        stream: false,
      });
      expect("text", text, `You said: The word is ${place.mark}`);
    },
  },
};
