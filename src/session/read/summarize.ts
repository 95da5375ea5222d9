/** A session in a few lines, as lists and clients see it. */
import type { Agent } from "../../agent/agent.ts";
import type { QueuedMessage, SessionSummary } from "../../wire/native.ts";
import type { SessionParts } from "../session-parts.ts";

/** `agent`: the session's own. `defaultModel`: the one that answers where none was chosen. */
export function summarize(parts: SessionParts, agent: Agent, defaultModel: string): SessionSummary {
  const { record, log, turns } = parts;
  const { name, title, metadata, model, prefix, usage, createdAtMs, expiresAtMs, forkedFrom } = record.read();
  return {
    id: name,
    agent: agent.name,
    agentVersion: newestVersion(parts) ?? agent.version,
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

/** The version that the newest turn ran with; `undefined` before any, and where an earlier version of Longline ran it. */
function newestVersion({ log, turns }: SessionParts): string | undefined {
  const firstSeq = log.last === undefined ? undefined : turns.firstSeq(log.last.turn);
  if (firstSeq === undefined) return undefined;
  const [first] = log.read({ after: firstSeq - 1, limit: 1 });
  return first?.type === "user" ? first.agentVersion : undefined;
}

/** Walks back over the open turn at most. */
function lastTurnOf(log: SessionParts["log"]): NonNullable<SessionSummary["lastTurn"]> | null {
  const ended = log.last?.type === "turn_ended" ? log.last : log.newest("turn_ended", 1)[0];
  return ended === undefined ? null : { turn: ended.turn, reason: ended.reason, endedAtMs: ended.atMs };
}

/** What only the Worker itself is told of a session. */
export interface SessionDetails {
  instructions: string | null;
  chosenModel: string | null;
  birth: string | null;
  queued: QueuedMessage[];
}
