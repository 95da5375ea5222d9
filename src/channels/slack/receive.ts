/** Takes in what Slack sends: events, slash commands and interactivity at one address, distinguished by their body. Checks the signature over the raw bytes before it reads any of them. */

import { defined } from "../../core/defined.ts";
import type { AppError } from "../../core/errors.ts";
import type { Inbound, InboundRequest, Taken } from "../channel.ts";
import { parseJson } from "../parse-json.ts";
import { type Place, placedIn } from "../place-rules.ts";
import { isSignedBySlack } from "../signature.ts";
import { signatureError } from "../signature-error.ts";
import { SlackApi, SlackFailure, type SlackSettings, settingsFor } from "./api.ts";
import { command, type EventCallback, envelope, interaction } from "./envelope.ts";
import { knownName } from "./people.ts";
import { pressed } from "./pressed.ts";
import { keptReference, type SlackReference } from "./read-reference.ts";
import { readText } from "./read-text.ts";
import { sendRefusal } from "./refusal.ts";
import { renderMessage } from "./render-message.ts";
import { eventAction } from "./routing.ts";
import type { SlackRules, SlackSetup } from "./rules.ts";
import { fromCommand, fromMessageAction } from "./shortcuts.ts";
import { placeName, type SlackAddress, sessionOf } from "./slack-address.ts";

const done = (body: string | null = null) => ({ kind: "nothing", response: new Response(body) }) as const;
const taken = () => new Response(null);

export async function receiveSlack(request: InboundRequest, setup: SlackSetup): Promise<Inbound> {
  const { headers, body, nowMs } = request;
  const signed = { body, nowMs, header: (name: string) => headers.get(name) ?? undefined };
  // Slack's check of the certificate is the one request it does not sign; nothing is done for it.
  if (!headers.has("X-Slack-Signature") && /(^|&)ssl_check=1(&|$)/.test(body)) return done();
  if (!(await isSignedBySlack(signed, setup.settings.signingSecret))) {
    throw signatureError("slack", signed, "this Slack app");
  }
  if (/^application\/json\b/i.test(headers.get("Content-Type") ?? "")) return fromJson(body, setup, nowMs);
  return fromForm(new URLSearchParams(body), setup, nowMs);
}

async function fromJson(body: string, setup: SlackSetup, nowMs: number): Promise<Inbound> {
  const parsed = envelope.safeParse(parseJson(body));
  // Slack switches a subscription off when too much is refused: what is not known is taken and left.
  if (!parsed.success) return done();
  switch (parsed.data.type) {
    case "url_verification":
      return done(parsed.data.challenge);
    case "app_rate_limited":
      console.warn("Slack holds events back: the app got too many in a minute.");
      return done();
    case "event_callback":
      return placedIn(fromEvent(parsed.data, setup, nowMs), setup.rules.places, placeOf(parsed.data));
  }
}

async function fromForm(form: URLSearchParams, setup: SlackSetup, nowMs: number): Promise<Inbound> {
  const payload = form.get("payload");
  if (payload === null) {
    const read = command.safeParse(Object.fromEntries(form));
    if (!read.success) return done();
    const { team_id: team, channel_id: channel } = read.data;
    return placedIn(fromCommand(read.data, setup, nowMs), setup.rules.places, { team, channel });
  }
  const read = interaction.safeParse(parseJson(payload));
  if (!read.success) return done();
  const { data } = read;
  const inbound = data.type === "block_actions" ? await pressed(data, setup) : fromMessageAction(data, setup, nowMs);
  const channel = data.channel?.id ?? (data.type === "block_actions" ? data.container?.channel_id : undefined) ?? "";
  return placedIn(inbound, setup.rules.places, { team: data.team?.id, channel });
}

function placeOf({ team_id: team, event }: EventCallback): Place {
  return { team, channel: event.channel ?? event.assistant_thread?.channel_id ?? "" };
}

function fromEvent(callback: EventCallback, setup: SlackSetup, nowMs: number): Inbound {
  const { settings, rules } = setup;
  const requested = eventAction(callback, rules);
  const { event, team_id: team, event_id, api_app_id, authorizations } = callback;
  const room = event.channel ?? event.assistant_thread?.channel_id ?? "";
  const { ts = "", thread_ts } = event;
  const user = event.user ?? event.assistant_thread?.user_id ?? "";
  const thread = thread_ts ?? event.assistant_thread?.thread_ts ?? ts ?? "";
  const session = sessionOf({ team, room, thread }, rules);
  const opened = { user, room, thread: event.assistant_thread?.thread_ts ?? "" };
  switch (requested.do) {
    case "stop":
      return { kind: "stop", session, response: taken() };
    case "nothing":
      return done();
    case "home":
      return { ...done(), later: async () => showHome(opened, await settingsFor(settings, team), rules) };
    case "greet":
      return { ...done(), later: async () => suggestPrompts(opened, await settingsFor(settings, team), rules) };
    case "uninstalled":
      return { ...done(), later: async () => setup.uninstalled?.(team) };
  }
  const app = api_app_id ?? "";
  const own = authorizations?.[0]?.user_id ?? undefined;
  const authorTeam = event.user_team ?? event.team ?? team;
  const address: SlackAddress = {
    ...{ channel: "slack", team, app, room, thread, user, ts: ts ?? "", atMs: nowMs },
    ...(authorTeam !== team && { userTeam: authorTeam }),
    ...(!thread_ts && { title: titleOf(event.text ?? "", own) }),
  };
  return {
    kind: "message",
    received: {
      session,
      ...contentOf(callback, own),
      // One message comes as two events, and one event id may come to two apps.
      claims: [
        `slack event ${app} ${team} ${event_id}`,
        `slack message ${app} ${team} ${room} ${ts}`,
        ...(event.client_msg_id ? [`slack gesture ${app} ${team} ${event.client_msg_id}`] : []),
      ],
      ...(event.client_msg_id && !thread_ts && { alias: `slack gesture ${app} ${team} ${event.client_msg_id}` }),
      ...(thread_ts && { place: placeName({ team, room, thread: thread_ts }) }),
      address,
      ...(requested.mustExist && { mustExist: true }),
    },
    answer: (came: Taken) =>
      "refused" in came && requested.mustExist && comesAgain(came.refused)
        ? new Response(null, { status: 503 })
        : taken(),
    // In a thread that the agent may be no part of, silence is right.
    ...(!requested.mustExist && {
      notify: async (refused: AppError) => sendRefusal(address, refused, await settingsFor(settings, team)),
    }),
  };
}

/** Slack sends it again: at once, after a minute and after five. */
function comesAgain({ code }: AppError): boolean {
  return code === "queue_full" || code === "rate_limited";
}

/** What is known of a message at once. All that takes time is read when its turn begins: Slack waits for 3 s. */
function contentOf(
  { event, team_id: team }: EventCallback,
  own: string | undefined,
): { content: string; speaker: string; metadata: Record<string, string>; reference: SlackReference } {
  const { text, user, files, attachments, blocks, ts, thread_ts, app_context } = event;
  const reference = keptReference({
    ...{ channel: "slack", team, room: event.channel ?? "", user: user ?? "", text: text ?? "" },
    ...defined({ own }),
    ...(ts && { ts }),
    ...(thread_ts && thread_ts !== ts && { thread: thread_ts, readsThread: true }),
    ...(files && { files }),
    ...(attachments && { attachments }),
    ...(blocks && { blocks }),
    ...(app_context && { appContext: app_context }),
    ...(event.type === "app_mention" && { mayLack: true }),
  });
  const content = readText(renderMessage({ text, attachments, blocks }), own, new Map());
  return {
    content: content === "" ? "(The message is empty but for the mention.)" : content,
    speaker: knownName(team, user ?? "") ?? user ?? "",
    metadata: { slack_user: user ?? "", slack_team: team },
    reference,
  };
}

/** Names the conversation in Slack's list of them. */
function titleOf(text: string, own: string | undefined): string {
  const line = readText(text, own, new Map()).replace(/\s+/g, " ");
  return line.length <= 80 ? line : `${line.slice(0, 79)}…`;
}

/** A person opened the app in Slack. */
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

/** Shows the person a home tab that describes what the agent can do (docs.slack.dev/reference/methods/views.publish). */
async function showHome({ user }: Opened, settings: SlackSettings, rules: SlackRules): Promise<void> {
  const sections = (rules.home ?? standardHome).match(/[\s\S]{1,2900}(?:\n|$)/g) ?? [];
  const blocks = sections.slice(0, 20).map((text) => ({ type: "section", text: { type: "mrkdwn", text } }));
  await quietly(settings, "views.publish", { user_id: user, view: { type: "home", blocks } });
}

/** Prompts of an empty conversation (docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts): four at most. */
async function suggestPrompts(opened: Opened, settings: SlackSettings, rules: SlackRules): Promise<void> {
  const prompts = (rules.suggestedPrompts ?? []).slice(0, 4);
  if (prompts.length === 0 || opened.room === "") return;
  const place = { channel_id: opened.room, ...(opened.thread !== "" && { thread_ts: opened.thread }) };
  await quietly(settings, "assistant.threads.setSuggestedPrompts", { ...place, prompts });
}

/** A failure to show them does no harm. */
async function quietly(settings: SlackSettings, method: string, params: Record<string, unknown>): Promise<void> {
  if (settings.botToken === undefined) return;
  try {
    await new SlackApi(settings).call(method, params);
  } catch (error) {
    if (!(error instanceof SlackFailure)) throw error;
    console.warn(`Slack did not take ${method}: ${error.error}`);
  }
}
