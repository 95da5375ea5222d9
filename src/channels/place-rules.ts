/** Which account, and which agent, a message belongs to, by the place where a person wrote it. Pure: whether an account exists is checked where messages are accepted. */

import { defined } from "../core/defined.ts";
import type { Inbound } from "./channel.ts";

/** Holds where all that it names fits. The rule of a channel goes before that of its workspace or server, and among equal ones the first. */
export interface PlaceRule {
  /** Id of a Slack workspace. */
  team?: string;
  /** Id of a Discord server; `"dm"` means direct messages. */
  guild?: string;
  /** Id of a channel; on Discord, its threads belong to it. */
  channel?: string;
  /** The account whose sessions, budget and keys are used there. It must exist. */
  account?: string;
  /** Name of the agent that answers there. */
  agent?: string;
}

export interface Place {
  team?: string | undefined;
  guild?: string | undefined;
  channel: string;
  /** The channel that a thread belongs to. */
  parent?: string | undefined;
}

/** `agent`: absent where no rule names one. */
export interface Placed {
  account: string;
  agent?: string;
}

/** The account of all places that no rule gives to another one. */
export const defaultAccount = "default";

/** Account and agent are found each for itself: a channel's rule that names an agent alone leaves the account to its workspace's. */
export function placeRules(rules: readonly PlaceRule[] | undefined, place: Place): Placed {
  const fitting = (rules ?? [])
    .map((rule) => ({ rule, weight: weightOf(rule, place) }))
    .filter(({ weight }) => weight >= 0)
    .sort((one, other) => other.weight - one.weight)
    .map(({ rule }) => rule);
  const agent = fitting.find((rule) => rule.agent !== undefined)?.agent;
  const account = fitting.find((rule) => rule.account !== undefined)?.account ?? defaultAccount;
  return { account, ...defined({ agent }) };
}

/** How closely a rule names the place; -1 where it names another one. */
function weightOf({ team, guild, channel }: PlaceRule, place: Place): number {
  if (team !== undefined && team !== place.team) return -1;
  if (guild !== undefined && guild !== place.guild) return -1;
  const around = team === undefined && guild === undefined ? 0 : 1;
  if (channel === undefined) return around;
  if (channel === place.channel) return 4 + around;
  return channel === place.parent ? 2 + around : -1;
}

/** What came in, with the account and the agent of its place. */
export function placedIn(inbound: Inbound, rules: readonly PlaceRule[] | undefined, place: Place): Inbound {
  const { account, agent } = placeRules(rules, place);
  if (inbound.kind === "nothing") return inbound;
  if (inbound.kind !== "message" || agent === undefined) return { ...inbound, account };
  return { ...inbound, account, received: { ...inbound.received, agent } };
}

/** As accounts are named (`POST /v1/accounts`). */
const accountName = /^[a-z0-9-]{1,40}$/;

/**
 * Throws for rules that cannot work, at start.
 * @param where the field that holds them, such as `channels.slack.places`
 * @param around what a rule may name beside a channel: `team` for Slack, `guild` for Discord
 */
export function checkPlaceRules(rules: unknown, where: string, around: "team" | "guild"): void {
  if (rules === undefined) return;
  if (!Array.isArray(rules)) throw new Error(`${where} must be a list of rules.`);
  const seen = new Map<string, number>();
  for (const [n, rule] of rules.entries()) {
    checkRule(rule, `${where}[${n}]`, around);
    const place = JSON.stringify([(rule as PlaceRule)[around], (rule as PlaceRule).channel]);
    const earlier = seen.get(place);
    if (earlier !== undefined)
      throw new Error(`${where}[${n}] names the same place as ${where}[${earlier}]. Join them.`);
    seen.set(place, n);
  }
}

function checkRule(rule: unknown, where: string, around: "team" | "guild"): void {
  if (typeof rule !== "object" || rule === null || Array.isArray(rule)) throw new Error(`${where} must be an object.`);
  const fields = [around, "channel", "account", "agent"];
  for (const [name, value] of Object.entries(rule)) {
    if (!fields.includes(name)) throw new Error(`${where}.${name} is not known. Fields: ${fields.join(", ")}.`);
    if (value !== undefined && (typeof value !== "string" || value.trim() === "")) {
      throw new Error(`${where}.${name} must be a text that is not empty.`);
    }
  }
  const { account, agent } = rule as PlaceRule;
  if (account === undefined && agent === undefined) throw new Error(`${where} names neither an account nor an agent.`);
  if (account !== undefined && !accountName.test(account)) {
    throw new Error(`${where}.account must have 1 to 40 small letters, digits or "-".`);
  }
}
