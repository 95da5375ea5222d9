import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Inbound } from "../../src/channels/channel.ts";
import { readReference } from "../../src/channels/slack/read-reference.ts";
import { receiveSlack } from "../../src/channels/slack/receive.ts";
import type { SlackRules } from "../../src/channels/slack/rules.ts";
import { createFakeSlack } from "../support/fake-slack.ts";

let slack: ReturnType<typeof createFakeSlack>;
beforeEach(() => {
  slack = createFakeSlack();
  slack.addUser("U1", "Ada");
  slack.addUser("U2", "Bo");
  vi.spyOn(globalThis, "fetch").mockImplementation(slack.fetch);
});
afterEach(() => {
  vi.restoreAllMocks();
});

function receive(signed: { headers: HeadersInit; body: string }, rules: SlackRules = {}): Promise<Inbound> {
  const { signingSecret, botToken } = slack.settings;
  const settings = { signingSecret, botToken, apiUrl: "https://slack.com/api" };
  const { headers, body } = signed;
  return receiveSlack({ headers: new Headers(headers), body, nowMs: Date.now() }, { settings, rules });
}
/** What the model reads, once the message's turn begins. */
async function read(inbound: Inbound, isFirst = true): Promise<Inbound> {
  if (inbound.kind !== "message" || inbound.received.reference === undefined) throw new Error("nothing to read");
  const { signingSecret, botToken } = slack.settings;
  const settings = { signingSecret, botToken, apiUrl: "https://slack.com/api" };
  const { reference, ...received } = inbound.received;
  const message = await readReference({ reference, isFirst, signal: new AbortController().signal }, settings);
  return { ...inbound, received: { ...received, ...message } };
}
const message = { type: "message", user: "U1", channel: "C1", ts: "1700000000.000100", text: "hi" };

describe("what Slack sends", () => {
  const asked: [string, object, boolean][] = [
    ["a mention", { ...message, type: "app_mention", text: "<@UBOT> hi" }, true],
    ["its twin", { ...message, text: "<@UBOT> hi" }, true],
    ["a direct message", { ...message, channel: "D1", channel_type: "im" }, true],
    ["a follow-up in a thread", { ...message, thread_ts: "1700000000.000001" }, true],
    ["a file", { ...message, channel: "D1", channel_type: "im", subtype: "file_share" }, true],
    ["talk in a channel", message, false],
    ["a bot", { ...message, channel: "D1", bot_id: "B9" }, false],
    ["ourselves", { ...message, channel: "D1", user: "UBOT" }, false],
    ["an edit", { ...message, channel: "D1", subtype: "message_changed" }, false],
    ["a join", { ...message, channel: "D1", subtype: "channel_join" }, false],
    ["a home tab", { type: "app_home_opened", user: "U1", channel: "D1", tab: "messages" }, false],
    ["a context", { type: "app_context_changed", user: "U1", channel: "D1", context: { entities: [] } }, false],
    ["the legacy thread", { type: "assistant_thread_started", assistant_thread: { channel_id: "D1" } }, false],
  ];
  it.each(asked)("[SLACK-1] %s", async (_, event, isAsked) => {
    const envelope = { authorizations: [{ user_id: "UBOT", team_id: "T1" }] };
    const inbound = await receive(await slack.event(event, { envelope }));
    expect(inbound.kind).toBe(isAsked ? "message" : "nothing");
  });

  it("[SLACK-1] stop means stop", async () => {
    const event = { type: "agent_session_stopped", channel: "C1", thread_ts: "1700000000.000001", user: "U1" };
    expect(await receive(await slack.event(event))).toMatchObject({
      kind: "stop",
      session: "slack_T1_C1_1700000000-000001",
    });
  });

  it("[SLACK-4] names for ids, entities undone, our own mention away", async () => {
    const text = "<@UBOT> what did <@U2> say in <#C2|general> about <https://a.example|this> &amp; 1 &lt; 2?";
    const inbound = await read(await receive(await slack.event({ ...message, type: "app_mention", text })));
    expect(inbound).toMatchObject({
      received: {
        content: "what did @Bo say in #general about this (https://a.example) & 1 < 2?",
        speaker: "Ada",
        session: "slack_T1_C1_1700000000-000100",
      },
    });
  });

  it("[SLACK-4] reads text files, and says of others and of Slack's login page why not", async () => {
    const notes = slack.addFile("F1", { body: "Buy milk", contentType: "text/plain" });
    const secret = slack.addFile("F2", { body: "x", contentType: "text/csv", needsScope: true });
    const event = { ...message, channel: "D1", channel_type: "im", subtype: "file_share", files: [notes, secret] };
    const inbound = await read(await receive(await slack.event(event)));
    const { content } = (inbound as { received: { content: string } }).received;
    expect(content).toContain("```\nBuy milk\n```");
    expect(content).toContain("add the scope files:read");
    expect(content).not.toMatch(/doctype/i);
  });

  it("[SLACK-4] a directory that does not answer holds nothing up", async () => {
    slack.next("users.info", "drop_request", "drop_request");
    const event = { ...message, type: "app_mention", user: "U7", text: "hi <@U8>" };
    const inbound = await read(await receive(await slack.event(event)));
    expect(inbound).toMatchObject({ received: { content: "hi @U8", speaker: "U7" } });
  });

  it("[CHANNEL-3] both events of a mention are the same message, and so is a gesture with another ts", async () => {
    const one = { ...message, text: "<@UBOT> hi", client_msg_id: "g1" };
    const claims = async (event: object) =>
      ((await receive(await slack.event(event))) as { received: { claims: string[] } }).received.claims;
    const [first, twin] = [await claims({ ...one, type: "app_mention" }), await claims(one)];
    expect(first.filter((each) => twin.includes(each)).length).toBeGreaterThan(0);
    expect(first).toContain("slack gesture A1 T1 g1");
  });

  it("[CHANNEL-1] the handshake, the certificate's check, and nothing without a signature", async () => {
    const hello = { type: "url_verification", challenge: "c-1" };
    const inbound = await receive(await slack.sign(JSON.stringify(hello), "application/json"));
    expect(await (inbound as { response: Response }).response.text()).toBe("c-1");
    expect(await receive({ headers: {}, body: "ssl_check=1&token=x" })).toMatchObject({ kind: "nothing" });
    await expect(receive({ headers: {}, body: JSON.stringify(hello) })).rejects.toMatchObject({ code: "unauthorized" });
    const old = await slack.sign("{}", "application/json", Date.now() - 301_000);
    await expect(receive(old)).rejects.toMatchObject({ code: "unauthorized" });
  });

  it("[CHANNEL-5] a button is obeyed only by whoever asked, unless the owner says otherwise", async () => {
    const value = JSON.stringify({ session: "s", ref: "r1", asker: "U1" });
    const press = (user: string, rules: SlackRules = {}) =>
      slack
        .interaction({
          type: "block_actions",
          team: { id: "T1" },
          user: { id: user, username: user },
          actions: [{ type: "button", action_id: "longline_approve", value }],
        })
        .then((signed) => receive(signed, rules));
    expect(await press("U1")).toMatchObject({ kind: "approval", pressed: { ref: "r1", approve: true, by: "U1" } });
    expect(await press("U2")).toMatchObject({ kind: "nothing" });
    expect(await press("U2", { approvers: "anyone" })).toMatchObject({ kind: "approval" });
    expect(await press("U1", { approvers: ["U2"] })).toMatchObject({ kind: "nothing" });
  });

  it("[SLACK-1] a command and a shortcut are messages, too", async () => {
    const command = await receive(await slack.slash({ text: "what is on?" }));
    expect(command).toMatchObject({ kind: "message", received: { content: "what is on?" } });
    const shortcut = await receive(
      await slack.interaction({
        type: "message_action",
        callback_id: "ask",
        team: { id: "T1" },
        user: { id: "U1" },
        trigger_id: "t1",
        channel: { id: "C1" },
        message: { type: "message", user: "U2", text: "We ship on Friday", ts: "1700000000.000500" },
      }),
    );
    expect(await read(shortcut)).toMatchObject({
      received: {
        session: "slack_T1_C1_1700000000-000500",
        content: expect.stringContaining("from Bo?\n\nWe ship on Friday"),
      },
    });
  });
});
