/** What the agent's owner may choose for Discord, and what follows from it. Pure. */

export interface DiscordRules {
  /** Name of the agent that answers here; the default one when absent. A conversation keeps the agent that it began with. */
  agent?: string;
  /** Who may press approval buttons: who asked (default; where nobody did, the channel's members), anyone who sees them, or these user ids. */
  approvers?: "asker" | "anyone" | readonly string[];
  /** Ids of servers where the agent answers; `"dm"` stands for direct messages. Absent: everywhere. */
  guilds?: readonly string[];
  /** Ids of channels where it answers; a channel's threads belong to it. Absent: all. */
  channels?: readonly string[];
  /** Ids of people whom it answers. Absent: all. */
  users?: readonly string[];
}

/** Where somebody acts. */
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
  // A direct message has a channel that nobody could list.
  if (guild !== undefined && channels !== undefined && !isListed(channel) && !isListed(parent)) return false;
  return users?.includes(user) ?? true;
}

/**
 * The session of a channel or thread: everything that is asked there is one conversation.
 * @example session: discordSession("1122", "3344") // a schedule posts into the conversation that people have in the channel
 */
export function discordSession(guild: string | undefined, channel: string): string {
  return `discord_${guild ?? "dm"}_${channel}`;
}
