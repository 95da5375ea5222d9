/** Messengers and webhooks, signed as their senders sign, and what is owed to callbacks. */
import { text } from "../../support/fake-provider.ts";
import type { Row } from "../row.ts";

const slack = "POST /channels/slack";
const discord = "POST /channels/discord";
const mention = {
  type: "app_mention",
  user: "U1",
  channel: "C1",
  ts: "1700000000.000001",
  text: "<@UBOT> Hi",
  client_msg_id: "g1",
};
const hook = "POST /channels/webhooks/plain";

export const channelRows: Row[] = [
  {
    name: "slack-url-verification",
    call: slack,
    signed: ({ slack }) => slack.sign('{"type":"url_verification","challenge":"abc"}', "application/json"),
  },
  {
    name: "slack-mention",
    call: slack,
    signed: ({ slack }) => slack.event(mention, { eventId: "Ev1" }),
    model: [text("Hello, Ada.")],
  },
  {
    name: "slack-answered",
    call: "GET /v1/sessions/slack_T1_C1_1700000000-000001",
    until: ["last_turn.turn", "turn_1"],
  },
  {
    name: "slack-redelivered",
    call: slack,
    signed: ({ slack }) => slack.event(mention, { eventId: "Ev1", retryNum: 1 }),
  },
  { name: "slack-once", call: "GET /v1/sessions/slack_T1_C1_1700000000-000001/entries" },
  {
    name: "slack-bot-message",
    call: slack,
    signed: ({ slack }) => slack.event({ ...mention, bot_id: "B1", ts: "1700000000.000002" }, { eventId: "Ev2" }),
  },
  { name: "slack-slash-empty", call: slack, signed: ({ slack }) => slack.slash({ text: "" }) },
  { name: "slack-unsigned", call: slack, key: "none", body: { type: "url_verification", challenge: "abc" } },
  {
    name: "slack-wrong-signature",
    call: slack,
    key: "none",
    headers: { "x-slack-signature": "v0=00", "x-slack-request-timestamp": "1" },
    body: {},
  },
  {
    name: "slack-old",
    call: slack,
    signed: ({ slack }) => slack.event(mention, { eventId: "Ev3", atMs: Date.now() - 3_600_000 }),
  },
  { name: "slack-no-json", call: slack, signed: ({ slack }) => slack.sign("{", "application/json") },
  { name: "slack-install", call: "GET /channels/slack/install", key: "none" },
  { name: "slack-oauth", call: "GET /channels/slack/oauth?code=x&state=y", key: "none" },
  { name: "discord-ping", call: discord, signed: ({ discord }) => discord.ping() },
  {
    name: "discord-ask",
    call: discord,
    signed: ({ discord }) => discord.ask("Hi?", { channelId: "111", userId: "42" }),
    model: [text("Hello.")],
  },
  { name: "discord-answered", call: "GET /v1/sessions?q=discord", until: ["sessions.0.last_turn.turn", "turn_1"] },
  {
    name: "discord-stop",
    call: discord,
    signed: ({ discord }) => discord.command("stop", { channelId: "111", userId: "42" }),
  },
  { name: "discord-unsigned", call: discord, key: "none", body: { type: 1 } },
  { name: "discord-unknown-kind", call: discord, signed: ({ discord }) => discord.interaction({ type: 99 }) },
  {
    name: "webhook",
    call: hook,
    signed: ({ standard }) => standard({ id: "msg_1", payload: { content: "Order 7", session: "7" } }),
    model: [text("Noted.")],
    save: { hooked: "session" },
  },
  { name: "webhook-answered", call: "GET /v1/sessions/{{hooked}}", until: ["last_turn.turn", "turn_1"] },
  {
    name: "webhook-redelivered",
    call: hook,
    signed: ({ standard }) => standard({ id: "msg_1", payload: { content: "Order 7", session: "7" } }),
  },
  {
    name: "webhook-wrong-secret",
    call: hook,
    signed: ({ standard }) => standard({ id: "msg_2", payload: {}, secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD" }),
  },
  {
    name: "webhook-old",
    call: hook,
    signed: ({ standard }) => standard({ id: "msg_3", payload: {}, ageSeconds: 3_600 }),
  },
  { name: "webhook-unsigned", call: hook, key: "none", body: { content: "x" } },
  { name: "webhook-no-json", call: hook, signed: ({ standard }) => standard({ id: "msg_4", payload: "{" }) },
  {
    name: "webhook-bad-session",
    call: hook,
    signed: ({ standard }) => standard({ id: "msg_5", payload: { content: "x", session: {} } }),
  },
  {
    name: "webhook-bad-callback",
    call: hook,
    signed: ({ standard }) => standard({ id: "msg_6", payload: { content: "x", callback_url: "ftp://example.com" } }),
  },
  { name: "webhook-unknown", call: "POST /channels/webhooks/none-such", key: "none", body: {} },
  { name: "webhook-callback-secret", call: "POST /channels/webhooks/callback", key: "none", body: {} },
  // An app without rules for these reads them as Standard Webhooks.
  {
    name: "webhook-github",
    call: "POST /channels/webhooks/git",
    signed: ({ github }) => github({ action: "opened" }, "d1"),
  },
  {
    name: "webhook-stripe",
    call: "POST /channels/webhooks/pay",
    signed: ({ stripe }) => stripe({ id: "evt_1", type: "charge" }),
  },
  { name: "webhook-get", call: "GET /channels/webhooks/plain", key: "none" },
  { name: "deliveries-secret", call: "GET /v1/deliveries/secret" },
  {
    name: "deliveries",
    call: "GET /v1/deliveries?status=dead",
    until: ["deliveries.0.id", "any"],
    save: { letter: "deliveries.0.id" },
  },
  { name: "deliveries-bad-status", call: "GET /v1/deliveries?status=alive" },
  { name: "delivery-retry-unknown", call: "POST /v1/deliveries/dlv_none/retry" },
  { name: "delivery-retry", call: "POST /v1/deliveries/{{letter}}/retry" },
];
