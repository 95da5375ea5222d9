/** What is submitted, and the rows that it is checked against and written to. Types alone. */
import type { SessionChildren } from "../../agent/delegation-feature.ts";
import type { Address } from "../../channels/channel.ts";
import type { ApprovalDecision, Returned } from "../../core/answer-entries.ts";
import type { TurnOptions } from "../../core/entry.ts";
import type { AnswerPart } from "../read/answer-request.ts";
import type { Inbox, InboxMessage, Receipt } from "../store/inbox.ts";
import type { Outbox } from "../store/outbox.ts";
import type { SessionChoices, SessionRecord } from "../store/session-record.ts";
import type { TranscriptLog } from "../store/transcript-log.ts";
import type { BusyPolicy, TurnState, Turns } from "../turn/turns.ts";

export interface SubmitRows {
  log: TranscriptLog;
  inbox: Inbox;
  turns: Turns;
  record: SessionRecord;
  outbox: Outbox;
  children?: Pick<SessionChildren, "wrote" | "callOf" | "answered">;
}

/** The result of a tool that runs at the client. */
export interface ClientResult extends Returned {
  callId: string;
}

/** A person's yes or no about a call, which is named by its id, or by its ref (`refOf`) where the id cannot be used. */
export interface GivenApproval extends ApprovalDecision {
  call: { id: string } | { ref: string };
  /** How the sender named the call. */
  as?: string;
  /** Of the call that the person was shown: the answer counts for no other. */
  digest?: string;
}

/**
 * How far the answers must go. `each`: each of them is about a call that waits now, or all of them were given before.
 * `all`: the same, and every call that waits is answered. `resent`: their sender sends all answers each time, so what was
 * answered before in the same way is passed over.
 */
export type AnswerRule = "each" | "all" | "resent";

/** `interrupt_wait`: a turn that waits for an answer is given up; any other one is waited for. */
export type SubmitPolicy = BusyPolicy | "interrupt_wait";

/** Everything that can be submitted to a session at once. All of it is taken, or none. */
export interface Submission {
  /** Of one turn, shown to the model one after the other. */
  messages?: readonly InboxMessage[];
  approvals?: readonly GivenApproval[];
  /** Of tools that ran at the client. */
  results?: readonly ClientResult[];
  /** `each` when absent. */
  answers?: AnswerRule;
  /** The history as the sender has it, by the digests of its items (`itemDigest`): where the transcript differs, nothing is taken. */
  history?: { before: readonly string[]; results: readonly string[] };
  /** Only where this answer is the newest thing in the session. */
  after?: AnswerPart;
  receipt?: Receipt;
  /** Names that the sender gives the message: what comes with one of them again is the same message. */
  claims?: readonly string[];
  /** `queue` when absent. */
  onBusy?: SubmitPolicy;
  /** Where the turn's answer is owed; of a turn that is answered, the newest address. */
  replyTo?: Address;
  /** The options of the turn after these answers. Where the turn that they belong to has ended without an answer, a new attempt begins with it. */
  continuation?: { options: TurnOptions; metadata?: Record<string, string> };
  /** What a session that is made for the message has; absent: it must exist. */
  create?: SessionChoices;
  /** Also where the session of this name was erased: a new one begins. */
  beginsAnew?: boolean;
  /** Ids of the models that the account may use; any when absent. */
  models?: readonly string[];
  /** The agent that the sender named: a session that has another one refuses. */
  agent?: string;
}

/**
 * `accepted`: the turn that answers; with `afterSeq` it goes on after that entry. `moved_on`: something came after the answer
 * `after` already; `fork`: the one session in which calls that were denied here may be approved. `edited`: the transcript has
 * the first `items` of the history, up to `afterSeq`. `absent`: there is no session that the history could belong to. Of the
 * last three nothing was taken.
 */
export type Submitted =
  | { type: "accepted"; turn: string; afterSeq?: number; repeated: boolean; state: TurnState }
  | { type: "moved_on"; fork?: string }
  | { type: "edited"; items: number; afterSeq: number }
  | { type: "absent" };
