/** The prefix doctor's word on a session's newest requests: what should have been cached, what was, and why not. */
import { type HeadFacts, shortfall } from "../core/prefix.ts";
import type { SessionParts } from "./session-parts.ts";

export interface PrefixReport {
  /** Newest first. */
  requests: RequestReport[];
  /** What the newest request began with. */
  head: HeadFacts | undefined;
  /** The newest entry that it was not shown. */
  windowSeq: number;
}

export interface RequestReport {
  seq: number;
  turn: string;
  step: number;
  model: string;
  inputTokens: number;
  cachedTokens: number;
  expectedTokens: number;
  /** Why less than the request before was cached, where it was. */
  because: string | undefined;
}

export function prefixReport({ log, heads }: SessionParts, limit: number): PrefixReport {
  const replies = log.newest("assistant", limit + 1).filter(({ prefix }) => prefix !== undefined);
  const requests = replies.slice(0, limit).map((reply, place): RequestReport => {
    const { seq, turn, step, model, usage, atMs, prefix } = reply;
    const expected = prefix ?? { expectedTokens: 0 };
    const idleMs = atMs - (replies[place + 1]?.atMs ?? atMs);
    const because = shortfall(expected, { cachedTokens: usage.cachedTokens, idleMs });
    const { inputTokens, cachedTokens } = usage;
    return { seq, turn, step, model, inputTokens, cachedTokens, expectedTokens: expected.expectedTokens, because };
  });
  const newest = replies[0]?.prefix;
  return { requests, head: newest && heads.read(newest.head), windowSeq: newest?.windowSeq ?? 0 };
}
