/** What a span is, before it is encoded, and how spans are named. The same log always gives the same ids, for every exporter and each export. Pure. */
import { defined } from "../core/defined.ts";
import { sha256Hex } from "../core/digest.ts";
import type { Entry } from "../core/entry.ts";
import type { Attributes, SpanEventName } from "./names.ts";
import { parseTraceparent, type TraceHeaders, type TraceParent, traceparentOf } from "./traceparent.ts";

export interface SpanEvent {
  name: SpanEventName;
  /** In ms since 1970. */
  atMs: number;
  attributes: Attributes;
}

/** The trace that a turn is in: the caller's, or its own. */
export interface TurnTrace {
  /** 16 bytes in hexadecimal digits. */
  traceId: string;
  /** The caller's span; absent where the trace begins here. */
  parent?: TraceParent;
  /** What other tracing systems have noted about the trace. */
  tracestate?: string;
}

export interface Span extends Pick<TurnTrace, "traceId" | "tracestate"> {
  /** The caller says that the id of the trace is random (W3C Trace Context, level 2). */
  isRandom?: true;
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
  links: { traceId: string; spanId: string; tracestate?: string }[];
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
export interface SpanBody extends Pick<Span, "name" | "kind" | "startMs" | "endMs" | "attributes" | "failed"> {
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

/** `first`: the turn's first entry. The id of a trace that no caller has begun is a digest. */
export async function turnTrace({ account, session, birth, turn }: TurnPlace, first: Entry): Promise<TurnTrace> {
  const { traceparent, tracestate }: Partial<TraceHeaders> = first.type === "user" ? first : {};
  const parent = parseTraceparent(traceparent);
  if (parent === undefined) return { traceId: await digest(["trace", account, session, birth, turn], 32) };
  return { traceId: parent.traceId, parent, ...defined({ tracestate }) };
}

/** What each span of the trace has. */
export function ofTrace({ traceId, parent, tracestate }: TurnTrace): Pick<Span, "traceId" | "tracestate" | "isRandom"> {
  const isRandom = ((parent?.flags ?? 0) & 2) !== 0;
  return { traceId, ...defined({ tracestate }), ...(isRandom && { isRandom }) };
}

/** The headers for a span of the trace: what tools and receivers are sent. */
export function headersOf({ traceId, parent, tracestate }: TurnTrace, spanId: string): TraceHeaders {
  const traceparent = traceparentOf({ traceId, spanId, flags: parent?.flags ?? 1 });
  return { traceparent, ...defined({ tracestate }) };
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
