/** Makes the text of a reply as a messenger shows it, with a note where the answer was not completed. Pure. */
import type { Reply } from "./channel.ts";
import { changeOutsideCode } from "./outside-code.ts";

/** The reply's Markdown as the model wrote it, for messengers where a request can switch all notifications off (Discord's `allowed_mentions`). Empty while there is no text. */
export function replyMarkdown({ text, ended }: Pick<Reply, "text" | "ended">): string {
  const shown = text.trimEnd();
  if (ended?.note === undefined) return shown;
  return shown === "" ? `_${ended.note}_` : `${shown}\n\n_${ended.note}_`;
}

/** The same, made harmless for messengers where any text can ring. */
export function replyText({ text, ended, state }: Reply): string {
  return replyMarkdown({ text: harmless(text.trimEnd(), { grows: state !== "ended" }), ...(ended && { ended }) });
}

/**
 * Mentions that would ring for people get a zero-width space: a model repeats what others wrote, and must not page a channel.
 * Code stays as it is: it is copied, and an invisible sign in it does not compile.
 * @param how.grows see `changeOutsideCode`
 */
export function harmless(text: string, how: { grows?: boolean } = {}): string {
  const mention = /<(?=!(?:channel|here|everyone|subteam\^)|@[!&]?[A-Z0-9])/gi;
  // What was shown of a half mention could not be taken back: the rest of it would ring.
  const whole = how.grows ? text.replace(/<(?:@[!&]?|![a-z^]{0,10})?$/i, "") : text;
  return changeOutsideCode(whole, (plain) => plain.replace(mention, "<\u200b"), how);
}

/** The turn that the reply answers, where the reply names it: at its end. */
export function turnOf({ ended }: Pick<Reply, "ended">): string | undefined {
  return typeof ended?.data.turn === "string" ? ended.data.turn : undefined;
}
