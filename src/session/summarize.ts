/** A session in a few lines, as lists and clients see it. */
import type { SessionSummary } from "../dialects/native.ts";
import type { SessionParts } from "./session-parts.ts";

export function summarize({ record, log, turns }: SessionParts, defaultModel: string): SessionSummary {
  const { name, title, metadata, model, prefix, usage, createdAtMs, expiresAtMs, forkedFrom } = record.read();
  return {
    id: name,
    title,
    metadata,
    model: model ?? defaultModel,
    prefix,
    status: turns.waitingFor.length > 0 ? "waiting" : turns.busy ? "running" : "idle",
    lastSeq: log.lastSeq,
    lastTurn: lastTurnOf(log),
    usage,
    createdAtMs,
    expiresAtMs,
    forkedFrom,
  };
}

/** Walks back over the open turn at most. */
function lastTurnOf(log: SessionParts["log"]): NonNullable<SessionSummary["lastTurn"]> | null {
  const ended = log.last?.type === "turn_ended" ? log.last : log.newest("turn_ended", 1)[0];
  return ended === undefined ? null : { turn: ended.turn, reason: ended.reason, endedAtMs: ended.atMs };
}
