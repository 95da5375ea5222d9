/** The door for clients of OpenAI's API: chat completions, responses, conversations and the list of models. */
import { chatCompletions } from "../routes/chat-completions.ts";
import { conversations } from "../routes/conversations.ts";
import { models } from "../routes/models.ts";
import { responses } from "../routes/responses.ts";
import type { Door } from "./door.ts";

/** `/v1/chat/completions`, `/v1/responses`, `/v1/conversations` and `/v1/models` (platform.openai.com/docs/api-reference). */
export function openai(): Door {
  return {
    name: "openai",
    routes: [
      ["/v1/responses", responses],
      ["/v1/conversations", conversations],
      ["/v1/models", models],
      ["/v1/chat/completions", chatCompletions],
    ],
  };
}
