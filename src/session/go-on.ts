/** Takes what a client sends on in a conversation that keeps its own state: answers to all calls that wait, or a new message. All of it or nothing, and only where the client believes the conversation to be. */
import type { NewEntry, TurnOptions } from "../core/entry.ts";
import { AppError } from "../core/errors.ts";
import { refOf, type WaitingCall } from "../core/waits.ts";
import { type ClientResult, openTurn, recorded, takeResults } from "./answering.ts";
import { isAnswer } from "./asked-for.ts";
import type { InboxMessage, Receipt } from "./inbox.ts";
import type { SessionParts } from "./session-parts.ts";

export interface GoOn {
  results: ClientResult[];
  /** A person's yes or no about calls, each named by its ref. */
  approvals: { ref: string; approve: boolean; reason?: string }[];
  messages: InboxMessage[];
  /** What the turn goes by from here on. */
  options: TurnOptions;
  metadata: Record<string, string>;
  receipt: Receipt;
  /** Only when this answer is the newest thing in the session. */
  behind?: { turn: string; afterSeq?: number };
}

/** `moved_on`: something stands behind the answer already, and nothing was taken. */
export type WentOn = { type: "taken"; turn: string; afterSeq?: number } | { type: "moved_on" };

/** Runs in the caller's transaction. Throws, and takes nothing, when a call that waits has no answer, or an answer no call. */
export function goOn(parts: SessionParts, request: GoOn): WentOn {
  const { turns } = parts;
  const { results, receipt, messages } = request;
  const repeated = turns.repeated(receipt);
  if (repeated !== undefined) return { type: "taken", turn: repeated };
  const open = openTurn(parts);
  const before = open.waiting.length === 0 && results.length > 0 ? recorded(parts, results) : undefined;
  if (before !== undefined) return { type: "taken", ...before };
  if (request.behind !== undefined && !isNewest(parts, request.behind)) return { type: "moved_on" };
  mustMatch(open, request);
  if (open.waiting.length > 0) return answerAll(parts, open, request);
  const [message, ...also] = messages;
  if (message === undefined) throw wrong("Nothing is asked. Send a message, or the output of a call.");
  const turn = turns.accept({ message, receipt, onBusy: "queue" }, Date.now());
  for (const each of also) parts.inbox.add(each, { atMs: Date.now(), joins: turn });
  return { type: "taken", turn };
}

/** Whether nothing came behind the answer that begins there, and nobody answered its calls. */
export function isNewest(
  { inbox, turns }: Pick<SessionParts, "inbox" | "turns">,
  { turn, afterSeq = 0 }: { turn: string; afterSeq?: number },
): boolean {
  if (inbox.newestTurn !== turn) return false;
  const firstSeq = turns.firstSeq(turn);
  if (firstSeq === undefined) return true;
  const entries = turns.entries(firstSeq);
  return !entries.some((entry) => entry.seq > afterSeq && isAnswer(entry, entries));
}

type Open = ReturnType<typeof openTurn>;

/** Throws when a call that waits has no answer, or an answer no call. */
export function mustMatch(
  { turn, step, waiting }: Open,
  { results, approvals }: Pick<GoOn, "results" | "approvals">,
): void {
  const clientCalls = waiting.filter(({ kind }) => kind === "client");
  const asked = waiting.filter(({ kind }) => kind === "approval");
  const refs = new Map(asked.map((call) => [refOf({ turn, step, callId: call.id }), call]));
  const stray = results.find(({ callId }) => !clientCalls.some(({ id }) => id === callId));
  if (stray !== undefined) throw wrong(`No tool call found for function call output with call_id ${stray.callId}.`);
  const unknown = approvals.find(({ ref }) => !refs.has(ref));
  if (unknown !== undefined) throw wrong(`No approval request found with id mcpr_${unknown.ref}.`);
  const silent = clientCalls.find(({ id }) => !results.some(({ callId }) => callId === id));
  if (silent !== undefined) throw wrong(`No tool output found for function call ${silent.id}.`);
  const unasked = [...refs.keys()].find((each) => !approvals.some(({ ref }) => ref === each));
  if (unasked !== undefined) throw wrong(`No approval response found for approval request mcpr_${unasked}.`);
}

function answerAll(parts: SessionParts, open: Open, request: GoOn): WentOn {
  const { results, messages, metadata, options } = request;
  mustKeepForm(parts, open.turn, options);
  parts.inbox.changeOptions(open.turn, options);
  parts.log.append(approvalEntries(open, request));
  const given = results.map((result) => ({ ...result, metadata }));
  if (given.length > 0) takeResults(parts, given, messages);
  else for (const message of messages) parts.inbox.add(message, { atMs: Date.now(), joins: open.turn });
  return { type: "taken", turn: open.turn, afterSeq: parts.log.lastSeq };
}

function approvalEntries({ turn, step, waiting }: Open, { approvals, metadata }: GoOn): NewEntry[] {
  return approvals.map(({ ref, approve, reason }): NewEntry => {
    const call = waiting.find(({ id }) => refOf({ turn, step, callId: id }) === ref) as WaitingCall;
    const why = reason !== undefined && { reason };
    return {
      type: "approval",
      turn,
      step,
      callId: call.id,
      name: call.name,
      approve,
      ...why,
      metadata,
      atMs: Date.now(),
    };
  });
}

/** The form of the answer stands in the message that asked for it, and a tool is forced in a turn's first step only. */
function mustKeepForm({ inbox }: SessionParts, turn: string, { responseFormat, toolChoice }: TurnOptions): void {
  const before = inbox.byTurn(turn)?.message.options.responseFormat;
  if (JSON.stringify(before) !== JSON.stringify(responseFormat)) {
    const detail = "The form of the answer cannot change between a call and its output. Send the same text.format.";
    throw new AppError("invalid_request", detail, { field: "text.format" });
  }
  if (toolChoice !== undefined && toolChoice !== "none") {
    const detail = 'Behind the output of a call tool_choice must be "auto" or "none": the model could never answer.';
    throw new AppError("invalid_request", detail, { field: "tool_choice" });
  }
}

function wrong(detail: string): AppError {
  return new AppError("invalid_request", detail, { field: "input" });
}
