/** The Slack app that a deployment needs, as an app manifest (docs.slack.dev/reference/app-manifest). Pure. */

/** `url`: where the Worker lives, without a path. */
export function slackManifest(url: string, name = "Longline"): Record<string, unknown> {
  const request_url = `${url.replace(/\/+$/, "")}/channels/slack`;
  return {
    display_information: { name, description: "Answers in threads and direct messages." },
    features: {
      bot_user: { display_name: name, always_online: true },
      agent_view: {
        agent_description: "Answers questions, uses tools, and asks before it does anything that matters.",
      },
      app_home: { messages_tab_enabled: true, messages_tab_read_only_enabled: false },
      slash_commands: [
        { command: "/ask", url: request_url, description: "Ask the agent", usage_hint: "what is on today?" },
      ],
      shortcuts: [
        { name: "Ask about this", type: "message", callback_id: "ask_about_this", description: "Ask about a message" },
      ],
    },
    oauth_config: {
      scopes: {
        bot: [
          "app_mentions:read",
          "assistant:write",
          "channels:history",
          "chat:write",
          "commands",
          "files:read",
          "groups:history",
          "im:history",
          "mpim:history",
          "users:read",
        ],
      },
    },
    settings: {
      event_subscriptions: {
        request_url,
        bot_events: [
          "agent_session_stopped",
          "app_context_changed",
          "app_home_opened",
          "app_mention",
          "message.channels",
          "message.groups",
          "message.im",
          "message.mpim",
        ],
      },
      interactivity: { is_enabled: true, request_url },
      org_deploy_enabled: false,
      socket_mode_enabled: false,
    },
  };
}
