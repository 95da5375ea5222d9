/** The Slack app that a deployment needs, as an app manifest (docs.slack.dev/reference/app-manifest). Pure. */

/** Opens Slack's page that makes an app, with the manifest filled in (docs.slack.dev/app-manifests/configuring-apps-with-app-manifests). */
export function manifestLink(manifest: Record<string, unknown>): string {
  return `https://api.slack.com/apps?new_app=1&manifest_json=${encodeURIComponent(JSON.stringify(manifest))}`;
}

/** Why Slack cannot reach such an address; `undefined` when it can. */
export function addressFault(url: string): string | undefined {
  const { protocol, hostname } = new URL(url);
  const isLocal = /^(localhost|127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|\[::1\]$|0\.0\.0\.0$)/.test(hostname);
  if (isLocal) {
    return `Slack cannot reach ${hostname}. Make a tunnel (cloudflared tunnel --url http://127.0.0.1:8787) and give the https address that it prints.`;
  }
  if (protocol === "https:") return undefined;
  return "Slack sends to https addresses alone: this app would get nothing. Give the https address of the deployment or of a tunnel.";
}

/** `url`: where the Worker lives, without a path. */
export function slackManifest(url: string, name = "Longline"): Record<string, unknown> {
  const base = url.replace(/\/+$/, "");
  const request_url = `${base}/channels/slack`;
  return {
    display_information: { name, description: "Answers in threads and direct messages." },
    features: {
      bot_user: { display_name: name, always_online: true },
      agent_view: {
        agent_description: "Answers questions, uses tools, and asks before it does anything that matters.",
      },
      app_home: { home_tab_enabled: true, messages_tab_enabled: true, messages_tab_read_only_enabled: false },
      slash_commands: [
        { command: "/ask", url: request_url, description: "Ask the agent", usage_hint: "what is on today?" },
      ],
      shortcuts: [
        { name: "Ask about this", type: "message", callback_id: "ask_about_this", description: "Ask about a message" },
      ],
    },
    oauth_config: {
      redirect_urls: [`${base}/channels/slack/oauth`],
      scopes: {
        bot: [
          "app_mentions:read",
          "assistant:write",
          "channels:history",
          "channels:read",
          "chat:write",
          "commands",
          "files:read",
          "groups:history",
          "groups:read",
          "im:history",
          "im:write",
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
          "app_uninstalled",
          "message.channels",
          "message.groups",
          "message.im",
          "message.mpim",
          "tokens_revoked",
        ],
      },
      interactivity: { is_enabled: true, request_url },
      org_deploy_enabled: false,
      socket_mode_enabled: false,
    },
  };
}
