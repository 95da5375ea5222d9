/**
 * The result of a call as a span. A call that waited for a person or a client begins when it was made, and the wait is
 * two events of it; any other begins `durationMs` before its result. Each durable step that is over is an event. Pure.
 */
import type { ApprovalEntry, AssistantEntry, ToolEntry, WaitKind } from "../core/entry.ts";
import type { ToolCall } from "../core/message.ts";
import { notRun } from "../core/not-run.ts";
import type { ContentWriter } from "./content.ts";
import type { SpanBody, SpanEvent, SpanKey } from "./span.ts";

/** In place of a name out of no known set: the conventions' fallback value (error.md). */
export const otherName = "_OTHER";

/** A durable step of a call that is over. */
export interface EndedStep {
  callId: string;
  name: string;
  kind: "do" | "sleep" | "signal";
  outcome?: { type: string };
  endedMs?: number;
}

export interface ToolFacts {
  session: string;
  content?: ContentWriter | undefined;
  /** The reply that made the call; absent where it is not in the log. */
  reply: AssistantEntry | undefined;
  /** The call in it. */
  call: ToolCall | undefined;
  /** The words of the person about it. */
  approval: ApprovalEntry | undefined;
  /** The durable steps of the calls of a reply. */
  steps?: ((replySeq: number) => readonly EndedStep[]) | undefined;
}

/** What names the span of a call: known as soon as the call is. */
export function callKey(replySeq: number, callId: string): SpanKey {
  return { seq: replySeq, part: `call ${callId}` };
}

export function toolSpan(entry: ToolEntry, facts: ToolFacts): SpanBody {
  const { seq, step, callId, isError, atMs, durationMs } = entry;
  const { reply, call, content } = facts;
  // A name that the model made up is what a model wrote, and would make metrics without end.
  const name = !isUnknown(entry) ? entry.name : (content?.text(entry.name) ?? otherName);
  const madeMs = Math.min(reply?.atMs ?? 0, atMs);
  const events = waitEvents(entry, facts);
  const ranMs = Math.min(Math.max(atMs - durationMs, madeMs), atMs);
  return {
    key: callKey(reply?.seq ?? seq, callId),
    name: `execute_tool ${name}`,
    kind: "internal",
    startMs: events.length > 0 ? madeMs : ranMs,
    endMs: atMs,
    attributes: {
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": name,
      "gen_ai.tool.type": "function",
      "gen_ai.tool.call.id": callId,
      "gen_ai.conversation.id": facts.session,
      "longline.step": step,
      ...(entry.child && { "gen_ai.agent.name": entry.child.agent, "longline.child": entry.child.session }),
      ...(isError && { "error.type": isUnknown(entry) ? "unknown_tool" : toolErrorType(entry.content) }),
      ...(content && call && { "gen_ai.tool.call.arguments": content.text(call.arguments) }),
      ...(content && { "gen_ai.tool.call.result": content.text(entry.content) }),
    },
    events: [...events, ...stepEvents(entry, facts)],
    ...(isError && { failed: {} }),
  };
}

/** There is no such tool (`runTool`). */
function isUnknown({ isError, content }: ToolEntry): boolean {
  return isError && content.startsWith("There is no tool ");
}

/** `outcome_unknown`: it was perhaps run. `not_run`: it was not. `no_result`: its client sent none. Else `tool_error`. */
function toolErrorType(content: string): string {
  if (content.startsWith("Outcome unknown:")) return "outcome_unknown";
  if (content.startsWith("Not run:")) return "not_run";
  return content === notRun.expired("client") ? "no_result" : "tool_error";
}

function waitEvents(entry: ToolEntry, { reply, approval }: ToolFacts): SpanEvent[] {
  const kind = reply?.waits?.[entry.callId];
  if (kind === undefined || reply === undefined) return [];
  const wait = { "longline.wait.kind": kind };
  const endMs = Math.min(Math.max(approval?.atMs ?? entry.atMs, reply.atMs), entry.atMs);
  const outcome = { "longline.wait.outcome": outcomeOf(entry, approval, kind) };
  return [
    { name: "longline.wait.started", atMs: Math.min(reply.atMs, entry.atMs), attributes: wait },
    { name: "longline.wait.ended", atMs: endMs, attributes: { ...wait, ...outcome } },
  ];
}

/** Without steps that ended after the call's result: these are signals that came too late. */
function stepEvents({ callId, atMs }: ToolEntry, { reply, steps }: ToolFacts): SpanEvent[] {
  const own = reply && steps?.(reply.seq).filter((step) => step.callId === callId);
  return (own ?? []).flatMap(({ name, kind, outcome, endedMs = atMs + 1 }) => {
    if (outcome === undefined || endedMs > atMs) return [];
    const attributes = {
      "longline.tool_step.name": name,
      "longline.tool_step.kind": kind,
      "longline.tool_step.outcome": outcome.type,
    };
    return [{ name: "longline.tool_step.ended", atMs: endedMs, attributes }];
  });
}

function outcomeOf({ content, child }: ToolEntry, approval: ApprovalEntry | undefined, kind: WaitKind): string {
  if (approval !== undefined) return approval.approve ? "approved" : "denied";
  if (kind === "agent") return child === undefined ? "unanswered" : "result";
  const isUnanswered = kind === "approval" || content === notRun.expired("client") || content === notRun.turnOver;
  return isUnanswered ? "unanswered" : "result";
}
