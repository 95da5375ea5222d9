/** Discord as a channel that an app lists: its settings, its rules, what comes in and what goes out. */

import { apiUrl, headerKey, matching, type SettingValues } from "../../core/settings.ts";
import type { Outlet } from "../channel.ts";
import { type Channel, defineChannel } from "../define-channel.ts";
import type { DiscordSettings } from "./api.ts";
import { type DiscordAddress, lastingPlace } from "./discord-address.ts";
import { postToDiscord } from "./post.ts";
import { readReference } from "./read-reference.ts";
import { receiveDiscord } from "./receive.ts";
import { checkDiscordRules, type DiscordRules } from "./rules.ts";
import type { DiscordShown } from "./shown.ts";

/** Without what every channel of an app needs; see `doors/channels/listed`. */
export function discord(rules: DiscordRules = {}): Channel {
  checkDiscordRules(rules);
  return defineChannel({
    name: "discord",
    settings: discordSettings,
    rules,
    needs: "DISCORD_PUBLIC_KEY",
    configure: discordSetup,
    receive: (request, settings) => receiveDiscord(request, { settings, rules }),
    outlet: (settings) => discordOutlet(settings, rules) as unknown as Outlet,
    lastingAddress: (address, atMs) => lastingPlace(address as DiscordAddress, atMs),
    addressFault(address, settings) {
      if ((address as DiscordAddress).token !== "" || settings?.botToken !== undefined) return undefined;
      return "The answer goes to a channel of Discord, where only the bot can post: set DISCORD_PUBLIC_KEY and DISCORD_BOT_TOKEN.";
    },
  });
}

/** What goes out. Edits keep 1.5 s apart: a webhook's bucket is 5 calls in 2 s, and what people read must not flicker. */
function discordOutlet(settings: DiscordSettings, rules: DiscordRules): Outlet<DiscordAddress, DiscordShown> {
  return {
    live: true,
    paceMs: 1_500,
    retryMs: [1_000, 2_000, 5_000, 15_000, 60_000, 300_000],
    post: (posting) => postToDiscord(posting, settings, rules),
    read: (reading) => readReference(reading, settings),
  };
}

/** The channel is on when `DISCORD_PUBLIC_KEY` is set. */
export const discordSettings = {
  DISCORD_PUBLIC_KEY: { schema: matching(/^[0-9a-f]{64}$/i, "must be 64 hexadecimal digits") },
  DISCORD_APPLICATION_ID: { schema: matching(/^\d{5,25}$/, "must be the number of the application") },
  DISCORD_BOT_TOKEN: { schema: headerKey(), secret: true },
  DISCORD_API_URL: { schema: apiUrl("https://discord.com/api/v10") },
} as const;

/** `undefined` without the public key: nothing from Discord is taken then. */
export function discordSetup(values: SettingValues<typeof discordSettings>): DiscordSettings | undefined {
  const { DISCORD_PUBLIC_KEY: publicKey, DISCORD_APPLICATION_ID: applicationId, DISCORD_BOT_TOKEN: botToken } = values;
  if (publicKey === undefined) return undefined;
  return {
    publicKey,
    ...(applicationId && { applicationId }),
    ...(botToken && { botToken }),
    apiUrl: values.DISCORD_API_URL ?? "https://discord.com/api/v10",
  };
}
