/** Approval buttons: what they carry, what a press means, and who may press. */
import { callDigest, cutToRoom, messengerText, visible } from "../../core/shown-call.ts";
import type { Approval, Inbound, Taken } from "../channel.ts";
import type { SlackSettings } from "./api.ts";
import type { Pressed } from "./envelope.ts";
import type { SlackSetup } from "./receive.ts";
import type { SlackRules } from "./rules.ts";
import { isResponseUrl } from "./shortcuts.ts";

/** What a button carries. It comes back signed by Slack, so it can be believed. */
interface ButtonValue {
  session: string;
  ref: string;
  /** Who asked. */
  asker: string;
  /** Of the call that was shown; absent in buttons of earlier versions. */
  digest?: string;
}

const approveId = "longline_approve";
const denyId = "longline_deny";
/** Characters of a section, by docs.slack.dev/reference/block-kit/blocks/section-block, with room for the marks. */
const sectionChars = 2_900;
/** A message with blocks fails near 13,200 characters (slackapi/bolt-js#2509). */
const mostSections = 4;

/** The message that asks for a yes; without buttons once it was answered. */
export function approvalBlocks(
  approval: Approval,
  of: { session: string; asker: string },
  sections = mostSections,
): Record<string, unknown>[] {
  const value = JSON.stringify({ ...of, ref: approval.ref, digest: callDigest(approval) } satisfies ButtonValue);
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
    section(`*${mrkdwn(approval.name)}* wants to run with exactly this:`),
    ...argumentSections(approval, sections),
    end,
  ];
}

/** The words of the message where no blocks are shown. */
export function approvalText(approval: Approval): string {
  return approval.state === "open" ? `May ${approval.name} run?` : `${approval.name}: ${outcomeOf(approval)}`;
}

export async function pressed(action: Pressed, { settings, rules }: SlackSetup): Promise<Inbound> {
  const [first] = action.actions;
  const value = readValue(first?.value);
  const isOurs = first?.action_id === approveId || first?.action_id === denyId;
  if (!isOurs || value === undefined) return { kind: "nothing", response: new Response(null) };
  const { user, response_url } = action;
  const tell = (text: string) => whisper(text, response_url, settings);
  if (!mayPress(user.id, value.asker, rules)) {
    await tell("This is not yours to answer: whoever asked can.");
    return { kind: "nothing", response: new Response(null) };
  }
  return {
    kind: "approval",
    pressed: {
      session: value.session,
      ref: value.ref,
      ...(value.digest !== undefined && { digest: value.digest }),
      approve: first.action_id === approveId,
      by: user.username ?? user.name ?? user.id,
    },
    answer: async (taken: Taken) => {
      if ("refused" in taken) await tell(taken.refused.message);
      return new Response(null);
    },
  };
}

function mayPress(user: string, asker: string, { approvers = "asker" }: SlackRules): boolean {
  if (approvers === "anyone") return true;
  return approvers === "asker" ? user === asker : approvers.includes(user);
}

/** A word to the one who pressed. That it does not arrive harms nothing. */
async function whisper(text: string, responseUrl: string | null | undefined, settings: SlackSettings): Promise<void> {
  if (!responseUrl || !isResponseUrl(responseUrl, settings)) return;
  const body = JSON.stringify({ response_type: "ephemeral", replace_original: false, text });
  const init = { method: "POST", headers: { "Content-Type": "application/json" }, body };
  const posting = fetch(responseUrl, { ...init, redirect: "manual", signal: AbortSignal.timeout(1_500) });
  const answer = await posting.catch(() => undefined);
  await answer?.body?.cancel().catch(() => {});
}

function readValue(text: string | null | undefined): ButtonValue | undefined {
  try {
    const { session, ref, asker, digest } = JSON.parse(text ?? "") as ButtonValue;
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
