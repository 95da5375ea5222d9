/** The channels as this deployment has them configured, for one account's session. */
import { accountObject } from "../account/account.ts";
import type { Outlet } from "../channels/channel.ts";
import { type ChannelRules, outletOf } from "../channels/outlets.ts";
import { defaultAccount } from "../channels/place-rules.ts";
import type { SlackSettings } from "../channels/slack/api.ts";
import type { Bindings, Settings } from "../env.ts";
import { urlFault } from "./url-fault.ts";

interface Deployment {
  settings: Settings;
  rules: ChannelRules;
  bindings: Bindings;
  account: string;
}

export function outlets({ settings, rules, bindings, account }: Deployment): (name: string) => Outlet | undefined {
  const { discord, webhookSecrets, isDev } = settings;
  const slack = settings.slack && withInstalls(settings.slack, bindings, defaultAccount);
  const secret = async () =>
    webhookSecrets.get("callback")?.[0] ?? accountObject(bindings, account).callbackSecret(account);
  const callback = { secret, urlFault: (url: string) => urlFault(url, isDev) };
  return (name) => outletOf(name, { slack, discord, callback, rules });
}

/** With the tokens of the workspaces that installed the app, where it can be installed. */
export function withInstalls(
  slack: NonNullable<Settings["slack"]>,
  bindings: Bindings,
  account: string,
): SlackSettings {
  if (slack.client === undefined) return slack;
  return { ...slack, tokenOf: async (team) => accountObject(bindings, account).slackToken(team) };
}
