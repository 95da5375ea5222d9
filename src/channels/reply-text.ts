/** The words of a reply as a messenger shows them: model text made harmless, with a note where the answer did not come to its end. Pure. */
import type { Reply } from "./channel.ts";

/** The reply's Markdown. Empty while nothing was said. */
export function replyText({ text, ended }: Reply): string {
  const said = harmless(text.trimEnd());
  if (ended?.note === undefined) return said;
  return said === "" ? `_${ended.note}_` : `${said}\n\n_${ended.note}_`;
}

/** Mentions that would ring for people get a zero-width space: a model repeats what others wrote, and must not page a channel. */
export function harmless(text: string): string {
  return text.replace(/<(?=!(?:channel|here|everyone|subteam\^)|@[!&]?[A-Z0-9])/gi, "<\u200b");
}
