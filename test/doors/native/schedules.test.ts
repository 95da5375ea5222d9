import { runDurableObjectAlarm } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Account } from "../../../src/account/account.ts";
import { scheduleTool } from "../../../src/doors/schedules/schedules.ts";
import { text } from "../../support/fake-provider.ts";
import { bindings, skipTime, startProvider } from "../../support/session-world.ts";
import { toolContext } from "../../support/tool-context.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
let provider: ReturnType<typeof startProvider>;

beforeEach(() => {
  provider = startProvider();
});
afterEach(() => {
  vi.restoreAllMocks();
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
type Json = any;
async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const answer = await worker.fetch(`https://longline.test${path}`, {
    method,
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json", ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const raw = await answer.text();
  return { status: answer.status, body: (raw === "" ? {} : JSON.parse(raw)) as Json };
}
const alarm = () =>
  runDurableObjectAlarm((bindings.ACCOUNTS as unknown as DurableObjectNamespace<Account>).getByName("default"));
const listed = async (id: string): Promise<Json> =>
  (await call("GET", "/v1/schedules")).body.schedules.find((each: Json) => each.id === id);

describe("/v1/schedules", () => {
  it("[SCHED-5] makes, lists and deletes schedules, and a message comes when one is due", async () => {
    const session = crypto.randomUUID();
    const body = { cron: "0 9 * * *", time_zone: "Europe/Berlin", content: "Good morning.", session };
    const made = await call("POST", "/v1/schedules", body, { "Idempotency-Key": session });
    const { id } = made.body;
    expect(made).toMatchObject({
      status: 201,
      body: { ...body, agent: null, next_at: expect.any(String), last_run: null },
    });
    expect((await call("POST", "/v1/schedules", body, { "Idempotency-Key": session })).body.id).toBe(id);
    const other = { ...body, content: "Good evening." };
    expect(await call("POST", "/v1/schedules", other, { "Idempotency-Key": session })).toMatchObject({ status: 422 });
    expect(await listed(id)).toMatchObject(body);
    provider.enqueue(text("Good morning to you."));
    skipTime(Date.parse(made.body.next_at) - Date.now() + 1_000);
    await alarm();
    const { last_run, next_at } = await listed(id);
    expect(last_run).toMatchObject({ due_at: made.body.next_at, session, turn: "turn_1", error: null });
    expect(Date.parse(next_at)).toBeGreaterThan(Date.parse(made.body.next_at));
    await vi.waitFor(
      async () => expect((await call("GET", `/v1/sessions/${session}/turns/turn_1`)).body.status).toBe("completed"),
      { timeout: 20_000 },
    );
    expect((await call("DELETE", `/v1/schedules/${id}`)).status).toBe(204);
    expect((await call("DELETE", `/v1/schedules/${id}`)).status).toBe(404);
    expect(await listed(id)).toBeUndefined();
  });

  it.each<[body: object, field: string]>([
    [{ content: "", cron: "0 9 * * *" }, "content"],
    [{ content: "x" }, "cron"],
    [{ content: "x", cron: "0 9 * *" }, "cron"],
    [{ content: "x", cron: "0 9 * * *", time_zone: "Mars/Base" }, "time_zone"],
    [{ content: "x", at: "2020-01-01T00:00" }, "at"],
    [{ content: "x", cron: "0 9 * * *", session: "a b" }, "session"],
    [{ content: "x", cron: "0 9 * * *", agent: "no-one" }, "agent"],
  ])("[SCHED-5] %o is refused, and names its field", async (body, field) => {
    const refused = await call("POST", "/v1/schedules", body);
    expect([refused.status >= 400 && refused.status < 500, refused.body.field]).toEqual([true, field]);
  });

  it("[SCHED-6] the tool makes one in its own session, once for each call, with approval unless the app wants none", async () => {
    const [tool, free] = [scheduleTool(), scheduleTool({ approval: "never" })];
    expect([tool.approval, free.approval]).toEqual(["always", null]);
    const context = toolContext({ account: "default", now: () => Date.now(), idempotencyKey: crypto.randomUUID() });
    const input = { content: "Look again.", at: "2099-01-01T09:00", time_zone: "Europe/Berlin" };
    const made = (await tool.run(input, context)) as Json;
    expect(made).toEqual({ id: expect.stringMatching(/^sch_/), next: "2099-01-01T08:00:00.000Z" });
    expect(await tool.run(input, context)).toEqual(made);
    expect(await listed(made.id)).toMatchObject({ session: "s_1", content: "Look again." });
    await expect(Promise.resolve(tool.run({ content: "x", cron: "61 * * * *" }, context))).rejects.toThrow(
      "cron: has the minute",
    );
    await call("DELETE", `/v1/schedules/${made.id}`);
  });
});
