/** Text files that go along with a message: written after its text as fenced blocks, and found again there when the message is shown. Pure. */

export interface Attachment {
  name: string;
  text: string;
}

/** Most bytes of one file. */
export const longestFileBytes = 200 * 1024;

/** The message with its files. */
export function withAttachments(text: string, files: readonly Attachment[]): string {
  const blocks = files.map((file) => {
    const fence = fenceFor(file.text);
    const body = file.text.endsWith("\n") ? file.text : `${file.text}\n`;
    return `Attached file: ${file.name.replace(/[\r\n]/g, " ")}\n${fence}\n${body}${fence}`;
  });
  return [text, ...blocks].filter((part) => part !== "").join("\n\n");
}

/** A message taken apart again. */
export function splitAttachments(content: string): { text: string; files: Attachment[] } {
  const files: Attachment[] = [];
  const opening = /(?:^|\n\n)Attached file: ([^\n]*)\n(`{3,})\n/g;
  let text: string | undefined;
  for (let match = opening.exec(content); match !== null; match = opening.exec(content)) {
    const [whole, name = "", fence = ""] = match;
    const from = match.index + whole.length;
    const end = content.indexOf(`\n${fence}`, from - 1);
    const rest = content.slice(end + 1 + fence.length);
    if (end < 0 || !(rest === "" || rest.startsWith("\n\nAttached file: "))) break;
    text ??= content.slice(0, match.index);
    files.push({ name, text: content.slice(from, end + 1) });
    opening.lastIndex = end + 1 + fence.length;
  }
  return { text: text ?? content, files };
}

/** Longer than every run of backticks in the text. */
function fenceFor(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  return "`".repeat(longest + 1);
}
