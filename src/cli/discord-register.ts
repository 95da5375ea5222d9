/** `longline discord register`: registers the commands at Discord, and prints how to install the application. */
import { parseArgs } from "node:util";
import about from "../../package.json" with { type: "json" };
import { discordCommands, setupText } from "../channels/discord/commands.ts";
import { Usage } from "./usage.ts";

export async function registerDiscord(given: string[]): Promise<void> {
  const { values } = parseArgs({ args: given, options: { guild: { type: "string" } } });
  const { DISCORD_APPLICATION_ID: app, DISCORD_BOT_TOKEN: token } = process.env;
  const base = process.env.DISCORD_API_URL ?? "https://discord.com/api/v10";
  if (app === undefined || token === undefined) {
    throw new Usage(
      "Set DISCORD_APPLICATION_ID and DISCORD_BOT_TOKEN in the environment. With --guild ID the commands appear at once, in that server only.",
    );
  }
  const path =
    values.guild === undefined
      ? `/applications/${app}/commands`
      : `/applications/${app}/guilds/${values.guild}/commands`;
  const answer = await fetch(`${base}${path}`, {
    method: "PUT",
    headers: {
      Authorization: `Bot ${token}`,
      "Content-Type": "application/json",
      "User-Agent": `DiscordBot (https://github.com/longline/longline, ${about.version})`,
    },
    body: JSON.stringify(discordCommands),
    signal: AbortSignal.timeout(20_000),
  });
  if (!answer.ok) throw new Usage(`Discord answered ${answer.status}: ${await answer.text()}`);
  console.log(`Registered ${discordCommands.map(({ name }) => name).join(", ")}.\n\n${setupText(app)}`);
}
