/** The interface of a dialect's encoder: it receives the session's events of one turn in order and writes its own frames. One encoder serves one reader; it never requests anything. */
import type { ChildSession } from "../core/entry.ts";
import type { PlacedEvent } from "../core/event.ts";
import type { SuspendedCall, TurnRest } from "../core/tool-steps.ts";
import type { WaitingCall } from "../core/waits.ts";

/** One server-sent event. `data` goes out as JSON; `text` as it is, on one line. */
export interface Frame {
  event?: string;
  /** How long a reader whose connection broke waits before it comes back, in ms. */
  retry?: number;
  id?: string;
  data?: unknown;
  text?: string;
}

/** Why a stream ends before its answer does. */
export interface BrokenStream {
  code: "session_erased" | "internal";
  /** For the person who reads the answer. */
  message: string;
  /** For the client's developer. */
  detail: string;
}

export const sessionGone: BrokenStream = {
  code: "session_erased",
  message: "This conversation was erased; please begin a new one.",
  detail: "The session was erased. Nothing more will come.",
};

/** A fault of ours while the stream was written; the answer itself may go on. */
export const streamFault: BrokenStream = {
  code: "internal",
  message: "The connection broke off; please load the page again.",
  detail: "The stream broke off by a fault of the server. Come back with the last event id.",
};

export interface CallProgress {
  callId: string;
  name: string;
  text: string;
  /** The session and the agent that work at the call, where it calls an agent. */
  agent?: ChildSession;
}

export interface Encoder {
  /** The frames before all others, sent at once: also while the turn still waits to begin. */
  opening?(): Frame[];
  /** The frames of the next events; none when they mean nothing to this dialect's clients. */
  events(events: readonly PlacedEvent[]): Frame[];
  /** The text of the frames that `events` gives for this one event, written at once; `undefined` where there is no shorter way. Asked for only while `writesTheSame`. */
  text?(event: PlacedEvent): string | undefined;
  /** The turn can do nothing before a person or a client answers one of `calls`. Where an answer of this dialect ends there, `ended` is true from then on. Called once for each wait. */
  waits(calls: readonly WaitingCall[]): Frame[];
  /** How far a running call is, as its tool reports it: not part of the transcript, so a reader that missed it has lost nothing. */
  progress?(call: CallProgress): Frame[];
  /** The call does nothing until one of its waits is over. Called once for each such rest, to a reader that comes later, too. */
  suspended?(call: SuspendedCall): Frame[];
  /** The turn, or the one before it, has rested for long. An answer of this dialect ends here, and `ended` is true from then on; where it is absent, readers stay. */
  rests?(rest: TurnRest): Frame[];
  /** The stream ends here, before its answer does: the frames of an error, so that it is not taken for an answer that is whole. */
  broken(why: BrokenStream): Frame[];
  /** True when every encoder of this dialect in the same session writes the same frames for the same events from now on: readers may then share them. */
  readonly writesTheSame?: boolean;
  /** Nothing more is to be sent: the stream is closed after the frames that were returned last. */
  readonly ended: boolean;
}
