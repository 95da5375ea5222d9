/** Makes a step legal for a provider: every call has one result, in call order, a legal name and arguments that are a JSON object. Changes the request only, never the log. */

import type { CallIds } from "./call-ids.ts";
import type { ToolCall, ToolMessage, ToolResult } from "./message.ts";
import { parsedObject } from "./parsed.ts";

const lost = "No result was recorded for this call. It may or may not have run.";

/** Hosts refuse blank texts in different places (Bedrock and Anthropic in every message), so none is sent. */
export const noText = "(no text)";
const noOutput = "(no output)";

/** One tool message per call, in call order; a missing result is replaced by a text that says so, a result without a call is left out. */
export function answerAll(calls: readonly ToolCall[], results: readonly ToolResult[]): ToolMessage[] {
  const byCall = new Map(results.map((result) => [result.callId, result]));
  return calls.map((call) => {
    const result = byCall.get(call.id) ?? { callId: call.id, name: call.name, content: lost, isError: true };
    const content = result.content === "" ? noOutput : result.content;
    return { role: "tool", ...result, content };
  });
}

/** Calls and their results, which agree on every id and name. */
export interface CallStep {
  calls: ToolCall[];
  results: ToolMessage[];
}

/**
 * The same step in a form that every provider takes back. `results` are one per call, in call order. `seq`: of the reply, so that
 * the same step is written the same way in each request. `mostChars`: arguments that are longer are cut.
 */
export function legalStep(
  { calls, results }: CallStep,
  of: { ids: CallIds; seq: number; mostChars: number },
): CallStep {
  const named = calls.map((call, place) => {
    const id = of.ids.legal(call.id, `${of.seq} ${place}`);
    return { id, name: legalName(call.name), arguments: legalArguments(call.arguments, of.mostChars) };
  });
  const answered = results.map((result, place) => {
    const { id = result.callId, name = result.name } = named[place] ?? {};
    return { ...result, callId: id, name };
  });
  return { calls: named, results: answered };
}

/** OpenAI's, DeepSeek's and Mistral's rule for names, in declarations and in history alike. */
const nameRule = /^[a-zA-Z0-9_-]{1,64}$/;

/** The name with `_` in place of what no provider takes. The result of the call quotes the name as it was. */
export function legalName(name: string): string {
  if (nameRule.test(name)) return name;
  // The first 1000 characters only: a name may be as long as an answer.
  const legal = name
    .slice(0, 1_000)
    .replace(/[^a-zA-Z0-9_-]+/g, "_")
    .slice(0, 64);
  return /[a-zA-Z0-9]/.test(legal) ? legal : "unnamed_tool";
}

/** Readers of JSON stop at some depth: serde_json at 128, Python at about 1000. */
const deepest = 100;

function legalArguments(text: string, mostChars: number): string {
  if (text.trim() === "") return "{}";
  if (text.length > mostChars) {
    return JSON.stringify({ arguments_cut: text.slice(0, 1_000).toWellFormed(), total_characters: text.length });
  }
  if (depthOf(text) > deepest || parsedObject(text) === undefined) return JSON.stringify({ malformed_arguments: text });
  return legalEscapes(text);
}

/** How deep its brackets go, outside of strings. */
function depthOf(text: string): number {
  let [depth, most, quoted] = [0, 0, false];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (quoted && code === 0x5c) i++;
    else if (code === 0x22) quoted = !quoted;
    else if (!quoted && (code === 0x7b || code === 0x5b)) most = Math.max(most, ++depth);
    else if (!quoted && (code === 0x7d || code === 0x5d)) depth--;
  }
  return most;
}

/** Escapes in JSON text: a pair of surrogates, another code unit, or a character. */
const escapes = /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u([0-9a-fA-F]{4})|\\[\s\S]/g;

/** The text without the Markdown fence around it. */
export function unfenced(text: string): string {
  const isFenced = text.startsWith("```") && text.endsWith("```") && text.length >= 6;
  return isFenced ? text.slice(3, -3).replace(/^json/, "").trim() : text;
}

/** JSON text without escapes of half a surrogate pair or of a control character: a host that parses it would meet them. */
export function legalEscapes(json: string): string {
  if (!/\\[ubf]/.test(json)) return json;
  return json.replace(escapes, (all: string, unit: string | undefined) => {
    if (all === "\\b" || all === "\\f") return "\\ufffd";
    const isLegal = unit === undefined || legalText(String.fromCharCode(Number.parseInt(unit, 16))) !== "\ufffd";
    return isLegal ? all : "\\ufffd";
  });
}

const controls = /(?![\t\n\r])\p{Cc}/gu;

/** Well-formed, and without control characters: hosts answer 400 or 500 for NUL and half surrogate pairs. */
export function legalText(text: string): string {
  return text.toWellFormed().replace(controls, "\ufffd");
}
