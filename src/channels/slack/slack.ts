/** Slack as a channel. Paces are its own: appending is tier 4 (100 a minute), rewriting tier 3 (50). */
import type { InboundRequest, Outlet } from "../channel.ts";
import { type SlackSettings, settingsFor } from "./api.ts";
import { postToSlack, type SlackShown } from "./post.ts";
import { readReference, type SlackReference } from "./read-reference.ts";
import { receiveSlack, type SlackRules } from "./receive.ts";
import type { SlackAddress } from "./slack-address.ts";

export function slack(settings: SlackSettings, rules: SlackRules) {
  const outlet: Outlet<SlackAddress, SlackShown> = {
    live: true,
    paceMs: 1_000,
    retryMs: [1_000, 5_000, 15_000, 60_000, 300_000],
    post: async (posting) => postToSlack(posting, await settingsFor(settings, posting.address.team), rules),
    read: async (reading) => {
      const { team } = reading.reference as SlackReference;
      return readReference(reading, await settingsFor(settings, team));
    },
  };
  return { ...outlet, receive: (request: InboundRequest) => receiveSlack(request, { settings, rules }) };
}
