/** The door for the AI SDK's `useChat` (ai-sdk.dev, UI message stream). */

import * as z from "zod/mini";
import { lazySchema } from "../../core/lazy-schema.ts";
import { clientHistory } from "../../session/read/reconcile.ts";
import { Copying } from "../../session/store/copying.ts";
import { cancellation, feedback } from "../../wire/shapes.ts";
import { type Door, defineDoor } from "../door.ts";
import { schemas } from "../json-schemas.ts";
import type { Operation } from "../operation.ts";
import { uiMessage } from "../shapes.ts";
import { UiChunks, type UiManner } from "./chunks.ts";
import { uiFeedback, uiMessages, uiRequest } from "./ui-messages.ts";

/** `/v1/ui/messages`: send, list, resume and stop. */
export function aiSdk(): Door {
  return defineDoor({
    name: "aiSdk",
    routes: () => [["/v1/ui/messages", uiMessages]],
    exposes: ["X-Vercel-AI-UI-Message-Stream"],
    history: clientHistory,
    copying: Copying,
    encoders: { "ai-sdk-ui": (manner, stream) => new UiChunks(manner as UiManner, stream) },
    schemas,
    operations: uiOperations,
  });
}

const ui = { tag: "AI SDK" } as const;
const keptFeedback = lazySchema(() =>
  z.object({ session: z.string(), turn: z.string(), message_id: z.string(), feedback }),
);

const uiOperations = (): Record<string, Operation> => ({
  "POST /v1/ui/messages": {
    ...ui,
    summary: "A message of useChat; the answer is a UI message stream",
    headers: z.object({ "Idempotency-Key": z.optional(z.string().check(z.maxLength(255))) }),
    body: uiRequest,
    answers: { 200: { what: "UI message chunks.", orStream: "foreign" } },
    refusals: [403, 404, 409, 413, 422, 429],
  },
  "GET /v1/ui/messages/{id}": {
    ...ui,
    summary: "The session as messages for useChat, with those that wait: the newest 4 MB of it",
    answers: { 200: { what: "Its messages.", schema: z.array(uiMessage) } },
    refusals: [404],
  },
  "GET /v1/ui/messages/{id}/stream": {
    ...ui,
    summary: "The open turn again, from its start",
    answers: { 200: { what: "UI message chunks.", orStream: "foreign" }, 204: { what: "Nothing runs." } },
  },
  "POST /v1/ui/messages/{id}/feedback": {
    ...ui,
    summary: "What a person thinks of an answer; again replaces it",
    body: uiFeedback,
    answers: { 200: { what: "It is kept.", schema: keptFeedback } },
    refusals: [404],
  },
  "DELETE /v1/ui/messages/{id}/stream": {
    ...ui,
    summary: "Stops the open turn",
    answers: {
      202: { what: "It is being stopped.", schema: cancellation },
      200: { what: "There was nothing to stop.", schema: cancellation },
    },
    refusals: [404],
  },
});
