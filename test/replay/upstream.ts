/** What the provider was asked, as a recording keeps it: texts in full, tools by name and a digest of their definitions. Pure. */
import { createHash } from "node:crypto";

export function upstreamOf(body: Record<string, unknown>): Record<string, unknown> {
  const { tools, messages, ...rest } = body;
  const named = Array.isArray(tools) && { tools: digest(tools), tool_names: tools.map(nameOf) };
  return { ...rest, ...named, messages: Array.isArray(messages) ? messages.map(shortSystem) : messages };
}

const nameOf = (tool: { function?: { name?: string } }) => tool.function?.name ?? "";

/** The same instructions are in every request. */
function shortSystem(message: { role?: string; content?: unknown }, place: number): unknown {
  const isLong = place === 0 && typeof message.content === "string" && message.content.length > 200;
  return isLong ? { ...message, content: digest(message.content) } : message;
}

function digest(value: unknown): string {
  return `sha256 ${createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16)}`;
}
