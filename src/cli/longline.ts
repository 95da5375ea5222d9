#!/usr/bin/env node
/** The command `longline`: finds what is asked for, and runs it. */
import { check } from "./check.ts";
import { registerDiscord } from "./discord-register.ts";
import { init } from "./init.ts";
import { printSlackManifest } from "./slack-manifest.ts";
import { type Command, Usage } from "./usage.ts";

const commands: Record<string, Command> = {
  init,
  check,
  "slack manifest": printSlackManifest,
  "discord register": registerDiscord,
};

const help = `Usage: longline <command>

  init FOLDER             makes a project with one agent
  check                   says whether the Worker and its wrangler configuration fit together
  slack manifest --url    prints the manifest of the Slack app of a Worker, and a link that makes the app
  discord register        registers the commands of the Discord application

Each command says what it takes with --help.
`;

const given = process.argv.slice(2);
const name = Object.keys(commands).find((each) => given.slice(0, each.split(" ").length).join(" ") === each);
const command = name === undefined ? undefined : commands[name];
if (command === undefined || name === undefined) {
  const isAsked = given.length === 0 || given.includes("--help");
  (isAsked ? console.log : console.error)(isAsked ? help : `There is no command "${given.join(" ")}".\n\n${help}`);
  process.exitCode = isAsked ? 0 : 1;
} else {
  try {
    await command(given.slice(name.split(" ").length));
  } catch (error) {
    if (!(error instanceof Usage)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
