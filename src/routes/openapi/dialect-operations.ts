/** The front doors for clients of others' protocols, and what is open to everyone, described. */
import * as z from "zod";
import { createRequest } from "../../dialects/openai-responses/create-request.ts";
import { chatRequest, completionReading } from "../chat-completions.ts";
import { conversationChanges, newConversation, newItems } from "../conversations.ts";
import { countRequest } from "../count-input.ts";
import { itemReading } from "../item-list.ts";
import { responseReading } from "../responses.ts";
import { uiRequest } from "../ui-messages.ts";
import type { Operation } from "./operation.ts";
import { anyObject, completion, model, response, uiMessage } from "./shapes.ts";

const openAi = { tag: "OpenAI", openAi: true } as const;
const ui = { tag: "AI SDK" } as const;
const inSession = z.object({
  "X-Session-Id": z.string().optional().meta({ description: "The session; a new one for a day when absent." }),
  "X-Show-Tools": z
    .string()
    .optional()
    .meta({ description: "`true`: the agent's own tools as notes in the reasoning." }),
  "Idempotency-Key": z.string().max(255).optional(),
});

const conversation = z.object({
  id: z.string(),
  object: z.literal("conversation"),
  created_at: z.int(),
  metadata: z.record(z.string(), z.string()),
});
const itemPage = z.object({
  object: z.literal("list"),
  data: z.array(z.looseObject({ id: z.string(), type: z.string() })),
  first_id: z.string(),
  last_id: z.string(),
  has_more: z.boolean(),
});

export const dialectOperations: Record<string, Operation> = {
  "GET /v1/models": {
    ...openAi,
    summary: "The agent's models",
    answers: { 200: { what: "A list.", schema: z.object({ object: z.literal("list"), data: z.array(model) }) } },
  },
  "GET /v1/models/{model}": {
    ...openAi,
    summary: "One of the agent's models",
    answers: { 200: { what: "The model.", schema: model } },
    refusals: [404],
  },
  "POST /v1/chat/completions": {
    ...openAi,
    summary: "A chat completion, by the agent, in a durable session",
    headers: inSession,
    body: chatRequest,
    answers: { 200: { what: "The answer, or its chunks.", schema: completion, orStream: "foreign" } },
    refusals: [404, 409, 413, 422, 429, 502, 503, 504],
  },
  "GET /v1/chat/completions/{id}": {
    ...openAi,
    summary: "An answer again, whole or as a stream from any place on",
    query: completionReading,
    headers: z.object({ "Last-Event-ID": z.string().optional() }),
    answers: { 200: { what: "The answer, or its chunks.", schema: completion, orStream: "foreign" } },
    refusals: [404, 409, 504],
  },
  "POST /v1/responses": {
    ...openAi,
    summary: "A response, by the agent: a turn of a durable session",
    headers: z.object({ "Idempotency-Key": z.string().max(255).optional() }),
    body: createRequest,
    answers: { 200: { what: "The response, or its events.", schema: response, orStream: "foreign" } },
    refusals: [404, 409, 413, 422, 429, 503, 504],
  },
  "GET /v1/responses/{id}": {
    ...openAi,
    summary: "A response, or its events behind any number",
    query: responseReading,
    answers: { 200: { what: "The response, or its events.", schema: response, orStream: "foreign" } },
    refusals: [404],
  },
  "POST /v1/responses/{id}/cancel": {
    ...openAi,
    summary: "Stops a response",
    answers: { 200: { what: "The response.", schema: response } },
    refusals: [404],
  },
  "DELETE /v1/responses/{id}": {
    ...openAi,
    summary: "Withdraws a response; the session goes with it when it was all",
    answers: {
      200: {
        what: "It is gone.",
        schema: z.object({ id: z.string(), object: z.literal("response"), deleted: z.literal(true) }),
      },
    },
    refusals: [404],
  },
  "GET /v1/responses/{id}/input_items": {
    ...openAi,
    summary: "What a response answered, as items",
    query: itemReading,
    answers: { 200: { what: "A page of items.", schema: itemPage } },
    refusals: [404],
  },
  "POST /v1/responses/input_tokens": {
    ...openAi,
    summary: "How many tokens an input would have, estimated",
    body: countRequest,
    answers: {
      200: {
        what: "The count.",
        schema: z.object({ object: z.literal("response.input_tokens"), input_tokens: z.int() }),
      },
    },
    refusals: [404],
  },
  "POST /v1/conversations": {
    ...openAi,
    summary: "A conversation: a session, with what was said before",
    body: newConversation,
    answers: { 200: { what: "The conversation.", schema: conversation } },
  },
  "GET /v1/conversations/{id}": {
    ...openAi,
    summary: "A conversation",
    answers: { 200: { what: "The conversation.", schema: conversation } },
    refusals: [404],
  },
  "POST /v1/conversations/{id}": {
    ...openAi,
    summary: "Changes the metadata of a conversation",
    body: conversationChanges,
    answers: { 200: { what: "The conversation.", schema: conversation } },
    refusals: [404],
  },
  "DELETE /v1/conversations/{id}": {
    ...openAi,
    summary: "Erases a conversation, the session of that name",
    answers: {
      200: {
        what: "It is gone.",
        schema: z.object({ id: z.string(), object: z.literal("conversation.deleted"), deleted: z.literal(true) }),
      },
    },
    refusals: [404],
  },
  "GET /v1/conversations/{id}/items": {
    ...openAi,
    summary: "The items of a conversation, newest first",
    query: itemReading,
    answers: { 200: { what: "A page of items.", schema: itemPage } },
    refusals: [404],
  },
  "POST /v1/conversations/{id}/items": {
    ...openAi,
    summary: "Adds what was said elsewhere, without an answer",
    body: newItems,
    answers: { 200: { what: "The items.", schema: itemPage } },
    refusals: [404, 409],
  },
  "GET /v1/conversations/{id}/items/{item}": {
    ...openAi,
    summary: "One item",
    answers: { 200: { what: "The item.", schema: anyObject } },
    refusals: [404],
  },
  "DELETE /v1/conversations/{id}/items/{item}": {
    ...openAi,
    summary: "Takes a message out of what the model is shown; the transcript keeps it",
    answers: { 200: { what: "The conversation.", schema: conversation } },
    refusals: [404],
  },
  "POST /v1/ui/messages": {
    ...ui,
    summary: "A message of useChat; the answer is a UI message stream",
    headers: z.object({ "Idempotency-Key": z.string().max(255).optional() }),
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
  "DELETE /v1/ui/messages/{id}/stream": {
    ...ui,
    summary: "Stops the open turn",
    answers: {
      202: { what: "It is being stopped.", schema: anyObject },
      200: { what: "There was nothing to stop.", schema: anyObject },
    },
    refusals: [404],
  },
  "POST /mcp": {
    tag: "MCP",
    summary: "The agent as an MCP server (Streamable HTTP): tools `ask` and `search_sessions`",
    headers: z.object({ "Idempotency-Key": z.string().max(255).optional() }),
    body: anyObject,
    answers: { 200: { what: "JSON-RPC, or events.", schema: anyObject, orStream: "foreign" } },
    refusals: [403, 429],
  },
  "GET /health": {
    tag: "The Worker",
    key: "none",
    summary: "Version, model, and whether it is the demo",
    answers: {
      200: {
        what: "It runs.",
        schema: z.object({ ok: z.literal(true), version: z.string(), model: z.string(), demo: z.boolean() }),
      },
    },
  },
  "GET /openapi.json": {
    tag: "The Worker",
    key: "none",
    summary: "This document",
    answers: { 200: { what: "OpenAPI 3.1.", schema: anyObject } },
  },
  "GET /": {
    tag: "The Worker",
    key: "none",
    summary: "The playground",
    answers: { 200: { what: "A page.", schema: z.string(), type: "text/html" } },
  },
};
