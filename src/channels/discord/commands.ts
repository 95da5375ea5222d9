/** The commands that Discord must know of (discord.com/developers/docs/interactions/application-commands), and the link by which an application is installed. Pure. */

/** In servers and in direct messages, for apps that a server or a person installed. */
const everywhere = { integration_types: [0, 1], contexts: [0, 1, 2] };

export const discordCommands = [
  {
    type: 1,
    name: "ask",
    description: "Ask the agent",
    options: [
      { type: 3, name: "prompt", description: "Your question", required: true, max_length: 6000 },
      { type: 11, name: "file", description: "A text file that it reads", required: false },
    ],
    ...everywhere,
  },
  { type: 3, name: "Ask about this", ...everywhere },
  { type: 1, name: "stop", description: "Stop what the agent is doing in this channel", ...everywhere },
] as const;

/** What the bot may do, by bit (topics/permissions, "Bitwise Permission Flags"). */
const permissions = {
  VIEW_CHANNEL: 1n << 10n,
  SEND_MESSAGES: 1n << 11n,
  EMBED_LINKS: 1n << 14n,
  ATTACH_FILES: 1n << 15n,
  READ_MESSAGE_HISTORY: 1n << 16n,
  SEND_MESSAGES_IN_THREADS: 1n << 38n,
} as const;

const permissionNames = Object.keys(permissions) as (keyof typeof permissions)[];

/** Opens Discord's page that adds the application to a server (topics/oauth2, "Bot Authorization Flow"). */
function installLink(applicationId: string): string {
  const all = Object.values(permissions).reduce((sum, each) => sum | each, 0n);
  const query = new URLSearchParams({
    client_id: applicationId,
    scope: "bot applications.commands",
    permissions: String(all),
    integration_type: "0",
  });
  return `https://discord.com/oauth2/authorize?${query}`;
}

/** The same for a person, who then has the commands everywhere. */
function personalInstallLink(applicationId: string): string {
  const query = new URLSearchParams({
    client_id: applicationId,
    scope: "applications.commands",
    integration_type: "1",
  });
  return `https://discord.com/oauth2/authorize?${query}`;
}

/** What to do after the commands are registered, and what works without a gateway. */
export function setupText(applicationId: string): string {
  return [
    "Add it to a server, with the bot that goes on where an interaction ends:",
    `  ${installLink(applicationId)}`,
    `  Scopes: bot, applications.commands. Permissions: ${permissionNames.join(", ")}.`,
    "Or to your own account, to use the commands everywhere (answers have 6 messages at most, and then a file):",
    `  ${personalInstallLink(applicationId)}`,
    "",
    "This Worker takes interactions by HTTP and holds no gateway connection. So it answers commands, buttons and forms:",
    "  works: /ask (also with a text file), /stop, Apps > Ask about this on any message, approval and stop buttons",
    "  does not: mentions, direct messages to the bot, plain messages in a channel or thread, reactions",
    "All messages to the agent in a channel or thread are one conversation, which all its members share.",
  ].join("\n");
}
