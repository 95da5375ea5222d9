/** Slack as a channel that an app lists: its settings, its rules, what comes in, what goes out, and how further workspaces install it. */
import type { Outlet } from "../channel.ts";
import { type Channel, type ChannelHost, defineChannel } from "../define-channel.ts";
import type { SlackSettings } from "./api.ts";
import { beginInstall, finishInstall } from "./install.ts";
import { receiveSlack } from "./receive.ts";
import { checkSlackRules, type SlackRules } from "./rules.ts";
import { slack as outlet } from "./slack.ts";
import { slackSettings, slackSetup } from "./slack-settings.ts";

/**
 * Slack: `POST /channels/slack`. Its settings are `SLACK_SIGNING_SECRET` and `SLACK_BOT_TOKEN`, and for further workspaces
 * `SLACK_CLIENT_ID` and `SLACK_CLIENT_SECRET`. Throws an Error for rules that cannot work.
 */
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
    outlet: (settings, host) => outlet(withInstalls(settings, host), rules) as unknown as Outlet,
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
