/** Ids of answers in dialects that give each answer one: they contain its place in a session, so that no index is needed to find it again. Opaque to clients; no proof of anything. */
import { sessionNameSource } from "../core/session-name.ts";

const placePattern = new RegExp(`^(${sessionNameSource})\\.(\\d{1,16})(?:\\.(\\d{1,16}))?$`);

/** A turn of a session; with `afterSeq`, what came in it after that entry: after results that its client had sent. */
export interface AnswerPlace {
  session: string;
  turn: string;
  afterSeq?: number;
}

/** `chatcmpl-` and `my-session.3` or `my-session.3.17`. */
export function formatAnswerId(prefix: string, { session, turn, afterSeq }: AnswerPlace): string {
  return `${prefix}${session}.${turn.replace("turn_", "")}${afterSeq === undefined ? "" : `.${afterSeq}`}`;
}

/** The opposite; `undefined` for anything that it never wrote. */
export function parseAnswerId(prefix: string, id: string): AnswerPlace | undefined {
  if (!id.startsWith(prefix)) return undefined;
  const match = placePattern.exec(id.slice(prefix.length));
  if (match === null) return undefined;
  const [, session = "", turn = "", after] = match;
  return { session, turn: `turn_${turn}`, ...(after !== undefined && { afterSeq: Number(after) }) };
}

/** Names a call that waits for a person, by its ref (`refOf`). Any door's request finds it by this id alone. */
export function approvalRequestId({ session, turn }: AnswerPlace, ref: string): string {
  return `${formatAnswerId("mcpr_", { session, turn })}.${ref}`;
}
