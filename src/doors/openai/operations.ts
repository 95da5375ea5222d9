/** The door for clients of OpenAI's API, described. */
import * as z from "zod/mini";
import type { Operation } from "../operation.ts";
import { completion, model, response } from "../shapes.ts";
import { chatRequest, completionReading } from "./chat/chat-completions.ts";
import { conversationChanges, newConversation, newItems } from "./responses/conversations.ts";
import { countRequest } from "./responses/count-input.ts";
import { createRequest } from "./responses/create-request.ts";
import { itemReading } from "./responses/item-list.ts";
import { responseReading } from "./responses/responses.ts";

const openAi = { tag: "OpenAI", openAi: true } as const;
const inSession = z.object({
  "X-Session-Id": z
    .optional(z.string())
    .register(z.globalRegistry, { description: "The session; a new one for a day when absent." }),
  "X-Show-Tools": z
    .optional(z.string())
    .register(z.globalRegistry, { description: "`true`: the agent's own tools as notes in the reasoning." }),
  "Idempotency-Key": z.optional(z.string().check(z.maxLength(255))),
});

const conversation = z.object({
  id: z.string(),
  object: z.literal("conversation"),
  created_at: z.int(),
  metadata: z.record(z.string(), z.string()),
});
const item = z.looseObject({ id: z.string(), type: z.string() });
const itemPage = z.object({
  object: z.literal("list"),
  data: z.array(item),
  first_id: z.string(),
  last_id: z.string(),
  has_more: z.boolean(),
});

export const openAiOperations: Record<string, Operation> = {
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
    headers: z.object({ "Last-Event-ID": z.optional(z.string()) }),
    answers: { 200: { what: "The answer, or its chunks.", schema: completion, orStream: "foreign" } },
    refusals: [404, 409, 504],
  },
  "POST /v1/responses": {
    ...openAi,
    summary: "A response, by the agent: a turn of a durable session",
    headers: z.object({ "Idempotency-Key": z.optional(z.string().check(z.maxLength(255))) }),
    body: createRequest,
    answers: { 200: { what: "The response, or its events.", schema: response, orStream: "foreign" } },
    refusals: [404, 409, 413, 422, 429, 503, 504],
  },
  "GET /v1/responses/{id}": {
    ...openAi,
    summary: "A response, or its events after any number",
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
    summary: "A conversation: a session, with earlier items",
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
    summary: "Adds what was written elsewhere, without an answer",
    body: newItems,
    answers: { 200: { what: "The items.", schema: itemPage } },
    refusals: [404, 409],
  },
  "GET /v1/conversations/{id}/items/{item}": {
    ...openAi,
    summary: "One item",
    answers: { 200: { what: "The item.", schema: item } },
    refusals: [404],
  },
  "DELETE /v1/conversations/{id}/items/{item}": {
    ...openAi,
    summary: "Takes a message out of what the model is shown; the transcript keeps it",
    answers: { 200: { what: "The conversation.", schema: conversation } },
    refusals: [404],
  },
};
