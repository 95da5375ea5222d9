/** Discord as a channel that an app lists: its settings, its rules, what comes in and what goes out. */
import type { Outlet } from "../channel.ts";
import { type Channel, defineChannel } from "../define-channel.ts";
import { discord as outlet } from "./discord.ts";
import type { DiscordAddress } from "./discord-address.ts";
import { discordSettings, discordSetup } from "./discord-settings.ts";
import { receiveDiscord } from "./receive.ts";
import { checkDiscordRules, type DiscordRules } from "./rules.ts";

/** Discord: `POST /channels/discord`. Its settings are `DISCORD_PUBLIC_KEY`, `DISCORD_APPLICATION_ID` and `DISCORD_BOT_TOKEN`. */
export function discord(rules: DiscordRules = {}): Channel {
  checkDiscordRules(rules);
  return defineChannel({
    name: "discord",
    settings: discordSettings,
    rules,
    needs: "DISCORD_PUBLIC_KEY",
    configure: discordSetup,
    receive: (request, settings) => receiveDiscord(request, { settings, rules }),
    outlet: (settings) => outlet(settings, rules) as unknown as Outlet,
    addressFault(address, settings) {
      if ((address as DiscordAddress).token !== "" || settings?.botToken !== undefined) return undefined;
      return "The answer goes to a channel of Discord, where only the bot can post: set DISCORD_PUBLIC_KEY and DISCORD_BOT_TOKEN.";
    },
  });
}
