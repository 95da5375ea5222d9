/** The list of channels: by which name replies leave, and who shows them. A new channel is a line here. */
import { type CallbackAddress, type CallbackSetup, callback } from "./callback.ts";
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

/** Why nothing can be shown at an address. `of`: what has to change, the app's code or the settings, which may come later. */
export interface AddressFault {
  of: "app" | "settings";
  detail: string;
}

/** `undefined` when an answer can be shown there as things are configured. So that a turn whose answer no one would see, or whose question no one could answer, is refused at its start. */
export function addressFault(
  address: Address,
  { slack, discord, rules, urlFault }: Omit<OutletSetup, "callback"> & Pick<CallbackSetup, "urlFault">,
): AddressFault | undefined {
  const { channel } = address;
  const lacks = (detail: string): AddressFault => ({ of: "settings", detail });
  switch (channel) {
    case "callback": {
      const detail = urlFault((address as CallbackAddress).url);
      return detail === undefined ? undefined : { of: "app", detail };
    }
    case "slack":
      if (rules.slack === undefined) return notListed(channel);
      if (slack?.botToken !== undefined || slack?.client !== undefined) return undefined;
      return lacks("The answer goes to a channel of Slack: set SLACK_SIGNING_SECRET and SLACK_BOT_TOKEN.");
    case "discord":
      if (rules.discord === undefined) return notListed(channel);
      if ((address as DiscordAddress).token !== "" || discord?.botToken !== undefined) return undefined;
      return lacks(
        "The answer goes to a channel of Discord, where only the bot can post: set DISCORD_PUBLIC_KEY and DISCORD_BOT_TOKEN.",
      );
    default:
      return { of: "app", detail: `There is no channel "${channel}". There are: slack, discord, callback.` };
  }
}

function notListed(channel: string): AddressFault {
  return { of: "app", detail: `The app does not list the channel ${channel}. Add ${channel}() to its channels.` };
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
