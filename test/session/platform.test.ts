import { runDurableObjectAlarm } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Account } from "../../src/account/account.ts";
import { accountObject } from "../../src/account/account-object.ts";
import { rpcVersion } from "../../src/account/call-object.ts";
import { unwrap } from "../../src/account/outcome.ts";
import { Session } from "../../src/session/object.ts";
import { calls, text } from "../support/fake-provider.ts";
import { bindings, SessionWorld, skipTime, startProvider, stopTime } from "../support/session-world.ts";

let provider: ReturnType<typeof startProvider>;
let world: SessionWorld;

beforeEach(() => {
  provider = startProvider();
  world = new SessionWorld();
  vi.spyOn(console, "error").mockImplementation(() => {});
  vi.spyOn(console, "warn").mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
const ask = (path: string, init: RequestInit = {}) =>
  worker.fetch(`https://x.test${path}`, {
    ...init,
    headers: { Authorization: "Bearer test-key", "Content-Type": "application/json", ...init.headers },
  });

const words = [
  "Durable Object is overloaded. Too many requests queued.",
  "Network connection lost.",
  "The Durable Object's code has been updated, this version can no longer access storage.",
  "internal error; reference = 8ab1",
  "Cannot resolve Durable Object due to transient issue on remote node.",
];
const fails = (message: string) => () => {
  throw new Error(message);
};

describe("the account's object fails", () => {
  // Only an account with a budget is asked before each model call.
  beforeEach(async () => {
    await accountObject(bindings, "test").putSettings("test", { budgetMicros: 1_000_000_000 });
  });
  afterEach(async () => {
    await accountObject(bindings, "test").putSettings("test", {});
  });

  it.each(words)("[PLATFORM-4] once, with %s: the turn completes as if nothing had been", async (message) => {
    for (const method of ["reserve", "report"] as const)
      vi.spyOn(Account.prototype, method).mockImplementationOnce(fails(message));
    provider.enqueue(text("Hello."));
    const { ended, reply } = await world.ask("Hi");
    expect([ended.reason, reply?.content]).toEqual(["completed", "Hello."]);
  });

  it("[PLATFORM-4] for longer than a call is tried: no turn ends by it, the watchdog goes on, and the report comes later", async () => {
    const down = fails("Network connection lost.");
    const reserve = vi.spyOn(Account.prototype, "reserve").mockImplementation(down);
    const report = vi.spyOn(Account.prototype, "report").mockImplementation(down);
    provider.enqueue(calls([{ name: "calculator", arguments: '{"expression":"1+1"}' }]), text("2"));
    const { turn } = await world.send("1+1?");
    await vi.waitFor(async () =>
      expect(await world.inside((storage) => storage.getAlarm())).toBeGreaterThan(Date.now() + 7_000),
    );
    expect(reserve.mock.calls.length).toBeLessThanOrEqual(6);
    expect(provider.requests).toHaveLength(0);
    reserve.mockRestore();
    report.mockRestore();
    await runDurableObjectAlarm(world.stub);
    expect((await world.ended(turn)).ended.reason).toBe("completed");
  });
});

describe("a session's object fails", () => {
  it("[PLATFORM-5] once: reading is tried again, and so is a message with an Idempotency-Key", async () => {
    await ask("/v1/sessions", { method: "POST", body: JSON.stringify({ id: "flaky" }) });
    vi.spyOn(Session.prototype, "describe").mockImplementationOnce(fails("Network connection lost."));
    expect((await ask("/v1/sessions/flaky")).status).toBe(200);
    vi.spyOn(Session.prototype, "submit").mockImplementationOnce(fails("Network connection lost."));
    provider.enqueue(text("Hello."));
    const sent = await ask("/v1/sessions/flaky/messages", {
      method: "POST",
      headers: { "Idempotency-Key": "k" },
      body: JSON.stringify({ content: "Hi" }),
    });
    expect([sent.status, ((await sent.json()) as { status: string }).status]).toEqual([200, "completed"]);
  });

  it("[PLATFORM-5] a message that perhaps arrived, and has no key, is not sent twice: 503 with Retry-After", async () => {
    const send = vi.spyOn(Session.prototype, "submit").mockImplementation(fails("Network connection lost."));
    const body = JSON.stringify({ content: "Hi" });
    const answer = await ask("/v1/sessions/flaky2/messages", { method: "POST", body });
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get("Retry-After"))).toBeGreaterThan(0);
    expect(await answer.json()).toMatchObject({
      code: "unavailable",
      detail: expect.stringContaining("Idempotency-Key"),
    });
    expect(send).toHaveBeenCalledTimes(1);
  });

  it("[PLATFORM-5] for long: calls end in 503, in each dialect's words, and no call holds the caller for ever", async () => {
    vi.spyOn(Session.prototype, "describe").mockImplementation(fails("Durable Object is overloaded."));
    const answer = await ask("/v1/sessions/flaky3");
    expect(answer.status).toBe(503);
    vi.spyOn(Session.prototype, "submit").mockImplementation(fails("database disk image is malformed"));
    const chat = await ask("/v1/chat/completions", {
      method: "POST",
      headers: { "X-Session-Id": "flaky3" },
      body: JSON.stringify({ model: "deepseek-v3.2-exp", messages: [{ role: "user", content: "Hi" }] }),
    });
    expect([chat.status, ((await chat.json()) as { error: { code: string } }).error.code]).toEqual([
      503,
      "unavailable",
    ]);
  });
});

describe("the rate-limit binding and KV fail", () => {
  it("[PLATFORM-11] and no call and no turn fails by it", async () => {
    vi.spyOn(bindings.RATE_LIMIT, "limit").mockRejectedValue(new Error("Network connection lost."));
    for (const method of ["get", "put", "delete"] as const) {
      vi.spyOn(bindings.PREFIXES, method).mockRejectedValue(new Error("KV GET failed: 503 Service Unavailable"));
    }
    provider.enqueue(text("Hello."));
    const body = JSON.stringify({ content: "Hi", cache: { ttl_seconds: 60 } });
    const answer = await ask("/v1/sessions/without-kv/messages", { method: "POST", body });
    expect([answer.status, ((await answer.json()) as { status: string }).status]).toEqual([200, "completed"]);
    expect(bindings.RATE_LIMIT.limit).toHaveBeenCalled();
  });
});

describe("versions of calls", () => {
  it("[PLATFORM-6] an object that does not know the version, or the method, runs nothing and is tried again later", async () => {
    await world.stub.create(world.address, {});
    const raw = (bindings.SESSIONS as unknown as DurableObjectNamespace<Session>).getByName(
      `${world.address.account}:${world.address.name}`,
    );
    const describe = vi.spyOn(Session.prototype, "describe");
    const answers = [
      await raw.call(rpcVersion + 1, "describe", []),
      await raw.call(rpcVersion, "not_there_yet", []),
      await raw.call(rpcVersion, "alarm", []),
      await raw.call(rpcVersion, "constructor", []),
    ];
    expect(new Set(answers).size).toBe(1);
    expect(describe).not.toHaveBeenCalled();
    const late = await raw.fetch(`https://session/events?v=${rpcVersion + 1}`);
    expect([late.status, late.headers.has("Retry-After")]).toEqual([503, true]);
    for (const before of [async () => answers[0], fails('The RPC receiver does not implement the method "call".')]) {
      vi.spyOn(Session.prototype, "call").mockImplementationOnce(before);
      const answer = await ask("/v1/sessions/any");
      expect([answer.status, answer.headers.has("Retry-After")]).toEqual([503, true]);
    }
  });
});

describe("alarms that fail", () => {
  it("[PLATFORM-7] expired sessions whose account cannot be reached call it a few times, and not together again", async () => {
    const remove = vi
      .spyOn(Account.prototype, "removeSession")
      .mockImplementation(fails("Durable Object is overloaded."));
    const worlds = Array.from({ length: 8 }, () => new SessionWorld());
    for (const each of worlds) unwrap(await each.stub.create(each.address, { ttlSeconds: 60 }));
    skipTime(61_000);
    stopTime();
    const alarms = await Promise.all(
      worlds.map(async (each) => {
        await runDurableObjectAlarm(each.stub);
        return (await each.inside((storage) => storage.getAlarm())) ?? 0;
      }),
    );
    expect(remove.mock.calls.length).toBeLessThanOrEqual(8 * 3);
    expect(Math.min(...alarms) - Date.now()).toBeGreaterThan(2_000);
    expect(new Set(alarms).size).toBeGreaterThan(4);
    remove.mockRestore();
    await Promise.all(worlds.map((each) => runDurableObjectAlarm(each.stub)));
    for (const each of worlds) expect((await each.stub.describe()).ok).toBe(false);
  });
});

describe("an account that cannot be read", () => {
  it("[PLATFORM-9] while the account cannot be read, callers it let in are let in for 30 s, then told why", async () => {
    const now = vi.spyOn(Date, "now");
    const beganMs = performance.timeOrigin + performance.now() + 3_600_000;
    now.mockReturnValue(beganMs);
    const admin = (path: string, body: object) =>
      ask(path, { method: "POST", headers: { Authorization: "Bearer test-admin-key-16" }, body: JSON.stringify(body) });
    await admin("/v1/admin/accounts", { id: "fragile" });
    const { key } = (await (await admin("/v1/admin/accounts/fragile/keys", {})).json()) as { key: string };
    const models = () => ask("/v1/models", { headers: { Authorization: `Bearer ${key}` } });
    expect((await models()).status).toBe(200);
    vi.spyOn(Account.prototype, "accessByKey").mockImplementation(
      fails("database disk image is malformed: SQLITE_CORRUPT"),
    );
    const seen: number[] = [];
    for (const afterMs of [10_000, 26_000, 29_000, 31_000]) {
      now.mockReturnValue(beganMs + afterMs);
      seen.push((await models()).status);
    }
    expect(seen).toEqual([200, 200, 200, 503]);
    const answer = await models();
    expect(await answer.json()).toMatchObject({
      error: { message: expect.stringContaining("damaged"), code: "unavailable" },
    });
    expect(answer.headers.has("Retry-After")).toBe(true);
  });
});
