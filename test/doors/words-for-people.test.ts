/** What the holder of a session's token (a browser) is told of a failure at each place where one is told, beside what a key is told. */
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FailureCause, FailureCode } from "../../src/core/errors.ts";
import { userWords } from "../../src/core/user-words.ts";
import { frames, status } from "../support/fake-provider.ts";
import { over, said } from "../support/reply-frames.ts";
import { startProvider } from "../support/session-world.ts";

const worker = (exports as unknown as { default: { fetch: typeof fetch } }).default;
const adminKey = "test-admin-key-16";
/** What is for operators: the provider's own text, its host, settings of ours, ways to administer, money. */
const operators =
  /PROVIDERS-OWN-WORDS|127\.0\.0\.1|https?:|[A-Z]{3,}_[A-Z]{3,}|\/v1\/admin|[a-z]_micros to|micro-dollar|maxSteps/;

let provider: ReturnType<typeof startProvider>;
let id: string;
beforeEach(() => {
  provider = startProvider();
  id = crypto.randomUUID();
  for (const level of ["warn", "error"] as const) vi.spyOn(console, level).mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function call(key: string, path: string, { body, accept }: { body?: object; accept?: string } = {}) {
  const answer = await worker.fetch(`https://longline.test${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      Authorization: `Bearer ${key}`,
      "Content-Type": "application/json",
      ...(accept !== undefined && { Accept: accept }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, text: await answer.text() };
}

async function tokenOf(key: string): Promise<string> {
  const body = { rights: ["read", "append", "approve", "cancel"] };
  return JSON.parse((await call(key, `/v1/sessions/${id}/tokens`, { body })).text).token;
}

/** Every answer in which a failed turn of the session is told, with the turn's own answers first. */
async function allAnswers(key: string, fail: () => void): Promise<[where: string, text: string][]> {
  const session = `/v1/sessions/${id}`;
  const ui = { id, messages: [{ id: crypto.randomUUID(), role: "user", parts: [{ type: "text", text: "Hi" }] }] };
  const asked: [string, Parameters<typeof call>[2]?][] = [
    [`${session}/messages`, { body: { content: "Hi" } }],
    [`${session}/messages`, { body: { content: "Hi" }, accept: "text/event-stream" }],
    ["/v1/ui/messages", { body: ui }],
    [`${session}/entries?limit=500`],
    [`${session}/events?live=false`],
    [session],
    [`${session}/turns/turn_1`],
    [`${session}/prefix`],
    [`${session}/search?q=Hi`],
    [`/v1/ui/messages/${id}`],
  ];
  const answers: [string, string][] = [];
  for (const [path, how] of asked) {
    if (how !== undefined) fail();
    answers.push([path, (await call(key, path, how)).text]);
  }
  return answers;
}

const refused = (code: number, more: object = {}) =>
  status(code, { error: { message: "PROVIDERS-OWN-WORDS", ...more } });
const failures: [what: string, code: FailureCode, replies: () => ReturnType<typeof status>[], cause?: FailureCause][] =
  [
    ["a wrong key", "model_auth", () => [refused(401)]],
    ["no credit", "model_payment", () => [refused(402)]],
    ["an unknown model", "model_not_found", () => [refused(404, { code: "model_not_found" })]],
    ["a host that is down", "model_unavailable", () => [refused(500), refused(500)]],
    ["a filtered request", "content_filter", () => [refused(400, { code: "content_filter" })]],
    ["a filtered answer", "content_filter", () => [frames(said("Hel"), over("content_filter"))], "answer"],
  ];

describe("a turn that failed", () => {
  it.each(failures)(
    "[WORDS-5] by %s is told to a browser in words for people, at every place",
    async (_, code, replies, cause) => {
      const key = "test-key";
      const token = await tokenOf(key);
      const fail = () => provider.enqueue(...replies());
      const answers = await allAnswers(token, fail);
      const words = userWords({ code, ...(cause && { cause }) });
      for (const [where, text] of answers) {
        expect(text, where).not.toMatch(operators);
        if (!/search|prefix/.test(where) && where !== `/v1/sessions/${id}`) expect(text, where).toContain(words);
      }
      // The same place tells a key both.
      for (const [where, text] of await allAnswers(key, fail)) {
        if (!/messages|entries|events|turns/.test(where)) continue;
        expect(text, where).toContain(words);
        if (where === "/v1/ui/messages") expect(/"errorText":"([^"]*)"/.exec(text)?.[1]).toBe(words);
        expect(text, where).toMatch(/"detail":"[^"]*127\.0\.0\.1/);
      }
      expect((await call(key, `/v1/sessions/${id}/entries`)).text).toContain(
        code === "content_filter" && cause === "answer" ? "content filter" : "PROVIDERS-OWN-WORDS",
      );
    },
  );

  it("[WORDS-5] by an empty budget, too", async () => {
    const account = `acc-${id.slice(0, 18)}`;
    await call(adminKey, "/v1/admin/accounts", { body: { id: account, budget_micros: 1 } });
    const { key } = JSON.parse((await call(adminKey, `/v1/admin/accounts/${account}/keys`, { body: {} })).text);
    const token = await tokenOf(key);
    const answers = await allAnswers(token, () => {});
    for (const [where, text] of answers) expect(text, where).not.toMatch(operators);
    expect(answers[0]?.[1]).toContain(userWords({ code: "budget_exhausted" }));
    expect((await call(key, `/v1/sessions/${id}/turns/turn_1`)).text).toContain("budget_micros to");
  });
});

describe("a request that is refused by no fault of its own", () => {
  it("[WORDS-6] is told to a browser in words for people, with its code and when to try again", async () => {
    const account = `acc-${id.slice(0, 18)}`;
    await call(adminKey, "/v1/admin/accounts", { body: { id: account, rate_per_minute: 1 } });
    const { key } = JSON.parse((await call(adminKey, `/v1/admin/accounts/${account}/keys`, { body: {} })).text);
    const token = await tokenOf(key);
    const send = (by: string) => call(by, `/v1/sessions/${id}/messages`, { body: { content: "Hi" } });
    provider.enqueue(refused(401));
    await send(key);
    const [browser, operator] = [await send(token), await send(key)];
    expect([browser.status, operator.status]).toEqual([429, 429]);
    expect(JSON.parse(browser.text)).toMatchObject({
      code: "rate_limited",
      detail: "Too many messages are being answered right now; please try again in a minute.",
    });
    expect(JSON.parse(operator.text).detail).toMatch(/1 messages a minute/);
  });

  it("[WORDS-6] a fault of the request names its field to a browser, too", async () => {
    const answer = await call(await tokenOf("test-key"), `/v1/sessions/${id}/messages`, { body: { content: "" } });
    expect([answer.status, JSON.parse(answer.text).field]).toEqual([400, "content"]);
  });

  it.each(["/v1/chat/completions", "/v1/responses", "/mcp", "/v1/usage", "/v1/deliveries"])(
    "[WORDS-5] and %s, whose answers are for developers and operators, no token opens",
    async (path) => {
      const isRead = /usage|deliveries/.test(path);
      const answer = await call(await tokenOf("test-key"), path, isRead ? {} : { body: {} });
      expect(answer.status).toBe(403);
    },
  );
});
