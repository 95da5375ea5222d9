/** Cloudflare's `agents` with `@cloudflare/ai-chat`, as its README builds a chat agent, with one tool. */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { AIChatAgent } from "@cloudflare/ai-chat";
import { routeAgentRequest } from "agents";
import { convertToModelMessages, stepCountIs, streamText, tool } from "ai";
import * as z from "zod";

interface Env {
  CHAT: DurableObjectNamespace<Chat>;
  MODEL_BASE_URL: string;
}

const tools = {
  echo: tool({
    description: "Says the text again.",
    inputSchema: z.object({ text: z.string() }),
    execute: async ({ text }) => text,
  }),
};

export class Chat extends AIChatAgent<Env> {
  override async onChatMessage(): Promise<Response> {
    const provider = createOpenAICompatible({ name: "bench", baseURL: this.env.MODEL_BASE_URL, apiKey: "model-key" });
    const result = streamText({
      model: provider("m"),
      messages: await convertToModelMessages(this.messages),
      tools,
      stopWhen: stepCountIs(50),
    });
    return result.toUIMessageStreamResponse();
  }

  override async onRequest(request: Request): Promise<Response> {
    if (!request.url.endsWith("/seed")) return super.onRequest(request);
    await this.persistMessages(await request.json());
    return new Response("seeded");
  }
}

export default {
  fetch: async (request: Request, env: Env) =>
    (await routeAgentRequest(request, env)) ?? new Response("not found", { status: 404 }),
};
