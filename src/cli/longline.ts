#!/usr/bin/env node
/** The command `longline`: finds the command that is named, and runs it. Those of messengers are here, too. */
import { parseArgs } from "node:util";
import about from "../../package.json" with { type: "json" };
import { discordCommands, setupText } from "../channels/discord/commands.ts";
import { addressFault, manifestLink, slackManifest } from "../channels/slack/manifest.ts";
import { LonglineError } from "../client/longline-error.ts";
import { backup } from "./backup.ts";
import { check } from "./check.ts";
import { dev } from "./dev.ts";
import { evaluate } from "./eval/eval.ts";
import { init } from "./init.ts";
import { packageVersion } from "./package-folder.ts";
import { replay } from "./replay/replay.ts";
import { restore } from "./restore.ts";
import { rollout } from "./rollout.ts";
import { type CliCommand, UsageError } from "./usage.ts";

const commands: Record<string, CliCommand> = {
  init,
  dev,
  check,
  eval: evaluate,
  replay,
  backup,
  restore,
  rollout,
  "slack manifest": printSlackManifest,
  "discord register": registerDiscord,
};

const help = `Usage: longline <command>

  init FOLDER             makes a project with one agent
  dev [OPTIONS]           runs wrangler dev, and starts it again after an edit where a mistake ended it
  check                   checks whether the Worker and its wrangler configuration fit together
  eval                    runs cases through the agents, and shows whether a change is better or worse
  replay                  runs turns that really happened with a candidate, without any effect
  backup FOLDER           copies an account's sessions and prefixes; a second run takes what has changed
  restore FOLDER          puts them into an account
  rollout                 makes versions of an agent, and begins, watches and ends rollouts
  slack manifest --url    prints the manifest of the Slack app of a Worker, and a link that makes the app
  discord register        registers the commands of the Discord application

Each command lists its options with --help. "longline --version" prints the version.
`;

const given = process.argv.slice(2);
const name = Object.keys(commands).find((each) => given.slice(0, each.split(" ").length).join(" ") === each);
const command = name === undefined ? undefined : commands[name];
if (given[0] === "--version") console.log(packageVersion());
else if (command === undefined || name === undefined) {
  const isAsked = given.length === 0 || given.includes("--help");
  (isAsked ? console.log : console.error)(isAsked ? help : `There is no command "${given.join(" ")}".\n\n${help}`);
  process.exitCode = isAsked ? 0 : 1;
} else {
  try {
    await command(given.slice(name.split(" ").length));
  } catch (error) {
    if (!isUsage(error) && !(error instanceof LonglineError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

/** What the user typed is wrong; the message explains how. */
function isUsage(error: unknown): error is Error {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return error instanceof UsageError || code.startsWith("ERR_PARSE_ARGS_");
}

/** `longline slack manifest --url https://…`: prints the manifest of the Slack app that belongs to a deployment, and a link that makes the app. */
export function printSlackManifest(given: string[]): void {
  const { values } = parseArgs({
    args: given,
    options: { url: { type: "string" }, name: { type: "string" }, link: { type: "boolean", default: false } },
  });
  const { url, name, link } = values;
  if (url === undefined || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UsageError(
      "Give the Worker's address: longline slack manifest --url https://longline.example.workers.dev [--name NAME] [--link]",
    );
  }
  const manifest = slackManifest(url, name);
  const fault = addressFault(url);
  // Beside the manifest, so that it can be piped.
  if (fault !== undefined) console.error(`Warning: ${fault}\n`);
  if (!link)
    console.error(`Open this link to make the app (or paste the manifest below):\n\n${manifestLink(manifest)}\n`);
  console.log(link ? manifestLink(manifest) : JSON.stringify(manifest, null, 2));
}

/** `longline discord register`: registers the commands at Discord, and prints how to install the application. */
export async function registerDiscord(given: string[]): Promise<void> {
  const { values } = parseArgs({ args: given, options: { guild: { type: "string" } } });
  const { DISCORD_APPLICATION_ID: app, DISCORD_BOT_TOKEN: token } = process.env;
  const base = process.env.DISCORD_API_URL ?? "https://discord.com/api/v10";
  if (app === undefined || token === undefined) {
    throw new UsageError(
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
  if (!answer.ok) throw new UsageError(`Discord answered ${answer.status}: ${await answer.text()}`);
  console.log(`Registered ${discordCommands.map(({ name }) => name).join(", ")}.\n\n${setupText(app)}`);
}
