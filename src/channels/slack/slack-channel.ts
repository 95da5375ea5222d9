/** Slack as a channel that an app lists: its settings, its rules, what comes in, what goes out, and how further workspaces install it. */

import { apiUrl, headerKey, matching, type SettingValues } from "../../core/settings.ts";
import type { Outlet } from "../channel.ts";
import { type Channel, type ChannelHost, defineChannel } from "../define-channel.ts";
import { type SlackSettings, settingsFor } from "./api.ts";
import { beginInstall, finishInstall } from "./install.ts";
import { postToSlack } from "./post.ts";
import { readReference, type SlackReference } from "./read-reference.ts";
import { receiveSlack } from "./receive.ts";
import { checkSlackRules, type SlackRules } from "./rules.ts";
import type { SlackShown } from "./shown.ts";
import { lastingPlace, type SlackAddress } from "./slack-address.ts";

/** Without what every channel of an app needs; see `doors/channels/listed`. */
export function slack(rules: SlackRules = {}): Channel {
  checkSlackRules(rules);
  return defineChannel({
    name: "slack",
    settings: slackSettings,
    rules,
    needs: "SLACK_SIGNING_SECRET (and SLACK_BOT_TOKEN)",
    configure: slackSetup,
    receive: (request, settings, host) =>
      receiveSlack(request, {
        settings: withInstalls(settings, host),
        rules,
        uninstalled: (team) => host.installs.remove(team),
      }),
    outlet: (settings, host) => slackOutlet(withInstalls(settings, host), rules) as unknown as Outlet,
    lastingAddress: (address, atMs) => lastingPlace(address as SlackAddress, atMs),
    addressFault(_address, settings) {
      if (settings?.botToken !== undefined || settings?.client !== undefined) return undefined;
      return "The answer goes to a channel of Slack: set SLACK_SIGNING_SECRET and SLACK_BOT_TOKEN.";
    },
    pages: {
      install: (request, settings) => beginInstall(settings, new URL(request.url).origin, Date.now()),
      oauth: async (request, settings, host) => {
        const url = new URL(request.url);
        const back = { url, cookie: request.headers.get("Cookie") ?? "", nowMs: Date.now() };
        const { team, botToken } = await finishInstall(back, settings, rules);
        await host.installs.add(team, botToken);
        return new Response("The app is installed. You can close this page and write to it in Slack.", {
          headers: { "Content-Type": "text/plain; charset=UTF-8" },
        });
      },
    },
  });
}

/** With the tokens of the workspaces that installed the app, where it can be installed. */
function withInstalls(settings: SlackSettings, { installs }: ChannelHost): SlackSettings {
  return settings.client === undefined ? settings : { ...settings, tokenOf: (team) => installs.token(team) };
}

/** What goes out. Its pace: appending is tier 4 (100 a minute), rewriting tier 3 (50). */
export function slackOutlet(settings: SlackSettings, rules: SlackRules): Outlet<SlackAddress, SlackShown> {
  return {
    live: true,
    paceMs: 1_000,
    retryMs: [1_000, 5_000, 15_000, 60_000, 300_000],
    post: async (posting) => postToSlack(posting, await settingsFor(settings, posting.address.team), rules),
    read: async (reading) => {
      const { team } = reading.reference as SlackReference;
      return readReference(reading, await settingsFor(settings, team));
    },
  };
}

/** The channel is on when `SLACK_SIGNING_SECRET` is set. */
export const slackSettings = {
  SLACK_SIGNING_SECRET: { schema: headerKey(), secret: true },
  SLACK_BOT_TOKEN: { schema: headerKey(), secret: true },
  SLACK_CLIENT_ID: { schema: matching(/^[0-9.]{3,100}$/, "must be the client ID of the app: digits and a dot") },
  SLACK_CLIENT_SECRET: { schema: headerKey(), secret: true },
  SLACK_API_URL: { schema: apiUrl("https://slack.com/api") },
} as const;

/** `undefined` without the signing secret: nothing from Slack is taken then. */
export function slackSetup(values: SettingValues<typeof slackSettings>): SlackSettings | undefined {
  const { SLACK_SIGNING_SECRET: signingSecret, SLACK_BOT_TOKEN: botToken } = values;
  const { SLACK_CLIENT_ID: id, SLACK_CLIENT_SECRET: secret } = values;
  if (signingSecret === undefined) return undefined;
  return {
    signingSecret,
    ...(botToken && { botToken }),
    apiUrl: values.SLACK_API_URL ?? "https://slack.com/api",
    ...(id && secret && { client: { id, secret } }),
  };
}
