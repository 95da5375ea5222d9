/** The list of channels: by which name replies leave, and who shows them. A new channel is a line here. */
import { type CallbackSetup, callback } from "./callback.ts";
import type { Address, Outlet } from "./channel.ts";
import type { DiscordSettings } from "./discord/api.ts";
import { discord } from "./discord/discord.ts";
import type { DiscordAddress } from "./discord/discord-address.ts";
import type { DiscordRules } from "./discord/receive.ts";
import type { SlackSettings } from "./slack/api.ts";
import type { SlackRules } from "./slack/receive.ts";
import { slack } from "./slack/slack.ts";

/** What the agent's owner chose, by channel. */
export interface ChannelRules {
  slack?: SlackRules;
  discord?: DiscordRules;
}

export interface OutletSetup {
  slack?: SlackSettings | undefined;
  discord?: DiscordSettings | undefined;
  callback: CallbackSetup;
  rules: ChannelRules;
}

/** Why nothing can be shown at that address as things are configured; `undefined` when it can. So that a turn that nobody would see, or could answer, is refused at its start. */
export function addressFault(
  address: Address,
  { discord: settings }: Pick<OutletSetup, "discord">,
): string | undefined {
  if (address.channel !== "discord" || (address as DiscordAddress).token !== "") return undefined;
  if (settings?.botToken !== undefined) return undefined;
  return "The answer goes to a channel of Discord, where only the bot can post: set DISCORD_PUBLIC_KEY and DISCORD_BOT_TOKEN.";
}

/** The channel of that name; `undefined` when it is not known, or not configured any more. */
export function outletOf(name: string, { rules, ...of }: OutletSetup): Outlet | undefined {
  switch (name) {
    case "slack":
      return of.slack && (slack(of.slack, rules.slack ?? {}) as unknown as Outlet);
    case "discord":
      return of.discord && (discord(of.discord, rules.discord ?? {}) as unknown as Outlet);
    case "callback":
      return callback(of.callback) as unknown as Outlet;
    default:
      return undefined;
  }
}
