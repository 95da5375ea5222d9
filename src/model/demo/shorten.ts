/** Shortens text for people to read. Pure. */

/** One line of at most `most` characters, cut at a word. */
export function shorten(text: string, most = 160): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= most ? line : `${line.slice(0, most).replace(/\s\S*$/, "")} …`;
}
