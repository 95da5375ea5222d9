/** JSON that a messenger signed: what it is not able to write is `undefined`, not a throw; nor is it nested deeper than any body may be. */

import { textIsDeeper } from "../core/nesting.ts";
import { parsed } from "../core/parsed.ts";

export function parseJson(text: string): unknown {
  return textIsDeeper(text) ? undefined : parsed(text);
}
