/** The two buttons under an answer, for praise and blame, and the rating that a press of one gives (components/reference, "Button"). Pure. */

import { defined } from "../../core/defined.ts";
import { sessionNameSource } from "../../core/session-name.ts";
import type { Reply } from "../channel.ts";
import { turnOf } from "../reply-text.ts";
import { customIdChars, tagged } from "./buttons.ts";

const votePattern = new RegExp(`^longline:(up|down):(turn_\\d{1,16}):(${sessionNameSource})(?::([a-z0-9]{6}))?$`);

/** `turn`: whose answer is rated. `score`: 1 or -1. */
export interface Rating {
  session: string;
  turn: string;
  score: 1 | -1;
  /** Of the session (`Reply.tag`); absent in buttons of earlier versions, and where it does not fit. */
  tag?: string;
}

/** At most 100 characters: `undefined` where the names are longer than any of ours. */
export function ratingValue({ session, turn, score, tag }: Rating): string | undefined {
  const value = tagged(`longline:${score > 0 ? "up" : "down"}:${turn}:${session}`, tag);
  return value.length <= customIdChars && readRating(value) !== undefined ? value : undefined;
}

/** What a button carries; `undefined` when it is not one of ours. */
export function readRating(customId: string): Rating | undefined {
  const [, word, turn = "", session = "", tag] = votePattern.exec(customId) ?? [];
  if (word === undefined) return undefined;
  return { session, turn, score: word === "up" ? 1 : -1, ...defined({ tag }) };
}

/** The row of buttons under an answer that came to its end; no row under any other. */
export function ratingRows(reply: Reply): object[] {
  const turn = turnOf(reply);
  if (turn === undefined || reply.ended?.reason !== "completed") return [];
  const { session, tag } = reply;
  const button = (score: 1 | -1, name: string) => {
    const custom_id = ratingValue({ session, turn, score, ...defined({ tag }) });
    return custom_id === undefined ? [] : [{ type: 2, style: 2, emoji: { name }, custom_id }];
  };
  const components = [...button(1, "👍"), ...button(-1, "👎")];
  return components.length < 2 ? [] : [{ type: 1, components }];
}
