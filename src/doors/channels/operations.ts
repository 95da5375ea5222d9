/** The calls of webhooks and channels, described: those of the library's own in their words, any other by its name. */

import * as z from "zod/mini";
import type { App } from "../../agent/app.ts";
import type { Operation } from "../operation.ts";
import { anyObject } from "../shapes.ts";

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

const webhookTurn = z.object({ session: z.string(), turn: z.string(), status_url: z.string() });

const webhook: Record<string, Operation> = {
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
};

export function channelOperations({ channels }: Pick<App, "channels">): Record<string, Operation> {
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
  return { ...webhook, ...Object.fromEntries(described) };
}

function called(call: string, otherwise: Operation): [string, Operation] {
  return [call, known[call] ?? otherwise];
}
