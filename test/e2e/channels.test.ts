import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { promisify } from "node:util";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { createFakeDiscord } from "../support/fake-discord.ts";
import { createFakeReceiver } from "../support/fake-receiver.ts";
import { createFakeSlack } from "../support/fake-slack.ts";
import { serveFetch } from "../support/serve-fetch.ts";
import { type DevServer, freshFolder, reach, startDev } from "../support/wrangler-dev.ts";

const hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const callbackSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
let slack = createFakeSlack();
let discord: Awaited<ReturnType<typeof createFakeDiscord>>;
let receiver: ReturnType<typeof createFakeReceiver>;
let outside: { url: string; close(): Promise<void> }[] = [];
let dev: DevServer;
let data: string;
const start = () =>
  startDev({
    persistTo: data,
    vars: {
      ADMIN_KEY: "e2e-admin-key-16",
      SLACK_SIGNING_SECRET: slack.settings.signingSecret,
      SLACK_BOT_TOKEN: slack.settings.botToken,
      SLACK_API_URL: `${outside[0]?.url}/api`,
      DISCORD_PUBLIC_KEY: discord.settings.publicKey,
      DISCORD_BOT_TOKEN: discord.settings.botToken,
      DISCORD_API_URL: `${outside[1]?.url}/api/v10`,
      WEBHOOK_SECRETS: `orders=${hookSecret},callback=${callbackSecret}`,
    },
  });

beforeAll(async () => {
  data = await freshFolder();
  discord = await createFakeDiscord();
  receiver = createFakeReceiver({ secrets: [callbackSecret] });
  outside = await Promise.all([
    serveFetch((input, init) => slack.fetch(input, init)),
    serveFetch((input, init) => discord.fetch(input, init)),
    serveFetch((input, init) => receiver.fetch(input, init)),
  ]);
  dev = await start();
});
afterAll(async () => {
  await dev.stop();
  await Promise.all(outside.map((each) => each.close()));
  await rm(data, { recursive: true, force: true });
});
/** A workspace of its own for each test: Slack's limits count per minute. */
beforeEach(() => {
  slack = createFakeSlack({ origin: outside[0]?.url ?? "" });
  slack.addUser("U1", "Ada");
});

type Signed = { headers: Record<string, string>; body: string };
const post = (path: string, { headers, body }: Signed) => reach(`${dev.url}${path}`, { method: "POST", headers, body });
const ask = async (path: string) => {
  const answer = await reach(`${dev.url}${path}`, { headers: { Authorization: "Bearer dev-key" } });
  // biome-ignore lint/suspicious/noExplicitAny: tests look into the JSON with matchers
  return (await answer.json()) as any;
};
const within = { timeout: 30_000, interval: 50 };
const turnsOf = async (session: string): Promise<number> => {
  const { entries = [] } = await ask(`/v1/sessions/${session}/entries?limit=500`);
  return entries.filter(({ type }: { type: string }) => type === "turn_ended").length;
};

let lastTs = 0;
/** A mention that begins a thread. */
function mention(text: string, channel = "C1") {
  const ts = `1700000000.${String(++lastTs).padStart(6, "0")}`;
  const event = { type: "app_mention", user: "U1", channel, ts, text: `<@UBOT> ${text}`, client_msg_id: `g${lastTs}` };
  return { ts, event, session: `slack_T1_${channel}_${ts.replace(".", "-")}` };
}
const envelope = { authorizations: [{ user_id: "UBOT", team_id: "T1" }] };
const answersIn = (channel: string, ts: string) =>
  slack.messages(channel, ts).filter(({ botId }) => botId !== undefined);
const answered = (channel: string, ts: string) =>
  vi.waitFor(() => {
    const answers = answersIn(channel, ts);
    expect(answers.length).toBeGreaterThan(0);
    expect(answers.every(({ streamingState }) => streamingState !== "in_progress")).toBe(true);
    expect(slack.status(channel, ts)).toBe("active");
    return answers;
  }, within);

it("[E2E-8] a mention is answered in its thread, once, however often and under whatever id it comes", async () => {
  const { ts, event, session } = mention("what is 17 * 23?");
  const storm = Array.from({ length: 11 }, async (_, n) => {
    const twin = n % 3 === 2 ? { ...event, type: "message", channel_type: "channel" } : event;
    return post("/channels/slack", await slack.event(twin, { eventId: n % 2 ? "Ev1" : "Ev2", retryNum: n, envelope }));
  });
  for (const answer of await Promise.all(storm)) expect(answer.status).toBe(200);
  const answers = await answered("C1", ts);
  expect(answers).toHaveLength(1);
  expect(answers[0]?.text).toContain("391");
  expect(await turnsOf(session)).toBe(1);
  const follow = { type: "message", user: "U1", channel: "C1", ts: "1700000001.000001", thread_ts: ts, text: "thanks" };
  await post("/channels/slack", await slack.event(follow, { envelope }));
  await vi.waitFor(async () => expect(await turnsOf(session)).toBe(2), within);
});

it("[E2E-8] twenty threads at once get an answer each", async () => {
  const threads = Array.from({ length: 20 }, (_, n) => mention(`what is ${n} * 3?`, "C2"));
  await Promise.all(threads.map(async ({ event }) => post("/channels/slack", await slack.event(event, { envelope }))));
  for (const [n, { ts }] of threads.entries()) {
    const answers = await answered("C2", ts);
    expect(answers).toHaveLength(1);
    expect(answers[0]?.text).toContain(String(n * 3));
  }
});

it("[E2E-8] an approval by button: once, by whoever asked", async () => {
  const { ts, event, session } = mention("Please post 17 pencils to https://example.com/orders", "C3");
  await post("/channels/slack", await slack.event(event, { envelope }));
  const asking = await vi.waitFor(() => {
    const found = answersIn("C3", ts).find(({ blocks }) => JSON.stringify(blocks ?? "").includes("longline_deny"));
    expect(found).toBeDefined();
    return found;
  }, within);
  const value = /"value":("(?:[^"\\]|\\.)*")/.exec(JSON.stringify(asking?.blocks))?.[1] ?? '""';
  const press = async (user: string) =>
    slack.interaction({
      type: "block_actions",
      team: { id: "T1" },
      user: { id: user, username: user },
      channel: { id: "C3" },
      actions: [{ type: "button", action_id: "longline_deny", value: JSON.parse(value) }],
    });
  expect((await post("/channels/slack", await press("U9"))).status).toBe(200);
  expect((await ask(`/v1/sessions/${session}`)).status).toBe("waiting");
  await Promise.all([post("/channels/slack", await press("U1")), post("/channels/slack", await press("U1"))]);
  await vi.waitFor(async () => expect(await turnsOf(session)).toBe(1), within);
  const { entries } = await ask(`/v1/sessions/${session}/entries`);
  expect(entries.filter(({ type }: { type: string }) => type === "approval")).toMatchObject([
    { approve: false, by: "U1" },
  ]);
  await vi.waitFor(() => expect(JSON.stringify(answersIn("C3", ts))).toContain("Denied by U1."), within);
});

it("[E2E-8] a server killed in mid-stream leaves one whole answer", async () => {
  const { ts, event, session } = mention("what time is it in Tokyo, and what is 6 * 7?", "C4");
  await post("/channels/slack", await slack.event(event, { envelope }));
  await vi.waitFor(() => expect(answersIn("C4", ts)).toHaveLength(1), { timeout: 10_000, interval: 5 });
  await dev.kill();
  dev = await start();
  const answers = await answered("C4", ts);
  expect(answers).toHaveLength(1);
  expect(answers[0]?.text).toContain("42");
  expect(await turnsOf(session)).toBe(1);
});

it("[E2E-8] [BUSY-4] a stop in Slack stops the turn, and a slash command is answered where it was given", async () => {
  const { ts, event, session } = mention("what time is it in Tokyo, and what is 6 * 7?", "C5");
  await post("/channels/slack", await slack.event(event, { envelope }));
  const stop = { type: "agent_session_stopped", channel: "C5", thread_ts: ts, user: "U1" };
  expect((await post("/channels/slack", await slack.event(stop, { envelope }))).status).toBe(200);
  await vi.waitFor(async () => {
    const { entries } = await ask(`/v1/sessions/${session}/entries`);
    expect(entries.at(-1)).toMatchObject({ type: "turn_ended", reason: "cancelled" });
  }, within);
  const slash = await slack.slash({ text: "what is 17 * 23?" });
  const taken = await post("/channels/slack", slash);
  expect(taken.status).toBe(200);
  await vi.waitFor(() => expect(slack.responses(slash.responseId)).toHaveLength(1), within);
  expect(JSON.stringify(slack.responses(slash.responseId))).toContain("391");
});

it("[DISCORD-1] a denial asks for the reason, which the model reads", async () => {
  const where = { channelId: "79", userId: "42" };
  const asked = await discord.ask("Please post 17 pencils to https://example.com/orders", where);
  const first = await post("/channels/discord", asked);
  discord.answered(asked.token, { status: first.status, body: await first.json(), contentType: "application/json" });
  const customId = await vi.waitFor(() => {
    const shown = JSON.stringify(discord.messages("79"));
    const found = [...shown.matchAll(/"custom_id":"((?:[^"\\\\]|\\\\.)*)"/g)].map(([, id = ""]) => id);
    expect(found).toHaveLength(2);
    return found[1] ?? "";
  }, within);
  const press = async (userId: string) => {
    const pressed = await discord.press(customId, { ...where, userId });
    const answer = await post("/channels/discord", pressed);
    const body = (await answer.json()) as { type: number; data?: { custom_id?: string } };
    discord.answered(pressed.token, { status: answer.status, body, contentType: "application/json" });
    return body;
  };
  expect((await press("7")).type).toBe(4);
  const modal = await press("42");
  expect(modal.type).toBe(9);
  const submitted = await discord.submit(modal.data?.custom_id ?? "", { reason: "We have enough." }, where);
  const done = await post("/channels/discord", submitted);
  discord.answered(submitted.token, { status: done.status, body: await done.json(), contentType: "application/json" });
  await vi.waitFor(async () => {
    const { sessions } = await ask("/v1/sessions?limit=100");
    const { id } = sessions.find(({ id }: { id: string }) => /^discord_.*_79$/.test(id));
    const { entries } = await ask(`/v1/sessions/${id}/entries`);
    expect(JSON.stringify(entries)).toContain("We have enough.");
  }, within);
});

it("[DISCORD-1] a command is deferred, answered in its message, and a press twice counts once", async () => {
  const pong = await post("/channels/discord", await discord.ping());
  expect([pong.status, await pong.json()]).toEqual([200, { type: 1 }]);
  const bad = await discord.ping();
  expect((await post("/channels/discord", { ...bad, body: `${bad.body} ` })).status).toBe(401);
  const asked = await discord.ask("what is 17 * 23?", { channelId: "77", userId: "42" });
  const answers = await Promise.all([post("/channels/discord", asked), post("/channels/discord", asked)]);
  const [first] = answers;
  const body = await first?.json();
  expect(body).toEqual({ type: 5 });
  discord.answered(asked.token, { status: first?.status ?? 0, body, contentType: "application/json" });
  await vi.waitFor(() => {
    expect(discord.messages("77")).toMatchObject([{ via: "original", loading: false }]);
    expect(discord.messages("77")[0]?.content).toContain("391");
  }, within);
  const about = await discord.askAbout(
    { id: "9", content: "We ship on Friday", author: { id: "5", username: "bo" } },
    { channelId: "78" },
  );
  const told = await post("/channels/discord", about);
  discord.answered(about.token, { status: told.status, body: await told.json(), contentType: "application/json" });
  await vi.waitFor(() => expect(discord.messages("78")[0]?.content).toContain("We ship on Friday"), within);
});

it("[DISCORD-7] a text file of a command is read after the answer, and what is asked about is quoted", async () => {
  const file = discord.upload("facts.txt", "The launch code is pineapple.");
  const url = file.url.replace("https://cdn.discordapp.com", outside[1]?.url ?? "");
  const asked = await discord.ask("Repeat this", { channelId: "80", userId: "42", file: { ...file, url } });
  const answer = await post("/channels/discord", asked);
  const body = await answer.json();
  expect(body).toEqual({ type: 5 });
  discord.answered(asked.token, { status: answer.status, body, contentType: "application/json" });
  await vi.waitFor(async () => {
    const { entries = [] } = await ask("/v1/sessions/discord_300_80/entries");
    expect(JSON.stringify(entries)).toContain("The launch code is pineapple.");
    expect(discord.messages("80")[0]?.loading).toBe(false);
  }, within);
});

it("[DISCORD-5] a command stops the turn of its channel, and says when nothing runs", async () => {
  const where = { channelId: "81", userId: "42" };
  const asked = await discord.ask("Please post 17 pencils to https://example.com/orders", where);
  const first = await post("/channels/discord", asked);
  discord.answered(asked.token, { status: first.status, body: await first.json(), contentType: "application/json" });
  await vi.waitFor(() => expect(JSON.stringify(discord.messages("81"))).toContain("longline:approve:"), within);
  const stop = async () => {
    const sent = await discord.command("stop", where);
    const answer = await post("/channels/discord", sent);
    const body = (await answer.json()) as { data: { content: string } };
    discord.answered(sent.token, { status: answer.status, body, contentType: "application/json" });
    return body.data.content;
  };
  expect(await stop()).toBe("Stopped.");
  await vi.waitFor(async () => {
    const { entries } = await ask("/v1/sessions/discord_300_81/entries");
    expect(entries.at(-1)).toMatchObject({ type: "turn_ended", reason: "cancelled" });
    expect(JSON.stringify(discord.messages("81"))).not.toContain("longline:approve:");
  }, within);
  expect(await stop()).toBe("Nothing is running here.");
});

/** A webhook as its sender signs it. */
function hook(id: string, payload: object): Signed {
  const body = JSON.stringify(payload);
  const now = new Date();
  const headers = {
    "Content-Type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
    "webhook-signature": new Webhook(hookSecret).sign(id, now, body),
  };
  return { headers, body };
}

it("[WORDS-4] a person whose message the budget does not cover reads one sentence, in Slack and in Discord", async () => {
  const admin = async (method: string, path: string, body: object) => {
    const headers = { Authorization: "Bearer e2e-admin-key-16", "Content-Type": "application/json" };
    const answer = await reach(`${dev.url}/v1/admin/accounts${path}`, { method, headers, body: JSON.stringify(body) });
    expect(answer.status).toBeLessThan(300);
  };
  const sentence = "The assistant has used up what it may spend; please ask the people who run it for more.";
  await admin("POST", "", { id: "default", budget_micros: 1 });
  try {
    const { ts, event, session } = mention("what is 17 * 23?", "C9");
    await post("/channels/slack", await slack.event(event, { envelope }));
    expect((await answered("C9", ts)).map(({ text }) => text)).toEqual([`_${sentence}_`]);
    const asked = await discord.ask("what is 17 * 23?", { channelId: "99", userId: "42" });
    const answer = await post("/channels/discord", asked);
    const body = await answer.json();
    discord.answered(asked.token, { status: answer.status, body, contentType: "application/json" });
    await vi.waitFor(() => expect(discord.messages("99")[0]).toMatchObject({ content: `_${sentence}_` }), within);
    expect(discord.messages("99")).toHaveLength(1);
    // What is missing, and where to raise it, the operator reads in the transcript.
    expect(JSON.stringify(await ask(`/v1/sessions/${session}/entries`))).toMatch(/micro-dollars.*budget_micros/);
  } finally {
    await admin("PATCH", "/default", { budget_micros: null });
  }
});

it("[HOOK-1] a webhook is a message, its answer is called back until it is taken, under one id", async () => {
  receiver.next(500);
  const payload = { content: "what is 17 * 23?", session: "o-1", callback_url: `${outside[2]?.url}/done` };
  const first = await post("/channels/webhooks/orders", hook("msg_1", payload));
  const accepted = (await first.json()) as { session: string; turn: string; status_url: string };
  expect([first.status, accepted.session, accepted.turn]).toEqual([202, "hook_orders_o-1", "turn_1"]);
  const again = await post("/channels/webhooks/orders", hook("msg_1", payload));
  expect([again.status, ((await again.json()) as { turn: string }).turn]).toEqual([200, "turn_1"]);
  expect((await post("/channels/webhooks/orders", { ...hook("msg_2", payload), body: "{}" })).status).toBe(401);
  expect((await post("/channels/webhooks/nobody", hook("msg_1", payload))).status).toBe(404);
  await vi.waitFor(() => expect(receiver.accepted).toHaveLength(1), within);
  expect(receiver.deliveries).toMatchObject([
    { valid: true, status: 500, id: receiver.accepted[0] },
    { valid: true, status: 204, id: receiver.accepted[0] },
  ]);
  expect(receiver.deliveries[1]?.body).toMatchObject({
    type: "turn.ended",
    data: { session: "hook_orders_o-1", turn: "turn_1", status: "completed", message: { role: "assistant" } },
  });
  expect(await ask(new URL(accepted.status_url).pathname)).toMatchObject({ status: "completed" });
});

it("[HOOK-2] what a receiver does not want any more is listed, and can be sent again", async () => {
  receiver.next(410);
  const message = { content: "Hi", callback_url: `${outside[2]?.url}/gone` };
  const headers = { Authorization: "Bearer dev-key", "Content-Type": "application/json" };
  await reach(`${dev.url}/v1/sessions/gone/messages`, { method: "POST", headers, body: JSON.stringify(message) });
  const letter = await vi.waitFor(async () => {
    const { deliveries } = await ask("/v1/deliveries?status=dead");
    const found = deliveries.find(({ session }: { session: string }) => session === "gone");
    expect(found).toMatchObject({ channel: "callback", status: "dead" });
    return found;
  }, within);
  expect(letter.error).toContain("410");
  const retried = await reach(`${dev.url}/v1/deliveries/${letter.id}/retry`, { method: "POST", headers });
  expect(retried.status).toBe(202);
  await vi.waitFor(() => expect(receiver.accepted).toContain(letter.id), within);
  expect(JSON.stringify(await ask("/v1/deliveries"))).not.toContain(letter.id);
});

/** `DELIVERIES=1000` for the whole of it. */
const many = Number(process.env.DELIVERIES ?? 40);

it(`[CHANNEL-3] ${many} deliveries, 30 % of them twice: as many turns as messages`, async () => {
  const messages = Array.from({ length: Math.ceil(many * 0.7) }, (_, n) => ({
    id: `many_${n}`,
    session: `s${n % 10}`,
  }));
  const left = [...messages, ...messages.slice(0, many - messages.length)];
  const times: number[] = [];
  const send = async () => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const began = performance.now();
      const answer = await post("/channels/webhooks/orders", hook(next.id, { content: "Hi", session: next.session }));
      times.push(performance.now() - began);
      expect([200, 202]).toContain(answer.status);
      await answer.body?.cancel();
    }
  };
  await Promise.all(Array.from({ length: 4 }, send));
  const at = (share: number) => times.toSorted((a, b) => a - b)[Math.floor(times.length * share)]?.toFixed(0);
  console.log(`${many} deliveries acknowledged: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
  for (let n = 0; n < 10; n++) {
    const due = messages.filter(({ session }) => session === `s${n}`).length;
    await vi.waitFor(async () => expect(await turnsOf(`hook_orders_s${n}`)).toBe(due), {
      timeout: 50_000,
      interval: 100,
    });
  }
});

it("[SLACK-10] a message is acknowledged first; its thread and its file are read in its turn", async () => {
  const root = slack.addMessage("C7", { user: "U1", text: "the code word is heron" }).ts;
  const notes = slack.addFile("F1", { body: "Buy milk", contentType: "text/plain" });
  const { ts } = slack.addMessage("C7", { user: "U1", text: "<@UBOT> hello", threadTs: root, files: [notes] });
  const event = { type: "app_mention", user: "U1", channel: "C7", ts, thread_ts: root, text: "<@UBOT> hello" };
  expect((await post("/channels/slack", await slack.event(event, { envelope }))).status).toBe(200);
  const session = `slack_T1_C7_${root.replace(".", "-")}`;
  await vi.waitFor(async () => expect(await turnsOf(session)).toBe(1), within);
  const { entries } = await ask(`/v1/sessions/${session}/entries`);
  const read = JSON.stringify(entries[0]);
  expect(read).toContain("> Ada: the code word is heron");
  expect(read).toContain("Buy milk");
  expect(read).toContain('"speaker":"Ada"');
  expect(read).not.toContain("reference");
});

it("[SLACK-12] an answer that went to a direct message goes on there, in the same session", async () => {
  slack.addChannel("C8", { isMember: false });
  const { event, session } = mention("what is 3 * 4?", "C8");
  await post("/channels/slack", await slack.event(event, { envelope }));
  const answer = await vi.waitFor(() => {
    const found = slack.messages("DU1").find(({ text }) => text.includes("12"));
    expect(found).toBeDefined();
    return found;
  }, within);
  await vi.waitFor(async () => {
    const follow = { type: "message", user: "U1", channel: "DU1", thread_ts: answer?.ts, text: "and 5 * 5?" };
    await post("/channels/slack", await slack.event(follow, { envelope }));
    expect(await turnsOf(session)).toBeGreaterThanOrEqual(2);
  }, within);
});

it("[SLACK-18] who mentions the app in the thread of an erased session is told so, once", async () => {
  const { ts, event, session } = mention("what is 2 * 2?", "C9");
  await post("/channels/slack", await slack.event(event, { envelope }));
  await answered("C9", ts);
  await reach(`${dev.url}/v1/sessions/${session}`, {
    method: "DELETE",
    headers: { Authorization: "Bearer dev-key" },
  });
  const again = { ...event, ts: "1700000002.000001", thread_ts: ts, text: "<@UBOT> and now?", client_msg_id: "again" };
  for (const type of ["app_mention", "message", "app_mention"])
    expect((await post("/channels/slack", await slack.event({ ...again, type }, { envelope }))).status).toBe(200);
  const told = () => slack.shown.ephemerals.filter(({ text }) => String(text).includes("was erased"));
  await vi.waitFor(() => expect(told()).toHaveLength(1), within);
});

it("[SLACK-15] [FEEDBACK-1] praise under an answer is feedback to its turn; again, it replaces; an unknown turn is 404", async () => {
  const { ts, event, session } = mention("what is 6 * 7?", "C10");
  await post("/channels/slack", await slack.event(event, { envelope }));
  const [answer] = await answered("C10", ts);
  const value = /"value":("(?:[^"\\]|\\.)*")/.exec(JSON.stringify(answer?.blocks))?.[1] ?? '""';
  const actions = [{ type: "feedback_buttons", action_id: "longline_feedback", value: JSON.parse(value) }];
  await post("/channels/slack", await slack.interaction({ user: { id: "U1", username: "ada" }, actions }));
  const at = `/v1/sessions/${session}`;
  expect((await ask(`${at}/turns/turn_1`)).feedback).toMatchObject({ score: 1, by: "ada" });
  const rate = (body: object) =>
    reach(`${dev.url}${at}/feedback`, {
      method: "POST",
      headers: { Authorization: "Bearer dev-key", "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  expect((await rate({ turn: "turn_1", score: -0.5, label: "wrong", comment: "No." })).status).toBe(200);
  expect((await ask(`${at}/turns/turn_1`)).feedback).toMatchObject({
    score: -0.5,
    label: "wrong",
    comment: "No.",
    by: null,
  });
  expect((await rate({ turn: "turn_9", score: 1 })).status).toBe(404);
  const wrong = await rate({ turn: "turn_1", score: 2 });
  expect([wrong.status, await wrong.json()]).toMatchObject([400, { field: "score" }]);
});

it("[SLACK-1] [DISCORD-1] the manifest and the commands are what Slack and Discord take", async () => {
  const run = promisify(execFile);
  const { stdout } = await run("npm", ["run", "--silent", "slack:manifest", "--", "--url", "https://a.example/"]);
  const manifest = JSON.parse(stdout);
  expect(manifest.settings.event_subscriptions.request_url).toBe("https://a.example/channels/slack");
  expect(manifest.features.app_home.home_tab_enabled).toBe(true);
  expect(manifest.features.agent_view.agent_description.length).toBeLessThanOrEqual(300);
  const env = {
    ...process.env,
    DISCORD_APPLICATION_ID: discord.settings.applicationId,
    DISCORD_BOT_TOKEN: discord.settings.botToken,
    DISCORD_API_URL: `${outside[1]?.url}/api/v10`,
  };
  const { stdout: told } = await run("npm", ["run", "--silent", "discord:register"], { env });
  expect(told).toContain("Registered ask, Ask about this, stop.");
  expect(told).toContain("scope=bot+applications.commands&permissions=274878024704");
  expect(told).toContain("does not: mentions, direct messages to the bot");
  expect(discord.commands).toHaveLength(3);
});
