/** Callbacks as an app lists them: answers that are sent to a URL which the sender of a message names. An app without this line carries none of it. */
import { callback } from "../../channels/callback.ts";
import type { Outlet } from "../../channels/channel.ts";
import { webhookSettings } from "../../channels/webhook.ts";
import { isLoopbackHost } from "../../core/setting-lists.ts";
import { courier } from "../../session/deliver/courier.ts";
import { refusalOf } from "../../tools/public-address.ts";
import { type Door, defineDoor } from "../door.ts";
import { deliveries } from "./deliveries.ts";

/**
 * `callback_url` of messages, of webhooks and of schedules, and notices to URLs: signed by Standard Webhooks with `callback` of
 * `WEBHOOK_SECRETS`, and sent again after failures. With it comes `/v1/deliveries`, as with a channel.
 *
 * @example
 * longline({ agents, doors: [callbacks()] })
 */
export function callbacks(): Door {
  return defineDoor({
    name: "callbacks",
    isNative: true,
    settings: webhookSettings,
    routes: () => [["/v1/deliveries", deliveries]],
    deliveries: courier,
    callbacks: {
      fault: urlFault,
      outlet: ({ secret, isDev }) => callback({ secret, urlFault: (url) => urlFault(url, isDev) }) as unknown as Outlet,
    },
  });
}

/** Why an address that a caller named must not be called, in words; `undefined` when it may. On a developer's machine (`isDev`) loopback may, too. */
function urlFault(text: string, isDev: boolean): string | undefined {
  if (!URL.canParse(text)) return `callback_url must be a URL; it was "${text.slice(0, 200)}".`;
  const url = new URL(text);
  if (isDev && isLoopbackHost(url.hostname) && url.username === "") return undefined;
  const refusal = refusalOf(url);
  return refusal === undefined ? undefined : `callback_url is not called: ${refusal}`;
}
