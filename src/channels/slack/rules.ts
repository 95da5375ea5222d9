/** What the agent's owner may choose for Slack, in `channels.slack` of the agent, and what of it cannot work. Pure. */

import { checkPlaceRules, type PlaceRule } from "../place-rules.ts";
import type { SlackSettings } from "./api.ts";

export interface SlackRules {
  /** Name of the agent that answers here; the default one when absent. A conversation keeps the agent that it began with. */
  agent?: string;
  /** What is one session: each thread (a message in a channel or DM begins one), or a person's whole DM. */
  dmSession?: "thread" | "whole";
  /** Who may press approval buttons: who asked (default), anyone who sees them, or these user ids. */
  approvers?: "asker" | "anyone" | readonly string[];
  /** Buttons for praise and blame under answers; true by default. */
  feedback?: boolean;
  /** What is answered in a thread that the agent is part of: all messages but those that begin with a mention of another person (default), or only those that mention the agent. */
  threads?: "all" | "mentioned";
  /** Channels that the app answers in; all, unless given. Direct messages are always answered. */
  allowedChannels?: readonly string[];
  /** People that the app answers; all, unless given. */
  allowedUsers?: readonly string[];
  /** Accounts and agents by workspace and channel. */
  places?: readonly PlaceRule[];
  /** Workspaces that may install the app by `/channels/slack/install`; all, unless given. */
  allowedTeams?: readonly string[];
  /** Prompts that a person finds in an empty conversation with the app; four at most. */
  suggestedPrompts?: readonly { title: string; message: string }[];
  /** The text of the app's home tab, in Slack's mrkdwn; by default what the agent can do. */
  home?: string;
}

/** What a request of Slack is read with. */
export interface SlackSetup {
  settings: SlackSettings;
  rules: SlackRules;
  /** The workspace took the app away: its token is forgotten. */
  uninstalled?(team: string): Promise<void>;
}

/** Throws for rules that cannot work, at start: a question that no one may answer would wait for a day. */
export function checkSlackRules({ approvers, allowedUsers, suggestedPrompts = [], places }: SlackRules): void {
  checkPlaceRules(places, "channels.slack.places", "team");
  if (Array.isArray(approvers) && approvers.length === 0) {
    throw new Error(
      'channels.slack.approvers is empty, so no one could approve anything. Name user ids, or use "asker".',
    );
  }
  const isAnswered = (id: string) => allowedUsers === undefined || allowedUsers.includes(id);
  if (Array.isArray(approvers) && !approvers.some(isAnswered)) {
    throw new Error(
      "channels.slack.approvers contains no id of channels.slack.allowedUsers. Name at least one of them.",
    );
  }
  if (suggestedPrompts.length > 4) {
    throw new Error(`channels.slack.suggestedPrompts has ${suggestedPrompts.length} prompts; Slack shows 4 at most.`);
  }
}
