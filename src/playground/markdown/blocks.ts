/** Cuts a text in Markdown into its blocks. Pure. */
import { Lexer, type Token } from "marked";
import { isDrawable } from "./drawable.ts";

/** The kind of a block that is shown as it is written. */
export const plain = "plain";

/** The blocks of a text. `raw` of them, joined, is the text again. A text that cannot be drawn is one block, shown as it is written. */
export function blocksOf(text: string): Token[] {
  const asWritten: Token[] = [{ type: plain, raw: text }];
  if (!isDrawable(text)) return asWritten;
  try {
    return Lexer.lex(text, { gfm: true });
  } catch {
    return asWritten;
  }
}
