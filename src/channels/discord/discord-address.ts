/** Where in Discord an answer goes: an interaction's own message, for as long as its token lives. */
import type { Address } from "../channel.ts";

export interface DiscordAddress extends Address {
  channel: "discord";
  /** Of the interaction; `""` when the answer goes to a channel by the bot alone. */
  token: string;
  /** The interaction's. */
  id: string;
  /** Application id. */
  app: string;
  /** Channel or thread. */
  room: string;
  /** Who asked; `""` when nobody did. */
  user: string;
  atMs: number;
}

/** A channel that a schedule or a webhook answers in. Needs the bot. */
export function discordRoom(room: string): DiscordAddress {
  return { channel: "discord", token: "", id: "", app: "", room, user: "", atMs: 0 };
}
