/** Discord as a channel. Edits keep 1.5 s apart: a webhook's bucket is 5 calls in 2 s, and what people read must not flicker. */
import type { InboundRequest, Outlet } from "../channel.ts";
import type { DiscordSettings } from "./api.ts";
import type { DiscordAddress } from "./discord-address.ts";
import { postToDiscord } from "./post.ts";
import { readReference } from "./read-reference.ts";
import { type DiscordRules, receiveDiscord } from "./receive.ts";
import type { DiscordShown } from "./shown.ts";

export function discord(settings: DiscordSettings, rules: DiscordRules) {
  const outlet: Outlet<DiscordAddress, DiscordShown> = {
    live: true,
    paceMs: 1_500,
    retryMs: [1_000, 2_000, 5_000, 15_000, 60_000, 300_000],
    post: (posting) => postToDiscord(posting, settings, rules),
    read: (reading) => readReference(reading, settings),
  };
  return { ...outlet, receive: (request: InboundRequest) => receiveDiscord(request, { settings, rules }) };
}
