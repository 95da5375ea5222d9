/** Channels as an app lists them: each with what all of them need, which is the routes of what comes in and the deliveries of what goes out. */
import { type Channel, type ChannelDefinition, defineChannel as define } from "../../channels/define-channel.ts";
import { discord as plainDiscord } from "../../channels/discord/discord-channel.ts";
import { slack as plainSlack } from "../../channels/slack/slack-channel.ts";
import type { SettingDeclarations } from "../../core/settings.ts";
import { courier } from "../../session/deliver/courier.ts";
import { type Door, defineDoor } from "../door.ts";
import { channelRoutes } from "./channels.ts";
import { deliveries } from "./deliveries.ts";

/** A channel that an app can list. Made by `defineChannel`. */
export interface ListedChannel extends Channel {
  /** One for all channels. */
  readonly door: Door;
}

/** Of every app that lists a channel. */
export const channelsDoor: Door = /* @__PURE__ */ defineDoor({
  name: "channels",
  isNative: true,
  routes: (_, app) => [
    ["/channels", channelRoutes(app)],
    ["/v1/deliveries", deliveries],
  ],
  deliveries: courier,
});

/**
 * Makes a channel of its definition. Throws an Error for a name that cannot be one.
 *
 * @example
 * export const pager = () => defineChannel({ name: "pager", settings: { PAGER_KEY: { schema: z.string(), secret: true } }, … });
 */
export function defineChannel<const D extends SettingDeclarations, S>(
  definition: ChannelDefinition<D, S>,
): ListedChannel {
  return { ...define(definition), door: channelsDoor };
}

/**
 * Slack: `POST /channels/slack`. Its settings are `SLACK_SIGNING_SECRET` and `SLACK_BOT_TOKEN`, and for further workspaces
 * `SLACK_CLIENT_ID` and `SLACK_CLIENT_SECRET`. Throws an Error for rules that cannot work.
 */
export function slack(...rules: Parameters<typeof plainSlack>): ListedChannel {
  return { ...plainSlack(...rules), door: channelsDoor };
}

/** Discord: `POST /channels/discord`. Its settings are `DISCORD_PUBLIC_KEY`, `DISCORD_APPLICATION_ID` and `DISCORD_BOT_TOKEN`. */
export function discord(...rules: Parameters<typeof plainDiscord>): ListedChannel {
  return { ...plainDiscord(...rules), door: channelsDoor };
}
