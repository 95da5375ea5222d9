/** Deliveries to a fake Slack as tests make them, and what a person sees of them, read as Slack would show it. */

import { postToSlack } from "../../src/channels/slack/post.ts";
import type { SlackRules } from "../../src/channels/slack/rules.ts";
import type { SlackShown } from "../../src/channels/slack/shown.ts";
import type { SlackAddress } from "../../src/channels/slack/slack-address.ts";
import type { FakeMessage, FakeSlack } from "./fake-slack.ts";
import { Delivery } from "./posting.ts";

export const slackSettings = { signingSecret: "s", botToken: "xoxb-test", apiUrl: "https://slack.com/api" };

export function slackDelivery(more: Partial<SlackAddress>, rules: SlackRules = {}) {
  const place = { team: "T1", app: "A1", room: "C1", thread: "", user: "U1", ts: "", atMs: 0 };
  return new Delivery<SlackAddress, SlackShown>({ channel: "slack", ...place, ...more }, (posting) =>
    postToSlack(posting, slackSettings, rules),
  );
}

/** The Markdown of a message: of its blocks where it has any, else its text. */
export function shownText({ text, blocks }: FakeMessage): string {
  const markdown = ((blocks ?? []) as { type: string; text?: string }[]).find(({ type }) => type === "markdown");
  const said = markdown?.text ?? text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
  return said.replace(/^_[^\n]*so it is here\._\n\n/, "");
}

/** One line for each message that a person sees there, as they would read it. */
export function transcript(slack: FakeSlack, places: readonly [channel: string, threadTs?: string][]): string {
  const line = (channel: string) => (message: FakeMessage) => {
    const { user, botId, tasks, streamingState, blocks = [] } = message;
    const buttons = JSON.stringify(blocks).match(/"text":"(Approve|Deny|Good answer|Bad answer)"/g) ?? [];
    const parts = [
      ...tasks.map(({ title, status }) => `  [${status}] ${title}`),
      ...shownText(message)
        .split("\n")
        .map((text) => `  ${text.length > 100 ? `${text.slice(0, 100)}… (${text.length} characters)` : text}`),
      ...(buttons.length > 0 ? [`  (${buttons.map((each) => each.slice(8, -1)).join(") (")})`] : []),
    ];
    return [`${channel} ${botId ? "Longline" : user}${streamingState ? ` [${streamingState}]` : ""}:`, ...parts].join(
      "\n",
    );
  };
  return places.flatMap(([channel, ts]) => slack.messages(channel, ts).map(line(channel))).join("\n");
}
