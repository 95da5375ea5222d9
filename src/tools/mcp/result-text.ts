/** Makes text of what a remote tool returned. What cannot be shown as text is named in words. */
import * as z from "zod/mini";

export const callResult = z.looseObject({
  content: z._default(z.array(z.looseObject({ type: z.string() })), []),
  structuredContent: z.optional(z.unknown()),
  isError: z.catch(z.optional(z.boolean()), undefined),
});

export type CallResult = z.infer<typeof callResult>;

/** Texts joined; the structured content as JSON where there is no text. */
export function resultText({ content, structuredContent }: CallResult): string {
  const parts = content.map(partText).filter((part) => part !== "");
  const hasText = content.some(({ type, text }) => type === "text" && text !== "");
  if (structuredContent !== undefined && !hasText) return [JSON.stringify(structuredContent), ...parts].join("\n");
  return parts.length === 0 ? "(no output)" : parts.join("\n");
}

function partText(part: CallResult["content"][number]): string {
  const { type } = part;
  switch (type) {
    case "text":
      return word(part.text);
    case "image":
    case "audio":
      return `[${type}${about(part.mimeType)}, not shown]`;
    case "resource_link":
      return `[resource ${word(part.uri)}${about(part.mimeType)}${about(part.description ?? part.name)}]`;
    case "resource":
      return resourceText(part.resource);
    default:
      return `[${type.slice(0, 40)}, not shown]`;
  }
}

function resourceText(resource: unknown): string {
  const { uri, mimeType, text } = (resource ?? {}) as Record<string, unknown>;
  const named = `resource ${word(uri)}${about(mimeType)}`;
  return typeof text === "string" ? `[${named}]\n${text}` : `[${named}, not shown]`;
}

function about(value: unknown): string {
  return typeof value === "string" && value !== "" ? `, ${value}` : "";
}

function word(value: unknown): string {
  return typeof value === "string" ? value : "";
}
