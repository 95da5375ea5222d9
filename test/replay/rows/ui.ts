/** The door for the AI SDK's `useChat`, and the one for MCP clients. */
import { calls, text } from "../../support/fake-provider.ts";
import type { Row } from "../row.ts";

const say = "POST /v1/ui/messages";
const user = (id: string, content: string) => ({ id, role: "user", parts: [{ type: "text", text: content }] });
const post = calls([
  { name: "send_request", id: "call_u", arguments: '{"method":"POST","url":"https://example.com/o","body":null}' },
]);
const asking = {
  id: "m2",
  role: "assistant",
  parts: [
    {
      type: "tool-send_request",
      toolCallId: "call_u",
      state: "approval-responded",
      input: { method: "POST", url: "https://example.com/o" },
      approval: { id: "call_u", approved: false },
    },
  ],
};

export const uiRows: Row[] = [
  { name: "ui", call: say, body: { id: "ui-1", messages: [user("m1", "Hi")] }, model: [text("Hello.")] },
  { name: "ui-again", call: say, body: { id: "ui-1", messages: [user("m1", "Hi")] } },
  {
    name: "ui-tool",
    call: say,
    body: { id: "ui-1", trigger: "submit-message", messages: [user("m3", "2+2?")] },
    model: [calls([{ name: "calculator", arguments: '{"expression":"2+2"}' }]), text("4")],
  },
  { name: "ui-unnamed", call: say, body: { messages: [user("m1", "Hi")] }, model: [text("Hello.")] },
  { name: "ui-approval", call: say, body: { id: "ui-2", messages: [user("m1", "Order")] }, model: [post] },
  { name: "ui-open-stream", call: "GET /v1/ui/messages/ui-2/stream" },
  {
    name: "ui-approval-denied",
    call: say,
    body: { id: "ui-2", messages: [user("m1", "Order"), asking] },
    model: [text("Not ordered.")],
  },
  {
    name: "ui-client-tool",
    call: say,
    body: {
      id: "ui-3",
      tools: { locate: { description: "Where", parameters: { type: "object", properties: {} } } },
      messages: [user("m1", "Where?")],
    },
    model: [calls([{ name: "locate", id: "call_l", arguments: "{}" }])],
  },
  { name: "ui-stop", call: "DELETE /v1/ui/messages/ui-3/stream" },
  { name: "ui-stopped", call: "GET /v1/sessions/ui-3", until: ["status", "idle"] },
  { name: "ui-stop-nothing", call: "DELETE /v1/ui/messages/ui-1/stream" },
  { name: "ui-history", call: "GET /v1/ui/messages/ui-1" },
  { name: "ui-history-of-approval", call: "GET /v1/ui/messages/ui-2" },
  { name: "ui-history-unknown", call: "GET /v1/ui/messages/none-such" },
  { name: "ui-stream-nothing", call: "GET /v1/ui/messages/ui-1/stream" },
  { name: "ui-stream-unknown", call: "GET /v1/ui/messages/none-such/stream" },
  { name: "ui-stop-unknown", call: "DELETE /v1/ui/messages/none-such/stream" },
  { name: "ui-no-messages", call: say, body: { id: "ui-1", messages: [] } },
  { name: "ui-feedback-no-answer", call: "POST /v1/ui/messages/ui-1/feedback", body: { message_id: "m1", score: 1 } },
  {
    name: "ui-feedback-unknown",
    call: "POST /v1/ui/messages/none-such/feedback",
    body: { message_id: "msg_turn_1", score: 1 },
  },
  { name: "ui-bad-id", call: say, body: { id: "no spaces", messages: [user("m1", "x")] } },
  { name: "ui-refused-field", call: say, body: { id: "ui-1", toolChoice: "none", messages: [user("m1", "x")] } },
  { name: "ui-bad-model", call: say, body: { id: "ui-1", model: "none-such", messages: [user("m1", "x")] } },
  {
    name: "ui-file",
    call: say,
    body: {
      id: "ui-1",
      messages: [
        {
          id: "m9",
          role: "user",
          parts: [{ type: "file", mediaType: "image/png", url: "data:image/png;base64,AA==" }],
        },
      ],
    },
  },
];

const both = { accept: "application/json, text/event-stream" };
const rpc = (id: number, method: string, params: object = {}) => ({ jsonrpc: "2.0", id, method, params });
const ask = (args: object) => rpc(5, "tools/call", { name: "ask", arguments: args });

export const mcpRows: Row[] = [
  {
    name: "mcp-initialize",
    call: "POST /mcp",
    headers: both,
    body: rpc(1, "initialize", {
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo: { name: "replay", version: "1" },
    }),
  },
  {
    name: "mcp-initialize-old",
    call: "POST /mcp",
    headers: both,
    body: rpc(1, "initialize", {
      protocolVersion: "2025-03-26",
      capabilities: {},
      clientInfo: { name: "replay", version: "1" },
    }),
  },
  {
    name: "mcp-initialized",
    call: "POST /mcp",
    headers: both,
    body: { jsonrpc: "2.0", method: "notifications/initialized" },
  },
  { name: "mcp-ping", call: "POST /mcp", headers: both, body: rpc(2, "ping") },
  { name: "mcp-tools", call: "POST /mcp", headers: both, body: rpc(3, "tools/list") },
  { name: "mcp-resources", call: "POST /mcp", headers: both, body: rpc(4, "resources/list") },
  {
    name: "mcp-ask",
    call: "POST /mcp",
    headers: both,
    body: ask({ question: "Hi", session: "mcp-1" }),
    model: [text("Hello.")],
  },
  {
    name: "mcp-ask-keyed",
    call: "POST /mcp",
    headers: { ...both, "idempotency-key": "mcp-1" },
    body: ask({ question: "Once" }),
    model: [text("Once.")],
  },
  {
    name: "mcp-search",
    until: ["frame 0 data result structuredContent sessions 0 status", "idle"],
    call: "POST /mcp",
    headers: both,
    body: rpc(6, "tools/call", { name: "search_sessions", arguments: { query: "mcp-1" } }),
  },
  { name: "mcp-bad-arguments", call: "POST /mcp", headers: both, body: ask({}) },
  {
    name: "mcp-unknown-tool",
    call: "POST /mcp",
    headers: both,
    body: rpc(7, "tools/call", { name: "fly", arguments: {} }),
  },
  { name: "mcp-failed", call: "POST /mcp", headers: both, body: ask({ question: "Fail", session: "none such" }) },
  { name: "mcp-not-acceptable", call: "POST /mcp", headers: { accept: "text/html" }, body: rpc(2, "ping") },
  { name: "mcp-no-json", call: "POST /mcp", headers: both, body: "{" },
  { name: "mcp-no-rpc", call: "POST /mcp", headers: both, body: { hello: 1 } },
  {
    name: "mcp-other-origin",
    call: "POST /mcp",
    headers: { ...both, origin: "https://evil.example" },
    body: rpc(2, "ping"),
  },
  { name: "mcp-get", call: "GET /mcp" },
  { name: "mcp-delete", call: "DELETE /mcp" },
];
