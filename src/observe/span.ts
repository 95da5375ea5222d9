/** What a span is, before it is encoded, and how spans are named. The same log always gives the same ids, whoever exports it and however often. Pure. */
import { sha256Hex } from "../core/digest.ts";
import type { Attributes, SpanEventName } from "./names.ts";

export interface SpanEvent {
  name: SpanEventName;
  /** In ms since 1970. */
  atMs: number;
  attributes: Attributes;
}

export interface Span {
  /** 16 bytes in hexadecimal digits. */
  traceId: string;
  /** 8 bytes in hexadecimal digits. */
  spanId: string;
  parentSpanId?: string;
  /** The parent is a span of the caller, in another process. */
  isParentRemote?: true;
  name: string;
  kind: "internal" | "client" | "producer";
  /** In ms since 1970; never later than `endMs`. */
  startMs: number;
  endMs: number;
  attributes: Attributes;
  events: SpanEvent[];
  /** Spans of other callers whose messages became part of the same turn. */
  links: { traceId: string; spanId: string }[];
  /** It ended in an error; `error.type` says in which. `message` is for people. */
  failed?: { message?: string };
}

/**
 * What a span is about: `seq` of an entry, and which part of it: 0 for the entry as a whole, the number of an attempt, or
 * the id of a call. A call's span is named by the reply that made it, so that its name is known before it has a result.
 */
export interface SpanKey {
  seq: number;
  part: number | string;
}

/** A span without its place in a trace. */
export interface SpanBody
  extends Omit<Span, "traceId" | "spanId" | "parentSpanId" | "isParentRemote" | "events" | "links"> {
  key: SpanKey;
  /** Which span it is under: the turn's when absent. */
  under?: SpanKey;
  events?: SpanEvent[];
}

/** Whose turn. `birth` tells a session from an erased one of the same name; null in sessions made before it was recorded. */
export interface TurnPlace {
  account: string;
  session: string;
  birth: string | null;
  turn: string;
}

/** 32 hexadecimal digits: the trace of a turn that no caller has a trace for. */
export function traceIdOf({ account, session, birth, turn }: TurnPlace): Promise<string> {
  return digest(["trace", account, session, birth, turn], 32);
}

/** 16 hexadecimal digits. */
export function spanIdOf({ account, session, birth, turn }: TurnPlace, { seq, part }: SpanKey): Promise<string> {
  return digest(["span", account, session, birth, turn, seq, part], 16);
}

/** W3C Trace Context forbids ids of zeros: such a digest, which no one will ever see, is read one digit further on. */
async function digest(facts: readonly (string | number | null)[], digits: number): Promise<string> {
  const hex = await sha256Hex(JSON.stringify(facts));
  const found = hex.slice(0, digits);
  return /[1-9a-f]/.test(found) ? found : `${hex.slice(1, digits)}1`;
}
