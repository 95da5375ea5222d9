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
    usage,
    createdAtMs,
    expiresAtMs,
    forkedFrom,
  };
}
