#!/usr/bin/env node
/** The command `longline`: finds the command that is named, and runs it. */
import { LonglineError } from "../client/longline-error.ts";
import { backup } from "./backup.ts";
import { check } from "./check.ts";
import { dev } from "./dev.ts";
import { registerDiscord } from "./discord-register.ts";
import { evaluate } from "./eval/eval.ts";
import { init } from "./init.ts";
import { packageVersion } from "./package-folder.ts";
import { replay } from "./replay/replay.ts";
import { restore } from "./restore.ts";
import { printSlackManifest } from "./slack-manifest.ts";
import { type CliCommand, UsageError } from "./usage.ts";

const commands: Record<string, CliCommand> = {
  init,
  dev,
  check,
  eval: evaluate,
  replay,
  backup,
  restore,
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
