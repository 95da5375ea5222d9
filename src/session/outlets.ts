/** How answers get out of one account's sessions: by the channels that the app lists, and by callbacks, which every app has. */
import { accountObject } from "../account/account.ts";
import type { App } from "../agent/app.ts";
import { callback } from "../channels/callback.ts";
import type { Outlet } from "../channels/channel.ts";
import type { ChannelHost } from "../channels/define-channel.ts";
import type { Bindings } from "../env.ts";
import { urlFault } from "./url-fault.ts";

interface Deployment {
  app: App;
  bindings: Bindings;
  account: string;
}

/** `undefined` for a channel that the app does not list, or that is not configured. */
export function outlets({ app, bindings, account }: Deployment): (name: string) => Outlet | undefined {
  const secret = async () =>
    app.webhookSecrets.get("callback")?.[0] ?? accountObject(bindings, account).callbackSecret(account);
  return (name) => {
    if (name === "callback") {
      const fault = (url: string) => urlFault(url, app.settings.isDev);
      return callback({ secret, urlFault: fault }) as unknown as Outlet;
    }
    return app.channels.get(name)?.works?.outlet(channelHost(bindings, account, name));
  };
}

/** Why nothing goes out by this channel, where nothing does. */
export function outletFault({ channels }: App, name: string): string {
  if (channels.has(name)) return `The channel "${name}" is not configured.`;
  return `The app does not list the channel "${name}". List it in \`channels\` of longline(…), and retry the delivery.`;
}

/** What a channel keeps is the account's. */
export function channelHost(bindings: Bindings, account: string, channel: string): ChannelHost {
  const object = () => accountObject(bindings, account);
  // Slack's were the first, and have no name in front.
  const key = (place: string) => (channel === "slack" ? place : `${channel} ${place}`);
  return {
    installs: {
      add: async (place, token) => object().addSlackInstall(key(place), token),
      token: async (place) => object().slackToken(key(place)),
      remove: async (place) => object().removeSlackInstall(key(place)),
    },
  };
}
