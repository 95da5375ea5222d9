/** Turns the slash command, and the shortcut on a person's message, into messages to the agent. */

import { defined } from "../../core/defined.ts";
import type { AppError } from "../../core/errors.ts";
import type { Inbound, Taken } from "../channel.ts";
import { type SlackSettings, settingsFor } from "./api.ts";
import type { MessageAction, SlashCommand } from "./envelope.ts";
import { knownName } from "./people.ts";
import { keptReference } from "./read-reference.ts";
import { readText } from "./read-text.ts";
import { sendRefusal } from "./refusal.ts";
import { renderMessage } from "./render-message.ts";
import { isAllowed } from "./routing.ts";
import type { SlackSetup } from "./rules.ts";
import { placeName, type SlackAddress, sessionOf } from "./slack-address.ts";

const nothing = (text: string): Inbound => ({
  kind: "nothing",
  response: Response.json({ response_type: "ephemeral", text }),
});

/** `/ask …`: has no thread, so a person's commands in a channel are one session, and the answer goes to its `response_url`. */
export function fromCommand(command: SlashCommand, { settings, rules }: SlackSetup, nowMs: number): Inbound {
  const { team_id: team, channel_id: room, user_id: user, api_app_id: app = "", trigger_id, response_url } = command;
  const text = command.text.trim();
  if (text === "") return nothing(`Write your question after it: ${command.command} what is on today?`);
  if (!isAllowed(room, user, rules)) return nothing("This app is not set up to answer here.");
  if (!isResponseUrl(response_url, settings)) return nothing("Slack sent no address for the answer.");
  const place = { team, app, room, thread: "", user, ts: "", atMs: nowMs };
  const address: SlackAddress = { channel: "slack", ...place, responseUrl: response_url };
  return {
    kind: "message",
    received: {
      session: `slack_${team}_${room}_${user}`,
      content: readText(text, undefined, new Map()),
      speaker: knownName(team, user) ?? command.user_name ?? user,
      metadata: { slack_user: user, slack_team: team },
      claims: [`slack trigger ${app} ${team} ${trigger_id}`],
      address,
      reference: keptReference({ channel: "slack", team, room, user, text }),
    },
    answer: (taken: Taken) => {
      const words = "refused" in taken ? taken.refused.message : "Working on it …";
      return Response.json({ response_type: "ephemeral", text: words });
    },
  };
}

/** "Ask about this" on a message: answered in that message's thread, or where only the person sees it when the app cannot post there. */
export function fromMessageAction(action: MessageAction, { settings, rules }: SlackSetup, nowMs: number): Inbound {
  const { user, message, trigger_id, team, api_app_id, channel, response_url } = action;
  if (!isAllowed(channel.id, user.id, rules)) return { kind: "nothing", response: new Response(null) };
  const teamId = team?.id ?? "";
  const thread = message.thread_ts ?? message.ts;
  const { text, files, attachments, blocks, ts } = message;
  const author = message.user ?? "";
  const place = { team: teamId, app: api_app_id ?? "", room: channel.id, thread, user: user.id, ts };
  const fallbackUrl = response_url && isResponseUrl(response_url, settings) ? response_url : undefined;
  const lead = "What do you say to this message from %?";
  const address: SlackAddress = {
    ...{ channel: "slack", ...place, atMs: nowMs },
    ...defined({ fallbackUrl }),
  };
  const known = knownName(teamId, author) ?? (author || (message.username ?? "a user"));
  return {
    kind: "message",
    received: {
      session: sessionOf({ team: teamId, room: channel.id, thread }, rules),
      content: `${lead.replace("%", known)}\n\n${readText(renderMessage({ text, attachments, blocks }), undefined, new Map())}`,
      speaker: knownName(teamId, user.id) ?? user.username ?? user.name ?? user.id,
      metadata: { slack_user: user.id, slack_team: teamId },
      claims: [`slack trigger ${place.app} ${teamId} ${trigger_id}`],
      place: placeName({ team: teamId, room: channel.id, thread }),
      address,
      reference: keptReference({
        ...{
          channel: "slack",
          team: teamId,
          room: channel.id,
          user: user.id,
          text: text ?? "",
          lead,
          author: author || known,
        },
        ...(files && { files }),
        ...(attachments && { attachments }),
        ...(blocks && { blocks }),
      }),
    },
    answer: () => new Response(null),
    notify: async (refused: AppError) => sendRefusal(address, refused, await settingsFor(settings, teamId)),
  };
}

/** A signed request may still hold any address: only Slack's own hosts are posted to. */
export function isResponseUrl(url: string, { apiUrl }: SlackSettings): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, origin } = new URL(url);
  if (origin === new URL(apiUrl).origin) return true;
  return protocol === "https:" && (hostname === "hooks.slack.com" || hostname === "hooks.slack-gov.com");
}
