/** Messages that do not come by writing: the slash command and the shortcut on somebody's message. */
import type { Inbound, Taken } from "../channel.ts";
import { SlackApi, type SlackSettings } from "./api.ts";
import type { MessageAction, SlashCommand } from "./envelope.ts";
import { namesOf } from "./people.ts";
import { namedUsers, readText } from "./read-text.ts";
import type { SlackSetup } from "./receive.ts";
import { type SlackAddress, sessionOf } from "./slack-address.ts";

const nothing = (text: string): Inbound => ({
  kind: "nothing",
  response: Response.json({ response_type: "ephemeral", text }),
});

/** `/ask …`: has no thread, so a person's commands in a channel are one session, and the answer goes to its `response_url`. */
export async function fromCommand(said: SlashCommand, { settings }: SlackSetup, nowMs: number): Promise<Inbound> {
  const { team_id: team, channel_id: room, user_id: user, api_app_id: app = "", trigger_id, response_url } = said;
  const text = said.text.trim();
  if (text === "") return nothing(`Write your question behind it: ${said.command} what is on today?`);
  if (!isResponseUrl(response_url, settings)) return nothing("Slack sent no address for the answer.");
  const api = new SlackApi(settings);
  const names = settings.botToken === undefined ? new Map() : await namesOf(api, team, [user, ...namedUsers(text)]);
  const place = { team, app, room, thread: "", user, ts: "", atMs: nowMs };
  const address: SlackAddress = { channel: "slack", ...place, responseUrl: response_url };
  return {
    kind: "message",
    received: {
      session: `slack_${team}_${room}_${user}`,
      content: readText(text, undefined, names),
      speaker: names.get(user) ?? said.user_name ?? user,
      metadata: { slack_user: user, slack_team: team },
      claims: [`slack trigger ${app} ${team} ${trigger_id}`],
      address,
    },
    answer: (taken: Taken) => {
      const words = "refused" in taken ? taken.refused.message : "Working on it …";
      return Response.json({ response_type: "ephemeral", text: words });
    },
  };
}

/** "Ask about this" on a message: answered in that message's thread. */
export async function fromMessageAction(
  action: MessageAction,
  { settings, rules }: SlackSetup,
  nowMs: number,
): Promise<Inbound> {
  const { user, message, trigger_id, team, api_app_id, channel } = action;
  const teamId = team?.id ?? "";
  const thread = message.thread_ts ?? message.ts;
  const text = message.text ?? "";
  const api = new SlackApi(settings);
  const ids = [user.id, ...(message.user ? [message.user] : []), ...namedUsers(text)];
  const names = settings.botToken === undefined ? new Map() : await namesOf(api, teamId, ids);
  const author = names.get(message.user ?? "") ?? message.user ?? "somebody";
  const place = { team: teamId, app: api_app_id ?? "", room: channel.id, thread, user: user.id, ts: message.ts };
  return {
    kind: "message",
    received: {
      session: sessionOf({ team: teamId, room: channel.id, thread }, rules),
      content: `What do you say to this message from ${author}?\n\n${readText(text, undefined, names)}`,
      speaker: names.get(user.id) ?? user.username ?? user.name ?? user.id,
      metadata: { slack_user: user.id, slack_team: teamId },
      claims: [`slack trigger ${place.app} ${teamId} ${trigger_id}`],
      address: { channel: "slack", ...place, atMs: nowMs } as SlackAddress,
    },
    answer: () => new Response(null),
  };
}

/** A signed request may still hold any address: only Slack's own hosts are posted to. */
export function isResponseUrl(url: string, { apiUrl }: SlackSettings): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, origin } = new URL(url);
  if (origin === new URL(apiUrl).origin) return true;
  return protocol === "https:" && (hostname === "hooks.slack.com" || hostname === "hooks.slack-gov.com");
}
