/** What is open to everyone, what has no place, and who may call. */
import type { Row } from "../row.ts";

const origin = { origin: "https://app.example" };
const preflight = {
  ...origin,
  "access-control-request-method": "POST",
  "access-control-request-headers": "content-type",
};

export const publicRows: Row[] = [
  { name: "health", call: "GET /health", key: "none" },
  { name: "health-head", call: "HEAD /health", key: "none" },
  { name: "front-head", call: "HEAD /", key: "none" },
  { name: "openapi", call: "GET /openapi.json", key: "none" },
  { name: "nothing-there", call: "GET /nothing-there", key: "none" },
  { name: "nothing-under-v1", call: "GET /v1/nothing" },
  { name: "nothing-of-openai", call: "POST /v1/embeddings", body: { input: "x" } },
  { name: "wrong-method", call: "PUT /v1/sessions", body: {} },
  { name: "wrong-method-openai", call: "PATCH /v1/chat/completions", body: {} },
  { name: "wrong-method-health", call: "POST /health", key: "none" },
  { name: "wrong-host", call: "GET /v1/sessions", headers: { host: "evil.example" } },
  { name: "no-key", call: "GET /v1/sessions", key: "none" },
  { name: "wrong-key", call: "GET /v1/sessions", key: "wrong" },
  { name: "wrong-scheme", call: "GET /v1/sessions", key: "none", headers: { authorization: "Basic cmVwbGF5" } },
  { name: "no-key-openai", call: "POST /v1/chat/completions", key: "none", body: {} },
  { name: "no-key-mcp", call: "POST /mcp", key: "none", body: {} },
  { name: "account-key-for-admin", call: "GET /v1/admin/accounts" },
  { name: "admin-key-for-account", call: "GET /v1/sessions", key: "admin" },
  { name: "preflight", call: "OPTIONS /v1/sessions", key: "none", headers: preflight },
  {
    name: "preflight-of-others",
    call: "OPTIONS /v1/sessions",
    key: "none",
    headers: { ...preflight, origin: "https://evil.example" },
  },
  { name: "preflight-mcp", call: "OPTIONS /mcp", key: "none", headers: preflight },
  { name: "cors-answer", call: "GET /v1/sessions?limit=1", headers: origin },
  { name: "models", call: "GET /v1/models" },
  { name: "one-model", call: "GET /v1/models/deepseek-v3.2-exp" },
  { name: "agents", call: "GET /v1/agents" },
  { name: "agent-details", call: "GET /v1/agents/assistant" },
  { name: "agent-details-unknown", call: "GET /v1/agents/none" },
  {
    name: "tool-tried",
    call: "POST /v1/agents/assistant/tools/calculator/run",
    body: { arguments: { expression: "17 * 23" } },
  },
  { name: "tool-tried-wrong", call: "POST /v1/agents/assistant/tools/calculator/run", body: { arguments: {} } },
  { name: "tool-tried-no-arguments", call: "POST /v1/agents/assistant/tools/calculator/run", body: {} },
  {
    name: "tool-tried-unsafe",
    call: "POST /v1/agents/assistant/tools/send_request/run",
    body: { arguments: { url: "https://example.com" } },
  },
  { name: "tool-tried-unknown", call: "POST /v1/agents/assistant/tools/none/run", body: { arguments: {} } },
  { name: "unknown-model", call: "GET /v1/models/none-such" },
  { name: "odd-on-disconnect", call: "GET /v1/sessions", headers: { "x-on-disconnect": "perhaps" } },
];

/** The playground's page, without its script. */
export const pageRows: Row[] = [
  { name: "page", call: "GET /", key: "none", headers: { accept: "text/html" } },
  { name: "page-method", call: "DELETE /", key: "none" },
];
