import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { calls, status, text } from "../../support/fake-provider.ts";
import { SessionWorld, startProvider } from "../../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
let provider: ReturnType<typeof startProvider>;
beforeEach(() => {
  provider = startProvider();
  for (const method of ["log", "warn"] as const) vi.spyOn(console, method).mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;

async function ask(path: string, { key = "test-key", ...init }: RequestInit & { key?: string } = {}) {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json", ...init.headers };
  const answer = await worker.fetch(`https://longline.test${path}`, { ...init, headers });
  return { status: answer.status, body: (await answer.json()) as Json };
}

describe("the list of turns", () => {
  it("[SEE-1] [SEE-2] a turn is listed once it has ended, with what it used, and why it failed", async () => {
    const id = crypto.randomUUID();
    const agentOf = async () => (await ask(`/v1/sessions/${id}`)).body;
    provider.enqueue(
      calls([{ name: "calculator", arguments: '{"expression":"6*7"}' }]),
      text("42."),
      ...[1, 2].map(() => status(401, { error: { message: "canary" } })),
    );
    for (const content of ["6*7?", "And now?"])
      await ask(`/v1/sessions/${id}/messages`, { method: "POST", body: JSON.stringify({ content }) });
    const { body } = await vi.waitFor(async () => {
      const page = await ask("/v1/turns?limit=500");
      expect(page.body.turns.filter(({ session }: Json) => session === id)).toHaveLength(2);
      return page;
    });
    const [failed, first] = body.turns.filter(({ session }: Json) => session === id);
    const { agent, agent_version: version } = await agentOf();
    expect(first).toEqual({
      ...{ session: id, turn: "turn_1", agent, version, model: "deepseek-v3.2-exp", reason: "completed", steps: 2 },
      usage: {
        ...{ input_tokens: expect.any(Number), cached_tokens: expect.any(Number), steps: 2 },
        ...{ output_tokens: expect.any(Number), reasoning_tokens: expect.any(Number) },
      },
      ...{ cost_micros: expect.any(Number), ms: expect.any(Number), first_event_ms: expect.any(Number) },
      ended_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    });
    expect(failed).toMatchObject({ turn: "turn_2", reason: "failed", error: { code: "model_auth" } });
    expect(failed.error.detail).not.toContain("canary");
    const only = await ask(`/v1/turns?status=failed&agent=${agent}&version=${version}&limit=500`);
    expect(only.body.turns.filter(({ session }: Json) => session === id)).toHaveLength(1);
    const none = await ask("/v1/turns?version=v_none");
    expect(none.body).toEqual({ turns: [], next_cursor: null });
  });

  it("[SEE-2] a wrong value is refused with the name of its field, and a session's token opens no list", async () => {
    for (const [query, field] of [
      ["status=broken", "status"],
      ["since=yesterday", "since"],
      ["until=2026-13-01", "until"],
      ["min_cost_micros=-1", "min_cost_micros"],
      ["min_ms=x", "min_ms"],
      ["limit=0", "limit"],
      ["limit=501", "limit"],
      ["cursor=1.2", "cursor"],
      ["agent=", "agent"],
      ["reason=failed", "reason"],
    ]) {
      const { status: code, body } = await ask(`/v1/turns?${query}`);
      expect([query, code]).toEqual([query, 400]);
      expect(body.detail, query).toContain(field);
    }
    const world = new SessionWorld();
    const id = world.address.name;
    await ask("/v1/sessions", { method: "POST", body: JSON.stringify({ id }) });
    const rights = JSON.stringify({ rights: ["read", "append", "approve", "cancel"] });
    const { token } = (await ask(`/v1/sessions/${id}/tokens`, { method: "POST", body: rights })).body;
    expect((await ask("/v1/turns", { key: token })).status).toBe(403);
    expect((await ask("/v1/turns", { key: "wrong" })).status).toBe(401);
  });

  it("[SEE-1] held elsewhere, a turn is not reported", async () => {
    const id = crypto.randomUUID();
    provider.enqueue(text("Hello."));
    await ask(`/v1/sessions/${id}/messages`, { method: "POST", body: JSON.stringify({ content: "Hi" }) });
    const fork = await ask(`/v1/sessions/${id}/fork`, { method: "POST", body: "{}" });
    expect(fork.status).toBe(201);
    await vi.waitFor(async () => {
      const { turns } = (await ask("/v1/turns?limit=500")).body;
      expect(turns.filter(({ session }: Json) => session === id)).toHaveLength(1);
      expect(turns.filter(({ session }: Json) => session === fork.body.id)).toHaveLength(0);
    });
  });
});
