/** A call of a tool in few words: its arguments in a line, its state, its result laid out. Pure. */
import { visible } from "../../core/shown-call.ts";
import type { CallWaits } from "../shell/shapes.ts";
import type { AnswerView, CallState } from "./item-view.ts";

/** Most characters of the line. */
const longestLine = 90;
/** Longer JSON is shown as it came: laying it out takes time and space. */
const longestJson = 100_000;

/** Such as `expression: 17 * 23`: the first fields of the arguments that fit into a line. */
export function callSummary(text: string): string {
  const read = parsed(text);
  const line =
    typeof read === "object" && read !== null && !Array.isArray(read)
      ? Object.entries(read)
          .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
          .join(", ")
      : text;
  return cut(
    visible(line.slice(0, 4 * longestLine))
      .replace(/\s+/g, " ")
      .trim(),
  );
}

/** JSON with a line for each field; any other text as it is. */
export function laidOutResult(text: string): string {
  const read = parsed(text);
  return visible(typeof read === "object" && read !== null ? JSON.stringify(read, null, 2) : text);
}

export function stateWords(state: CallState, approved?: boolean): string {
  switch (state) {
    case "running":
      return "running";
    case "suspended":
      return "waits";
    case "approval":
      return "waits for you";
    case "client":
      return "waits for the client";
    case "done":
      return "done";
    case "failed":
      return approved === false ? "denied" : "error";
    case "open":
      return "no result";
  }
}

export function signalPath(session: string, name: string): string {
  return `/v1/sessions/${session}/signals/${encodeURIComponent(name)}`;
}

/** The body of a signal from what a person entered; nothing: no value. `undefined`: it is no JSON. */
export function signalBody(text: string, callId: string): { call_id: string; value?: unknown } | undefined {
  if (text.trim() === "") return { call_id: callId };
  try {
    return { call_id: callId, value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** Names that begin with this are the library's own: no one can send them. */
export function isOwnSignal(name: string): boolean {
  return name.startsWith("~");
}

/** Such as `the signal shipped:17`. */
export function waitWords({ kind, name }: CallWaits[number]): string {
  return kind === "sleep" ? `a time (${name})` : `the signal ${visible(name)}`;
}

export function answerWords({ approve, reason, by }: AnswerView): string {
  const who = by === undefined ? "" : ` by ${by}`;
  return `${approve ? "Approved" : "Denied"}${who}${reason === undefined ? "" : `: ${reason}`}`;
}

function parsed(text: string): unknown {
  if (text.length > longestJson || !/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function cut(line: string): string {
  const signs = [...line];
  return signs.length <= longestLine ? line : `${signs.slice(0, longestLine - 1).join("")}…`;
}
