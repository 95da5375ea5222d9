/** Decides what a Slack event asks of the agent. Pure; the filters that keep bots from talking to themselves are here. */
import type { EventCallback, SlackEvent } from "./envelope.ts";

/** `mustExist`: only where the agent is part of the thread already. */
export type Asked = { do: "ask"; mustExist: boolean } | { do: "stop" } | { do: "nothing"; why: string };

/** Messages that people write; others tell of edits, joins and the like. */
const written = new Set(["file_share", "thread_broadcast"]);

export function askedBy({ event, authorizations }: EventCallback): Asked {
  const own = authorizations?.[0]?.user_id ?? undefined;
  switch (event.type) {
    case "app_mention":
      return fault(event, own) ?? { do: "ask", mustExist: false };
    case "message":
      return fault(event, own) ?? followUp(event, own);
    case "agent_session_stopped":
      return { do: "stop" };
    default:
      return nothing(`${event.type} asks for nothing`);
  }
}

/** Why an event is not somebody's message to us. */
function fault({ bot_id, user, subtype, channel, ts }: SlackEvent, own: string | undefined): Asked | undefined {
  if (bot_id) return nothing("a bot wrote it");
  if (!user || user === own) return nothing("no person wrote it");
  if (subtype && !written.has(subtype)) return nothing(`${subtype} is no message`);
  if (!channel || !ts) return nothing("it has no place");
  return undefined;
}

/** A mention comes as `app_mention`, too: whichever comes first is taken, the other one is the same message. */
function followUp({ channel_type, channel, text, thread_ts }: SlackEvent, own: string | undefined): Asked {
  if (channel_type === "im" || channel?.startsWith("D")) return { do: "ask", mustExist: false };
  if (own !== undefined && text?.includes(`<@${own}`)) return { do: "ask", mustExist: false };
  return thread_ts ? { do: "ask", mustExist: true } : nothing("nobody asked");
}

function nothing(why: string): Asked {
  return { do: "nothing", why };
}
