import { runDurableObjectAlarm } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Account } from "../../../src/account/account.ts";
import { accountObject } from "../../../src/account/account-object.ts";
import type { AccountLimits } from "../../../src/account/account-record.ts";
import { unwrap } from "../../../src/account/outcome.ts";
import type { Address } from "../../../src/channels/channel.ts";
import { accepted } from "../../../src/doors/refusal-words.ts";
import { ScheduleDesk } from "../../../src/doors/schedules/schedule-desk.ts";
import type { ScheduleRecord } from "../../../src/doors/schedules/schedule-store.ts";
import { scheduleTool } from "../../../src/doors/schedules/schedules.ts";
import { Session } from "../../../src/session/object.ts";
import { sessionObject } from "../../../src/session/session-object.ts";
import { agent } from "../../app/agent.ts";
import { app } from "../../app/app.ts";
import { configuredChannels } from "../../support/configured-channels.ts";
import { calls, text } from "../../support/fake-provider.ts";
import { bindings, SessionWorld, skipTime, startProvider } from "../../support/session-world.ts";
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
/** Five minutes after the next hour begins: what is made now for a full hour comes by no real alarm, in this test or in a later one. */
function afterTheHour(): void {
  const hour = 3_600_000;
  skipTime(hour - (Date.now() % hour) + 300_000);
}
const alarm = () =>
  runDurableObjectAlarm((bindings.ACCOUNTS as unknown as DurableObjectNamespace<Account>).getByName("default"));
const listed = async (id: string): Promise<Json> =>
  (await call("GET", "/v1/schedules")).body.schedules.find((each: Json) => each.id === id);

describe("the message of a schedule", () => {
  const hour = 3_600_000;
  let account: string;
  let desk: ScheduleDesk;
  beforeEach(() => {
    account = `sched-${crypto.randomUUID().slice(0, 8)}`;
    desk = new ScheduleDesk(bindings, account);
    afterTheHour();
  });

  const limit = (limits: AccountLimits) => accountObject(bindings, account).putSettings(account, limits);
  const hourly = (id: string, more: Partial<ScheduleRecord> = {}) => {
    const time = { cron: "0 * * * *", zone: "UTC" };
    return desk.create({ id, time, content: "Look.", session: id, createdAtMs: Date.now(), ...more });
  };
  const only = async (id: string) => (await desk.list()).find((each) => each.id === id);
  const stub = () => (bindings.ACCOUNTS as unknown as DurableObjectNamespace<Account>).getByName(account);
  /** It is due, and the alarm comes. */
  async function due(id: string): Promise<ScheduleRecord | undefined> {
    const { dueMs = 0 } = (await only(id)) ?? {};
    skipTime(dueMs - Date.now() + 1_000);
    await runDurableObjectAlarm(stub());
    return only(id);
  }
  const ended = async (session: string, turn = "turn_1") => {
    const state = unwrap(await sessionObject(bindings, { account, name: session }).wait(turn, 20_000));
    if (state.status !== "ended") throw new Error(`${turn} is ${state.status}`);
    return state.ended;
  };

  it("[SCHED-7] is refused by a rate that is used up, says so once its hour is over, and the next time still runs", async () => {
    await limit({ ratePerMinute: 1 });
    await hourly("a");
    await hourly("b");
    provider.enqueue(text("Seen."), text("Seen."));
    await due("a");
    expect([(await only("a"))?.last, (await only("b"))?.last]).toMatchObject([{ turn: "turn_1" }, undefined]);
    skipTime(61_000);
    await runDurableObjectAlarm(stub());
    expect((await only("b"))?.last).toMatchObject({ session: "b", turn: "turn_1" });
    await ended("b");
  });

  it("[SCHED-7] is refused with the reason where the account may use none of the models, and the next time is due", async () => {
    await limit({ models: ["none-such"] });
    const made = await hourly("a");
    expect(await due("a")).toMatchObject({
      dueMs: (made.dueMs ?? 0) + hour,
      last: { error: expect.stringContaining("none-such") },
    });
    await limit({});
    provider.enqueue(text("Seen."));
    const { last } = (await due("a")) ?? {};
    expect(last).toMatchObject({ turn: "turn_1" });
    expect(last?.error).toBeUndefined();
    expect((await ended("a")).reason).toBe("completed");
  });

  it("[SCHED-7] spends from the account's budget: its turn says that it is exhausted, and the next time still runs", async () => {
    await limit({ budgetMicros: 0 });
    await hourly("a");
    expect((await due("a"))?.last).toMatchObject({ turn: "turn_1" });
    expect((await ended("a")).reason).toBe("budget_exhausted");
    await limit({});
    provider.enqueue(text("Seen."));
    expect((await due("a"))?.last).toMatchObject({ turn: "turn_2" });
    expect((await ended("a", "turn_2")).reason).toBe("completed");
  });

  it("[SCHED-7] for an agent that the app does not have any more is a run with the reason", async () => {
    const made = await hourly("a", { agent: "gone" });
    expect(await due("a")).toMatchObject({
      dueMs: (made.dueMs ?? 0) + hour,
      last: { error: expect.stringContaining('"gone"') },
    });
  });

  it("[SCHED-8] is answered at its callback, once for each time", async () => {
    await hourly("a", { replyTo: { channel: "callback", url: "https://hooks.example.com/later" } as Address });
    provider.enqueue(text("Good morning."));
    await due("a");
    await vi.waitFor(() => expect(provider.outside).toHaveBeenCalledTimes(1));
    expect(provider.outside.mock.calls[0]?.[0].url).toBe("https://hooks.example.com/later");
  });

  it("[SCHED-8] of a tool is answered in the thread in which the tool was called, and not by what was good for a while", async () => {
    const { channels } = app;
    app.channels = configuredChannels({ SLACK_SIGNING_SECRET: "s".repeat(32), SLACK_BOT_TOKEN: "xoxb-1" });
    const place = { channel: "slack", team: "T1", app: "A1", room: "C1", thread: "", user: "U1", ts: "17.5", atMs: 1 };
    await hourly("a", { replyTo: { ...place, responseUrl: "https://hooks.slack.com/x" } as Address });
    provider.enqueue(text("As you wished."));
    const submit = vi.spyOn(Session.prototype, "submit");
    const { last } =
      (await due("a").finally(() => {
        app.channels = channels;
      })) ?? {};
    expect(submit.mock.calls.map(([, { replyTo }]) => replyTo)).toEqual([
      { ...place, thread: "17.5", ts: "", atMs: last?.dueMs },
    ]);
  });

  it("[SCHED-8] a tool is told where its turn is answered", async () => {
    const tool = agent.tools.get("calculator");
    const told: unknown[] = [];
    if (tool) vi.spyOn(tool, "run").mockImplementation((_, { replyTo }) => void told.push(replyTo));
    const asking = calls([{ name: "calculator", arguments: '{"expression":"1"}' }]);
    const world = new SessionWorld();
    const replyTo = { channel: "callback", url: "https://hooks.example.com/x" };
    provider.enqueue(asking, text("Done."), asking, text("Done."));
    const { turn } = await world.submit({ messages: [{ content: "Hi", options: {} }], replyTo, create: {} });
    await world.ended(turn);
    await world.ask("Again");
    expect(told).toEqual([replyTo, undefined]);
  });

  it("[SCHED-10] of an agent that works for another one comes to the conversation that a caller made, where its turn is answered", async () => {
    const [root, child, grandchild] = ["root", "child", "grandchild"].map((name) => ({ account, name }));
    if (root === undefined || child === undefined || grandchild === undefined) throw new Error("no addresses");
    const parent = (session: string) => ({
      session,
      birth: null,
      turn: "turn_1",
      callId: "c1",
      depth: 1,
      root: "root",
      maxDepth: 4,
      untilMs: 9e15,
      hasShare: false,
    });
    unwrap(await sessionObject(bindings, child).create(child, { parent: parent("root") }));
    unwrap(await sessionObject(bindings, grandchild).create(grandchild, { parent: parent("child") }));
    const tool = agent.tools.get("calculator");
    const made: Json[] = [];
    const context = toolContext({
      account,
      session: { id: "grandchild", metadata: {} },
      replyTo: { channel: "agents" },
    });
    const input = { content: "Look again.", at: "2099-01-01T09:00" };
    const scheduled = async () => void made.push(await scheduleTool().run(input, context));
    if (tool) vi.spyOn(tool, "run").mockImplementation(scheduled);
    provider.enqueue(calls([{ name: "calculator", arguments: '{"expression":"1"}' }]), text("Done."));
    const replyTo = { channel: "callback", url: "https://hooks.example.com/x" };
    const messages = [{ content: "Hi", options: {} }];
    accepted(await sessionObject(bindings, root).submit(root, { messages, replyTo, create: {} }));
    await ended("root");
    expect(made).toEqual([expect.objectContaining({ to: expect.stringContaining("that you work for") })]);
    expect(await only(made[0].id)).toMatchObject({ session: "root", isOfSession: true, replyTo });
    unwrap(await sessionObject(bindings, root).erase(root));
    expect(await desk.list()).toEqual([]);
  });

  it("[SCHED-9] is not sent in an account that is being erased", async () => {
    await limit({});
    await hourly("a");
    await accountObject(bindings, account).eraseAccount(account);
    skipTime(2 * hour);
    await runDurableObjectAlarm(stub());
    expect(await sessionObject(bindings, { account, name: "a" }).isMade()).toBe(false);
  });

  it("[SCHED-9] goes with its session, where a tool made it there", async () => {
    provider.enqueue(text("Hi."));
    const address = { account, name: "mine" };
    const session = sessionObject(bindings, address);
    unwrap(await session.create(address, {}));
    await hourly("a", { session: "mine", isOfSession: true });
    await hourly("b", { session: "mine" });
    unwrap(await session.erase(address));
    expect((await desk.list()).map(({ id }) => id)).toEqual(["b"]);
  });
});

describe("/v1/schedules", () => {
  it("[SCHED-5] makes, lists and deletes schedules, and a message comes when one is due", async () => {
    afterTheHour();
    const session = crypto.randomUUID();
    const body = {
      cron: "0 9 * * *",
      time_zone: "Europe/Berlin",
      content: "Good morning.",
      session,
      callback_url: "https://hooks.example.com/morning",
    };
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
    await vi.waitFor(async () =>
      expect((await call("GET", `/v1/sessions/${session}/turns/turn_1`)).body.status).toBe("completed"),
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
    [{ content: "x", cron: "0 9 * * *", callback_url: "http://10.0.0.1/x" }, "callback_url"],
    [{ content: "x", cron: "0 9 * * *", callback_url: "nowhere" }, "callback_url"],
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
