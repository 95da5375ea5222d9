/** Where in Discord an answer goes: an interaction's own message, for as long as its token lives; then a later interaction's, or the channel by the bot. */
import { defined } from "../../core/defined.ts";
import type { Address } from "../channel.ts";

/** What lets messages be made and changed for 15 minutes. */
export interface DiscordInteraction {
  token: string;
  id: string;
  /** When it came, in ms since 1970. */
  atMs: number;
  /** Most follow-ups: apps that only a person installed may make 5 (interactions/receiving-and-responding, "Followup Messages"). */
  followUps?: number;
}

/** An interaction that came later in the same turn: a press of a button. */
export interface DiscordPress extends DiscordInteraction {
  /** The message whose button was pressed: the press's token may change it. */
  message?: string;
}

export interface DiscordAddress extends Address, DiscordInteraction {
  channel: "discord";
  /** Of the interaction; `""` when the answer goes to a channel by the bot alone. */
  token: string;
  /** Application id. */
  app: string;
  /** Channel or thread. */
  room: string;
  /** Who asked; `""` when no person did. */
  user: string;
  /** The session of its channel; absent where a schedule or a webhook names another one. */
  session?: string;
  /** The latest press. */
  fresh?: DiscordPress;
}

/** The same channel by the bot: the token of an interaction is good for 15 minutes. */
export function lastingPlace({ app, room, user, session }: DiscordAddress, atMs: number): DiscordAddress {
  return { channel: "discord", token: "", id: "", app, room, user, atMs, ...defined({ session }) };
}

/**
 * A channel that a schedule or a webhook answers in. Needs `DISCORD_BOT_TOKEN`, and the bot in that server.
 * @param room id of the channel or thread
 * @example replyTo: discordRoom("1234567890")
 */
export function discordRoom(room: string): DiscordAddress {
  return { channel: "discord", token: "", id: "", app: "", room, user: "", atMs: 0 };
}
