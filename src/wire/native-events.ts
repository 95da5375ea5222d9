/** Longline's own event stream: each event as a client reads it, and the frame that it comes in. Pure; knows no transport. */
import { formatCursor } from "../core/cursor.ts";
import type { PlacedEvent, SessionEvent } from "../core/event.ts";
import type { WaitingCall } from "../core/waits.ts";
import type { BrokenStream, Encoder, Frame } from "./encoder.ts";
import type { EventJson } from "./event-shapes.ts";
import { countsJson, errorJson, messageJson, replayedJson, suspendedJson, usageJson } from "./native.ts";

const noRetry: { retry?: number } = {};

/**
 * Writes a session's events in Longline's own frames, each with an id after which its reader may go on, and continues through
 * every wait. `tag`: the prefix of each event's id. `retryMs`: after how long a reader whose connection broke should come back.
 */
export function nativeEncoder(tag: string, retryMs?: number): Encoder {
  // With the first event, and not in a frame of its own: each frame of ours has data.
  let retry = retryMs === undefined ? noRetry : { retry: retryMs };
  const framed = ({ event, cursor }: PlacedEvent): Frame[] => {
    if (!isNativeEvent(event)) return [];
    const made = { ...nativeEvent(event), id: `${tag}-${formatCursor(cursor)}`, ...retry };
    retry = noRetry;
    return [made];
  };
  return {
    events: (events) => events.flatMap(framed),
    // Nearly all events are these, so they are written without the steps between. Neither the tag nor JSON has line breaks.
    text: ({ event, cursor }) =>
      event.type === "text.delta" && !event.refusal
        ? `id: ${tag}-${formatCursor(cursor)}\nevent: text.delta\ndata: {"type":"text.delta","text":${JSON.stringify(event.text)}}\n\n`
        : undefined,
    // The session's own are in its log. Those of its children come without an id: a reader that comes back receives them again.
    waits: (calls) => calls.flatMap(askedByChild),
    // Without an id: a reader that comes back receives the newest.
    progress: ({ callId, name, text, agent }) => [
      agent === undefined
        ? { event: "tool.progress", data: { type: "tool.progress", call_id: callId, name, text } }
        : { event: "agent.progress", data: { type: "agent.progress", call_id: callId, ...agent, text } },
    ],
    suspended: (call) => [{ event: "tool.waiting", data: { type: "tool.waiting", ...suspendedJson(call) } }],
    // Without an id: there is nothing to come back to.
    broken: (why: BrokenStream) => [{ event: "error", data: { type: "error", ...why } }],
    get writesTheSame() {
      return retry.retry === undefined;
    },
    ended: false,
  };
}

function askedByChild({ id, name, arguments: text, child }: WaitingCall): Frame[] {
  if (child === undefined) return [];
  const { session, agent } = child;
  const type = "tool.approval_required";
  return [{ event: type, data: { type, call_id: id, name, arguments: text, session, agent } }];
}

/** An event of the native stream. A person's answer is an entry, and not an event of this stream. */
export type NativeEvent = Exclude<SessionEvent, { type: "tool.approval_answered" }>;

export function isNativeEvent(event: SessionEvent): event is NativeEvent {
  return event.type !== "tool.approval_answered";
}

/** The event as a client reads it: its name, and its JSON, whose `type` is the name again. */
export function nativeEvent(event: NativeEvent): { event: string; data: EventJson } {
  return { event: event.type, data: eventJson(event) };
}

function eventJson(event: NativeEvent): EventJson {
  switch (event.type) {
    case "turn.started":
      return { ...event };
    case "step.started":
      return { type: event.type, step: event.step, model: event.model, attempt: event.attempt };
    case "step.restarted":
      return { type: event.type, step: event.step, attempt: event.attempt, reason: event.reason };
    case "reasoning.delta":
      return { type: event.type, text: event.text };
    case "text.delta":
      return { type: event.type, text: event.text, ...(event.refusal && { refusal: true }) };
    case "tool.called":
    case "tool.approval_required":
      return { type: event.type, call_id: event.id, name: event.name, arguments: event.arguments };
    case "tool.finished":
      return {
        type: event.type,
        call_id: event.callId,
        name: event.name,
        content: event.content,
        is_error: event.isError,
      };
    case "agent.started":
      return { type: event.type, call_id: event.callId, session: event.session, agent: event.agent };
    case "agent.finished":
      return {
        type: event.type,
        call_id: event.callId,
        session: event.session,
        agent: event.agent,
        reason: event.reason,
        usage: usageJson(event.usage, event.steps),
        cost_micros: event.costMicros,
      };
    case "message.completed":
      return {
        type: event.type,
        seq: event.seq,
        message: messageJson(event.message),
        finish_reason: event.finishReason,
        usage: { ...usageJson(event.usage, 1), ...replayedJson(event) },
      };
    case "turn.ended":
      return {
        type: event.type,
        turn: event.turn,
        reason: event.reason,
        usage: { ...usageJson(event.usage, event.steps), ...countsJson(event) },
        cost_micros: event.costMicros,
        ...(event.refused && { refused: true }),
        ...(event.failure && { error: errorJson(event.failure) }),
      };
    case "error":
      return { type: event.type, ...errorJson(event.failure) };
  }
}
