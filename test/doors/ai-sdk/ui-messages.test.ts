import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkedUiWorker } from "../../support/checked-ui-worker.ts";
import { calls, gated, text } from "../../support/fake-provider.ts";
import { startProvider } from "../../support/session-world.ts";

const worker = checkedUiWorker();
let provider: ReturnType<typeof startProvider>;
let id: string;

beforeEach(() => {
  provider = startProvider();
  id = crypto.randomUUID();
});
afterEach(() => {
  vi.restoreAllMocks();
});

function call(method: string, path: string, body?: unknown, key = "test-key"): Promise<Response> {
  return worker.fetch(`https://longline.test${path}`, {
    method,
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}
const said = (content: string, messageId = "m1") => ({
  id: messageId,
  role: "user",
  parts: [{ type: "text", text: content }],
});
const send = (messages: object[], more: object = {}, key?: string) =>
  call("POST", "/v1/ui/messages", { id, messages, trigger: "submit-message", ...more }, key);
// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;
const json = async (answer: Response) => (await answer.json()) as Json;
const turnsOf = async () =>
  (await json(await call("GET", `/v1/sessions/${id}/entries`))).entries.filter(
    ({ type }: Json) => type === "turn_ended",
  ).length;
async function tokenWith(rights: string[]): Promise<string> {
  return (await json(await call("POST", `/v1/sessions/${id}/tokens`, { rights }))).token;
}

describe("UI messages", () => {
  it("[UI-6] the same message is the same turn, an edited one another, and the model can be asked anew", async () => {
    provider.enqueue(text("One."), text("Two."), text("Three."));
    const first = await send([said("Hi")]);
    expect(first.headers.get("x-vercel-ai-ui-message-stream")).toBe("v1");
    const told = await first.text();
    expect(await (await send([said("Hi")])).text()).toBe(told);
    expect(await turnsOf()).toBe(1);
    expect(await (await send([said("Hi, you")])).text()).toContain("Two.");
    expect(await (await send([said("Hi, you")], { trigger: "regenerate-message" })).text()).toContain("Three.");
    expect(await turnsOf()).toBe(3);
  });

  it("[UI-6] nothing runs: 204, also where there is no session", async () => {
    expect((await call("GET", `/v1/ui/messages/${id}/stream`)).status).toBe(204);
    provider.enqueue(text("Hi."));
    await (await send([said("Hi")])).text();
    expect((await call("GET", `/v1/ui/messages/${id}/stream`)).status).toBe(204);
    expect(await json(await call("DELETE", `/v1/ui/messages/${id}/stream`))).toMatchObject({ status: "idle" });
  });

  it("[UI-6] a token opens the streams of its own session, by its rights", async () => {
    provider.enqueue(text("Hi."));
    await (await send([said("Hi")])).text();
    const [reader, writer] = [await tokenWith(["read"]), await tokenWith(["append", "cancel"])];
    expect((await send([said("Hi")], {}, reader)).status).toBe(403);
    expect((await send([said("Hi")], {}, writer)).status).toBe(200);
    expect((await send([said("Hi")], { id: "another" }, writer)).status).toBe(404);
    expect((await call("GET", `/v1/ui/messages/${id}/stream`, undefined, reader)).status).toBe(204);
    expect((await call("GET", "/v1/ui/messages/another/stream", undefined, reader)).status).toBe(404);
    expect((await call("DELETE", `/v1/ui/messages/${id}/stream`, undefined, reader)).status).toBe(403);
    expect((await call("DELETE", `/v1/ui/messages/${id}/stream`, undefined, writer)).status).toBe(200);
  });

  it("[UI-2] approvals need their right, are given once, and are taken again only the same way", async () => {
    const request = { url: "https://example.com/", method: "POST", body: "x" };
    provider.enqueue(
      calls([{ name: "send_request", arguments: JSON.stringify(request), id: "call_p" }]),
      text("Well."),
    );
    await (await send([said("Send it")])).text();
    const part = { type: "dynamic-tool", toolCallId: "call_p", toolName: "send_request" };
    const answered = (approved: boolean) => ({
      id: "msg_turn_1",
      role: "assistant",
      parts: [{ type: "step-start" }, { ...part, state: "approval-responded", approval: { id: "call_p", approved } }],
    });
    expect((await send([said("Send it"), answered(false)], {}, await tokenWith(["append"]))).status).toBe(403);
    const told = await (await send([said("Send it"), answered(false)])).text();
    expect(told).toContain("tool-output-denied");
    expect(told).toContain("Well.");
    expect(await (await send([said("Send it"), answered(false)])).text()).toBe(told);
    expect((await send([said("Send it"), answered(true)])).status).toBe(409);
    const unknown = { ...answered(true), parts: [{ ...part, toolCallId: "x", state: "output-available", output: 1 }] };
    expect((await send([unknown])).status).toBe(404);
  });

  it("[UI-6] a message for a session that waits gives the waiting call up, one that runs waits its turn", async () => {
    const request = { url: "https://example.com/", method: "POST", body: "x" };
    provider.enqueue(calls([{ name: "send_request", arguments: JSON.stringify(request) }]), text("Fine."));
    await (await send([said("Send it")])).text();
    expect(await (await send([said("Never mind", "m2")])).text()).toContain("Fine.");
    const gate = gated("Slow ", "answer");
    provider.enqueue(gate.reply, text("After."));
    const slow = send([said("Slow", "m3")]);
    await gate.reached(1);
    const after = send([said("After", "m4")]);
    gate.release();
    expect(await (await slow).text()).toContain("answer");
    expect(await (await after).text()).toContain("After.");
  });

  it.each([
    [{ id: "no spaces" }, 400, "id"],
    [{ messages: [] }, 400, "messages"],
    [{ messages: [{ id: "m", role: "user", parts: [{ type: "file", url: "x" }] }] }, 400, "messages.0.parts.0"],
    [{ model: "gpt-4" }, 400, "model"],
    [{ tools: [{ type: "function", function: { name: "calculator" } }] }, 400, "tools.0.function.name"],
  ])("[UI-5] %j is refused by name, and nothing is stored", async (more, status, field) => {
    const refused = await send([said("Hi")], more);
    expect([refused.status, (await json(refused)).field]).toEqual([status, field]);
    expect((await call("GET", `/v1/sessions/${id}`)).status).toBe(404);
  });
});
