/** How answers get out of one account's sessions: by the channels that the app lists, and by `callbacks()`. */
import { accountObject } from "../../account/account-object.ts";
import type { App } from "../../agent/app.ts";
import type { CallbackAddress } from "../../channels/callback.ts";
import type { Address, Outlet } from "../../channels/channel.ts";
import type { AddressFault, ChannelHost } from "../../channels/define-channel.ts";
import { defaultAccount } from "../../channels/place-rules.ts";
import type { Bindings } from "../../env.ts";

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
    if (name === "callback") return app.callbacks?.outlet({ secret, isDev: app.settings.isDev });
    if (name === "agents") return app.delegation?.outlet(bindings, account);
    return app.channels.get(name)?.works?.outlet(channelHost(bindings, name));
  };
}

const noCallbacks = "The app does not list callbacks(). Add it to its doors.";

/** Why nothing goes out by this channel, where nothing does. */
export function outletFault({ channels }: App, name: string): string {
  if (name === "callback") return `${noCallbacks} Retry the delivery then.`;
  if (channels.has(name)) return `The channel "${name}" is not configured.`;
  return `The app does not list the channel "${name}". List it in \`channels\` of longline(…), and retry the delivery.`;
}

/** What an address is looked at with. */
export type AddressSources = Pick<App, "channels" | "callbacks" | "settings">;

/** The library's own, that an app may list. */
const known = ["slack", "discord"];

/** `undefined` when an answer can be shown there as things are configured. So that a turn whose answer no one would see, or whose question no one could answer, is refused at its start. */
export function addressFault(
  { channels, callbacks, settings }: AddressSources,
  address: Address,
): AddressFault | undefined {
  const { channel } = address;
  if (channel === "callback") {
    const { url } = address as CallbackAddress;
    const detail = callbacks === undefined ? noCallbacks : callbacks.fault(url, settings.isDev);
    return detail === undefined ? undefined : { of: "app", detail };
  }
  const listed = channels.get(channel);
  if (listed !== undefined) {
    const detail = listed.addressFault(address);
    return detail === undefined ? undefined : { of: "settings", detail };
  }
  const detail = known.includes(channel)
    ? `The app does not list the channel ${channel}. Add ${channel}() to its channels.`
    : `There is no channel "${channel}". There are: ${[...channels.keys(), ...(callbacks ? ["callback"] : [])].join(", ")}.`;
  return { of: "app", detail };
}

/** What a channel keeps is stored with the default account, and serves sessions of all accounts. */
export function channelHost(bindings: Bindings, channel: string): ChannelHost {
  const object = () => accountObject(bindings, defaultAccount);
  // Keys of Slack are older than those of other channels, and do not begin with a name.
  const key = (place: string) => (channel === "slack" ? place : `${channel} ${place}`);
  return {
    installs: {
      add: async (place, token) => object().addSlackInstall(key(place), token),
      token: async (place) => object().slackToken(key(place)),
      remove: async (place) => object().removeSlackInstall(key(place)),
    },
  };
}
