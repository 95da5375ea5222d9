import { exports } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import { text } from "../../support/fake-provider.ts";
import { startProvider } from "../../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
afterEach(() => {
  vi.restoreAllMocks();
});

const post = (path: string, body: unknown) =>
  worker.fetch(`https://longline.test/${path}`, {
    method: "POST",
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

it("[HOST-12] a level is taken natively, kept with the message, and another word refused by its field", async () => {
  const provider = startProvider();
  provider.enqueue(text("One"));
  const path = `v1/sessions/${crypto.randomUUID()}`;
  expect((await post(`${path}/messages`, { content: "Hi", thinking: "max" })).status).toBe(200);
  // This model has no levels: it is switched on by its id.
  expect(provider.requests[0]?.body.model).toMatch(/-thinking$/);
  const wrong = await post(`${path}/messages`, { content: "Hi", thinking: "hard" });
  expect([wrong.status, await wrong.json()]).toMatchObject([400, { field: "thinking" }]);
  provider.enqueue(text("Two"));
  const chat = { model: "longline", messages: [{ role: "user", content: "Hi" }], reasoning_effort: "max" };
  expect((await post("v1/chat/completions", chat)).status).toBe(200);
  expect(provider.requests[1]?.body.model).toMatch(/-thinking$/);
});
