/** The settings of Discord, and how they are read. The channel is on when `DISCORD_PUBLIC_KEY` is set. */
import { apiUrl, headerKey, matching, type SettingValues } from "../../core/settings.ts";
import type { DiscordSettings } from "./api.ts";

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
