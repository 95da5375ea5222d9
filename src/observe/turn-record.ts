/** What is recorded of an ended turn beside its transcript: figures and names, for the account's list of turns and for the log line. Pure. */

import { addUsage, noUsage, type Usage } from "../core/cost.ts";
import { defined } from "../core/defined.ts";
import {
  type AssistantEntry,
  type Entry,
  endsWithoutAnswer,
  type RolloutMark,
  type StepFailedEntry,
  type TurnEndReason,
} from "../core/entry.ts";

/** An ended turn. Times in ms, money in millionths of a US dollar. */
export interface TurnRecord {
  /** Of its last entry: names it within its session. */
  seq: number;
  turn: string;
  /** In ms since 1970. */
  endedAtMs: number;
  agent: string;
  /** Of the agent's definition; absent in turns of earlier versions. */
  version?: string;
  /** The rollout that chose the version. */
  rollout?: RolloutMark;
  /** A model of the version failed for good, and another one answered. */
  isRescued?: true;
  /** The model that answered last; null when none was called. */
  model: string | null;
  reason: TurnEndReason;
  /** Of a turn that failed. `detail`: its first 300 characters. */
  error?: { code: string; detail: string };
  steps: number;
  usage: Usage;
  costMicros: number;
  /** From the turn's first message to its end. */
  ms: number;
  /** From the turn's first message to the first event of a model; null when there was none. */
  firstEventMs: number | null;
  /** Results of calls that are errors. */
  toolErrors: number;
  /** Things that had to be repaired in replies and in arguments of calls. */
  repairs: number;
}

const detailChars = 300;

/** `entries`: all of one turn; `agent`: the session's, for turns that recorded none. `undefined` while the turn is open. */
export function turnRecord(entries: readonly Entry[], agent: string): TurnRecord | undefined {
  const [first] = entries;
  const ended = entries.at(-1);
  if (first === undefined || ended?.type !== "turn_ended") return undefined;
  const { seq, turn, atMs, reason, failure, steps, usage, costMicros } = ended;
  const replies = entries.filter((entry) => entry.type === "assistant" || entry.type === "step_failed");
  const ran = first.type === "user" ? first : undefined;
  return {
    seq,
    turn,
    endedAtMs: atMs,
    agent: ran?.agent ?? agent,
    ...(ran?.agentVersion !== undefined && { version: ran.agentVersion }),
    ...(ran?.rollout && { rollout: ran.rollout }),
    ...(replies.some(isRescued) && { isRescued: true }),
    model: replies.at(-1)?.model ?? null,
    reason,
    ...(failure && { error: { code: failure.code, detail: failure.detail.slice(0, detailChars).toWellFormed() } }),
    steps,
    // Only the fields of a sum: what else an entry of another version has is left out.
    usage: addUsage(noUsage, usage),
    costMicros,
    ms: Math.max(0, atMs - first.atMs),
    firstEventMs: firstEventMs(replies, first.atMs),
    toolErrors: entries.filter((entry) => entry.type === "tool" && entry.isError).length,
    repairs: entries.reduce((sum, entry) => sum + ("repairs" in entry ? (entry.repairs?.length ?? 0) : 0), 0),
  };
}

/** An answer after tries at another model. */
function isRescued({ type, model, tries = [] }: AssistantEntry | StepFailedEntry): boolean {
  return type === "assistant" && tries.some((each) => each.model !== model);
}

/** Of the first reply that has the times for it. */
function firstEventMs(
  replies: readonly { atMs: number; durationMs?: number; firstEventMs?: number }[],
  beganMs: number,
): number | null {
  for (const { atMs, durationMs, firstEventMs } of replies) {
    if (durationMs !== undefined && firstEventMs !== undefined)
      return Math.max(0, atMs - durationMs + firstEventMs - beganMs);
  }
  return null;
}

/** The fields of the log line, in this order: figures and names alone, taken one by one, so that nothing that people, models or tools wrote can ever be in it. */
export interface TurnLine {
  /** `error`: a failure ended the turn. `warn`: it ended without an answer for another reason. */
  level: "info" | "warn" | "error";
  event: "turn";
  account: string;
  session: string;
  turn: string;
  agent: string;
  version?: string;
  model: string | null;
  reason: TurnEndReason;
  /** Of the failure, where there is one. */
  code?: string;
  steps: number;
  /** Without cached ones. */
  input_tokens: number;
  cached_tokens: number;
  output_tokens: number;
  cost_micros: number;
  ms: number;
}

export function turnLine(record: TurnRecord, { account, session }: { account: string; session: string }): TurnLine {
  const { turn, agent, version, model, reason, error, steps, usage, costMicros, ms } = record;
  return {
    level: reason === "failed" ? "error" : endsWithoutAnswer(reason) ? "warn" : "info",
    event: "turn",
    account,
    session,
    turn,
    agent,
    ...defined({ version }),
    model,
    reason,
    ...(error && { code: error.code }),
    steps,
    input_tokens: usage.inputTokens,
    cached_tokens: usage.cachedTokens,
    output_tokens: usage.outputTokens,
    cost_micros: costMicros,
    ms,
  };
}
