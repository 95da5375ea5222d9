/** A session in a few lines, as lists and clients see it. */
import type { Agent } from "../../agent/agent.ts";
import type { QueuedMessage, SessionSummary } from "../../wire/native.ts";
import type { SessionRecord } from "../store/session-record.ts";
import type { TranscriptLog } from "../store/transcript-log.ts";
import type { Turns } from "../turn/turns.ts";

/** What a summary is read from. */
export interface SummarySources {
  record: SessionRecord;
  log: TranscriptLog;
  turns: Turns;
}

/** `agent`: the session's own. `defaultModel`: the one that answers where none was chosen. */
export function summarize(sources: SummarySources, agent: Agent, defaultModel: string): SessionSummary {
  const { record, log, turns } = sources;
  const { name, title, metadata, model, prefix, usage, createdAtMs, expiresAtMs, forkedFrom, parent } = record.read();
  return {
    id: name,
    agent: agent.name,
    agentVersion: newestVersion(sources) ?? agent.version,
    title,
    metadata,
    model: model ?? defaultModel,
    prefix,
    status: turns.isWaiting ? "waiting" : turns.busy ? "running" : "idle",
    lastSeq: log.lastSeq,
    lastTurn: lastTurnOf(log),
    usage,
    createdAtMs,
    expiresAtMs,
    forkedFrom,
    ...(parent && { parent: { session: parent.session, callId: parent.callId } }),
  };
}

/** The version that the newest turn ran with; `undefined` before any, and where an earlier version of Longline ran it. */
function newestVersion({ log, turns }: SummarySources): string | undefined {
  const firstSeq = log.last === undefined ? undefined : turns.firstSeq(log.last.turn);
  if (firstSeq === undefined) return undefined;
  const [first] = log.readBeginnings({ after: firstSeq - 1, limit: 1 });
  return first?.type === "user" ? first.agentVersion : undefined;
}

/** Walks back over the open turn at most. */
function lastTurnOf(log: TranscriptLog): NonNullable<SessionSummary["lastTurn"]> | null {
  const ended = log.last?.type === "turn_ended" ? log.last : log.newest("turn_ended", 1)[0];
  return ended === undefined ? null : { turn: ended.turn, reason: ended.reason, endedAtMs: ended.atMs };
}

/** What only the Worker itself gets to know of a session. */
export interface SessionDetails {
  instructions: string | null;
  chosenModel: string | null;
  birth: string | null;
  queued: QueuedMessage[];
}
