/** `npm run slack:manifest -- --url https://…`: prints the manifest of the Slack app that belongs to a deployment. */
import { parseArgs } from "node:util";
import { slackManifest } from "../../src/channels/slack/manifest.ts";

const { values } = parseArgs({ options: { url: { type: "string" }, name: { type: "string" } } });
if (values.url === undefined || !URL.canParse(values.url)) {
  console.error("Say where the Worker lives: npm run slack:manifest -- --url https://longline.example.workers.dev");
  process.exitCode = 1;
} else console.log(JSON.stringify(slackManifest(values.url, values.name), null, 2));
