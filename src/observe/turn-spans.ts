/**
 * A turn's entries as the spans of its trace: `invoke_agent` for the turn and, under it, one `chat` per attempt, one
 * `execute_tool` per result and one `compact` per compaction. A function of the log: a turn that a crash cut off and
 * another instance finished has its whole trace. Pure; exports nothing.
 */
import { defined } from "../core/defined.ts";
import {
  type ApprovalEntry,
  type AssistantEntry,
  type Entry,
  endsWithoutAnswer,
  type TurnEndedEntry,
  type TurnOptions,
  type UserEntry,
} from "../core/entry.ts";
import type { ToolCall } from "../core/message.ts";
import { type ChatFacts, chatSpans, compactionSpans, errorTypeOf, type Provider } from "./chat-spans.ts";
import type { ContentWriter } from "./content.ts";
import { ofTrace, type Span, type SpanBody, type SpanKey, spanIdOf, type TurnPlace, turnTrace } from "./span.ts";
import { type EndedStep, toolSpan } from "./tool-spans.ts";
import { parseTraceparent, type TraceParent } from "./traceparent.ts";

/** What the trace of a turn needs to know beside its entries. */
export interface TraceFacts extends Omit<TurnPlace, "turn"> {
  /** Name of the session's agent, for turns that recorded none. */
  agent: string;
  /** A summary was in the model's window already when the turn began. */
  isCompacted: boolean;
  /** Absent: spans hold nothing of what people, models and tools wrote. */
  content?: ContentWriter | undefined;
  /** The durable steps of the calls of a reply; absent where none are kept. */
  steps?(replySeq: number): readonly EndedStep[];
  /** Who answers for a model, by the id that the log has. */
  provider(model: string): Provider | undefined;
}

/**
 * The spans of a turn, in the order of the log, the turn's own first. `entries`: all entries of one turn, in order. While
 * the turn is open its own span is left out, so that no id is ever given out with two contents; the spans under it name
 * it as their parent already.
 */
export async function turnSpans(entries: readonly Entry[], facts: TraceFacts): Promise<Span[]> {
  const [first] = entries;
  if (first === undefined) return [];
  const place: TurnPlace = { ...facts, turn: first.turn };
  const [trace, rootId] = await Promise.all([turnTrace(place, first), spanIdOf(place, rootKey(first.seq))]);
  const { parent } = trace;
  return Promise.all(
    spanBodies(entries, facts).map(async ({ key, under, events = [], ...body }): Promise<Span> => {
      const span = { ...ofTrace(trace), ...body, events, links: [] };
      if (key.part !== "turn") {
        const [spanId, parentSpanId] = await Promise.all([
          spanIdOf(place, key),
          under ? spanIdOf(place, under) : rootId,
        ]);
        return { ...span, spanId, parentSpanId };
      }
      const caller = parent && { parentSpanId: parent.spanId, isParentRemote: true as const };
      return { ...span, spanId: rootId, ...caller, links: linksOf(entries, parent) };
    }),
  );
}

/** The same without their places in a trace. */
export function spanBodies(entries: readonly Entry[], facts: TraceFacts): SpanBody[] {
  const [first] = entries;
  if (first === undefined) return [];
  const walk = new EntryWalk(first, facts);
  const under = entries.flatMap((entry) => walk.bodies(entry)).map((body) => notBefore(first.atMs, body));
  return [...rootOf(entries, under, facts), ...under];
}

/** What names the turn's own span. */
export function rootKey(firstSeq: number): SpanKey {
  return { seq: firstSeq, part: "turn" };
}

/** Clocks are set back now and then: no span begins before its turn, or ends before it begins. */
function notBefore(beganMs: number, body: SpanBody): SpanBody {
  const startMs = Math.max(body.startMs, beganMs);
  const endMs = Math.max(body.endMs, startMs);
  const within = (atMs: number) => Math.min(Math.max(atMs, startMs), endMs);
  return {
    ...body,
    startMs,
    endMs,
    events: body.events?.map((event) => ({ ...event, atMs: within(event.atMs) })) ?? [],
  };
}

/** The turn's own span, once it has ended; it is around all those `under` it. */
function rootOf(entries: readonly Entry[], under: readonly SpanBody[], facts: TraceFacts): SpanBody[] {
  const [first] = entries;
  const ended = entries.at(-1);
  if (first === undefined || ended?.type !== "turn_ended") return [];
  const { session, content } = facts;
  const { agent, version } = ranBy(first, facts);
  const reply = entries.findLast((entry) => entry.type === "assistant");
  return [
    {
      key: rootKey(first.seq),
      name: `invoke_agent ${agent}`,
      kind: "internal",
      startMs: first.atMs,
      endMs: under.reduce((latest, { endMs }) => Math.max(latest, endMs), Math.max(first.atMs, ended.atMs)),
      attributes: {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": agent,
        "gen_ai.conversation.id": session,
        "session.id": session,
        ...(version !== undefined && { "longline.agent.version": version }),
        "gen_ai.usage.input_tokens": ended.usage.inputTokens + ended.usage.cachedTokens,
        "gen_ai.usage.output_tokens": ended.usage.outputTokens,
        "longline.turn.id": first.turn,
        "longline.turn.reason": ended.reason,
        "longline.turn.steps": ended.steps,
        "longline.cost_micros": ended.costMicros,
        ...(ended.usage.estimated && { "longline.usage.estimated": true }),
        ...errorOf(ended),
        ...(content && { "gen_ai.input.messages": content.inputMessages(entries) }),
        ...(content && reply && { "gen_ai.output.messages": content.outputMessages(reply) }),
      },
      ...(endsWithoutAnswer(ended.reason) && { failed: ended.failure ? { message: ended.failure.detail } : {} }),
    },
  ];
}

/** Which agent the turn ran with, and which version of it. */
function ranBy(first: Entry, { agent }: TraceFacts): { agent: string; version: string | undefined } {
  if (first.type !== "user") return { agent, version: undefined };
  return { agent: first.agent ?? agent, version: first.agentVersion };
}

/** `error.type` is the failure of a failed turn, else how the turn ended. */
function errorOf({ reason, failure }: TurnEndedEntry): { "error.type"?: string } {
  if (!endsWithoutAnswer(reason)) return {};
  return { "error.type": reason === "failed" && failure ? errorTypeOf(failure) : reason };
}

/** Walks through the entries once: each is looked at with what came before it. */
class EntryWalk {
  readonly #facts: TraceFacts;
  readonly #ran: ReturnType<typeof ranBy>;
  readonly #options: TurnOptions;
  /** When the entry before was recorded. */
  #sinceMs: number;
  #isCompacted: boolean;
  #replies = new Map<number, AssistantEntry>();
  /** By step and call: providers use ids of calls again from step to step. */
  #calls = new Map<string, ToolCall>();
  #approvals = new Map<string, ApprovalEntry>();
  #results = new Set<string>();

  constructor(first: Entry, facts: TraceFacts) {
    this.#facts = facts;
    this.#ran = ranBy(first, facts);
    this.#options = first.type === "user" ? first.options : {};
    this.#sinceMs = first.atMs;
    this.#isCompacted = facts.isCompacted;
  }

  bodies(entry: Entry): SpanBody[] {
    const bodies = this.#bodies(entry);
    this.#sinceMs = entry.atMs;
    return bodies;
  }

  #bodies(entry: Entry): SpanBody[] {
    switch (entry.type) {
      case "assistant":
        this.#keep(entry);
        return chatSpans(entry, this.#sinceMs, this.#chatFacts);
      case "step_failed":
        return chatSpans(entry, this.#sinceMs, this.#chatFacts);
      case "compaction": {
        const spans = compactionSpans(entry, this.#chatFacts);
        this.#isCompacted = true;
        return spans;
      }
      case "approval":
        this.#approvals.set(keyOf(entry), entry);
        return [];
      case "tool": {
        const key = keyOf(entry);
        const [reply, call, approval] = [this.#replies.get(entry.step), this.#calls.get(key), this.#approvals.get(key)];
        const span = toolSpan(entry, { ...this.#facts, reply, call, approval });
        // A call has one result; a log from elsewhere may hold two.
        const isSecond = this.#results.has(key);
        this.#results.add(key);
        return [isSecond ? { ...span, key: { seq: entry.seq, part: 0 } } : span];
      }
      case "user":
      case "note":
      case "turn_ended":
        return [];
    }
  }

  #keep(reply: AssistantEntry): void {
    const { step } = reply;
    this.#replies.set(step, reply);
    for (const call of reply.toolCalls) this.#calls.set(keyOf({ step, callId: call.id }), call);
  }

  get #chatFacts(): ChatFacts {
    return { ...this.#facts, ...this.#ran, options: this.#options, isCompacted: this.#isCompacted };
  }
}

function keyOf({ step, callId }: { step: number; callId: string }): string {
  return `${step} ${callId}`;
}

/** Messages that joined the turn may be of other traces. */
function linksOf(entries: readonly Entry[], parent: TraceParent | undefined): Span["links"] {
  const joined = entries.slice(1).filter((entry): entry is UserEntry => entry.type === "user");
  return joined.flatMap(({ traceparent, tracestate }) => {
    const other = parseTraceparent(traceparent);
    if (other === undefined || other.spanId === parent?.spanId) return [];
    return [{ traceId: other.traceId, spanId: other.spanId, ...defined({ tracestate }) }];
  });
}
