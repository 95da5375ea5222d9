/** JSON that a messenger signed: what it is not able to write is `undefined`, not a throw; nor is it nested deeper than any body may be. */
import { textIsDeeper } from "../core/nesting.ts";

export function parseJson(text: string): unknown {
  if (textIsDeeper(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
