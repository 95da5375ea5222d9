/** The door for clients of OpenAI's API: chat completions, responses, conversations and the list of models. */
import { clientHistory } from "../../session/read/reconcile.ts";
import { Copying } from "../../session/store/copying.ts";
import { type Door, defineDoor } from "../door.ts";
import { schemas } from "../json-schemas.ts";
import { Routes } from "../routes.ts";
import { chatCompletions } from "./chat/chat-completions.ts";
import { ChatChunks, type ChatManner } from "./chat/chunks.ts";
import { listedModels, mustBeDistinct, namedModel } from "./named-model.ts";
import { openAiErrorResponse } from "./openai-error.ts";
import { openAiOperations } from "./operations.ts";
import { conversations } from "./responses/conversations.ts";
import { type ResponseManner, ResponseWriter } from "./responses/response-writer.ts";
import { responses } from "./responses/responses.ts";

/** OpenAI's first path members, those that are offered here and those that are not (its OpenAPI document, 2.3.0). */
const openAiPaths =
  /^\/v1\/(assistants|audio|batches|chat|chatkit|completions|containers|conversations|edits|embeddings|evals|files|fine_tuning|images|models|moderations|organization|projects|realtime|responses|skills|threads|uploads|vector_stores|videos)(\/|$)/;

/** `/v1/chat/completions`, `/v1/responses`, `/v1/conversations` and `/v1/models` (platform.openai.com/docs/api-reference). */
export function openai(): Door {
  return defineDoor({
    name: "openai",
    routes: () => [
      ["/v1/responses", responses],
      ["/v1/conversations", conversations],
      ["/v1/models", models],
      ["/v1/chat/completions", chatCompletions],
    ],
    check: (app, bindings) => mustBeDistinct({ app, bindings }),
    history: clientHistory,
    copying: Copying,
    encoders: {
      "openai-chat": (manner, stream) => new ChatChunks(manner as ChatManner, stream),
      "openai-responses": (manner, stream) => {
        const own = manner as ResponseManner;
        return new ResponseWriter({ ...own, session: stream.session }, stream.asked(own));
      },
    },
    // Clients of OpenAI's API are refused in its words.
    refusals: { paths: openAiPaths, response: openAiErrorResponse },
    schemas,
    operations: openAiOperations,
  });
}

/** `/v1/models`: the models of the default agent and the agents by name, as OpenAI lists models. */
const models = new Routes({ refuse: openAiErrorResponse })
  .get("/", "key", (c, caller) =>
    c.json({ object: "list", data: [...listedModels(caller, c.var.app.agents.first).keys()].map(modelJson) }),
  )
  .get("/:model{.+}", "key", (c, caller) => {
    const name = c.req.param("model");
    namedModel(caller, name, c.var.app.agents.first);
    return c.json(modelJson(name));
  });

function modelJson(id: string): Record<string, unknown> {
  return { id, object: "model", created: 0, owned_by: "longline" };
}
