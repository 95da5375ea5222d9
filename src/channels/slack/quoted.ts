/** Messages of a Slack thread or channel that are quoted to the model: the last ones, within bounds. */

import { defined } from "../../core/defined.ts";
import type { SlackApi } from "./api.ts";
import type { SlackAttachment, SlackEvent } from "./envelope.ts";
import { filesOf, renderMessage } from "./render-message.ts";

export interface QuotedMessage {
  /** Id of the person or the bot, or a bot's name. */
  author: string;
  /** Slack's markup. */
  text: string;
}

/** A thread, or a channel's newest messages. */
export interface QuotedPlace {
  room: string;
  thread?: string;
  /** Only messages before this one. */
  before?: string;
}

const mostMessages = 20;
const mostChars = 20_000;
/** Threads are read from their beginning: so many pages of 200 lead to their last messages. */
const mostPages = 5;

interface PostedMessage {
  ts: string;
  user?: string;
  username?: string;
  bot_id?: string;
  text?: string;
  blocks?: unknown[];
  attachments?: SlackAttachment[];
  files?: { name?: string | null; id: string }[];
}

/** The last messages, oldest first. Throws a SlackFailure. */
export async function quotedMessages(
  api: SlackApi,
  place: QuotedPlace,
  own: string | undefined,
): Promise<QuotedMessage[]> {
  const messages = place.thread === undefined ? await newest(api, place) : await lastOfThread(api, place);
  const quoted: QuotedMessage[] = [];
  let left = mostChars;
  for (const message of messages.slice(-mostMessages).toReversed()) {
    const text = textOf(message).slice(0, left);
    left -= text.length;
    if (text !== "")
      quoted.unshift({ author: message.user ?? message.username ?? message.bot_id ?? own ?? "a user", text });
    if (left <= 0) break;
  }
  return quoted;
}

function textOf({ text, blocks, attachments, files = [] }: PostedMessage): string {
  const names = [...files, ...filesOf(attachments)].map(({ name, id }) => `[file ${name ?? id}]`);
  return [renderMessage({ text, blocks, attachments }), ...names].filter((part) => part !== "").join("\n");
}

async function newest(api: SlackApi, { room, before }: QuotedPlace): Promise<PostedMessage[]> {
  const range = { channel: room, limit: mostMessages, ...defined({ latest: before }) };
  const { messages = [] } = (await api.call("conversations.history", range)) as { messages?: PostedMessage[] };
  return messages.toReversed();
}

async function lastOfThread(api: SlackApi, { room, thread = "", before }: QuotedPlace): Promise<PostedMessage[]> {
  let last: PostedMessage[] = [];
  let cursor = "";
  for (let page = 0; page < mostPages; page++) {
    const range = { channel: room, ts: thread, limit: 200, ...defined({ latest: before }) };
    const read = await api.call("conversations.replies", { ...range, ...(cursor !== "" && { cursor }) });
    const { messages = [], response_metadata } = read as {
      messages?: PostedMessage[];
      response_metadata?: { next_cursor?: string };
    };
    last = [...last, ...messages.filter(({ ts }) => before === undefined || Number(ts) < Number(before))].slice(
      -mostMessages,
    );
    cursor = response_metadata?.next_cursor ?? "";
    if (cursor === "") break;
  }
  return last;
}

/** The places that a person looks at, by `app_context` (docs.slack.dev/reference/events/app_context_changed); two at most. */
export function contextPlaces(context: SlackEvent["app_context"]): QuotedPlace[] {
  const places = (context?.entities ?? []).map(({ type, value }): QuotedPlace | undefined => {
    if (type.endsWith("channel_id") && typeof value === "string") return { room: value };
    if (!type.endsWith("message_context") || typeof value !== "object" || value === null) return undefined;
    const { channel_id, message_ts, thread_ts = message_ts } = value as Record<string, unknown>;
    if (typeof channel_id !== "string") return undefined;
    return typeof thread_ts === "string" ? { room: channel_id, thread: thread_ts } : { room: channel_id };
  });
  const named = places.filter((place) => place !== undefined);
  // A message shows more exactly what is meant than the channel it is in.
  const exact = named.filter(({ thread }) => thread !== undefined);
  return (exact.length > 0 ? exact : named).slice(0, 2);
}
