/** What a chat client may be told of the agent's own tools: short notes among the reasoning. Pure. */
import type { ToolCall, ToolResult } from "../../core/message.ts";
import { cutToRoom, messengerText, visible } from "../../core/shown-call.ts";

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

/** What decides stays in sight, however long the rest is. */
function forApproval(text: string): string {
  if (text.length <= longest) return visible(text);
  const { shown, leftOut } = cutToRoom(messengerText(text), longest, (piece) => piece.length);
  return `${shown}… (${leftOut} more characters are not shown)`;
}

function short(text: string): string {
  return text.length <= longest ? text : `${text.slice(0, longest).toWellFormed()}…`;
}
