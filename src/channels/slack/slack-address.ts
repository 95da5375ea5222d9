/** Where in Slack an answer goes, and which session a place in Slack is. Pure. */
import { defined } from "../../core/defined.ts";
import type { Address } from "../channel.ts";
import type { SlackRules } from "./rules.ts";

export interface SlackAddress extends Address {
  channel: "slack";
  /** Workspace. */
  team: string;
  /** `api_app_id`. */
  app: string;
  /** Channel or DM. */
  room: string;
  /** `ts` of the thread's first message; `""`: the answer is a message of its own. */
  thread: string;
  /** Who asked; `""` when no person did. */
  user: string;
  /** `ts` of the message that is answered. */
  ts: string;
  atMs: number;
  /** Where a slash command is answered: it has no thread. */
  responseUrl?: string;
  /** Takes the answer where the app cannot post: of a shortcut, whose place may be closed to the app. */
  fallbackUrl?: string;
  /** Workspace of the person who asked, where it is another one (Slack Connect). */
  userTeam?: string;
  /** Names a conversation that begins here. */
  title?: string;
}

/** A channel that a schedule or a webhook answers in, by a message of its own. */
export function slackRoom(team: string, room: string): SlackAddress {
  return { channel: "slack", team, app: "", room, thread: "", user: "", ts: "", atMs: 0 };
}

/** The same thread, or the same direct messages, for a message that answers none. What a URL of Slack's could take is not: it is good for half an hour. */
export function lastingPlace(
  { team, app, room, thread, user, userTeam, ts }: SlackAddress,
  atMs: number,
): SlackAddress {
  const place = { channel: "slack" as const, team, app, room, thread: thread === "" && !isDm(room) ? ts : thread };
  return { ...place, user, ts: "", atMs, ...defined({ userTeam }) };
}

/** Id of the session: a thread begins with the message that is not answered yet, so its own `ts` names it. */
export function sessionOf(
  { team, room, thread }: { team: string; room: string; thread: string },
  { dmSession = "thread" }: SlackRules,
): string {
  const whole = dmSession === "whole" && room.startsWith("D");
  return ["slack", team, room, ...(whole ? [] : [thread.replace(".", "-")])].join("_");
}

/** Names a thread, also one whose session is not called after it. */
export function placeName({ team, room, thread }: { team: string; room: string; thread: string }): string {
  return `slack thread ${team} ${room} ${thread}`;
}

/** Slack streams into threads, and in channels to one person (docs.slack.dev/reference/methods/chat.startStream); elsewhere an answer is posted once it is whole. */
export function canGrow({ room, thread, user }: SlackAddress): boolean {
  return thread !== "" && (isDm(room) || user !== "");
}

export function isDm(room: string): boolean {
  return room.startsWith("D");
}
