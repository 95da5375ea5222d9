/** A title for a session that begins with this message: its first line, cut at a word. Pure. */

const longest = 70;

export function titleFrom(content: string): string {
  const line = content.trim().split("\n", 1)[0]?.trim() ?? "";
  if (line.length <= longest) return line;
  return `${line.slice(0, longest).replace(/\s+\S*$/, "")} …`;
}
