/** Writes a turn's events as the AI SDK's UI message chunks (`uiMessageChunkSchema` of ai 7), for `useChat`. A turn is one message; its id is always the same. */

import { shortageFailure } from "../../core/budget-words.ts";
import { defined } from "../../core/defined.ts";
import type { ChildSession } from "../../core/entry.ts";
import type { PlacedEvent, SessionEvent } from "../../core/event.ts";
import type { ToolCall } from "../../core/message.ts";
import { parsed } from "../../core/parsed.ts";
import type { SuspendedCall, TurnRest } from "../../core/tool-steps.ts";
import type { WaitingCall } from "../../core/waits.ts";
import type { BrokenStream, CallProgress, Encoder, Frame } from "../../wire/encoder.ts";
import { countsJson, errorJson, suspendedJson, usageJson } from "../../wire/native.ts";
import type { FailureJson } from "../../wire/shapes.ts";

/** `turn`: the message that is written is this turn. */
export interface UiManner {
  as: "ai-sdk-ui";
  turn: string;
}

interface Answered {
  id: string;
  approve: boolean;
  reason?: string;
  childCall?: ToolCall;
}

/** `atClient`: the client runs it. */
type AskedCall = ToolCall & { atClient?: true };
type Chunk = { type: string; [member: string]: unknown };

export class UiChunks implements Encoder {
  readonly #turn: string;
  readonly #session: string;
  #begun = false;
  #ended = false;
  #step = 0;
  #attempt = 1;
  /** The part that grows: its kind and its id. */
  #open: { kind: "text" | "reasoning"; id: string } | undefined;
  #inStep = false;
  /** So it is where the stream begins after answers: the client has the step that they are in. */
  #inAskStep = true;
  /** Calls of the newest reply that a person or the client must answer while another agent works at one of them. */
  readonly #besideAgents = new Map<string, AskedCall>();
  /** Calls that wait for a person's answer, and those that a person denied. */
  readonly #asked = new Set<string>();
  readonly #denied = new Set<string>();

  constructor({ turn }: UiManner, { session }: { session: string }) {
    this.#turn = turn;
    this.#session = session;
  }

  get ended(): boolean {
    return this.#ended;
  }

  events(events: readonly PlacedEvent[]): Frame[] {
    const chunks = events.flatMap(({ event }, at) => {
      if (event.type !== "tool.called" || !isBesideAgents(event, events, at)) return this.#chunks(event);
      this.#besideAgents.set(event.id, event);
      return [];
    });
    return this.#frames(chunks);
  }

  /** A message ends where the client or a person must answer: the client sends it again with the answers in its parts, and it goes on. */
  waits(calls: readonly WaitingCall[]): Frame[] {
    const asked = this.asks(calls.filter(({ child }) => child !== undefined));
    return [...asked, ...this.#pause({ finishReason: "tool-calls" })];
  }

  /**
   * What children ask. Each is a part of its own, so that several can be answered at once, in a step of their own: clients send
   * a message again when all calls of its last step are answered, and the call at which the child works is not. What the
   * session itself asks beside such a call is in that step, too, and what the client is to run.
   */
  asks(calls: readonly WaitingCall[]): Frame[] {
    return calls.length === 0 ? [] : this.#frames(this.#askStep(calls));
  }

  /** Transient: it reaches `onData` of `useChat`, and is no part of the message. */
  suspended(call: SuspendedCall): Frame[] {
    return this.#frames([{ type: "data-tool-waiting", id: call.id, transient: true, data: suspendedJson(call) }]);
  }

  rests({ waiting }: TurnRest): Frame[] {
    return this.#pause({ finishReason: "other", messageMetadata: { reason: "waiting", waiting } });
  }

  progress({ callId, name, text, agent }: CallProgress): Frame[] {
    if (agent !== undefined) return this.#frames([agentChunk(callId, agent, { state: "working", text })]);
    return this.#frames([
      { type: "data-tool-progress", id: callId, transient: true, data: { call_id: callId, name, text } },
    ]);
  }

  broken({ message }: BrokenStream): Frame[] {
    return [...this.#frames([...this.#closeStep(), { type: "error", errorText: message }]), ...this.#done()];
  }

  /** Ends before the turn does. */
  #pause(finish: object): Frame[] {
    return [...this.#frames([...this.#closeStep(), { type: "finish", ...finish }]), ...this.#done()];
  }

  #frames(chunks: readonly Chunk[]): Frame[] {
    const start: Chunk[] = this.#begun
      ? []
      : [{ type: "start", messageId: messageId(this.#turn), ...this.#metadata() }];
    this.#begun = true;
    const frames = [...start, ...chunks].map((data) => ({ data }));
    return this.#ended ? [...frames, ...this.#done()] : frames;
  }

  #done(): Frame[] {
    this.#ended = true;
    return [{ text: "[DONE]" }];
  }

  #chunks(event: SessionEvent): Chunk[] {
    switch (event.type) {
      case "step.started": {
        const chunks = [...this.#closeStep(), { type: "start-step" }];
        this.#step = event.step;
        this.#attempt = event.attempt;
        this.#inStep = true;
        this.#inAskStep = false;
        return chunks;
      }
      case "step.restarted":
        this.#attempt = event.attempt;
        this.#open = undefined;
        return [{ type: "reset-step" }];
      case "reasoning.delta":
        return this.#grow("reasoning", event.text);
      case "text.delta":
        return this.#grow("text", event.text);
      case "tool.called":
        return [...this.#close(), callChunk(event)];
      case "tool.approval_required":
        this.#asked.add(event.id);
        return this.#besideAgents.has(event.id) ? [] : [requestChunk(event)];
      case "tool.approval_answered":
        return this.#answered(event);
      case "tool.finished":
        return this.#finished(event);
      case "message.completed": {
        const asks = [...this.#besideAgents.values()];
        this.#besideAgents.clear();
        return asks.length === 0 ? this.#close() : this.#askStep(asks);
      }
      case "turn.ended":
        return this.#turnEnded(event);
      case "agent.started":
        return [agentChunk(event.callId, event, { state: "working" })];
      case "agent.finished":
        return [agentChunk(event.callId, event, { state: event.reason })];
      case "turn.started":
      case "error":
        return [];
    }
  }

  /** What a child asked is closed at once, since its result is the child's to have. */
  #childAnswered(call: ToolCall, answer: Omit<Answered, "childCall">): Chunk[] {
    const { id: toolCallId } = call;
    const output = answer.approve
      ? { type: "tool-output-available", toolCallId, output: "The answer was passed on." }
      : { type: "tool-output-denied", toolCallId };
    return [...this.#askStep([call]), ...this.#answered(answer), output];
  }

  #askStep(calls: readonly AskedCall[]): Chunk[] {
    const begun = this.#inAskStep ? [] : [...this.#closeStep(), { type: "start-step" }];
    this.#inStep = true;
    this.#inAskStep = true;
    return [...begun, ...calls.flatMap((call) => [callChunk(call), ...(call.atClient ? [] : [requestChunk(call)])])];
  }

  #answered({ id, approve, reason, childCall }: Answered): Chunk[] {
    if (childCall !== undefined) return this.#childAnswered(childCall, { id, approve, ...defined({ reason }) });
    this.#asked.delete(id);
    if (!approve) this.#denied.add(id);
    const why = reason !== undefined && { reason };
    return [{ type: "tool-approval-response", approvalId: id, approved: approve, ...why }];
  }

  /** A call that was not approved has no output: not by a person's no, and not because no one answered, which its result says. */
  #finished({ callId: toolCallId, content, isError }: Extract<SessionEvent, { type: "tool.finished" }>): Chunk[] {
    const unanswered = this.#asked.has(toolCallId)
      ? this.#answered({ id: toolCallId, approve: false, reason: content })
      : [];
    if (this.#denied.has(toolCallId)) return [...unanswered, { type: "tool-output-denied", toolCallId }];
    return isError
      ? [{ type: "tool-output-error", toolCallId, errorText: content }]
      : [{ type: "tool-output-available", toolCallId, output: jsonOr(content) }];
  }

  #grow(kind: "text" | "reasoning", delta: string): Chunk[] {
    const again = this.#attempt > 1 ? `-a${this.#attempt}` : "";
    const id = `${this.#turn}-${this.#step}${again}-${kind}`;
    const opening = this.#open?.kind === kind ? [] : [...this.#close(), { type: `${kind}-start`, id }];
    this.#open = { kind, id };
    return [...opening, { type: `${kind}-delta`, id, delta }];
  }

  #close(): Chunk[] {
    const open = this.#open;
    this.#open = undefined;
    return open === undefined ? [] : [{ type: `${open.kind}-end`, id: open.id }];
  }

  #closeStep(): Chunk[] {
    const chunks = [...this.#close(), ...(this.#inStep ? [{ type: "finish-step" }] : [])];
    this.#inStep = false;
    return chunks;
  }

  #turnEnded(event: Extract<SessionEvent, { type: "turn.ended" }>): Chunk[] {
    const usage = { ...usageJson(event.usage, event.steps), ...countsJson(event), cost_micros: event.costMicros };
    const error = errorIn(event);
    this.#ended = true;
    return [
      ...this.#closeStep(),
      // By its id, so that a message that is sent again has it once.
      { type: "data-usage", id: "usage", data: usage },
      ...(error === undefined ? [] : errorChunks(error)),
      { type: "finish", finishReason: finishReasonOf(event), messageMetadata: { reason: event.reason, usage } },
    ];
  }

  #metadata() {
    return { messageMetadata: { session: this.#session, turn: this.#turn } };
  }
}

/** The id of the message that is a turn. */
export function messageId(turn: string): string {
  return `msg_${turn}`;
}

/** The turn that a message is; `undefined` for ids of other messages. */
export function turnOfMessage(id: string): string | undefined {
  return /^msg_(turn_\d{1,16})$/.exec(id)?.[1];
}

/** Transient: it reaches `onData` of `useChat`, and is no part of the message. */
function agentChunk(id: string, { session, agent }: ChildSession, how: { state: string; text?: string }): Chunk {
  return { type: "data-agent", id, transient: true, data: { call_id: id, session, agent, ...how } };
}

function requestChunk({ id }: ToolCall): Chunk {
  return { type: "tool-approval-request", approvalId: id, toolCallId: id };
}

/** A call that a person or the client must answer, in a reply of which another agent works at a call. */
function isBesideAgents({ atClient }: { atClient?: true }, events: readonly PlacedEvent[], at: number): boolean {
  const typeAt = (place: number) => events[place]?.event.type;
  if (!atClient && typeAt(at + 1) !== "tool.approval_required") return false;
  let first = at;
  while (first > 0 && typeAt(first) !== "step.started") first--;
  for (let place = first; place < events.length && typeAt(place) !== "message.completed"; place++)
    if (typeAt(place) === "agent.started") return true;
  return false;
}

/** Tools of the client are its own parts; those of the server it does not know beforehand. */
function callChunk({ id, name, arguments: text, atClient }: AskedCall): Chunk {
  const served = atClient ? {} : { dynamic: true, providerExecuted: true };
  return { type: "tool-input-available", toolCallId: id, toolName: name, input: jsonOr(text), ...served };
}

/** What the text says as JSON; the text where it is none, or only a word or a number. */
function jsonOr(text: string): unknown {
  return (/^\s*[[{]/.test(text) ? parsed(text) : undefined) ?? text;
}

/** `useChat` shows `errorText` to the person who wrote, and stops reading there: what is for others is sent before it. */
function errorChunks(error: FailureJson): Chunk[] {
  return [
    { type: "message-metadata", messageMetadata: { error } },
    { type: "error", errorText: error.message },
  ];
}

function errorIn({ reason, failure }: Extract<SessionEvent, { type: "turn.ended" }>): FailureJson | undefined {
  if (failure !== undefined) return errorJson(failure);
  return reason === "budget_exhausted" ? errorJson(shortageFailure(undefined)) : undefined;
}

function finishReasonOf({ reason, refused, failure }: Extract<SessionEvent, { type: "turn.ended" }>): string {
  switch (reason) {
    case "completed":
      return refused ? "content-filter" : "stop";
    case "length":
      return "length";
    case "cancelled":
    case "interrupted":
      return "interrupted";
    case "failed":
      return failure?.code === "content_filter" ? "content-filter" : "error";
    case "step_limit":
    case "budget_exhausted":
      return "other";
  }
}
