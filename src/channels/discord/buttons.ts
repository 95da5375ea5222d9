/** Buttons on Discord: what their `custom_id` holds, who may press them, and the message that requests an approval. Pure. */

import { defined } from "../../core/defined.ts";
import { sessionNameSource } from "../../core/session-name.ts";
import { callDigest, cutToRoom, messengerText, visible } from "../../core/shown-call.ts";
import type { Approval } from "../channel.ts";
import type { DiscordRules } from "./rules.ts";

const stopPattern = new RegExp(`^longline:stop:(\\d*):(${sessionNameSource})(?::([a-z0-9]{6}))?$`);

/** `why`: the modal that a denial opens. */
export interface ButtonValue {
  ref: string;
  /** Who asked. */
  asker: string;
  answer: "approve" | "deny" | "why";
  /** Of the call that was shown; absent in buttons of earlier versions. */
  digest?: string;
}

/** A button that stops the turn. It names its session, so that the others of its message need not. */
export interface StopValue {
  session: string;
  /** Of that session (`Reply.tag`); absent in buttons of earlier versions, and where it does not fit. */
  tag?: string;
  /** Who asked; `""` when no person did. */
  asker: string;
}

/** At most 100 characters: a session's id has 64, a person's 20. */
function stopValue({ session, asker, tag }: StopValue): string {
  return tagged(`longline:stop:${asker}:${session}`, tag);
}

export function readStop(customId: string): StopValue | undefined {
  const [, asker = "", session = "", tag] = stopPattern.exec(customId) ?? [];
  return session === "" ? undefined : { session, asker, ...defined({ tag }) };
}

/** Most characters of a `custom_id` (components/reference, "Custom ID"). */
export const customIdChars = 100;

/**
 * A button's value with the mark of its session, so that it does nothing in a later session of the same name. The sessions
 * of channels, which begin anew by a question, have ids of at most 49 characters, and the mark fits.
 */
export function tagged(value: string, tag: string | undefined): string {
  const whole = tag === undefined ? value : `${value}:${tag}`;
  return whole.length <= customIdChars ? whole : value;
}

/** The row with a button that stops the turn. */
export function stopRow(value: StopValue): object {
  return { type: 1, components: [stopButton(value)] };
}

function stopButton(value: StopValue): object {
  return { type: 2, style: 2, label: "Stop", custom_id: stopValue(value) };
}

/** At most 100 characters. It names a call and holds nothing of its content. */
export function buttonValue({ ref, asker, answer, digest }: ButtonValue): string {
  return `longline:${answer}:${ref}:${asker}${digest === undefined ? "" : `:${digest}`}`;
}

export function readButton(customId: string): ButtonValue | undefined {
  const [ours, answer, ref = "", asker = "", digest] = customId.split(":");
  if (ours !== "longline" || ref === "") return undefined;
  if (answer !== "approve" && answer !== "deny" && answer !== "why") return undefined;
  return { ref, asker, answer, ...defined({ digest }) };
}

/**
 * The button comes back signed by Discord, so what it holds about who asked can be trusted. Where no person asked, as in a turn that a
 * schedule began, those may press who see the message: the members of its channel.
 */
export function mayPress(user: string, { asker }: { asker: string }, { approvers = "asker" }: DiscordRules): boolean {
  if (approvers === "anyone") return true;
  if (approvers === "asker") return asker === "" || user === asker;
  return approvers.includes(user);
}

/** Characters of arguments that fit a message beside its other words. */
const argumentChars = 1_700;

/** The message that requests an approval; its stop button holds the session. Without buttons once it was answered. */
export function approvalMessage(
  approval: Approval,
  asker: string,
  session?: string,
): { content: string; components: object[] } {
  const { ref, name, agent, arguments: text, state, by } = approval;
  // A backtick as JSON spells it too: three of them would end the block, and what follows would pose as the bot's words.
  const all = messengerText(text).replaceAll("`", "\\u0060");
  const { shown, leftOut } = cutToRoom(all, argumentChars, (piece) => piece.length);
  const cut = leftOut > 0 ? `\n_${leftOut} more characters are not shown: deny it if you do not know them._` : "";
  const of = agent === undefined ? "" : ` of the agent ${agent}`;
  const question = `**${name}**${of} wants to run with exactly this:\n\`\`\`json\n${shown}\n\`\`\`${cut}`;
  if (state === "open") {
    const button = (answer: "approve" | "deny", label: string, style: number) => ({
      type: 2,
      style,
      label,
      custom_id: buttonValue({ ref, asker, answer, digest: callDigest(approval) }),
    });
    return {
      content: question,
      components: [
        {
          type: 1,
          components: [
            ...[button("approve", "Approve", 3), button("deny", "Deny", 4)],
            ...(session === undefined ? [] : [stopButton({ session, asker })]),
          ],
        },
      ],
    };
  }
  const outcome =
    state === "void"
      ? "No longer needed."
      : `${state === "approved" ? "Approved" : "Denied"}${by ? ` by ${visible(by)}` : ""}.`;
  return { content: `${question}\n${outcome}`, components: [] };
}
