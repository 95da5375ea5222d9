/** Shows a person who opens the app in Slack a home tab that describes what the agent can do, and prompts to begin with. A failure to show them does no harm. */
import { SlackApi, SlackFailure, type SlackSettings } from "./api.ts";
import type { SlackRules } from "./rules.ts";

export interface Opened {
  user: string;
  room: string;
  /** Of the older assistant view; `""` elsewhere. */
  thread: string;
}

const standardHome = `*What I can do*
• Answer questions in direct messages, and in channels when you mention me.
• Read the thread, the files and the forwarded messages that you ask about.
• Use tools, and ask you before I do anything that matters.

*How to reach me*
• Write in the Messages tab; each message there begins a conversation.
• Mention me in a channel that I am a member of (\`/invite\` adds me).
• \`/ask\` a question, or choose *Ask about this* in a message's menu.`;

/** The home tab (docs.slack.dev/reference/methods/views.publish). */
export async function showHome({ user }: Opened, settings: SlackSettings, rules: SlackRules): Promise<void> {
  const sections = (rules.home ?? standardHome).match(/[\s\S]{1,2900}(?:\n|$)/g) ?? [];
  const blocks = sections.slice(0, 20).map((text) => ({ type: "section", text: { type: "mrkdwn", text } }));
  await quietly(settings, "views.publish", { user_id: user, view: { type: "home", blocks } });
}

/** Prompts of an empty conversation (docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts): four at most. */
export async function suggestPrompts(opened: Opened, settings: SlackSettings, rules: SlackRules): Promise<void> {
  const prompts = (rules.suggestedPrompts ?? []).slice(0, 4);
  if (prompts.length === 0 || opened.room === "") return;
  const place = { channel_id: opened.room, ...(opened.thread !== "" && { thread_ts: opened.thread }) };
  await quietly(settings, "assistant.threads.setSuggestedPrompts", { ...place, prompts });
}

async function quietly(settings: SlackSettings, method: string, params: Record<string, unknown>): Promise<void> {
  if (settings.botToken === undefined) return;
  try {
    await new SlackApi(settings).call(method, params);
  } catch (error) {
    if (!(error instanceof SlackFailure)) throw error;
    console.warn(`Slack did not take ${method}: ${error.error}`);
  }
}
