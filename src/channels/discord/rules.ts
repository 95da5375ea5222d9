/** What the agent's owner may choose for Discord, and what follows from it. Pure. */

import { checkPlaceRules, type PlaceRule } from "../place-rules.ts";

export interface DiscordRules {
  /** Name of the agent that answers here; the default one when absent. A conversation keeps the agent that it began with. */
  agent?: string;
  /** Who may press approval buttons: who asked (default; where no person did, the channel's members), anyone who sees them, or these user ids. */
  approvers?: "asker" | "anyone" | readonly string[];
  /** Buttons for praise and blame under answers; true by default. */
  feedback?: boolean;
  /** Ids of servers where the agent answers; `"dm"` means direct messages. Absent: everywhere. */
  guilds?: readonly string[];
  /** Ids of channels where it answers; a channel's threads belong to it. Absent: all. */
  channels?: readonly string[];
  /** Ids of people whom it answers. Absent: all. */
  users?: readonly string[];
  /** Accounts and agents by server and channel. */
  places?: readonly PlaceRule[];
}

/** Throws for rules that cannot work, at start: a question that no one may answer would wait for a day. */
export function checkDiscordRules({ approvers, users, places }: DiscordRules): void {
  checkPlaceRules(places, "channels.discord.places", "guild");
  if (!Array.isArray(approvers)) return;
  if (approvers.length === 0) {
    throw new Error(
      'channels.discord.approvers is empty, so no one could approve anything. Name user ids, or use "asker".',
    );
  }
  if (users !== undefined && !approvers.some((id) => users.includes(id))) {
    throw new Error("channels.discord.approvers contains no id of channels.discord.users. Name at least one of them.");
  }
}

/** The place where a person acts. */
export interface DiscordPlace {
  /** `undefined`: a direct message. */
  guild: string | undefined;
  channel: string;
  /** The channel that a thread belongs to. */
  parent: string | undefined;
  user: string;
}

/** Whether the agent answers this person there. */
export function isAllowed({ guild, channel, parent, user }: DiscordPlace, rules: DiscordRules): boolean {
  const { guilds, channels, users } = rules;
  if (guilds !== undefined && !guilds.includes(guild ?? "dm")) return false;
  const isListed = (id: string | undefined) => id !== undefined && (channels?.includes(id) ?? true);
  // A direct message has a channel that no rule could list.
  if (guild !== undefined && channels !== undefined && !isListed(channel) && !isListed(parent)) return false;
  return users?.includes(user) ?? true;
}

/**
 * The session of a channel or thread: all messages there are one conversation.
 * @example session: discordSession("1122", "3344") // a schedule posts into the conversation that people have in the channel
 */
export function discordSession(guild: string | undefined, channel: string): string {
  return `discord_${guild ?? "dm"}_${channel}`;
}
