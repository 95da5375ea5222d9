/** Takes in what Slack sends: events, slash commands and interactivity at one address, told apart by their body. Checks the signature over the raw bytes before it reads any of them. */
import type { AppError } from "../../core/errors.ts";
import type { Inbound, InboundRequest, Taken } from "../channel.ts";
import { parseJson } from "../parse-json.ts";
import { isSignedBySlack } from "../signature.ts";
import { signatureError } from "../signature-error.ts";
import { SlackApi, type SlackSettings } from "./api.ts";
import { command, type EventCallback, envelope, interaction } from "./envelope.ts";
import { filesText } from "./files.ts";
import { namesOf } from "./people.ts";
import { pressed } from "./pressed.ts";
import { namedUsers, readText } from "./read-text.ts";
import { askedBy } from "./routing.ts";
import { fromCommand, fromMessageAction } from "./shortcuts.ts";
import { type SlackAddress, sessionOf } from "./slack-address.ts";

/** What the agent's owner may choose. */
export interface SlackRules {
  /** What is one session: each thread (a message in a channel or DM begins one), or a person's whole DM. */
  dmSession?: "thread" | "whole";
  /** Who may press approval buttons: who asked (default), anyone who sees them, or these user ids. */
  approvers?: "asker" | "anyone" | readonly string[];
}

export interface SlackSetup {
  settings: SlackSettings;
  rules: SlackRules;
}

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
      return fromEvent(parsed.data, setup, nowMs);
  }
}

async function fromForm(form: URLSearchParams, setup: SlackSetup, nowMs: number): Promise<Inbound> {
  const payload = form.get("payload");
  if (payload === null) {
    const read = command.safeParse(Object.fromEntries(form));
    return read.success ? fromCommand(read.data, setup, nowMs) : done();
  }
  const read = interaction.safeParse(parseJson(payload));
  if (!read.success) return done();
  return read.data.type === "block_actions" ? pressed(read.data, setup) : fromMessageAction(read.data, setup, nowMs);
}

async function fromEvent(callback: EventCallback, setup: SlackSetup, nowMs: number): Promise<Inbound> {
  const asked = askedBy(callback);
  const { event, team_id: team, event_id, api_app_id, authorizations } = callback;
  const room = event.channel ?? "";
  const { ts = "", thread_ts, user } = event;
  const thread = thread_ts ?? ts ?? "";
  const session = sessionOf({ team, room, thread }, setup.rules);
  if (asked.do === "stop") return { kind: "stop", session, response: taken() };
  if (asked.do === "nothing") return done();
  const app = api_app_id ?? "";
  const said = await contentOf(callback, setup, authorizations?.[0]?.user_id ?? undefined);
  const address: SlackAddress = {
    channel: "slack",
    team,
    app,
    room,
    thread,
    user: user ?? "",
    ts: ts ?? "",
    atMs: nowMs,
  };
  return {
    kind: "message",
    received: {
      session,
      ...said,
      // One message comes as two events, and one event id may come to two apps (channels.md 1.2).
      claims: [
        `slack event ${app} ${team} ${event_id}`,
        `slack message ${app} ${team} ${room} ${ts}`,
        ...(event.client_msg_id ? [`slack gesture ${app} ${team} ${event.client_msg_id}`] : []),
      ],
      ...(event.client_msg_id && !thread_ts && { alias: `slack gesture ${app} ${team} ${event.client_msg_id}` }),
      address,
      ...(asked.mustExist && { mustExist: true }),
    },
    answer: (came: Taken) =>
      "refused" in came && comesAgain(came.refused) ? new Response(null, { status: 503 }) : taken(),
  };
}

/** Slack sends it again: at once, after a minute and after five. */
function comesAgain({ code }: AppError): boolean {
  return code === "queue_full" || code === "rate_limited";
}

async function contentOf(
  { event, team_id }: EventCallback,
  { settings }: SlackSetup,
  own: string | undefined,
): Promise<{ content: string; speaker: string; metadata: Record<string, string> }> {
  const api = new SlackApi(settings);
  const text = event.text ?? "";
  const user = event.user ?? "";
  const others = namedUsers(text).filter((id) => id !== own);
  const canAsk = settings.botToken !== undefined;
  const [names, attached] = await Promise.all([
    canAsk ? namesOf(api, team_id, [...new Set([user, ...others])]) : new Map<string, string>(),
    canAsk ? filesText(event.files ?? [], api, settings) : "",
  ]);
  const content = `${readText(text, own, names)}${attached}`.trim();
  return {
    content: content === "" ? "(The message is empty but for the mention.)" : content,
    speaker: names.get(user) ?? user,
    metadata: { slack_user: user, slack_team: team_id },
  };
}
