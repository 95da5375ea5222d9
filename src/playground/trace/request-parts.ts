/** Which parts of a request came from the provider's cache. Providers report how many tokens were read from it, and a cache keeps beginnings alone: so the parts are marked in the provider's order, tools first, until as large a share of the text is reached. An estimate, and shown as one. Pure. */

export interface RequestPart {
  /** Such as `tools` or `user`. */
  name: string;
  /** Its beginning, in a line. */
  preview: string;
  characters: number;
  /** Part of it that was read from the cache, 0 to 1. */
  cached: number;
}

const longestPreview = 140;

/** `share`: cached tokens as a part of all input tokens, 0 to 1. */
export function requestParts(body: object, share: number): RequestPart[] {
  const parts = partsOf(body);
  const all = parts.reduce((sum, { text }) => sum + text.length, 0);
  let left = Math.min(1, Math.max(0, share)) * all;
  return parts.map(({ name, text, preview }) => {
    const cached = text.length === 0 ? 0 : Math.min(1, left / text.length);
    left = Math.max(0, left - text.length);
    return { name, preview: lineOf(preview), characters: text.length, cached };
  });
}

function partsOf(body: object): { name: string; text: string; preview: string }[] {
  const { tools, messages } = body as { tools?: unknown; messages?: unknown };
  const listed = Array.isArray(tools) ? tools : [];
  const named = listed.map((tool: { function?: { name?: unknown } }) => String(tool?.function?.name ?? ""));
  return [
    ...(listed.length > 0 ? [{ name: "tools", text: JSON.stringify(tools), preview: named.join(", ") }] : []),
    ...(Array.isArray(messages) ? messages : []).map((message: Record<string, unknown>) => {
      const { role, content, tool_calls } = message;
      const calls = tool_calls === undefined ? "" : ` ${JSON.stringify(tool_calls)}`;
      const words = typeof content === "string" ? content : content == null ? "" : JSON.stringify(content);
      return { name: String(role), text: JSON.stringify(message), preview: `${words}${calls}` };
    }),
  ];
}

function lineOf(text: string): string {
  const line = text
    .slice(0, 4 * longestPreview)
    .replace(/\s+/g, " ")
    .trim();
  return line.length <= longestPreview ? line : `${line.slice(0, longestPreview - 1)}…`;
}
