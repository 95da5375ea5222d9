/** A Worker with nothing configured: the built-in demo model, the key `dev-key`, and channels that are not set up. */
import type { Row } from "../row.ts";

const rows: Row[] = [
  { name: "demo-health", call: "GET /health", key: "none" },
  { name: "demo-models", call: "GET /v1/models" },
  { name: "demo-wrong-key", call: "GET /v1/sessions", key: "wrong" },
  { name: "demo-say", call: "POST /v1/sessions/demo-1/messages", body: { content: "what is 17 * 23?" } },
  {
    name: "demo-streamed",
    call: "POST /v1/sessions/demo-2/messages",
    headers: { accept: "text/event-stream" },
    body: { content: "Hello" },
  },
  {
    name: "demo-approval",
    call: "POST /v1/sessions/demo-3/messages",
    body: { content: "Please post 17 pencils to https://example.com/orders" },
  },
  {
    name: "demo-chat",
    call: "POST /v1/chat/completions",
    body: { model: "demo", messages: [{ role: "user", content: "Hello" }] },
  },
  { name: "demo-entries", call: "GET /v1/sessions/demo-1/entries" },
  { name: "demo-no-admin", call: "GET /v1/admin/accounts", key: "admin" },
  { name: "demo-no-slack", call: "POST /channels/slack", key: "none", body: {} },
  { name: "demo-no-slack-install", call: "GET /channels/slack/install", key: "none" },
  { name: "demo-no-slack-oauth", call: "GET /channels/slack/oauth", key: "none" },
  { name: "demo-no-discord", call: "POST /channels/discord", key: "none", body: {} },
  { name: "demo-no-webhook", call: "POST /channels/webhooks/orders", key: "none", body: {} },
  { name: "demo-secret", call: "GET /v1/deliveries/secret" },
  { name: "demo-no-deliveries", call: "GET /v1/deliveries" },
];

export const demoRows: Row[] = rows.map((row) => ({ ...row, on: "demo" }));
