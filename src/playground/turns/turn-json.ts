/** A turn of the list, as the API has it, and how it is read. */
import type * as z from "zod/mini";
import type { listedTurn } from "../../wire/shapes.ts";

export type ListedTurnJson = z.infer<typeof listedTurn>;

export interface ListedTurns {
  turns: ListedTurnJson[];
  next_cursor: string | null;
}

/** Part of the input tokens that came from the provider's cache, such as `83 %`; `–` where there were none. */
export function cachedShare({ input_tokens, cached_tokens }: { input_tokens: number; cached_tokens: number }): string {
  const all = input_tokens + cached_tokens;
  return all === 0 ? "–" : `${Math.round((100 * cached_tokens) / all)} %`;
}
