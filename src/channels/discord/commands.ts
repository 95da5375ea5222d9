/** The commands that Discord must know of (discord.com/developers/docs/interactions/application-commands). Pure. */

/** In servers and in direct messages, for apps that a server or a person installed. */
const everywhere = { integration_types: [0, 1], contexts: [0, 1, 2] };

export const discordCommands = [
  {
    type: 1,
    name: "ask",
    description: "Ask the agent",
    options: [{ type: 3, name: "prompt", description: "Your question", required: true, max_length: 6000 }],
    ...everywhere,
  },
  { type: 3, name: "Ask about this", ...everywhere },
] as const;
