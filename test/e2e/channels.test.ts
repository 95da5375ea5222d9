import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Webhook } from "standardwebhooks";
import { expect, it, vi } from "vitest";
import { ChannelWorld, envelope, hookSecret, type Signed, within } from "../support/channel-world.ts";
import { reach } from "../support/wrangler-dev.ts";

const world = new ChannelWorld();

it("[DISCORD-1] a denial asks for the reason, which the model reads", async () => {
  const where = { channelId: "79", userId: "42" };
  const asked = await world.discord.ask("Please post 17 pencils to https://example.com/orders", where);
  const first = await world.post("/channels/discord", asked);
  world.discord.answered(asked.token, {
    status: first.status,
    body: await first.json(),
    contentType: "application/json",
  });
  const customId = await vi.waitFor(() => {
    const shown = JSON.stringify(world.discord.messages("79"));
    const found = [...shown.matchAll(/"custom_id":"((?:[^"\\\\]|\\\\.)*)"/g)].map(([, id = ""]) => id);
    expect(found).toHaveLength(2);
    return found[1] ?? "";
  }, within);
  const press = async (userId: string) => {
    const pressed = await world.discord.press(customId, { ...where, userId });
    const answer = await world.post("/channels/discord", pressed);
    const body = (await answer.json()) as { type: number; data?: { custom_id?: string } };
    world.discord.answered(pressed.token, { status: answer.status, body, contentType: "application/json" });
    return body;
  };
  expect((await press("7")).type).toBe(4);
  const modal = await press("42");
  expect(modal.type).toBe(9);
  const submitted = await world.discord.submit(modal.data?.custom_id ?? "", { reason: "We have enough." }, where);
  const done = await world.post("/channels/discord", submitted);
  world.discord.answered(submitted.token, {
    status: done.status,
    body: await done.json(),
    contentType: "application/json",
  });
  await vi.waitFor(async () => {
    const { sessions } = await world.ask("/v1/sessions?limit=100");
    const { id } = sessions.find(({ id }: { id: string }) => /^discord_.*_79$/.test(id));
    const { entries } = await world.ask(`/v1/sessions/${id}/entries`);
    expect(JSON.stringify(entries)).toContain("We have enough.");
  }, within);
});

it("[DISCORD-1] a command is deferred, answered in its message, and a press twice counts once", async () => {
  const pong = await world.post("/channels/discord", await world.discord.ping());
  expect([pong.status, await pong.json()]).toEqual([200, { type: 1 }]);
  const bad = await world.discord.ping();
  expect((await world.post("/channels/discord", { ...bad, body: `${bad.body} ` })).status).toBe(401);
  const asked = await world.discord.ask("what is 17 * 23?", { channelId: "77", userId: "42" });
  const answers = await Promise.all([world.post("/channels/discord", asked), world.post("/channels/discord", asked)]);
  const [first] = answers;
  const body = await first?.json();
  expect(body).toEqual({ type: 5 });
  world.discord.answered(asked.token, { status: first?.status ?? 0, body, contentType: "application/json" });
  await vi.waitFor(() => {
    expect(world.discord.messages("77")).toMatchObject([{ via: "original", loading: false }]);
    expect(world.discord.messages("77")[0]?.content).toContain("391");
  }, within);
  const about = await world.discord.askAbout(
    { id: "9", content: "We ship on Friday", author: { id: "5", username: "bo" } },
    { channelId: "78" },
  );
  const told = await world.post("/channels/discord", about);
  world.discord.answered(about.token, {
    status: told.status,
    body: await told.json(),
    contentType: "application/json",
  });
  await vi.waitFor(() => expect(world.discord.messages("78")[0]?.content).toContain("We ship on Friday"), within);
});

it("[DISCORD-7] a text file of a command is read after the answer, and what is asked about is quoted", async () => {
  const file = world.discord.upload("facts.txt", "The launch code is pineapple.");
  const url = file.url.replace("https://cdn.discordapp.com", world.discordUrl);
  const asked = await world.discord.ask("Repeat this", { channelId: "80", userId: "42", file: { ...file, url } });
  const answer = await world.post("/channels/discord", asked);
  const body = await answer.json();
  expect(body).toEqual({ type: 5 });
  world.discord.answered(asked.token, { status: answer.status, body, contentType: "application/json" });
  await vi.waitFor(async () => {
    const { entries = [] } = await world.ask("/v1/sessions/discord_300_80/entries");
    expect(JSON.stringify(entries)).toContain("The launch code is pineapple.");
    expect(world.discord.messages("80")[0]?.loading).toBe(false);
  }, within);
});

it("[DISCORD-5] a command stops the turn of its channel, and says when nothing runs", async () => {
  const where = { channelId: "81", userId: "42" };
  const asked = await world.discord.ask("Please post 17 pencils to https://example.com/orders", where);
  const first = await world.post("/channels/discord", asked);
  world.discord.answered(asked.token, {
    status: first.status,
    body: await first.json(),
    contentType: "application/json",
  });
  await vi.waitFor(() => expect(JSON.stringify(world.discord.messages("81"))).toContain("longline:approve:"), within);
  const stop = async () => {
    const sent = await world.discord.command("stop", where);
    const answer = await world.post("/channels/discord", sent);
    const body = (await answer.json()) as { data: { content: string } };
    world.discord.answered(sent.token, { status: answer.status, body, contentType: "application/json" });
    return body.data.content;
  };
  expect(await stop()).toBe("Stopped.");
  await vi.waitFor(async () => {
    const { entries } = await world.ask("/v1/sessions/discord_300_81/entries");
    expect(entries.at(-1)).toMatchObject({ type: "turn_ended", reason: "cancelled" });
    expect(JSON.stringify(world.discord.messages("81"))).not.toContain("longline:approve:");
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
    const answer = await reach(`${world.dev.url}/v1/admin/accounts${path}`, {
      method,
      headers,
      body: JSON.stringify(body),
    });
    expect(answer.status).toBeLessThan(300);
  };
  const sentence = "The assistant has used up what it may spend; please ask the people who run it for more.";
  await admin("POST", "", { id: "default", budget_micros: 1 });
  try {
    const { ts, event, session } = world.mention("what is 17 * 23?", "C9");
    await world.post("/channels/slack", await world.slack.event(event, { envelope }));
    expect((await world.answered("C9", ts)).map(({ text }) => text)).toEqual([`_${sentence}_`]);
    const asked = await world.discord.ask("what is 17 * 23?", { channelId: "99", userId: "42" });
    const answer = await world.post("/channels/discord", asked);
    const body = await answer.json();
    world.discord.answered(asked.token, { status: answer.status, body, contentType: "application/json" });
    await vi.waitFor(() => expect(world.discord.messages("99")[0]).toMatchObject({ content: `_${sentence}_` }), within);
    expect(world.discord.messages("99")).toHaveLength(1);
    // What is missing, and where to raise it, the operator reads in the transcript.
    expect(JSON.stringify(await world.ask(`/v1/sessions/${session}/entries`))).toMatch(/micro-dollars.*budget_micros/);
  } finally {
    await admin("PATCH", "/default", { budget_micros: null });
  }
});

it("[HOOK-1] a webhook is a message, its answer is called back until it is taken, under one id", async () => {
  world.receiver.next(500);
  const payload = { content: "what is 17 * 23?", session: "o-1", callback_url: `${world.receiverUrl}/done` };
  const first = await world.post("/channels/webhooks/orders", hook("msg_1", payload));
  const accepted = (await first.json()) as { session: string; turn: string; status_url: string };
  expect([first.status, accepted.session, accepted.turn]).toEqual([202, "hook_orders_o-1", "turn_1"]);
  const again = await world.post("/channels/webhooks/orders", hook("msg_1", payload));
  expect([again.status, ((await again.json()) as { turn: string }).turn]).toEqual([200, "turn_1"]);
  expect((await world.post("/channels/webhooks/orders", { ...hook("msg_2", payload), body: "{}" })).status).toBe(401);
  expect((await world.post("/channels/webhooks/nobody", hook("msg_1", payload))).status).toBe(404);
  await vi.waitFor(() => expect(world.receiver.accepted).toHaveLength(1), within);
  expect(world.receiver.deliveries).toMatchObject([
    { valid: true, status: 500, id: world.receiver.accepted[0] },
    { valid: true, status: 204, id: world.receiver.accepted[0] },
  ]);
  expect(world.receiver.deliveries[1]?.body).toMatchObject({
    type: "turn.ended",
    data: { session: "hook_orders_o-1", turn: "turn_1", status: "completed", message: { role: "assistant" } },
  });
  expect(await world.ask(new URL(accepted.status_url).pathname)).toMatchObject({ status: "completed" });
});

it("[HOOK-2] what a receiver does not want any more is listed, and can be sent again", async () => {
  world.receiver.next(410);
  const message = { content: "Hi", callback_url: `${world.receiverUrl}/gone` };
  const headers = { Authorization: "Bearer dev-key", "Content-Type": "application/json" };
  await reach(`${world.dev.url}/v1/sessions/gone/messages`, { method: "POST", headers, body: JSON.stringify(message) });
  const letter = await vi.waitFor(async () => {
    const { deliveries } = await world.ask("/v1/deliveries?status=dead");
    const found = deliveries.find(({ session }: { session: string }) => session === "gone");
    expect(found).toMatchObject({ channel: "callback", status: "dead" });
    return found;
  }, within);
  expect(letter.error).toContain("410");
  const retried = await reach(`${world.dev.url}/v1/deliveries/${letter.id}/retry`, { method: "POST", headers });
  expect(retried.status).toBe(202);
  await vi.waitFor(() => expect(world.receiver.accepted).toContain(letter.id), within);
  // The receiver has it before the list knows.
  const listed = async () => JSON.stringify(await world.ask("/v1/deliveries"));
  await vi.waitFor(async () => expect(await listed()).not.toContain(letter.id), within);
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
      const answer = await world.post(
        "/channels/webhooks/orders",
        hook(next.id, { content: "Hi", session: next.session }),
      );
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
    await vi.waitFor(async () => expect(await world.turnsOf(`hook_orders_s${n}`)).toBe(due), {
      timeout: 90_000,
      interval: 100,
    });
  }
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
    DISCORD_APPLICATION_ID: world.discord.settings.applicationId,
    DISCORD_BOT_TOKEN: world.discord.settings.botToken,
    DISCORD_API_URL: `${world.discordUrl}/api/v10`,
  };
  const { stdout: told } = await run("npm", ["run", "--silent", "discord:register"], { env });
  expect(told).toContain("Registered ask, Ask about this, stop.");
  expect(told).toContain("scope=bot+applications.commands&permissions=274878024704");
  expect(told).toContain("does not: mentions, direct messages to the bot");
  expect(world.discord.commands).toHaveLength(3);
});
