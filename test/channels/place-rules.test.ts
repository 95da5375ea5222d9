import { describe, expect, it, vi } from "vitest";
import { discord } from "../../src/channels/discord/discord-channel.ts";
import { receiveDiscord } from "../../src/channels/discord/receive.ts";
import { checkDiscordRules } from "../../src/channels/discord/rules.ts";
import { checkPlaceRules, type Place, type PlaceRule, placeRules } from "../../src/channels/place-rules.ts";
import { receiveSlack } from "../../src/channels/slack/receive.ts";
import { checkSlackRules } from "../../src/channels/slack/rules.ts";
import { slack } from "../../src/channels/slack/slack-channel.ts";
import { createFakeDiscord } from "../support/fake-discord.ts";
import { createFakeSlack } from "../support/fake-slack.ts";

describe("which account and agent a place belongs to", () => {
  const rules: PlaceRule[] = [
    { agent: "fallback" },
    { team: "T1", account: "acme" },
    { team: "T1", channel: "C1", agent: "sales" },
    { channel: "C2", account: "shared" },
    { team: "T2", channel: "C1", account: "other", agent: "ops" },
    { guild: "dm", account: "direct" },
  ];
  it.each<[string, Place, { account: string; agent?: string }]>([
    ["its workspace", { team: "T1", channel: "C9" }, { account: "acme", agent: "fallback" }],
    ["its channel, and the workspace for the rest", { team: "T1", channel: "C1" }, { account: "acme", agent: "sales" }],
    ["a channel before a workspace", { team: "T1", channel: "C2" }, { account: "shared", agent: "fallback" }],
    ["a channel of that workspace alone", { team: "T3", channel: "C1" }, { account: "default", agent: "fallback" }],
    ["both", { team: "T2", channel: "C1" }, { account: "other", agent: "ops" }],
    ["a thread by its channel", { guild: "G", channel: "t", parent: "C2" }, { account: "shared", agent: "fallback" }],
    ["direct messages", { guild: "dm", channel: "d" }, { account: "direct", agent: "fallback" }],
    ["no rule but the last", { team: "T9", channel: "C9" }, { account: "default", agent: "fallback" }],
    ["a place without a workspace", { team: undefined, channel: "C9" }, { account: "default", agent: "fallback" }],
  ])("[PLACE-1] by %s", (_, place, placed) => {
    expect(placeRules(rules, place)).toEqual(placed);
    expect(placeRules(undefined, place)).toEqual({ account: "default" });
    expect(placeRules([], place)).toEqual({ account: "default" });
  });

  it("[PLACE-1] a thread's own rule goes before that of its channel, whatever their order", () => {
    const both = [
      { channel: "C1", account: "channel" },
      { channel: "t1", account: "thread" },
    ];
    for (const each of [both, both.toReversed()]) {
      expect(placeRules(each, { channel: "t1", parent: "C1" })).toEqual({ account: "thread" });
    }
  });

  it.each<[string, unknown, string]>([
    ["no list", {}, "must be a list"],
    ["no object", ["T1"], "[0] must be an object"],
    ["a list in it", [[]], "[0] must be an object"],
    ["nothing", [null], "[0] must be an object"],
    [
      "an unknown field",
      [{ team: "T1", acount: "a" }],
      "[0].acount is not known. Fields: team, channel, account, agent",
    ],
    ["a field of another messenger", [{ guild: "1", account: "a" }], "[0].guild is not known"],
    ["a number", [{ team: 1, account: "a" }], "[0].team must be a text"],
    [
      "an empty text",
      [
        { team: "T1", account: "a" },
        { channel: " ", account: "a" },
      ],
      "[1].channel must be a text",
    ],
    ["neither account nor agent", [{ team: "T1" }], "[0] names neither an account nor an agent"],
    [
      "an account that cannot be one",
      [{ account: "Acme Corp" }],
      '[0].account must have 1 to 40 small letters, digits or "-"',
    ],
    [
      "one place twice",
      [
        { team: "T1", account: "a" },
        { team: "T1", agent: "b" },
      ],
      "[1] names the same place as channels.slack.places[0]",
    ],
  ])("[PLACE-2] rules with %s are refused at start, by their field", (_, places, words) => {
    expect(() => checkPlaceRules(places, "channels.slack.places", "team")).toThrow(words);
    expect(() => checkSlackRules({ places: places as PlaceRule[] })).toThrow("channels.slack.places");
    expect(() => slack({ places: places as PlaceRule[] })).toThrow("channels.slack.places");
  });

  it("[PLACE-2] Discord's rules are checked as well, and so is who may approve there", () => {
    expect(() => discord({ places: [{ team: "T1", account: "a" }] })).toThrow("channels.discord.places[0].team");
    expect(() =>
      discord({
        places: [
          { guild: "1", account: "a", agent: "b" },
          { channel: "2", agent: "c" },
        ],
      }),
    ).not.toThrow();
    expect(() => checkDiscordRules({ approvers: [] })).toThrow("channels.discord.approvers is empty");
    expect(() => checkDiscordRules({ approvers: ["1"], users: ["2"] })).toThrow("channels.discord.users");
    expect(() => checkDiscordRules({ approvers: ["1", "2"], users: ["2"] })).not.toThrow();
  });
});

describe("what comes in is given to the account of its place", () => {
  it("[PLACE-1] on Discord: questions, buttons, votes and stops", async () => {
    const fake = await createFakeDiscord();
    const settings = { publicKey: fake.settings.publicKey, apiUrl: "https://discord.com/api/v10" };
    const places = [
      { guild: "300", account: "acme" },
      { channel: "400", agent: "sales" },
      { guild: "dm", account: "direct" },
    ];
    const receive = async (sent: Promise<{ headers: Record<string, string>; body: string }>) => {
      const { headers, body } = await sent;
      const request = { headers: new Headers(headers), body, nowMs: Date.now() };
      return receiveDiscord(request, { settings, rules: { places } });
    };
    expect(await receive(fake.ask("Hi"))).toMatchObject({
      kind: "message",
      account: "acme",
      received: { agent: "sales" },
    });
    const elsewhere = await receive(fake.ask("Hi", { channelId: "401" }));
    expect(elsewhere).toMatchObject({ account: "acme" });
    expect(elsewhere.kind === "message" && elsewhere.received).not.toHaveProperty("agent");
    expect(await receive(fake.ask("Hi", { guildId: null }))).toMatchObject({ account: "direct" });
    expect(await receive(fake.ask("Hi", { guildId: "9", channelId: "9" }))).toMatchObject({ account: "default" });
    for (const sent of [
      fake.press("longline:approve:r:200"),
      fake.submit("longline:why:r:200", {}),
      fake.press("longline:up:turn_1:s"),
      fake.press("longline:stop:200:s"),
      fake.command("stop"),
    ]) {
      expect(await receive(sent)).toMatchObject({ account: "acme" });
    }
  });

  it("[PLACE-1] on Slack: mentions, commands, shortcuts, buttons and stops", async () => {
    const fake = createFakeSlack();
    vi.spyOn(globalThis, "fetch").mockImplementation(fake.fetch);
    const settings = { ...fake.settings, apiUrl: "https://slack.com/api" };
    const places = [
      { team: "T1", account: "acme" },
      { team: "T1", channel: "C1", agent: "sales" },
    ];
    const receive = async (
      sent: { headers: HeadersInit; body: string } | Promise<{ headers: HeadersInit; body: string }>,
    ) => {
      const { headers, body } = await sent;
      return receiveSlack({ headers: new Headers(headers), body, nowMs: Date.now() }, { settings, rules: { places } });
    };
    const mention = { type: "app_mention", user: "U1", channel: "C1", ts: "1.1", text: "<@UBOT> Hi" };
    expect(await receive(fake.event(mention))).toMatchObject({ account: "acme", received: { agent: "sales" } });
    expect(await receive(fake.event({ ...mention, channel: "C2" }))).toMatchObject({ account: "acme" });
    expect(await receive(fake.slash({ text: "Hi" }))).toMatchObject({ kind: "message", account: "acme" });
    const stop = { type: "agent_session_stopped", channel: "C1", thread_ts: "1.1", user: "U1" };
    expect(await receive(fake.event(stop))).toMatchObject({ kind: "stop", account: "acme" });
    const value = JSON.stringify({ session: "s", ref: "r", asker: "U1" });
    const press = {
      ...{ type: "block_actions", team: { id: "T1" }, user: { id: "U1" }, channel: { id: "C1" } },
      actions: [{ type: "button", action_id: "longline_approve", value }],
    };
    expect(await receive(fake.interaction(press))).toMatchObject({ kind: "approval", account: "acme" });
    vi.restoreAllMocks();
  });
});
