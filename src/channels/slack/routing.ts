/** Decides what the agent must do for a Slack event. Pure; the filters that keep bots from talking to themselves are here. */
import type { EventCallback, SlackEvent } from "./envelope.ts";
import type { SlackRules } from "./rules.ts";
import { isDm } from "./slack-address.ts";

/** `mustExist`: only where the agent is part of the thread already. `home`, `greet`: a person opened the app. */
export type EventAction =
  | { do: "ask"; mustExist: boolean }
  | { do: "stop" }
  | { do: "home" }
  | { do: "greet" }
  | { do: "uninstalled" }
  | { do: "nothing"; why: string };

/** Messages that people write; others report edits, joins and the like. */
const written = new Set(["file_share", "thread_broadcast"]);

export function eventAction({ event, authorizations }: EventCallback, rules: SlackRules = {}): EventAction {
  const own = authorizations?.[0]?.user_id ?? undefined;
  switch (event.type) {
    case "app_mention":
      return fault(event, own) ?? notAllowed(event, rules) ?? { do: "ask", mustExist: false };
    case "message":
      return fault(event, own) ?? notAllowed(event, rules) ?? followUp(event, own, rules);
    case "app_home_opened":
      return event.tab === "home" ? { do: "home" } : event.tab === "messages" ? { do: "greet" } : nothing("no tab");
    case "app_uninstalled":
      return { do: "uninstalled" };
    case "tokens_revoked":
      return (event.tokens?.bot ?? []).length > 0 ? { do: "uninstalled" } : nothing("no token of a bot");
    case "assistant_thread_started":
      return { do: "greet" };
    case "agent_session_stopped":
      return { do: "stop" };
    default:
      return nothing(`${event.type} needs no answer`);
  }
}

/** Why an event is not a person's message to us. */
function fault({ bot_id, user, subtype, channel, ts }: SlackEvent, own: string | undefined): EventAction | undefined {
  if (bot_id) return nothing("a bot wrote it");
  if (!user || user === own || systemUser.test(user)) return nothing("no person wrote it");
  if (subtype && !written.has(subtype)) return nothing(`${subtype} is no message`);
  if (!channel || !ts) return nothing("it has no place");
  return undefined;
}

/** Slack's own messages: `USLACK`, `USLACKBOT`. */
const systemUser = /^USLACK(BOT)?$/;

/** Whether the owner's lists let this channel and this person in. A direct message is no channel of a list. */
export function isAllowed(room: string, user: string, { allowedChannels, allowedUsers }: SlackRules): boolean {
  if (allowedUsers !== undefined && !allowedUsers.includes(user)) return false;
  return allowedChannels === undefined || isDm(room) || allowedChannels.includes(room);
}

function notAllowed({ channel, user }: SlackEvent, rules: SlackRules): EventAction | undefined {
  return isAllowed(channel ?? "", user ?? "", rules) ? undefined : nothing("the owner's lists leave it out");
}

/** A mention comes as `app_mention`, too: whichever comes first is taken, the other one is the same message. */
function followUp(
  { channel_type, channel, text, thread_ts }: SlackEvent,
  own: string | undefined,
  { threads = "all" }: SlackRules,
): EventAction {
  if (channel_type === "im" || channel?.startsWith("D")) return { do: "ask", mustExist: false };
  if (own !== undefined && text?.includes(`<@${own}`)) return { do: "ask", mustExist: false };
  if (!thread_ts || threads === "mentioned") return nothing("no one asked the agent");
  // Words that begin with another person's name are for that person.
  return /^\s*<@[UW][A-Z0-9]+(?:\|[^>]*)?>/.test(text ?? "")
    ? nothing("the message is for another person")
    : { do: "ask", mustExist: true };
}

function nothing(why: string): EventAction {
  return { do: "nothing", why };
}
