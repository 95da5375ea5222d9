/** The AI SDK in a Worker, as its documentation builds a chat route, with one tool. */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { convertToModelMessages, stepCountIs, streamText, tool, type UIMessage } from "ai";
import * as z from "zod";

const tools = {
  echo: tool({
    description: "Says the text again.",
    inputSchema: z.object({ text: z.string() }),
    execute: async ({ text }) => text,
  }),
};

export default {
  async fetch(request: Request, env: { MODEL_BASE_URL: string }): Promise<Response> {
    const { messages } = await request.json<{ messages: UIMessage[] }>();
    const provider = createOpenAICompatible({ name: "bench", baseURL: env.MODEL_BASE_URL, apiKey: "model-key" });
    const result = streamText({
      model: provider("m"),
      messages: await convertToModelMessages(messages),
      tools,
      stopWhen: stepCountIs(50),
    });
    return result.toUIMessageStreamResponse();
  },
};
