/** The channels that an app may list, each with what its owner chose. */

import type { DiscordRules } from "../channels/discord/receive.ts";
import { checkDiscordRules } from "../channels/discord/rules.ts";
import type { ChannelRules } from "../channels/outlets.ts";
import type { SlackRules } from "../channels/slack/receive.ts";
import { checkSlackRules } from "../channels/slack/rules.ts";

/** A messenger that the app is reached by. */
export type Channel = { name: "slack"; rules: SlackRules } | { name: "discord"; rules: DiscordRules };

/** Slack: `POST /channels/slack`. Its settings are `SLACK_SIGNING_SECRET` and `SLACK_BOT_TOKEN`. */
export function slack(rules: SlackRules = {}): Channel {
  checkSlackRules(rules);
  return { name: "slack", rules };
}

/** Discord: `POST /channels/discord`. Its settings are `DISCORD_PUBLIC_KEY`, `DISCORD_APPLICATION_ID` and `DISCORD_BOT_TOKEN`. */
export function discord(rules: DiscordRules = {}): Channel {
  checkDiscordRules(rules);
  return { name: "discord", rules };
}

/** What was chosen, by channel. Throws an Error for one that is listed twice. */
export function rulesOf(channels: readonly Channel[]): ChannelRules {
  const rules: Record<string, SlackRules | DiscordRules> = {};
  for (const { name, rules: own } of channels) {
    if (rules[name] !== undefined) throw new Error(`The channel ${name} is listed twice. Remove one.`);
    rules[name] = own;
  }
  return rules;
}
