/** `npm run discord:register`: registers the commands at Discord, and prints how to install the application. Needs DISCORD_APPLICATION_ID and DISCORD_BOT_TOKEN; with `--guild ID` they appear at once, in that server only. */
import { parseArgs } from "node:util";
import about from "../../package.json" with { type: "json" };
import { discordCommands, setupText } from "../../src/channels/discord/commands.ts";

const { values } = parseArgs({ options: { guild: { type: "string" } } });
const { DISCORD_APPLICATION_ID: app, DISCORD_BOT_TOKEN: token } = process.env;
const base = process.env.DISCORD_API_URL ?? "https://discord.com/api/v10";

if (app === undefined || token === undefined) {
  console.error("Set DISCORD_APPLICATION_ID and DISCORD_BOT_TOKEN in the environment.");
  process.exitCode = 1;
} else {
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
  if (answer.ok) {
    console.log(`Registered ${discordCommands.map(({ name }) => name).join(", ")}.\n\n${setupText(app)}`);
  } else {
    console.error(`Discord answered ${answer.status}: ${await answer.text()}`);
    process.exitCode = 1;
  }
}
