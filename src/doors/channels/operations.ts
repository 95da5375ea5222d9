/** The calls of webhooks and channels, described: those of the library's own in their words, any other by its name. */

import * as z from "zod/mini";
import type { App } from "../../agent/app.ts";
import { lazySchema } from "../../core/lazy-schema.ts";
import { channelState, delivery } from "../../wire/account-shapes.ts";
import type { Operation } from "../operation.ts";
import { anyObject } from "../shapes.ts";
import { deliveryListing } from "./deliveries.ts";

const signed = { tag: "Channels", key: "signature", body: anyObject } as const;

const known: Record<string, Operation> = {
  "POST /channels/slack": {
    ...signed,
    summary: "Slack's events, commands and interactions",
    answers: { 200: { what: "Taken." } },
    refusals: [503],
  },
  "GET /channels/slack/install": {
    tag: "Channels",
    key: "none",
    summary: "Sends a browser to Slack, to install the app in a further workspace",
    answers: { 302: { what: "On to Slack, with a signed state." } },
    refusals: [503],
  },
  "GET /channels/slack/oauth": {
    tag: "Channels",
    key: "none",
    summary: "Where Slack sends the browser back to, with its code",
    answers: { 200: { what: "The app is installed." } },
    refusals: [400, 401, 503],
  },
  "POST /channels/discord": {
    ...signed,
    summary: "Discord's interactions",
    answers: { 200: { what: "An interaction response.", schema: anyObject } },
    refusals: [503],
  },
};

const webhookTurn = lazySchema(() => z.object({ session: z.string(), turn: z.string(), status_url: z.string() }));

const webhook = (): Record<string, Operation> => ({
  "POST /channels/webhooks/{name}": {
    ...signed,
    summary: "An inbound webhook, signed as its rules say",
    answers: {
      202: {
        what: "The message's turn.",
        schema: webhookTurn,
      },
      200: {
        what: "It was taken before, or is not for us.",
        schema: z.union([webhookTurn, z.object({ ignored: z.literal(true) })]),
      },
    },
    refusals: [404],
  },
});

const owedAgain = lazySchema(() =>
  z.object({ id: z.string(), session: z.string(), turn: z.string(), status: z.literal("owed") }),
);

const deliveryList = lazySchema(() => z.object({ deliveries: z.array(delivery), channels: z.array(channelState) }));

const deliveryOperations = (): Record<string, Operation> => ({
  "GET /v1/deliveries": {
    tag: "Channels",
    summary: "Answers that could not be delivered, and when each channel last took one or failed",
    query: deliveryListing,
    answers: { 200: { what: "Dead letters, and the state of each channel.", schema: deliveryList } },
  },
  "GET /v1/deliveries/secret": {
    tag: "Channels",
    summary: "What callbacks are signed with",
    answers: { 200: { what: "The secret.", schema: z.object({ secret: z.string() }) } },
  },
  "POST /v1/deliveries/{id}/retry": {
    tag: "Channels",
    summary: "Tries a delivery again",
    answers: { 202: { what: "It is owed again.", schema: owedAgain } },
    refusals: [404],
  },
});

/** By what the app lists. */
export function channelOperations({ channels, doors }: Pick<App, "channels" | "doors">): Record<string, Operation> {
  const lists = (...names: string[]) => doors.some(({ name }) => names.includes(name));
  const described = [...channels.values()].flatMap(({ name, pages }) => [
    called(`POST /channels/${name}`, {
      ...signed,
      summary: `What ${name} sends`,
      answers: { 200: { what: "Taken." } },
    }),
    ...pages.map((page) =>
      called(`GET /channels/${name}/${page}`, {
        ...{ tag: "Channels", key: "none", summary: `A page of ${name}` },
        answers: { 200: { what: "A page." } },
        refusals: [503],
      }),
    ),
  ]);
  return {
    ...(lists("webhooks") && webhook()),
    ...Object.fromEntries(described),
    ...(lists("channels", "callbacks") && deliveryOperations()),
  };
}

function called(call: string, otherwise: Operation): [string, Operation] {
  return [call, known[call] ?? otherwise];
}
