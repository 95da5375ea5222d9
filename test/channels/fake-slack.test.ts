/** Shows that the tests' Slack is as strict as the real one. */
import { describe, expect, it } from "vitest";
import { createFakeSlack, type FakeSlackOptions } from "../support/fake-slack.ts";

const startMs = 1_700_000_000_000;
const api = "https://slack.com/api/";

type Json = Record<string, unknown>;

function world(options: FakeSlackOptions = {}) {
  let nowMs = startMs;
  const slack = createFakeSlack({ now: () => nowMs, ...options });
  const authorization = { Authorization: `Bearer ${slack.settings.botToken}` };
  const send = (method: string, args: Json = {}, headers: Record<string, string> = authorization) => {
    const flat = Object.entries(args).map(([name, value]) => [
      name,
      typeof value === "object" ? JSON.stringify(value) : String(value),
    ]);
    return slack.fetch(api + method, { method: "POST", headers, body: new URLSearchParams(flat) });
  };
  return {
    slack,
    send,
    call: async (method: string, args: Json = {}): Promise<Json> => (await send(method, args)).json(),
    json: async (method: string, args: Json): Promise<Json> => {
      const headers = { ...authorization, "Content-Type": "application/json; charset=utf-8" };
      return (await slack.fetch(api + method, { method: "POST", headers, body: JSON.stringify(args) })).json();
    },
    download: (id: string, headers: Record<string, string> = authorization) =>
      slack.fetch(`https://files.slack.com/files/${id}`, { headers }),
    answer: (id: string, body: unknown) =>
      slack.fetch(`https://hooks.slack.com/response/${id}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      }),
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

const inDm = { channel: "D1", thread_ts: "1.1" };
const task = (status: string, more: Json = {}) => ({ type: "task_update", id: "t", title: "Search", status, ...more });
const said = (text: string) => ({ type: "markdown_text", text });
const section = (text: string) => ({ type: "section", text: { type: "mrkdwn", text } });
const button = (more: Json = {}) => ({ type: "button", text: { type: "plain_text", text: "Yes" }, ...more });
const actions = (...elements: Json[]) => ({ type: "actions", elements });
const metadata = { event_type: "delivery", event_payload: { id: "1" } };

async function stream(at: ReturnType<typeof world>, more: Json = {}): Promise<{ channel: string; ts: string }> {
  const { channel, ts } = await at.call("chat.startStream", { ...inDm, ...more });
  return { channel: String(channel), ts: String(ts) };
}

describe("the fake Slack's Web API", () => {
  it.each([
    ["no token", {}, "not_authed"],
    ["a wrong token", { Authorization: "Bearer xoxb-other" }, "invalid_auth"],
  ])("[CHANNEL-0] refuses %s", async (_, headers, error) => {
    const answer = await world().send("auth.test", {}, headers);
    expect([answer.status, await answer.json()]).toEqual([200, { ok: false, error }]);
  });

  it("[CHANNEL-0] says whose token it is", async () => {
    expect(await world().call("auth.test")).toMatchObject({ ok: true, user_id: "UBOT", bot_id: "B1", team_id: "T1" });
  });

  const long = "x".repeat(12_001);
  const post = (more: Json): [string, Json] => ["chat.postMessage", { channel: "C1", ...more }];
  const start = (more: Json): [string, Json] => ["chat.startStream", { ...inDm, ...more }];
  const blocks = (...all: Json[]): [string, Json] => post({ blocks: all });

  it.each<[string, string, Json]>([
    ["unknown_method", "chat.shout", {}],
    ["channel_not_found", ...post({ channel: "X1", text: "hi" })],
    ["no_text", ...post({})],
    ["msg_too_long", ...post({ markdown_text: long })],
    ["markdown_text_conflict", ...post({ markdown_text: "a", text: "b" })],
    ["markdown_text_conflict", ...post({ markdown_text: "a", blocks: [section("b")] })],
    ["invalid_metadata_format", ...post({ text: "a", metadata: { event_type: "x" } })],
    ["invalid_blocks_format", ...post({ text: "a", blocks: "[{" })],
    ["invalid_blocks", ...blocks({ text: "no type" })],
    ["invalid_blocks", ...blocks(...Array.from({ length: 51 }, () => ({ type: "divider" })))],
    ["invalid_blocks", ...blocks(section("x".repeat(3_001)))],
    ["invalid_blocks", ...blocks(section(""))],
    ["invalid_blocks", ...blocks({ type: "section" })],
    ["invalid_blocks", ...blocks({ type: "header", text: { type: "plain_text", text: "x".repeat(151) } })],
    ["invalid_blocks", ...blocks({ type: "markdown", text: long })],
    ["invalid_blocks", ...blocks(actions())],
    ["invalid_blocks", ...blocks(actions(...Array.from({ length: 26 }, () => button())))],
    ["invalid_blocks", ...blocks(actions(button({ text: { type: "plain_text", text: "x".repeat(76) } })))],
    ["invalid_blocks", ...blocks(actions(button({ text: { type: "mrkdwn", text: "Yes" } })))],
    ["invalid_blocks", ...blocks(actions(button({ value: "x".repeat(2_001) })))],
    ["invalid_blocks", ...blocks(actions(button({ action_id: "x".repeat(256) })))],
    ["invalid_blocks", ...blocks(actions(button({ style: "green" })))],
    ["msg_blocks_too_long", ...blocks(...Array.from({ length: 5 }, () => section("x".repeat(2_900))))],
    ["missing_recipient_user_id", ...start({ channel: "C1", recipient_team_id: "T1" })],
    ["missing_recipient_team_id", ...start({ channel: "G1", recipient_user_id: "U1" })],
    ["msg_too_long", ...start({ markdown_text: long })],
    ["msg_too_long", ...start({ chunks: [said(long)] })],
    ["invalid_chunks", ...start({ chunks: "hello" })],
    ["invalid_chunks", ...start({ chunks: [{ type: "text", text: "a" }] })],
    ["invalid_chunks", ...start({ chunks: [task("done")] })],
    ["invalid_chunks", ...start({ chunks: [{ type: "task_update", id: "t", status: "pending" }] })],
    ["invalid_blocks", ...start({ chunks: [{ type: "blocks", blocks: [section("")] }] })],
    ["cannot_provide_both_markdown_text_and_chunks", ...start({ markdown_text: "a", chunks: [said("b")] })],
    ["message_not_found", "chat.appendStream", { channel: "D1", ts: "9.9", markdown_text: "a" }],
    ["message_not_found", "chat.stopStream", { channel: "D1", ts: "9.9" }],
    ["message_not_found", "chat.update", { channel: "D1", ts: "9.9", text: "a" }],
    ["thread_not_found", "conversations.replies", { channel: "C1", ts: "9.9" }],
    ["user_not_found", "users.info", { user: "U9" }],
    ["file_not_found", "files.info", { file: "F9" }],
    ["invalid_status", "agents.sessions.setStatus", { channel_id: "C1", thread_ts: "1.1", status: "busy" }],
    ["thread_ts_required", "agents.sessions.setStatus", { channel_id: "C1", status: "active" }],
    ["session_not_found", "agents.sessions.rename", { channel_id: "C1", thread_ts: "1.1", title: "a" }],
  ])("[CHANNEL-0] answers %s to %s %#", async (error, method, args) => {
    const { slack, send } = world();
    const answer = await send(method, args);
    expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ ok: false, error })]);
    expect(slack.calls).toEqual([expect.objectContaining({ method, atMs: startMs, ok: false, error })]);
    expect(slack.messages(String(args.channel))).toEqual([]);
  });

  it.each<[string, string, Json]>([
    ["channel", "chat.postMessage", { text: "a" }],
    ["thread_ts", "chat.startStream", { channel: "D1" }],
    ["ts", "chat.appendStream", { channel: "D1" }],
    ["user", "chat.postEphemeral", { channel: "C1", text: "a" }],
    ["channel_id", "agents.sessions.setStatus", { status: "active" }],
    ["title", "assistant.threads.setTitle", { channel_id: "D1", thread_ts: "1.1" }],
    ["prompts", "assistant.threads.setSuggestedPrompts", { channel_id: "D1" }],
    ["at most 4", "assistant.threads.setSuggestedPrompts", { channel_id: "D1", prompts: [1, 2, 3, 4, 5] }],
  ])("[CHANNEL-0] names the argument %s that %s misses", async (name, method, args) => {
    expect(await world().call(method, args)).toMatchObject({
      error: "invalid_arguments",
      response_metadata: { messages: [expect.stringContaining(name)] },
    });
  });

  it("[CHANNEL-0] reads JSON where Slack does, and ignores it where Slack does", async () => {
    const { slack, json } = world();
    slack.addUser("U1", "Ada");
    expect(await json("chat.postMessage", { channel: "C1", text: "a", metadata })).toMatchObject({ ok: true });
    expect(await json("users.info", { user: "U1" })).toMatchObject({ error: "invalid_arguments" });
  });

  it("[CHANNEL-0] tells users and files", async () => {
    const { slack, call } = world();
    slack.addUser("U1", "Ada", { tz: "UTC" });
    const file = slack.addFile("F1", { body: "hello", contentType: "text/plain" });
    expect(await call("users.info", { user: "U1" })).toMatchObject({
      user: { tz: "UTC", profile: { real_name: "Ada" } },
    });
    expect(await call("files.info", { file: "F1" })).toEqual({ ok: true, file });
    expect(file).toMatchObject({ mimetype: "text/plain", size: 5, url_private: "https://files.slack.com/files/F1" });
  });

  it("[CHANNEL-0] keeps the status of a session", async () => {
    const { slack, call } = world();
    const at = { channel_id: "C1", thread_ts: "1.1" };
    const set = (status: string) => call("agents.sessions.setStatus", { ...at, status, title: "First" });
    expect(await set("processing")).toEqual({
      ok: true,
      status: "processing",
      agent_status: "processing",
      title: "First",
    });
    expect(await call("agents.sessions.rename", { ...at, title: "Second" })).toEqual({ ok: true, title: "Second" });
    expect(await set("closed")).toMatchObject({ title: "Second" });
    expect([slack.status("C1", "1.1"), slack.status("C1", "2.2")]).toEqual(["closed", undefined]);
    expect(await call("assistant.threads.setStatus", { ...at, status: "" })).toEqual({ ok: true });
  });

  it.each([
    ["chat.startStream", 20, inDm],
    ["users.info", 100, { user: "UBOT" }],
    ["chat.postMessage", 60, { channel: "C1", text: "a" }],
    ["agents.sessions.setStatus", 50, { channel_id: "C1", thread_ts: "1.1", status: "active" }],
  ])("[CHANNEL-0] takes of %s %i calls a minute", async (method, most, args) => {
    const { send, call, pass } = world();
    for (let count = 0; count < most; count++) expect(await call(method, args)).toMatchObject({ ok: true });
    pass(20_500);
    const refused = await send(method, args);
    expect([refused.status, refused.headers.get("Retry-After")]).toEqual([429, "40"]);
    expect(await refused.json()).toEqual({ ok: false, error: "ratelimited" });
    expect(await call("auth.test")).toMatchObject({ ok: true });
    pass(40_000);
    expect(await call(method, args)).toMatchObject({ ok: true });
  });
});

describe("the fake Slack's messages", () => {
  it("[CHANNEL-0] have increasing ids of their own", async () => {
    const { slack, call, pass } = world();
    for (const text of ["a", "b"]) await call("chat.postMessage", { channel: "C1", text });
    pass(1_234);
    await call("chat.postMessage", { channel: "C1", text: "c" });
    expect(slack.messages("C1").map(({ ts }) => ts)).toEqual([
      "1700000000.000100",
      "1700000000.000200",
      "1700000001.234100",
    ]);
  });

  it("[CHANNEL-0] are cut at 40,000 characters when they are posted", async () => {
    const { slack, call } = world();
    const posted = await call("chat.postMessage", { channel: "C1", text: "x".repeat(40_001) });
    expect(posted).toMatchObject({ ok: true, warning: "message_truncated" });
    expect(slack.messages("C1")[0]?.text).toHaveLength(40_000);
  });

  it("[CHANNEL-0] are written anew as a whole", async () => {
    const { slack, call } = world();
    const { ts } = await call("chat.postMessage", {
      channel: "C1",
      text: "old",
      blocks: [actions(button())],
      metadata,
    });
    const update = (more: Json) => call("chat.update", { channel: "C1", ts, ...more });
    expect(await update({ text: "new" })).toMatchObject({ ok: true, channel: "C1", ts, text: "new" });
    expect(slack.messages("C1")).toMatchObject([{ text: "new", edits: 1, blocks: [actions(button())], metadata }]);
    await update({ text: "newer", blocks: [], metadata: {} });
    expect(slack.messages("C1")).toEqual([
      { ts, user: "UBOT", botId: "B1", appId: "A1", text: "newer", tasks: [], edits: 2 },
    ]);
  });

  it.each([
    ["msg_too_long", { text: "x".repeat(4_001) }],
    ["msg_too_long", { markdown_text: "x".repeat(12_001) }],
    ["markdown_text_conflict", { markdown_text: "a", text: "b" }],
    ["no_text", {}],
  ])("[CHANNEL-0] are not updated: %s %#", async (error, args) => {
    const { call } = world();
    const { ts } = await call("chat.postMessage", { channel: "C1", text: "a" });
    expect(await call("chat.update", { channel: "C1", ts, ...args })).toEqual({ ok: false, error });
  });

  it("[CHANNEL-0] of others are not the bot's to change", async () => {
    const { slack, call } = world();
    const { ts } = slack.addMessage("C1", { user: "U1", text: "mine" });
    const at = { channel: "C1", ts };
    expect(await call("chat.update", { ...at, text: "b" })).toMatchObject({ error: "cant_update_message" });
    expect(await call("chat.stopStream", at)).toMatchObject({ error: "message_not_owned_by_app" });
  });

  it("[CHANNEL-0] are told by thread, in pages, and with metadata where it is asked for", async () => {
    const { slack, call } = world();
    const root = slack.addMessage("C1", { text: "question" }).ts;
    await call("chat.postMessage", { channel: "C1", thread_ts: root, text: "one", metadata });
    const stream = { channel: "C1", thread_ts: root, recipient_user_id: "U1", recipient_team_id: "T1" };
    const { ts } = await call("chat.startStream", { ...stream, markdown_text: "two" });
    await call("chat.postMessage", { channel: "C1", text: "elsewhere" });
    const replies = (more: Json = {}) => call("conversations.replies", { channel: "C1", ts: root, ...more });
    const one = { user: "UBOT", bot_id: "B1", app_id: "A1", thread_ts: root, text: "one" };
    const all = (await replies({ include_all_metadata: true })) as { messages: Json[] };
    expect(all).toMatchObject({ has_more: false, response_metadata: { next_cursor: "" } });
    expect(all.messages).toMatchObject([
      { user: "U1", text: "question", thread_ts: root, ts: root, reply_count: 2 },
      { ...one, metadata },
      { ts, text: "two", streaming_state: "in_progress" },
    ]);
    const first = (await replies({ limit: 2 })) as { messages: Json[]; response_metadata: Json };
    expect([first.messages.length, first.messages[1]?.metadata]).toEqual([2, undefined]);
    const rest = await replies({ limit: 2, cursor: first.response_metadata.next_cursor });
    expect(rest).toMatchObject({ has_more: false, messages: [{ text: "two" }] });
    expect(await replies({ cursor: "?" })).toMatchObject({ error: "invalid_cursor" });
    const later = await replies({ oldest: all.messages[1]?.ts });
    expect(later).toMatchObject({ messages: [{ text: "question" }, { text: "two" }] });
    const history = await call("conversations.history", { channel: "C1" });
    expect(history).toMatchObject({ messages: [{ text: "elsewhere" }, { text: "question" }] });
    expect(slack.messages("C1", root).map(({ text }) => text)).toEqual(["question", "one", "two"]);
  });

  it("[CHANNEL-0] that would notify people are noticed, however they are put together", async () => {
    const at = world();
    const { ts } = await stream(at, { markdown_text: "a <!chan" });
    await at.call("chat.appendStream", { channel: "D1", ts, markdown_text: "nel> b" });
    await at.call("chat.stopStream", { channel: "D1", ts, markdown_text: " c" });
    const text = "<!here> <@U1> <!subteam^S1|dev> &lt;!everyone&gt; @channel <https://example.com>";
    await at.call("chat.postMessage", { channel: "C1", text });
    const plain = { type: "header", text: { type: "plain_text", text: "<!everyone>" } };
    await at.call("chat.postMessage", { channel: "C1", blocks: [section("<!everyone>"), plain] });
    at.slack.addMessage("C1", { text: "<!channel>" });
    expect(at.slack.pings).toEqual(["<!channel>", "<!here>", "<@U1>", "<!subteam^S1|dev>", "<!everyone>"]);
  });
});

describe("the fake Slack's streams", () => {
  it("[CHANNEL-0] show what was said and the newest state of each task", async () => {
    const at = world();
    const { ts } = await stream(at, { chunks: [task("in_progress", { details: "a query" }), said("One")] });
    await at.call("chat.appendStream", {
      channel: "D1",
      ts,
      chunks: [said(", two"), task("complete", { output: "3" })],
    });
    const end = { channel: "D1", ts, chunks: [said(".")], blocks: [actions(button())], metadata };
    expect(await at.call("chat.stopStream", end)).toMatchObject({ ok: true, ts, message: { text: "One, two." } });
    const shown = { ts, threadTs: "1.1", user: "UBOT", botId: "B1", appId: "A1", text: "One, two.", edits: 0 };
    const tasks = [{ id: "t", title: "Search", status: "complete", details: "a query", output: "3" }];
    const ended = { streamingState: "completed", blocks: [actions(button())], metadata };
    expect(at.slack.messages("D1")).toEqual([{ ...shown, ...ended, tasks }]);
    await at.call("chat.update", { channel: "D1", ts, markdown_text: "Anew" });
    expect(at.slack.messages("D1")).toMatchObject([{ text: "Anew", tasks: [], edits: 1 }]);
  });

  it("[CHANNEL-0] are not edited while they live, and not gone on with after their end", async () => {
    const at = world();
    const its = await stream(at, { markdown_text: "a" });
    expect(await at.call("chat.update", { ...its, text: "b" })).toMatchObject({ error: "streaming_state_conflict" });
    expect(await at.call("chat.appendStream", its)).toMatchObject({ error: "no_text" });
    expect(await at.call("chat.stopStream", its)).toMatchObject({ ok: true });
    const over = { ok: false, error: "message_not_in_streaming_state" };
    expect(await at.call("chat.appendStream", { ...its, markdown_text: "b" })).toEqual(over);
    expect(await at.call("chat.stopStream", its)).toEqual(over);
  });

  it.each([
    ["text", { markdown_text: "a" }, { chunks: [said("b")] }],
    ["chunks", { chunks: [said("a")] }, { markdown_text: "b" }],
  ])("[CHANNEL-0] stay with %s, once begun with it", async (_, first, other) => {
    const at = world();
    const its = await stream(at, first);
    expect(await at.call("chat.appendStream", { ...its, ...other })).toMatchObject({
      error: "streaming_mode_mismatch",
    });
    expect(await at.call("chat.appendStream", { ...its, ...first })).toMatchObject({ ok: true });
  });

  it.each([
    ["5 minutes after their start", 30_000, 10],
    ["when they are left alone for a minute", 60_000, 1],
  ])("[CHANNEL-0] die %s", async (_, gapMs, count) => {
    const at = world();
    const its = await stream(at, { markdown_text: "a" });
    const append = () => at.call("chat.appendStream", { ...its, markdown_text: "b" });
    for (let place = 1; place < count; place++) {
      at.pass(gapMs);
      expect(await append()).toMatchObject({ ok: true });
    }
    at.pass(gapMs);
    expect(await append()).toEqual({ ok: false, error: "message_not_in_streaming_state" });
    expect(at.slack.messages("D1")).toMatchObject([{ streamingState: "errored" }]);
    expect(await at.call("chat.update", { ...its, text: "whole" })).toMatchObject({ ok: true });
  });

  it("[CHANNEL-0] end when the test says so", async () => {
    const at = world();
    const its = await stream(at, { markdown_text: "a" });
    at.slack.expireStream(its.ts);
    const late = await at.call("chat.appendStream", { ...its, markdown_text: "b" });
    expect(late).toEqual({ ok: false, error: "message_not_in_streaming_state" });
  });

  it("[CHANNEL-0] are too long as a whole, tasks and all", async () => {
    const at = world();
    const its = await stream(at, { chunks: [said("x".repeat(12_000))] });
    const chunks = [task("complete", { output: "y".repeat(1_200) })];
    expect(await at.call("chat.stopStream", { ...its, chunks })).toEqual({ ok: false, error: "msg_too_long" });
    expect(at.slack.messages("D1")).toMatchObject([{ tasks: [], streamingState: "errored" }]);
  });
});

describe("the fake Slack's misbehaviour", () => {
  const hi = { channel: "C1", text: "hi" };

  it("[CHANNEL-0] comes in the order that was asked for, once each", async () => {
    const { slack, send } = world();
    slack.next("chat.postMessage", { error: "is_archived" }, { http: 503, body: "down" }, { ratelimited200: true });
    slack.next("chat.postMessage", { http: 429, retryAfter: 7 });
    const answers = [];
    for (let count = 0; count < 5; count++) answers.push(await send("chat.postMessage", hi));
    expect(answers.map(({ status }) => status)).toEqual([200, 503, 200, 429, 200]);
    expect(await answers[1]?.text()).toBe("down");
    expect(answers[3]?.headers.get("Retry-After")).toBe("7");
    const errors = ["is_archived", "http_503", "ratelimited", "ratelimited", undefined];
    expect(slack.calls.map(({ error }) => error)).toEqual(errors);
    expect(slack.messages("C1")).toHaveLength(1);
  });

  it.each([
    ["drop_response", 1, true],
    ["drop_request", 0, false],
  ] as const)("[CHANNEL-0] %s breaks the connection", async (how, posted, ok) => {
    const { slack, send } = world();
    slack.next("chat.postMessage", how);
    await expect(send("chat.postMessage", hi)).rejects.toThrow(TypeError);
    expect(slack.messages("C1")).toHaveLength(posted);
    expect(slack.calls).toMatchObject([{ method: "chat.postMessage", args: hi, ok }]);
  });
});

describe("the fake Slack's files and response_urls", () => {
  it.each([
    ["without the token", {}, false],
    ["without the scope", undefined, true],
  ])("[CHANNEL-0] shows its login page %s", async (_, headers, needsScope) => {
    const { slack, download } = world();
    slack.addFile("F1", { body: "hello", contentType: "text/plain", needsScope });
    const page = await download("F1", headers);
    expect([page.status, page.headers.get("Content-Type")]).toEqual([200, "text/html; charset=utf-8"]);
    expect(await page.text()).toMatch(/^<!DOCTYPE html>/);
  });

  it("[CHANNEL-0] gives a file to whoever may read it", async () => {
    const { slack, download } = world();
    slack.addFile("F1", { body: "hello", contentType: "text/plain" });
    const file = await download("F1");
    expect([file.headers.get("Content-Type"), await file.text()]).toEqual(["text/plain", "hello"]);
  });

  it("[CHANNEL-0] takes five answers at a response_url", async () => {
    const { slack, answer } = world();
    const { responseId } = await slack.slash();
    const statuses = [];
    for (const text of ["1", "", "2", "3", "4", "5", "6"]) statuses.push((await answer(responseId, { text })).status);
    expect(statuses).toEqual([200, 400, 200, 200, 200, 200, 404]);
    expect(slack.responses(responseId).map(({ text }) => text)).toEqual(["1", "2", "3", "4", "5"]);
  });

  it("[CHANNEL-0] takes no answer at a response_url of half an hour ago", async () => {
    const { slack, answer, pass } = world();
    const { responseId } = await slack.slash();
    pass(30 * 60_000);
    const late = await answer(responseId, { text: "a" });
    expect([late.status, await late.json()]).toEqual([404, { ok: false, error: "expired_url" }]);
  });
});

describe("the fake Slack's requests", () => {
  it("[CHANNEL-0] are signed as in Slack's own example", async () => {
    const { slack } = world();
    const body =
      "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const signed = await slack.sign(body, "application/x-www-form-urlencoded", 1_531_420_618_000);
    expect(signed).toEqual({
      body,
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": "1531420618",
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
      },
    });
  });

  it("[CHANNEL-0] tell of events, whose messages are in their channel from then on", async () => {
    const { slack } = world();
    const first = await slack.event({ type: "message", channel: "D1", user: "U1", text: "hi" });
    const { ts } = slack.messages("D1")[0] ?? {};
    const event = { type: "message", channel: "D1", channel_type: "im", user: "U1", text: "hi", ts, event_ts: ts };
    expect(JSON.parse(first.body)).toMatchObject({ type: "event_callback", team_id: "T1", event_id: "Ev0001", event });
    const again = { retryNum: 1, eventId: "Ev0001", envelope: { team_id: "T2" }, atMs: startMs - 400_000 };
    const second = await slack.event({ type: "app_mention", channel: "D1", user: "U1", text: "hi", ts }, again);
    expect(second.headers).toMatchObject({
      "x-slack-retry-num": "1",
      "x-slack-retry-reason": "http_timeout",
      "x-slack-request-timestamp": "1699999600",
    });
    expect(JSON.parse(second.body)).toMatchObject({ team_id: "T2", event_id: "Ev0001" });
    expect(slack.messages("D1")).toHaveLength(1);
  });

  it("[CHANNEL-0] tell of slash commands and of pressed buttons, each with a response_url", async () => {
    const { slack, answer } = world();
    const slash = await slack.slash({ command: "/ask", text: "why?" });
    const fields = Object.fromEntries(new URLSearchParams(slash.body));
    const response_url = `https://hooks.slack.com/response/${slash.responseId}`;
    expect(fields).toMatchObject({ command: "/ask", text: "why?", response_url, is_enterprise_install: "false" });
    const pressed = await slack.interaction({ channel: { id: "C1" }, actions: [{ action_id: "yes" }] });
    const payload = JSON.parse(new URLSearchParams(pressed.body).get("payload") ?? "");
    expect(payload).toMatchObject({ type: "block_actions", team: { id: "T1" }, actions: [{ action_id: "yes" }] });
    expect(payload.response_url).not.toBe(response_url);
    expect(payload.trigger_id).not.toBe(fields.trigger_id);
    expect((await answer(pressed.responseId, { text: "done" })).status).toBe(200);
  });
});
