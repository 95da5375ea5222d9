import { afterEach, describe, expect, it, vi } from "vitest";
import { unwrap } from "../../../src/account/outcome.ts";
import type { App, Schedule } from "../../../src/agent/app.ts";
import { discordRoom } from "../../../src/channels/discord/discord-address.ts";
import { slackRoom } from "../../../src/channels/slack/slack-address.ts";
import { runSchedules, scheduleWarnings } from "../../../src/doors/channels/schedules.ts";
import { sessionObject } from "../../../src/session/session-object.ts";
import { app, schedules } from "../../app/app.ts";
import { configuredChannels } from "../../support/configured-channels.ts";
import { text } from "../../support/fake-provider.ts";
import { bindings, startProvider } from "../../support/session-world.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

it("[SCHEDULE-1] posts its message once per time it is due", async () => {
  const provider = startProvider();
  provider.enqueue(text("Good morning."), text("Good morning again."));
  const session = crypto.randomUUID();
  const schedule: Schedule = { cron: "0 9 * * 1-5", session, content: "What is on today?" };
  schedules.push(schedule);
  try {
    await runSchedules(app, bindings, { cron: schedule.cron, atMs: 1_000 });
    await runSchedules(app, bindings, { cron: schedule.cron, atMs: 1_000 });
    await runSchedules(app, bindings, { cron: schedule.cron, atMs: 2_000 });
    await runSchedules(app, bindings, { cron: "1 1 1 1 1", atMs: 2_000 });
  } finally {
    schedules.pop();
  }
  const stub = sessionObject(bindings, { account: "default", name: session });
  unwrap(await stub.wait("turn_2", 10_000));
  const { entries } = unwrap(await stub.entries({ after: 0, limit: 50 }));
  expect(entries.filter(({ type }) => type === "user")).toMatchObject([
    { content: "What is on today?" },
    { content: "What is on today?" },
  ]);
});

describe("a schedule that cannot work", () => {
  const cron = "0 9 * * *";
  const good: Schedule = { cron, session: "standup", content: "What is on today?" };
  const rooms = [slackRoom("T1", "C1"), discordRoom("111")];
  const callback = (url: string) => ({ channel: "callback", url });
  const configured = configuredChannels({
    SLACK_SIGNING_SECRET: "s".repeat(32),
    SLACK_BOT_TOKEN: "xoxb-1",
    DISCORD_PUBLIC_KEY: "a".repeat(64),
    DISCORD_BOT_TOKEN: "t",
  });

  it.each<[string, Partial<Schedule>, Partial<App>, RegExp]>([
    ["a session that has no such name", { session: "stand up" }, {}, /session "stand up" must be/],
    ["a message without words", { content: " " }, {}, /content must not be empty/],
    ["a channel that there is not", { replyTo: { channel: "teams" } }, {}, /There is no channel "teams"/],
    ["Slack, which is not listed", { replyTo: slackRoom("T1", "C1") }, { channels: new Map() }, /Add slack\(\)/],
    ["Discord, which is not listed", { replyTo: discordRoom("1") }, { channels: new Map() }, /Add discord\(\)/],
    ["a URL that is private", { replyTo: callback("https://10.0.0.1/x") }, {}, /callback_url/],
    ["a URL that is none", { replyTo: callback("x") }, {}, /callback_url/],
  ])("[SCHEDULE-2] stops the Worker at start: %s", (_, wrong, more, words) => {
    const schedules = [good, { ...good, ...wrong }];
    expect(() => scheduleWarnings({ ...app, channels: configured, schedules, ...more })).toThrow(words);
    expect(() => scheduleWarnings({ ...app, schedules, ...more })).toThrow(`The schedule "${cron}"`);
  });

  it("[SCHEDULE-2] is a warning where only settings lack, and nothing is sent", async () => {
    const [toSlack, toDiscord] = rooms.map((replyTo) => ({ ...good, session: crypto.randomUUID(), replyTo }));
    const fine = { ...good, session: crypto.randomUUID() };
    const mine = { ...app, schedules: [toSlack, fine, toDiscord] as Schedule[] };
    expect(scheduleWarnings({ ...mine, channels: configured })).toEqual([]);
    expect(scheduleWarnings(mine)).toEqual([
      expect.stringMatching(/SLACK_SIGNING_SECRET and SLACK_BOT_TOKEN/),
      expect.stringMatching(/DISCORD_PUBLIC_KEY and DISCORD_BOT_TOKEN/),
    ]);
    startProvider().enqueue(text("Good morning."));
    const run = runSchedules(mine, bindings, { cron, atMs: 1_000 });
    await expect(run).rejects.toThrow(/replyTo: .*Slack.*replyTo: .*Discord/);
    const made = await Promise.all(
      [toSlack, fine, toDiscord].map((each) =>
        sessionObject(bindings, { account: "default", name: each?.session ?? "" }).isMade(),
      ),
    );
    expect(made).toEqual([false, true, false]);
  });
});
