/** Makes a step legal for a provider: every call has exactly one result, in call order, and arguments that are JSON. Changes the request only, never the log. */
import type { ToolCall, ToolMessage, ToolResult } from "./message.ts";

const lost = "No result was recorded for this call. It may or may not have run.";

/** One tool message per call, in call order; a missing result is said to be missing, a result nobody asked for is left out. */
export function answerAll(calls: readonly ToolCall[], results: readonly ToolResult[]): ToolMessage[] {
  const byCall = new Map(results.map((result) => [result.callId, result]));
  return calls.map((call) => {
    const result = byCall.get(call.id) ?? { callId: call.id, name: call.name, content: lost, isError: true };
    return { role: "tool", ...result };
  });
}

/** The call with arguments a provider accepts back: verbatim when they are a JSON object, else the bad text wrapped in one. */
export function legalCall(call: ToolCall): ToolCall {
  if (isJsonObject(call.arguments)) return call;
  return { ...call, arguments: JSON.stringify({ malformed_arguments: call.arguments }) };
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
