/** The contract of a channel: an outside messenger that brings messages in and shows replies. A channel knows nothing of sessions and stores nothing: what is still to be delivered, and where, is kept by the outbox. */

import type { AppError } from "../core/errors.ts";

/** A request as it came. The body is raw: signatures are over its bytes. */
export interface InboundRequest {
  headers: Headers;
  body: string;
  /** Ms since 1970. */
  nowMs: number;
}

/** Where a reply goes; JSON that only its channel reads. */
export interface Address {
  channel: string;
}

/** What a message refers to and a channel can only read with time: files, names, the messages of a thread. It is kept with the message, and read when the message's turn begins. JSON that only its channel reads. */
export interface Reference {
  channel: string;
}

/** One reading of a reference. */
export interface Reading {
  reference: Reference;
  /** The session has no earlier message. */
  isFirst: boolean;
  /** Aborted when it takes too long. */
  signal: AbortSignal;
}

/** What the model is shown in place of the message as it came. */
export interface ReadMessage {
  content: string;
  speaker?: string;
}

/** A message from outside, ready for a session. */
export interface Received {
  /** Id of the session within the account. */
  session: string;
  /** Another id of the session, from an earlier version: where it exists, it is continued. */
  formerly?: string;
  content: string;
  speaker?: string;
  metadata?: Record<string, string>;
  /** Names of this message: what comes with one of them again is the same message, redelivered. */
  claims: string[];
  /** What is read before its turn begins; `content` is what is known without it. */
  reference?: Reference;
  /** Names a place, such as a thread, that may belong to another session: see `Posted`. */
  place?: string;
  /** A name that the sender gives one and the same message even where it sends it into two sessions: the first one counts. */
  alias?: string;
  /** Where the answer goes; absent when no one waits for it there. */
  address?: Address;
  /** Name of the agent that the session is made with; the default one when absent. A session that is there keeps its own. */
  agent?: string;
  /** Where the session of this name was erased, or has expired, a new one begins: its place has no other name. */
  beginsAnew?: boolean;
  /** Only for a session that exists: the agent does not answer in a thread that it is no part of. */
  mustExist?: boolean;
}

/** A person's approval or denial of a call, by a button. */
export interface PressedApproval {
  session: string;
  /** Names the call: `Approval.ref`. */
  ref: string;
  /** Of the call as it was shown (`callDigest`); the answer counts for no other. Absent from buttons of earlier versions. */
  digest?: string;
  approve: boolean;
  reason?: string;
  /** Who pressed, as people know them. */
  by: string;
  /** A way to answer that came with the press, newer than the one that the turn has; its channel knows how to use it. */
  fresh?: Address;
}

/** A person's praise or blame of an answer. */
export interface GivenFeedback {
  session: string;
  /** Of the session whose answer it is (`Reply.tag`): a later one of the same name has another. Absent from buttons of earlier versions. */
  tag?: string;
  turn: string;
  /** 1 or -1. */
  score: number;
  /** Who pressed, as people know them. */
  by: string;
}

/** The result of an inbound request. `repeated`: it had come before. `refused`: why it was not accepted. */
export type Taken = { session: string; turn: string; repeated?: boolean; statusUrl?: string } | { refused: AppError };

/** What a request from outside means, and whose it is: `account` is that of its place (`place-rules.ts`); absent, the default one. */
export type Inbound = Meaning & { account?: string };

type Meaning =
  /** `later`: what is done after the request was answered. */
  | { kind: "nothing"; response: Response; later?: () => Promise<void> }
  /** `notify` sends the person the reason why a message was not accepted, once for each message. */
  | {
      kind: "message";
      received: Received;
      answer(taken: Taken): Response;
      notify?: (refused: AppError) => Promise<void>;
    }
  | { kind: "feedback"; given: GivenFeedback; response: Response | ((taken: Taken) => Response) }
  | { kind: "approval"; pressed: PressedApproval; answer(taken: Taken): Response | Promise<Response> }
  /** What a tool waits for (`step.waitFor`) has happened. `id`: the sender's own of the delivery. */
  | { kind: "signal"; session: string; signal: { name: string; value?: string; callId?: string }; id: string }
  /** The person wants the open turn to end; `turn` of what was taken is `""` where none was open. */
  | { kind: "stop"; session: string; tag?: string; response: Response | ((taken: Taken) => Response) };

/** A call of the reply's turn. */
export interface ShownTool {
  id: string;
  name: string;
  state: "running" | "waiting" | "done" | "failed";
  /** Its progress, as the tool reports it: plain text. */
  progress?: string;
}

/** A call that waits, or waited, for a person's approval. */
export interface Approval {
  ref: string;
  name: string;
  /** The called agent whose call it is; absent: the session's own agent calls. */
  agent?: string;
  /** JSON text, exactly as the tool will get it. */
  arguments: string;
  state: "open" | "approved" | "denied" | "void";
  /** Who answered, where that is known. */
  by?: string;
}

/** A turn's answer as it must be shown now. It grows; it is taken back only when a crash cut an attempt off. */
export interface Reply {
  /** Names the delivery, the same for ever and in every try: letters, digits and `_`. */
  id: string;
  session: string;
  /** Short mark of the session: one that is made later by the same name has another (`sessionTag`). */
  tag?: string;
  /** Markdown: the model's text of all steps so far. */
  text: string;
  tools: ShownTool[];
  approvals: Approval[];
  state: "working" | "waiting" | "ended";
  /** How it ended: its reason, and the words for a person where it was not `completed`. */
  ended?: { reason: string; note?: string; atMs: number; data: Record<string, unknown> };
}

/** One attempt to update what is shown outside to the reply. */
export interface Posting<A extends Address, S> {
  reply: Reply;
  address: A;
  /** What the last attempt returned; `undefined` at the first. */
  shown: S | undefined;
  /** Another instance made what is shown: what it did after it saved last is not known. */
  resumed: boolean;
  /** Ms since 1970. */
  nowMs: number;
  /** W3C trace context of the delivery's span, for receivers that have spans of their own. */
  trace?: { traceparent: string; tracestate?: string };
  /** After a `retry` of this attempt the delivery is given up. */
  isLast?: boolean;
  /** Aborted when the attempt takes too long. */
  signal: AbortSignal;
  /** Writes down what is about to be made, so that it can be looked for instead of being made twice. */
  save(shown: S): Promise<void>;
}

/** The result of an attempt. `retry`: as things are it may succeed later, and with `progress` it does not count as a failed try; `dead`: it never will. */
export type Posted<S> =
  /** `places`: names of places where an answer to it belongs to its session from now on. */
  | { kind: "shown"; shown: S; places?: readonly string[] }
  | { kind: "retry"; shown: S | undefined; error: string; afterMs?: number; progress?: boolean }
  | { kind: "dead"; shown: S | undefined; error: string };

/** How replies get out by a channel. */
export interface Outlet<A extends Address = Address, S = unknown> {
  /** Whether a reply is shown while it grows; else once, at its end. */
  live: boolean;
  /** Least time between two attempts at one reply that grows. */
  paceMs: number;
  /** Pauses before each further try of one that failed; after the last the delivery is dead. */
  retryMs: readonly number[];
  post(posting: Posting<A, S>): Promise<Posted<S>>;
  /** Reads what a message refers to. What cannot be read is replaced by a note with the reason; it never fails for that. */
  read?(reading: Reading): Promise<ReadMessage>;
}
