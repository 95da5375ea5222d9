/** What a soak collects about one session: what its clients sent and saw, and what the server says in the end. The checker judges this alone. */
import type { ReceivedSpan } from "./harness/collector.ts";

/** A message as its writer knows it. */
export interface SentMessage {
  /** Also the beginning of its content, and its idempotency key. */
  id: string;
  content: string;
  /** Turns that answers to it named, one per answer; none when it was never accepted. */
  turns: string[];
}

/** An event as a reader got it. */
export interface SeenEvent {
  id: string | undefined;
  event: string;
  data: EventData;
}

/** What of an event's JSON is looked at. */
export interface EventData {
  seq?: number;
  turn?: string;
  step?: number;
  text?: string;
  reason?: string;
  call_id?: string;
  name?: string;
  arguments?: string;
  content?: string;
  is_error?: boolean;
  message?: MessageData;
}

/** A message as OpenAI writes it, with Longline's additions. */
export interface MessageData {
  content: string;
  reasoning_content?: string;
  tool_calls?: { id: string; function: { name: string; arguments: string } }[];
  tool_call_id?: string;
  name?: string;
  is_error?: boolean;
}

/** An entry as `GET /entries` tells it. */
export interface EntryData {
  seq: number;
  turn: string;
  type: string;
  step?: number;
  reason?: string;
  partial?: string;
  joined?: boolean;
  /** Of the first entry of a turn that a rollout assigned. */
  rollout?: { arm: "baseline" | "candidate"; stage: number };
  message?: MessageData;
}

export interface ReaderLog {
  name: string;
  /** Over all its connections. */
  events: SeenEvent[];
  reconnects: number;
  /** Answers that were no stream, once the session was there. */
  refusals: string[];
}

export type Door = "chat" | "responses" | "ui";

/** What a client of another door has of one turn's answer, over all its connections. */
export interface DoorLog {
  door: Door;
  turn: string;
  /** `gone`: the door told of it no longer, as the AI SDK's does of turns that are over. */
  state: "open" | "whole" | "error" | "gone";
  /** The error's code. */
  code?: string;
  text: string;
  faults: readonly string[];
  refusals: string[];
  reconnects: number;
}

/** A person's answer to a call that needed one. */
export interface Decision {
  callId: string;
  approve: boolean;
  /** The statuses of the answers that came, in order. */
  statuses: number[];
}

export interface SessionLog {
  session: string;
  messages: SentMessage[];
  decisions: Decision[];
  readers: ReaderLog[];
  doors: DoorLog[];
  /** The whole transcript in the end. */
  entries: EntryData[];
  /** The same as `GET /export` tells it, line by line. */
  exported: string[];
  /** The trace of each turn that ended, as the Worker makes it of the log. */
  traces: { turn: string; spans: ReceivedSpan[] }[];
  /** Turns that had not ended when waiting for them was given up, and what else never came. */
  stuck: string[];
  /** Answers to writes and reads that should not have come. */
  refusals: string[];
}
