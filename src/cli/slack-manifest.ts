/** `longline slack manifest --url https://…`: prints the manifest of the Slack app that belongs to a deployment, and a link that makes the app. */
import { parseArgs } from "node:util";
import { addressFault, manifestLink, slackManifest } from "../channels/slack/manifest.ts";
import { Usage } from "./usage.ts";

export function printSlackManifest(given: string[]): void {
  const { values } = parseArgs({
    args: given,
    options: { url: { type: "string" }, name: { type: "string" }, link: { type: "boolean", default: false } },
  });
  const { url, name, link } = values;
  if (url === undefined || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new Usage(
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
