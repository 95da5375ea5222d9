/** Approval buttons: what they carry, what a press means, and who may press. */

import { defined } from "../../core/defined.ts";
import { callDigest, cutToRoom, messengerText, visible } from "../../core/shown-call.ts";
import type { Approval, Inbound, Taken } from "../channel.ts";
import { SlackApi, type SlackSettings, settingsFor } from "./api.ts";
import type { Pressed } from "./envelope.ts";
import { feedbackId, readFeedback } from "./feedback.ts";
import type { SlackSetup } from "./rules.ts";
import { isResponseUrl } from "./shortcuts.ts";

/** What a button carries. It comes back signed by Slack, so it can be believed. */
interface PressedValue {
  session: string;
  ref: string;
  /** Who asked. */
  asker: string;
  /** Of the call that was shown; absent in buttons of earlier versions. */
  digest?: string;
}

const approveId = "longline_approve";
const denyId = "longline_deny";
/** Characters of a section, by docs.slack.dev/reference/block-kit/blocks/section-block, with space for the marks. */
const sectionChars = 2_900;
/** A message with blocks fails near 13,200 characters (slackapi/bolt-js#2509). */
const mostSections = 4;

/** The message that requests an approval; without buttons once it was answered. */
export function approvalBlocks(
  approval: Approval,
  of: { session: string; asker: string },
  sections = mostSections,
): Record<string, unknown>[] {
  const value = JSON.stringify({ ...of, ref: approval.ref, digest: callDigest(approval) } satisfies PressedValue);
  const button = (label: string, action_id: string, style: string) => ({
    type: "button",
    text: { type: "plain_text", text: label },
    action_id,
    style,
    value,
  });
  const end =
    approval.state === "open"
      ? { type: "actions", elements: [button("Approve", approveId, "primary"), button("Deny", denyId, "danger")] }
      : { type: "context", elements: [{ type: "mrkdwn", text: mrkdwn(outcomeOf(approval)) }] };
  return [
    section(`*${mrkdwn(approval.name)}*${mrkdwn(whose(approval))} wants to run with exactly this:`),
    ...argumentSections(approval, sections),
    end,
  ];
}

/** The words of the message where no blocks are shown. */
export function approvalText(approval: Approval): string {
  const name = `${approval.name}${whose(approval)}`;
  return approval.state === "open" ? `May ${name} run?` : `${name}: ${outcomeOf(approval)}`;
}

/** A person must know who asks: a called agent, or the one that they talk with. */
function whose({ agent }: Approval): string {
  return agent === undefined ? "" : ` of the agent ${agent}`;
}

export async function pressed(action: Pressed, { settings, rules }: SlackSetup): Promise<Inbound> {
  const [first] = action.actions;
  const rated = first?.action_id === feedbackId ? readFeedback(first.value) : undefined;
  const by = action.user.username ?? action.user.name ?? action.user.id;
  if (rated !== undefined) return { kind: "feedback", given: { ...rated, by }, response: new Response(null) };
  const value = readValue(first?.value);
  const isOurs = first?.action_id === approveId || first?.action_id === denyId;
  if (!isOurs || value === undefined) return { kind: "nothing", response: new Response(null) };
  const { response_url } = action;
  const notify = (text: string) => whisper(text, response_url, settings);
  const fault = await whyNot(action, value.asker, { settings, rules });
  if (fault !== undefined) return { kind: "nothing", response: new Response(null), later: () => notify(fault) };
  return {
    kind: "approval",
    pressed: {
      session: value.session,
      ref: value.ref,
      ...defined({ digest: value.digest }),
      approve: first.action_id === approveId,
      by,
    },
    answer: async (taken: Taken) => {
      const outcome = `${first.action_id === approveId ? "Approved" : "Denied"} by ${visible(by)}.`;
      if ("refused" in taken) await notify(taken.refused.message);
      // Only the press itself can change a message that one person sees.
      else if (action.container?.is_ephemeral) await whisper(outcome, response_url, settings, true);
      return new Response(null);
    },
  };
}

/** Why a person may not press; `undefined` when they may. */
async function whyNot(action: Pressed, asker: string, setup: SlackSetup): Promise<string | undefined> {
  const { user } = action;
  const { approvers = "asker" } = setup.rules;
  if (approvers === "anyone") return undefined;
  if (approvers !== "asker") return approvers.includes(user.id) ? undefined : notYours;
  if (asker !== "") return user.id === asker ? undefined : notYours;
  // A webhook or a schedule asked: any member of the channel may answer.
  const room = action.channel?.id ?? action.container?.channel_id ?? "";
  const isMember = await isMemberOf(room, user.id, await settingsFor(setup.settings, action.team?.id ?? ""));
  if (isMember === undefined)
    return "It could not be checked whether you are a member of this channel. Please press again.";
  return isMember ? undefined : "Only members of this channel can answer this.";
}

const notYours = "You may not answer this: the person who asked can.";
/** Slack waits 3 s for an answer to a press. */
const memberPatienceMs = 2_000;
const memberPages = 5;

/** `undefined`: it could not be found out in time. */
async function isMemberOf(room: string, user: string, settings: SlackSettings): Promise<boolean | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(late.resolve, memberPatienceMs, undefined);
  const found = findMember(new SlackApi(settings), room, user).catch((error: unknown) => {
    console.warn(
      "Slack does not show who is a member of a channel; the app needs channels:read and groups:read",
      error,
    );
    return undefined;
  });
  const isMember = await Promise.race([found, late.promise]);
  clearTimeout(timer);
  return isMember;
}

async function findMember(api: SlackApi, channel: string, user: string): Promise<boolean | undefined> {
  let cursor = "";
  for (let page = 0; page < memberPages; page++) {
    const read = await api.call("conversations.members", { channel, limit: 1_000, ...(cursor !== "" && { cursor }) });
    const { members = [], response_metadata } = read as {
      members?: string[];
      response_metadata?: { next_cursor?: string };
    };
    if (members.includes(user)) return true;
    cursor = response_metadata?.next_cursor ?? "";
    if (cursor === "") return false;
  }
  return undefined;
}

/** A short text to the person who pressed. If it does not arrive, that does no harm. */
async function whisper(
  text: string,
  responseUrl: string | null | undefined,
  settings: SlackSettings,
  replaces = false,
): Promise<void> {
  if (!responseUrl || !isResponseUrl(responseUrl, settings)) return;
  const body = JSON.stringify({ response_type: "ephemeral", replace_original: replaces, text });
  const init = { method: "POST", headers: { "Content-Type": "application/json" }, body };
  const posting = fetch(responseUrl, { ...init, redirect: "manual", signal: AbortSignal.timeout(1_500) });
  const answer = await posting.catch(() => undefined);
  await answer?.body?.cancel().catch(() => {});
}

function readValue(text: string | null | undefined): PressedValue | undefined {
  try {
    const { session, ref, asker, digest } = JSON.parse(text ?? "") as PressedValue;
    if (typeof session !== "string" || typeof ref !== "string") return undefined;
    return { session, ref, asker, ...(typeof digest === "string" && { digest }) };
  } catch {
    return undefined;
  }
}

/** What decides is in the first section; each is a code block that nothing in the arguments can end. */
function argumentSections({ arguments: text }: Approval, most: number): Record<string, unknown>[] {
  // A backtick as JSON spells it too: three of them would end the block, and what follows would pose as the bot's words.
  let rest = messengerText(text).replaceAll("`", "\\u0060");
  const sections: Record<string, unknown>[] = [];
  while (rest !== "" && sections.length < most) {
    const { shown } = cutToRoom(rest, sectionChars, (piece) => mrkdwn(piece).length);
    sections.push(section(`\`\`\`${mrkdwn(shown)}\`\`\``));
    rest = rest.slice(shown.length);
  }
  if (rest === "") return sections;
  return [...sections, section(`_${rest.length} more characters are not shown: deny it if you do not know them._`)];
}

function section(text: string): Record<string, unknown> {
  return { type: "section", text: { type: "mrkdwn", text, verbatim: true } };
}

function outcomeOf({ state, by }: Approval): string {
  if (state === "void") return "No longer needed.";
  return `${state === "approved" ? "Approved" : "Denied"}${by === undefined ? "" : ` by ${visible(by)}`}.`;
}

function mrkdwn(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
