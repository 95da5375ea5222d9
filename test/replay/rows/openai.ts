/** The doors for OpenAI's clients: chat completions, responses and conversations. */
import { calls, frames, gated, status, text } from "../../support/fake-provider.ts";
import { over, said, thought } from "../../support/reply-frames.ts";
import type { Row } from "../row.ts";

const chat = "POST /v1/chat/completions";
const model = "deepseek-v3.2-exp";
const user = (content: string) => ({ role: "user", content });
const asked = (content: string, more: object = {}) => ({ model, messages: [user(content)], ...more });
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const weather = { type: "function", function: { name: "weather", parameters } };
const call = calls([{ name: "weather", id: "call_w", arguments: '{"city":"Rome"}' }]);
const sum = calls([{ name: "calculator", arguments: '{"expression":"2+2"}' }]);
const post = calls([
  { name: "send_request", id: "call_p", arguments: '{"method":"POST","url":"https://example.com/o","body":null}' },
]);

export const chatRows: Row[] = [
  { name: "chat", call: chat, body: asked("Hi"), model: [text("Hello.")], save: { chat: "id" } },
  {
    name: "chat-streamed",
    call: chat,
    body: asked("Hi", { stream: true, stream_options: { include_usage: true } }),
    model: [frames(thought("Hm"), said("Hel"), said("lo."), over())],
    save: { streamed: "frame 0 data id" },
  },
  {
    name: "chat-with-history",
    call: chat,
    body: {
      model,
      messages: [
        { role: "system", content: "Be brief." },
        user("One"),
        { role: "assistant", content: "Two" },
        user("Three"),
      ],
      temperature: 0.5,
      max_tokens: 50,
    },
    model: [text("Four.")],
  },
  {
    name: "chat-named",
    call: chat,
    headers: { "x-session-id": "chat-1" },
    body: asked("First"),
    model: [text("One.")],
  },
  {
    name: "chat-named-goes-on",
    call: chat,
    headers: { "x-session-id": "chat-1" },
    body: { model, messages: [user("First"), { role: "assistant", content: "One." }, user("Second")] },
    model: [text("Two.")],
  },
  {
    name: "chat-own-tool",
    call: chat,
    headers: { "x-show-tools": "true" },
    body: asked("2+2?", { stream: true }),
    model: [sum, text("4")],
  },
  {
    name: "chat-client-tool",
    call: chat,
    headers: { "x-session-id": "chat-2" },
    body: asked("Weather?", { tools: [weather] }),
    model: [call],
  },
  {
    name: "chat-client-result",
    call: chat,
    headers: { "x-session-id": "chat-2" },
    body: {
      model,
      tools: [weather],
      messages: [
        user("Weather?"),
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "call_w", type: "function", function: { name: "weather", arguments: '{"city":"Rome"}' } }],
        },
        { role: "tool", tool_call_id: "call_w", content: "Sun" },
      ],
    },
    model: [text("Sun.")],
  },
  { name: "chat-approval", call: chat, headers: { "x-session-id": "chat-3" }, body: asked("Order"), model: [post] },
  {
    name: "chat-json",
    call: chat,
    body: asked("JSON", { response_format: { type: "json_object" } }),
    model: [text('{"a":1}')],
  },
  { name: "chat-length", call: chat, body: asked("Long", { max_tokens: 5 }), model: [text("Cut", "length")] },
  {
    name: "chat-keyed",
    call: chat,
    headers: { "idempotency-key": "chat-1" },
    body: asked("Once"),
    model: [text("Once.")],
  },
  { name: "chat-keyed-again", call: chat, headers: { "idempotency-key": "chat-1" }, body: asked("Once") },
  { name: "chat-failed", call: chat, body: asked("Fail"), model: [status(500, "x"), status(500, "x")] },
  {
    name: "chat-failed-streamed",
    call: chat,
    body: asked("Fail", { stream: true }),
    model: [status(400, { error: { message: "no" } })],
  },
  {
    name: "chat-rate-limited",
    call: chat,
    body: asked("Limit"),
    model: [status(429, "slow down", { "retry-after": "120" })],
  },
  { name: "chat-read", call: "GET /v1/chat/completions/{{chat}}" },
  { name: "chat-read-streamed", call: "GET /v1/chat/completions/{{streamed}}?stream=true" },
  { name: "chat-read-unknown", call: "GET /v1/chat/completions/chatcmpl-none-such.1" },
  { name: "chat-read-no-id", call: "GET /v1/chat/completions/x" },
  { name: "chat-no-messages", call: chat, body: { model, messages: [] } },
  { name: "chat-bad-role", call: chat, body: { model, messages: [{ role: "robot", content: "x" }] } },
  { name: "chat-unknown-model", call: chat, body: { ...asked("x"), model: "gpt-none" } },
  { name: "chat-unknown-field", call: chat, body: asked("x", { colour: "red" }) },
  { name: "chat-refused-field", call: chat, body: asked("x", { n: 2 }) },
  { name: "chat-refused-functions", call: chat, body: asked("x", { functions: [{ name: "a" }] }) },
  {
    name: "chat-image",
    call: chat,
    body: {
      model,
      messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "https://example.com/a.png" } }] }],
    },
  },
  { name: "chat-no-json", call: chat, body: "no json" },
  { name: "chat-bad-session", call: chat, headers: { "x-session-id": "no spaces" }, body: asked("x") },
];

const respond = "POST /v1/responses";

export const responseRows: Row[] = [
  {
    name: "response",
    call: respond,
    body: { model, input: "Hi", instructions: "Be brief.", metadata: { a: "1" } },
    model: [text("Hello.")],
    save: { response: "id" },
  },
  {
    name: "response-streamed",
    call: respond,
    body: { model, input: "Hi", stream: true, reasoning: { effort: "high" } },
    model: [frames(thought("Hm"), said("Hel"), said("lo."), over())],
    save: { streamedResponse: "frame 0 data response id" },
  },
  {
    name: "response-goes-on",
    call: respond,
    body: { model, input: "And?", previous_response_id: "{{response}}" },
    model: [text("And so.")],
  },
  {
    name: "response-forks",
    call: respond,
    body: { model, input: "Or?", previous_response_id: "{{response}}" },
    model: [text("Or else.")],
  },
  { name: "response-own-tool", call: respond, body: { model, input: "2+2?", stream: true }, model: [sum, text("4")] },
  {
    name: "response-client-tool",
    call: respond,
    body: { model, input: "Weather?", tools: [{ type: "function", name: "weather", parameters }] },
    model: [call],
    save: { called: "id" },
  },
  {
    name: "response-client-result",
    call: respond,
    body: {
      model,
      input: [{ type: "function_call_output", call_id: "call_w", output: "Sun" }],
      previous_response_id: "{{called}}",
    },
    model: [text("Sun.")],
  },
  {
    name: "response-approval",
    call: respond,
    body: { model, input: "Order" },
    model: [post],
    save: { wanting: "id", wanted: "output.0.id" },
  },
  {
    name: "response-approved-not",
    call: respond,
    body: {
      model,
      input: [{ type: "mcp_approval_response", approval_request_id: "{{wanted}}", approve: false }],
      previous_response_id: "{{wanting}}",
    },
    model: [text("Not sent.")],
  },
  {
    name: "response-unstored",
    call: respond,
    body: { model, input: "Forget", store: false, include: ["reasoning.encrypted_content"] },
    model: [text("Forgotten.")],
    save: { unstored: "id" },
  },
  { name: "response-unstored-read", call: "GET /v1/responses/{{unstored}}" },
  {
    name: "response-json",
    call: respond,
    body: { model, input: "JSON", text: { format: { type: "json_object" } } },
    model: [text('{"a":1}')],
  },
  {
    name: "response-incomplete",
    call: respond,
    body: { model, input: "Long", max_output_tokens: 20 },
    model: [text("Cut", "length")],
  },
  {
    name: "response-failed",
    call: respond,
    body: { model, input: "Fail" },
    model: [status(500, "x"), status(500, "x")],
  },
  {
    name: "response-failed-streamed",
    call: respond,
    body: { model, input: "Fail", stream: true },
    model: [status(401, "x")],
  },
  {
    name: "response-background",
    settled: true,
    call: respond,
    body: { model, input: "Slow", background: true },
    model: [gated("Never said.").reply],
    save: { slow: "id" },
  },
  { name: "response-cancel", call: "POST /v1/responses/{{slow}}/cancel" },
  { name: "response-cancel-ended", call: "POST /v1/responses/{{response}}/cancel" },
  { name: "response-cancel-unknown", call: "POST /v1/responses/resp_none-such.1/cancel" },
  { name: "response-read", call: "GET /v1/responses/{{response}}" },
  { name: "response-read-streamed", call: "GET /v1/responses/{{streamedResponse}}?stream=true&starting_after=3" },
  { name: "response-read-after-only", call: "GET /v1/responses/{{response}}?starting_after=3" },
  { name: "response-read-unknown", call: "GET /v1/responses/resp_none-such.1" },
  { name: "response-input-items", call: "GET /v1/responses/{{response}}/input_items" },
  { name: "response-input-items-bad", call: "GET /v1/responses/{{response}}/input_items?after=x" },
  {
    name: "response-input-tokens",
    call: "POST /v1/responses/input_tokens",
    body: { model, input: "How long is this?" },
  },
  { name: "response-input-tokens-bad", call: "POST /v1/responses/input_tokens", body: { input: 5 } },
  { name: "response-delete", call: "DELETE /v1/responses/{{response}}" },
  { name: "response-deleted", call: "GET /v1/responses/{{response}}" },
  { name: "response-delete-unknown", call: "DELETE /v1/responses/resp_none-such.1" },
  { name: "response-no-input", call: respond, body: { model } },
  { name: "response-bad-tool", call: respond, body: { model, input: "x", tools: [{ type: "web_search" }] } },
  { name: "response-bad-model", call: respond, body: { model: "gpt-none", input: "x" } },
  { name: "response-unknown-field", call: respond, body: { model, input: "x", colour: "red" } },
  {
    name: "response-unknown-previous",
    call: respond,
    body: { model, input: "x", previous_response_id: "resp_none-such.1" },
  },
  {
    name: "response-two-places",
    call: respond,
    body: { model, input: "x", previous_response_id: "{{called}}", conversation: "c" },
  },
];

const message = (role: string, content: string) => ({ type: "message", role, content });

export const conversationRows: Row[] = [
  {
    name: "conversation",
    call: "POST /v1/conversations",
    body: { metadata: { a: "1" }, items: [message("user", "One"), message("assistant", "Two")] },
    save: { conversation: "id" },
  },
  { name: "conversation-read", call: "GET /v1/conversations/{{conversation}}" },
  { name: "conversation-change", call: "POST /v1/conversations/{{conversation}}", body: { metadata: { a: "2" } } },
  {
    name: "conversation-answer",
    call: respond,
    body: { model, input: "Three?", conversation: "{{conversation}}" },
    model: [text("Three.")],
  },
  {
    name: "conversation-add",
    call: "POST /v1/conversations/{{conversation}}/items",
    body: { items: [message("user", "Aside")] },
    save: { aside: "data.0.id" },
  },
  { name: "conversation-items", call: "GET /v1/conversations/{{conversation}}/items?limit=2" },
  { name: "conversation-items-oldest", call: "GET /v1/conversations/{{conversation}}/items?order=asc" },
  { name: "conversation-items-bad", call: "GET /v1/conversations/{{conversation}}/items?limit=0" },
  { name: "conversation-item", call: "GET /v1/conversations/{{conversation}}/items/{{aside}}" },
  { name: "conversation-item-unknown", call: "GET /v1/conversations/{{conversation}}/items/msg_none" },
  { name: "conversation-item-removed", call: "DELETE /v1/conversations/{{conversation}}/items/{{aside}}" },
  { name: "conversation-item-removed-again", call: "DELETE /v1/conversations/{{conversation}}/items/{{aside}}" },
  { name: "conversation-add-none", call: "POST /v1/conversations/{{conversation}}/items", body: { items: [] } },
  { name: "conversation-unknown", call: "GET /v1/conversations/conv_none" },
  { name: "conversation-items-unknown", call: "GET /v1/conversations/conv_none/items" },
  { name: "conversation-delete", call: "DELETE /v1/conversations/{{conversation}}" },
  { name: "conversation-deleted", call: "GET /v1/conversations/{{conversation}}" },
  { name: "conversation-bad-metadata", call: "POST /v1/conversations", body: { metadata: { a: 1 } } },
];
