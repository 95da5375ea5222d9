/** What a chat client may be shown of the agent's own tools: short notes among the reasoning. Pure. */
import type { ToolCall, ToolResult } from "../../../core/message.ts";
import { cutToRoom, messengerText, visible } from "../../../core/shown-call.ts";
import { type WaitingCall, whose } from "../../../core/waits.ts";

const longest = 500;

export function callNote({ name, arguments: text }: ToolCall): string {
  return `\n[${name} ${short(text)}]\n`;
}

export function resultNote({ name, content, isError }: ToolResult): string {
  return `[${name} ${isError ? "failed: " : "-> "}${short(content)}]\n`;
}

/** That a call waits for a person, and where that is answered. */
export function waitNote(session: string, { id, name, arguments: text }: ToolCall): string {
  return `\n[${name} ${forApproval(text)} waits for approval: POST /v1/sessions/${session}/approvals/${id}]\n`;
}

const noticeLead = "[Waiting";
/** Longest notice that is written: a few calls, each cut. */
const longestNotice = 20_000;

/** Why there is no answer yet: each call that waits, and where it is answered. */
export function approvalNeeded(
  calls: readonly WaitingCall[],
  { session, id }: { session: string; id: string },
): string {
  const named = calls.map((call) => {
    const text = calls.length === 1 ? call.arguments : forApproval(call.arguments);
    return `${call.name} ${text}${whose(call)} waits for a person's approval: POST /v1/sessions/${session}/approvals/${call.id}`;
  });
  return `The call ${named.join("; the call ")}. Then the answer is at GET /v1/chat/completions/${id}.`;
}

/** Words with which an answer ends before its turn does: what is waited for, and where the answer goes on. */
export function waitNotice(words: string, id: string): string {
  return `${noticeLead}${words} The answer then goes on at GET /v1/chat/completions/${id}.]`;
}

/** What a person is waited for: where that is answered. */
export function approvalWords(calls: readonly ToolCall[], session: string): string {
  const named = calls.slice(0, 20).map((call) => {
    return `${call.name} ${forApproval(call.arguments)} at POST /v1/sessions/${session}/approvals/${call.id}`;
  });
  return ` for approval of ${named.join("; ")}.`;
}

/** An answer as a client sends it back, without that notice; `id`: of the answer that waited. */
export function withoutNotice(content: string): { text: string; id?: string } {
  const at = content.lastIndexOf(noticeLead);
  if (at < 0 || content.length - at > longestNotice) return { text: content };
  const [, id] =
    / goes on at GET \/v1\/chat\/completions\/([A-Za-z0-9_.-]{1,200})\.\]\s*$/.exec(content.slice(at)) ?? [];
  return id === undefined ? { text: content } : { text: content.slice(0, at).trimEnd(), id };
}

/** What decides stays in sight, however long the rest is. */
function forApproval(text: string): string {
  if (text.length <= longest) return visible(text);
  const { shown, leftOut } = cutToRoom(messengerText(text), longest, (piece) => piece.length);
  return `${shown}… (${leftOut} more characters are not shown)`;
}

function short(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest).toWellFormed()}…`;
}
