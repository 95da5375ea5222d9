/** The two buttons under an answer, for praise and blame, and what a press of one says (components/reference, "Button"). Pure. */
import type { Reply } from "../channel.ts";
import { turnOf } from "../reply-text.ts";

/** `turn`: whose answer is rated. `score`: 1 or -1. */
export interface Rating {
  session: string;
  turn: string;
  score: 1 | -1;
}

/** Of a `custom_id` (components/reference, "Custom ID"). */
const mostChars = 100;

/** At most 100 characters: `undefined` where the names are longer than any of ours. */
export function ratingValue({ session, turn, score }: Rating): string | undefined {
  const value = `longline:${score > 0 ? "up" : "down"}:${turn}:${session}`;
  return value.length <= mostChars && readRating(value) !== undefined ? value : undefined;
}

/** What a button carries; `undefined` when it is not one of ours. */
export function readRating(customId: string): Rating | undefined {
  const [, word, turn = "", session = ""] =
    /^longline:(up|down):(turn_\d{1,16}):([A-Za-z0-9_-]{1,64})$/.exec(customId) ?? [];
  return word === undefined ? undefined : { session, turn, score: word === "up" ? 1 : -1 };
}

/** The row of buttons under an answer that came to its end; no row under any other. */
export function ratingRows(reply: Reply): object[] {
  const turn = turnOf(reply);
  if (turn === undefined || reply.ended?.reason !== "completed") return [];
  const button = (score: 1 | -1, name: string) => {
    const custom_id = ratingValue({ session: reply.session, turn, score });
    return custom_id === undefined ? [] : [{ type: 2, style: 2, emoji: { name }, custom_id }];
  };
  const components = [...button(1, "👍"), ...button(-1, "👎")];
  return components.length < 2 ? [] : [{ type: 1, components }];
}
