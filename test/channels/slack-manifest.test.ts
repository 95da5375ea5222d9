import { expect, it } from "vitest";
import { addressFault, manifestLink, slackManifest } from "../../src/channels/slack/manifest.ts";

it("[SLACK-19] the link opens Slack's page with the whole manifest", () => {
  const manifest = slackManifest("https://a.example/");
  const url = new URL(manifestLink(manifest));
  expect([url.origin, url.pathname, url.searchParams.get("new_app")]).toEqual(["https://api.slack.com", "/apps", "1"]);
  expect(JSON.parse(url.searchParams.get("manifest_json") ?? "")).toEqual(manifest);
});

it.each([
  ["https://longline.example.workers.dev", undefined],
  ["http://longline.example.workers.dev", "https addresses alone"],
  ["http://127.0.0.1:8787", "tunnel"],
  ["https://localhost:8787", "tunnel"],
  ["http://192.168.1.5:8787", "tunnel"],
])("[SLACK-19] %s", (url, fault) => {
  if (fault === undefined) expect(addressFault(url)).toBeUndefined();
  else expect(addressFault(url)).toContain(fault);
});
