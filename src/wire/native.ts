/** Longline's own spelling of entries and sessions for clients: snake_case JSON, times in ISO 8601, messages as OpenAI writes them. Pure; knows no transport. */
import type { Usage } from "../core/cost.ts";
import { defined } from "../core/defined.ts";
import type {
  AssistantEntry,
  ChildrenUsage,
  Entry,
  FailedTry,
  StepFailedEntry,
  TurnCounts,
  TurnEndReason,
} from "../core/entry.ts";
import type { Failure } from "../core/errors.ts";
import type { AssistantMessage, ToolCall } from "../core/message.ts";
import type { SuspendedCall } from "../core/tool-steps.ts";
import { userWords } from "../core/user-words.ts";
import { agentFacts, childrenJson } from "./children-json.ts";
import type {
  EntryJson,
  FailureJson,
  MessageJson,
  QueuedJson,
  SessionJson,
  ToolCallJson,
  UsageJson,
} from "./shapes.ts";

/** A failure for clients: `message` is one sentence for the person who wrote, `detail` is for the operator. */
export function errorJson(failure: Failure): FailureJson {
  return { code: failure.code, message: userWords(failure), detail: failure.detail };
}

/** `input_tokens` and `cached_tokens` are disjoint; `reasoning_tokens` is part of `output_tokens`. */
export function usageJson(usage: Usage, steps: number): UsageJson {
  return {
    input_tokens: usage.inputTokens,
    cached_tokens: usage.cachedTokens,
    output_tokens: usage.outputTokens,
    reasoning_tokens: usage.reasoningTokens,
    steps,
    ...(usage.estimated && { estimated: true }),
  };
}

/** What a finished turn counts beside tokens: what should have been cached, and rows written. */
export function countsJson(of: TurnCounts): Partial<UsageJson> {
  const { expectedCachedTokens: expected, rowsWritten: rows, kvReads, kvWrites } = of;
  return {
    ...defined({ expected_cached_tokens: expected, rows_written: rows, kv_reads: kvReads, kv_writes: kvWrites }),
  };
}

/** An assistant message as OpenAI writes it; `refusal`, `reasoning_content` and `tool_calls` only when there are any. `content` has the words of a refusal, too: it is what a person reads. */
export function messageJson({ content, reasoning, toolCalls, refusalFrom }: AssistantMessage): MessageJson {
  return {
    role: "assistant",
    content,
    ...(refusalFrom !== undefined && { refusal: content.slice(refusalFrom) }),
    ...(reasoning !== "" && { reasoning_content: reasoning }),
    ...(toolCalls.length > 0 && { tool_calls: toolCalls.map(callJson) }),
  };
}

function callJson(call: ToolCall): ToolCallJson {
  return { id: call.id, type: "function", function: { name: call.name, arguments: call.arguments } };
}

/** One entry of the transcript. Entries that are messages carry a `message`; the others record what happened. */
export function entryJson(entry: Entry): EntryJson {
  const placed = { seq: entry.seq, turn: entry.turn, type: entry.type, created_at: iso(entry.atMs) };
  switch (entry.type) {
    case "user": {
      const { content, speaker, metadata, options, agent, agentVersion, rollout } = entry;
      const message = { role: "user", content, ...defined({ speaker }) } as const;
      return {
        ...placed,
        message,
        ...(metadata && { metadata }),
        ...defined({ agent, agent_version: agentVersion }),
        ...(rollout && { rollout: { id: rollout.id, arm: rollout.arm, stage: rollout.stage } }),
        options: { ...options },
        ...(entry.joined && { joined: true }),
        ...(entry.again && { again: true }),
      };
    }
    case "assistant": {
      const { step, attempt, model, finishReason, usage, costMicros } = entry;
      const message = messageJson({ role: "assistant", ...entry });
      const paid = { usage: usageJson(usage, 1), cost_micros: costMicros };
      const waits = { ...(entry.waits && { waits: entry.waits }), ...(entry.children && { children: entry.children }) };
      const facts = { ...waits, ...callFacts(entry), ...prefixJson(entry), ...replayedJson(entry) };
      const answer = { message, finish_reason: finishReason, ...facts };
      return { ...placed, step, attempt, model, ...answer, ...tryFacts(entry), ...paid };
    }
    case "tool": {
      const { step, callId, name, content, isError, durationMs, repairs, metadata } = entry;
      const message = { role: "tool", tool_call_id: callId, name, content, is_error: isError } as const;
      const noted = { ...(repairs && { repairs }), ...(metadata && { metadata }), ...agentFacts(entry) };
      return { ...placed, step, message, duration_ms: durationMs, ...noted };
    }
    case "approval": {
      const { step, callId, name, approve, reason, by, metadata } = entry;
      const noted = { ...defined({ by, child: entry.child }), ...(metadata && { metadata }) };
      const details = { ...defined({ reason }), ...noted };
      return { ...placed, step, call_id: callId, name, approve, ...details };
    }
    case "compaction": {
      const { throughSeq, summary, model, failure, durationMs, usage, costMicros } = entry;
      const error = failure && { error: { ...errorJson(failure), ...rawJson(failure) } };
      const cause = entry.cause && { cause: entry.cause };
      const paid = { usage: usageJson(usage, 1), cost_micros: costMicros, duration_ms: durationMs };
      return {
        ...placed,
        through_seq: throughSeq,
        summary,
        ...cause,
        ...defined({ model }),
        ...error,
        ...paid,
      };
    }
    case "note":
      return { ...placed, message: { role: "user", content: entry.content } };
    case "step_failed": {
      const { step, attempt, model, failure, content, usage, costMicros } = entry;
      const error = { ...errorJson(failure), retryable: failure.retryable, ...rawJson(failure) };
      const paid = { usage: usageJson(usage, 1), cost_micros: costMicros };
      return { ...placed, step, attempt, model, error, partial: content, ...tryFacts(entry), ...paid };
    }
    case "turn_ended": {
      const { reason, usage, steps, costMicros, failure, refused } = entry;
      const error = failure && { error: errorJson(failure) };
      const used = { ...usageJson(usage, steps), ...countsJson(entry) };
      const children = entry.children && { children: childrenJson(entry.children) };
      return {
        ...placed,
        reason,
        usage: used,
        cost_micros: costMicros,
        ...children,
        ...(refused && { refused }),
        ...error,
      };
    }
  }
}

/** Marks what a cached answer gave. */
export function replayedJson({ replayed }: { replayed?: boolean }): Record<string, boolean> {
  return replayed ? { cached: true } : {};
}

/** What was found out about a reply's calls, and where its text came from. */
function callFacts({ salvaged, copies, noCall, fromReasoning }: AssistantEntry): Record<string, unknown> {
  return {
    ...(salvaged && { salvaged }),
    ...(copies && { copies }),
    ...(noCall && { no_call: true }),
    ...(fromReasoning && { from_reasoning: true }),
  };
}

function prefixJson({ prefix }: AssistantEntry): Record<string, unknown> {
  if (prefix === undefined) return {};
  const { expectedTokens, because } = prefix;
  return { prefix: { expected_tokens: expectedTokens, ...defined({ because }) } };
}

/** What happened on the way to a reply, where anything did. */
function tryFacts(entry: AssistantEntry | StepFailedEntry): Record<string, unknown> {
  const { tries, firstEventMs, durationMs } = entry;
  const { cutCalls, repairs } = entry.type === "assistant" ? entry : {};
  return {
    ...defined({ cut_calls: cutCalls }),
    ...(repairs && { repairs }),
    ...(tries && { tries: tries.map(tryJson) }),
    ...defined({ first_event_ms: firstEventMs, duration_ms: durationMs }),
  };
}

function tryJson({ model, failure }: FailedTry): Record<string, unknown> {
  return { model, code: failure.code, detail: failure.detail, ...rawJson(failure) };
}

/** What a host sent: in entries alone, where operators look; events and chats show `detail`. */
function rawJson({ raw }: Failure): { raw?: string } {
  return raw === undefined ? {} : { raw };
}

/** A session as its object reports it. */
export interface SessionSummary {
  id: string;
  /** Name of its agent, and the version that its newest turn ran with. Absent in reports of earlier versions. */
  agent?: string;
  agentVersion?: string;
  title: string | null;
  metadata: Record<string, string>;
  model: string;
  /** Id of its registered prefix. */
  prefix: string | null;
  status: "idle" | "running" | "waiting";
  lastSeq: number;
  /** The turn that ended last; null before any. Absent in reports of earlier versions. */
  lastTurn?: { turn: string; reason: TurnEndReason; endedAtMs: number } | null;
  usage: Usage & { steps: number; costMicros: number; rowsWritten: number; children?: ChildrenUsage };
  /** The call that it was made for. */
  parent?: { session: string; callId: string };
  createdAtMs: number;
  expiresAtMs: number | null;
  /** The session and the entry it was forked from. */
  forkedFrom: { session: string; afterSeq: number } | null;
}

export function sessionJson(session: SessionSummary): SessionJson {
  const { id, title, metadata, model, prefix, status, lastSeq, usage, createdAtMs, expiresAtMs, forkedFrom } = session;
  const { lastTurn } = session;
  return {
    id,
    agent: session.agent ?? null,
    agent_version: session.agentVersion || null,
    title,
    metadata,
    model,
    prefix,
    status,
    last_seq: lastSeq,
    ...(lastTurn && { last_turn: { turn: lastTurn.turn, reason: lastTurn.reason, ended_at: iso(lastTurn.endedAtMs) } }),
    usage: { ...usageJson(usage, usage.steps), rows_written: usage.rowsWritten, cost_micros: usage.costMicros },
    ...(usage.children && { children: childrenJson(usage.children) }),
    ...(session.parent && { parent: { session: session.parent.session, call_id: session.parent.callId } }),
    created_at: iso(createdAtMs),
    expires_at: expiresAtMs === null ? null : iso(expiresAtMs),
    ...(forkedFrom && { forked_from: { session: forkedFrom.session, after_seq: forkedFrom.afterSeq } }),
  };
}

/** A message that was accepted and is not in the log yet. */
export interface QueuedMessage {
  /** Its number among the session's messages. */
  id: number;
  /** The turn that it will begin, or joins. */
  turn: string;
  joins: boolean;
  /** Its beginning, where `isCut`. */
  content: string;
  isCut: boolean;
  speaker?: string | undefined;
  metadata?: Record<string, string> | undefined;
  atMs: number;
}

export function queuedJson(message: QueuedMessage): QueuedJson {
  const { turn, joins, content, isCut, speaker, metadata, atMs } = message;
  return {
    turn,
    content,
    created_at: iso(atMs),
    ...defined({ speaker, metadata }),
    ...(joins && { joins }),
    ...(isCut && { cut: true }),
  };
}

/** A row of a list that cannot be read, or cannot be written as JSON for clients. */
export interface BrokenRow {
  id: string;
  broken: string;
}

/** The row by `show`, or by `instead`, with why, when that throws: one bad row must not break a list. */
export function shownOr<T, J>(row: T, show: (row: T) => J, instead: (why: string) => J): J {
  try {
    return show(row);
  } catch (error) {
    return instead(`This row cannot be shown: ${error instanceof Error ? error.message : "it is damaged"}.`);
  }
}

/** A session for clients; one that cannot be shown has all fields, and `broken` says why they are empty. */
export function shownSession(row: SessionSummary | BrokenRow): SessionJson {
  if ("broken" in row) return brokenSession(row);
  return shownOr(row, sessionJson, (broken) => brokenSession({ id: row.id, broken }));
}

function brokenSession({ id, broken }: BrokenRow): SessionJson {
  const usage = {
    inputTokens: 0,
    cachedTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
    steps: 0,
    costMicros: 0,
    rowsWritten: 0,
  };
  const nothing = { title: null, metadata: {}, model: "", prefix: null, status: "idle" as const, lastSeq: 0 };
  const times = { createdAtMs: 0, expiresAtMs: null, forkedFrom: null };
  return { ...sessionJson({ id, ...nothing, usage, ...times }), broken };
}

/** An entry for clients; one that cannot be shown has its place, and `broken` says why there is no more. */
export function shownEntry(row: Entry | BrokenEntry): EntryJson {
  const { seq, turn } = row;
  const type = row.type as Entry["type"];
  const instead = (broken: string) => ({ seq, turn, type, created_at: iso(0), broken });
  return "broken" in row ? instead(row.broken) : shownOr(row, entryJson, instead);
}

/** What is known of an entry whose row is damaged. */
export interface BrokenEntry {
  seq: number;
  turn: string;
  type: string;
  broken: string;
}

/** A call whose tool waits, and for what. */
export function suspendedJson({ id, name, waits }: SuspendedCall) {
  return {
    call_id: id,
    name,
    waits: waits.map(({ untilMs, ...wait }) => ({ name: wait.name, kind: wait.kind, until: iso(untilMs) })),
  };
}

/** A moment as clients read it. */
export function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
