import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startProvider } from "../../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
const account = `acc-${crypto.randomUUID().slice(0, 18)}`;
let key = "";

beforeEach(async () => {
  startProvider();
  if (key !== "") return;
  await ask("test-admin-key-16", "/v1/admin/accounts", { id: account, budget_micros: 10 });
  key = (JSON.parse(await ask("test-admin-key-16", `/v1/admin/accounts/${account}/keys`)) as { key: string }).key;
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function ask(bearer: string, path: string, body?: object, more: Record<string, string> = {}): Promise<string> {
  const answer = await worker.fetch(`https://longline.test${path}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${bearer}`, "Content-Type": "application/json", ...more },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return answer.text();
}

const id = () => crypto.randomUUID();
const streamed = { Accept: "text/event-stream" };
const chat = { model: "longline", messages: [{ role: "user", content: "Hi" }] };
const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "ask", arguments: { question: "Hi" } } };
const doors: [door: string, ask: () => Promise<string>][] = [
  ["native", () => ask(key, `/v1/sessions/${id()}/messages`, { content: "Hi" })],
  ["native, streamed", () => ask(key, `/v1/sessions/${id()}/messages`, { content: "Hi" }, streamed)],
  ["chat completions", () => ask(key, "/v1/chat/completions", chat)],
  ["chat completions, streamed", () => ask(key, "/v1/chat/completions", { ...chat, stream: true })],
  ["responses", () => ask(key, "/v1/responses", { input: "Hi" })],
  ["responses, streamed", () => ask(key, "/v1/responses", { input: "Hi", stream: true })],
  [
    "UI messages",
    () =>
      ask(key, "/v1/ui/messages", {
        id: id(),
        messages: [{ id: "m", role: "user", parts: [{ type: "text", text: "Hi" }] }],
      }),
  ],
  ["MCP", () => ask(key, "/mcp", call, { Accept: "application/json, text/event-stream" })],
];

describe("a turn without money", () => {
  it.each(doors)("[BUDGET-4] %s: what the call may cost, what is left, and what to do", async (_, say) => {
    const said = await say();
    expect(said).toMatch(/may cost up to \$0\.\d+ \(\d+ micro-dollars\), and \$0\.00001 \(10 micro-dollars\) is left/);
    expect(said).toMatch(/budget_micros to \d+ or more/);
  });
});
