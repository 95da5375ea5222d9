/** The turns of a session, read off its log and inbox: which one is open, which is next, and the state of each. What it keeps is only a copy of rows. */

import type { Agent } from "../../agent/agent.ts";
import { defined } from "../../core/defined.ts";
import type { AssistantEntry, Entry, RolloutMark, TurnEndedEntry, UserEntry } from "../../core/entry.ts";
import { AppError } from "../../core/errors.ts";
import { type SteppedCalls, type SuspendedCall, suspendedCalls, type TurnRest } from "../../core/tool-steps.ts";
import { type OpenCalls, openCalls, type WaitingCall } from "../../core/waits.ts";
import { SubmitRefused } from "../refusal.ts";
import type { Feedback } from "../store/feedback.ts";
import type { AcceptedMessage, Inbox, InboxMessage, Receipt } from "../store/inbox.ts";
import type { RowCopy } from "../store/row-copy.ts";
import type { ToolSteps } from "../store/tool-steps.ts";
import type { TranscriptLog } from "../store/transcript-log.ts";

export type TurnState = (
  | { status: "queued" }
  /** `waiting`: nothing can be done before someone answers about one of `waitingFor`, or a wait of one of `suspended` is over. */
  | {
      status: "running" | "waiting";
      firstSeq: number;
      reply: AssistantEntry | undefined;
      waitingFor: WaitingCall[];
      suspended: SuspendedCall[];
      /** How long each is waited for, from its `sinceMs` on. */
      waitMs: number;
    }
  | {
      status: "ended";
      firstSeq: number;
      ended: TurnEndedEntry;
      reply: AssistantEntry | undefined;
      feedback?: Feedback;
    }
) & {
  /** For a caller that asked for it: what the session rests for, as long as the turn has not ended. */
  rest?: TurnRest;
};

/** What becomes of a message that comes while a turn is open. */
export type BusyPolicy = "queue" | "join" | "interrupt" | "reject";

/** A message as a turn takes it. */
interface ArrivingMessage {
  message: InboxMessage;
  receipt: Receipt;
  onBusy: BusyPolicy;
}

/** What turns depend on of the session's agent. */
export interface TurnAgent extends Pick<Agent, "name" | "version" | "limits"> {
  /** Where versions are assigned: what a turn of that speaker begins with. */
  assigned?(speaker: string | undefined): { version: string; rollout?: RolloutMark };
}

/** What turns are read from. */
interface TurnRows {
  log: TranscriptLog;
  inbox: Inbox;
  steps: Pick<ToolSteps, "calls" | "newest">;
}

const noCalls: OpenCalls = { ready: [], waiting: [], denied: [] };
const noWaits = { waiting: [], suspended: [] };

/** Most messages that may wait for the open turn to end. */
const queueLimit = 100;

/** What of a tool's result is kept in memory with its turn; only a model that repeats itself is looked for in it. */
const keptChars = 1_000;

export class Turns implements RowCopy {
  readonly #log: TranscriptLog;
  readonly #inbox: Inbox;
  readonly #steps: TurnRows["steps"];
  readonly #agent: TurnAgent;
  #read: { firstSeq: number; entries: Entry[] } = { firstSeq: 0, entries: [] };
  /** The open calls of the open turn when the log ended with `lastSeq`: readers look after each piece of text. */
  #calls: { lastSeq: number; open: OpenCalls } = { lastSeq: 0, open: noCalls };
  /** What the children of the open turn ask of a person. */
  askedByChildren: () => WaitingCall[] = () => [];

  /** `agent`: the session's own. */
  constructor({ log, inbox, steps }: TurnRows, agent: TurnAgent) {
    this.#log = log;
    this.#inbox = inbox;
    this.#steps = steps;
    this.#agent = agent;
  }

  forget(): void {
    this.#read = { firstSeq: 0, entries: [] };
    this.#calls = { lastSeq: 0, open: noCalls };
  }

  /** The turn that has begun and not ended. */
  get open(): AcceptedMessage | undefined {
    const last = this.#log.last;
    return last === undefined || last.type === "turn_ended" ? undefined : this.#inbox.byTurn(last.turn);
  }

  /** Whether anything is begun or waiting. */
  get busy(): boolean {
    return this.open !== undefined || this.#inbox.next() !== undefined;
  }

  /** The calls of the open turn that wait for a person or a client, its own and those of its children, when nothing else can be done in it. */
  get waitingFor(): WaitingCall[] {
    const { waits } = this;
    const own = waits.filter(({ kind }) => kind !== "agent");
    return own.length === waits.length ? waits : [...own, ...this.askedByChildren()];
  }

  /** The same for all that wait, for another agent, too; those of children are not among them. */
  get waits(): WaitingCall[] {
    return this.#waits.waiting;
  }

  /** The calls of the open turn whose tools wait, when nothing else can be done in it. */
  get suspended(): SuspendedCall[] {
    return this.#waits.suspended;
  }

  /** Whether nothing can be done in the open turn before something comes, or a time. A turn whose agents work is not waiting. */
  get isWaiting(): boolean {
    return this.waitingFor.length + this.suspended.length > 0;
  }

  get #waits(): { waiting: WaitingCall[]; suspended: SuspendedCall[] } {
    const { open } = this;
    if (open?.firstSeq === undefined || open.stop !== undefined) return noWaits;
    const { lastSeq } = this.#log;
    if (this.#calls.lastSeq !== lastSeq) this.#calls = { lastSeq, open: openCalls(this.entries(open.firstSeq)) };
    const { ready, denied, waiting } = this.#calls.open;
    if (ready.length + denied.length === 0) return waiting.length === 0 ? noWaits : { waiting, suspended: [] };
    const suspended = suspendedCalls(ready, this.stepped(open.firstSeq), Date.now());
    return suspended.length < ready.length + denied.length ? noWaits : { waiting, suspended };
  }

  /** When a tool's wait was over last, or will be, in ms since 1970; 0 where none has waited. */
  get lastWaitMs(): number {
    const { newest } = this.#steps;
    if (newest.calls.size === 0) return 0;
    const firstSeq = this.open?.firstSeq ?? Number.POSITIVE_INFINITY;
    const ids = newest.seq < firstSeq ? [] : openCalls(this.entries(firstSeq)).ready.map(({ id }) => id);
    const times = [...newest.calls].flatMap(([id, { waits, resumedMs }]) => [
      resumedMs,
      ...(ids.includes(id) ? waits.map(({ untilMs }) => untilMs) : []),
    ]);
    return Math.max(...times);
  }

  /** The calls with steps of the newest reply of the turn that begins there. */
  stepped(firstSeq: number): SteppedCalls {
    return this.#steps.calls(this.entries(firstSeq).findLast(({ type }) => type === "assistant")?.seq ?? 0);
  }

  /** The turn that an earlier request with this receipt began, joined or answered; with `afterSeq` it goes on after that entry. Throws when its body was another. */
  taken({ key, bodyHash, isRetry = false }: Receipt): { turn: string; afterSeq?: number } | undefined {
    if (key === undefined && isRetry) {
      const { newestTurn } = this.#inbox;
      const newest = newestTurn === undefined ? undefined : this.#inbox.byTurn(newestTurn);
      return newest?.bodyHash !== undefined && newest.bodyHash === bodyHash ? { turn: newest.turn } : undefined;
    }
    const earlier = key === undefined ? undefined : this.#inbox.byReceipt(key);
    if (earlier === undefined) return undefined;
    if (earlier.bodyHash !== bodyHash) {
      throw new SubmitRefused({ code: "key_reused", key: key ?? "" });
    }
    const { turn, afterSeq } = earlier;
    return { turn, ...defined({ afterSeq }) };
  }

  /** Takes a message in; its turn begins at once when nothing else is open. Runs in the caller's transaction. */
  accept({ message, receipt, onBusy }: ArrivingMessage, atMs: number): string {
    // What must be read first waits for the runner, which begins its turn.
    if (!this.busy && message.reference === undefined) {
      const turn = this.#inbox.add(message, { ...receipt, atMs, firstSeq: this.#log.lastSeq + 1 });
      this.#log.append([this.#firstEntry(turn, message, atMs)]);
      return turn;
    }
    if (onBusy === "reject" && this.busy) throw new SubmitRefused({ code: "turn_open" });
    if (this.#inbox.waiting >= queueLimit) throw new SubmitRefused({ code: "queue_full", limit: queueLimit });
    const open = this.open?.turn;
    if (onBusy === "join" && open !== undefined) return this.#inbox.add(message, { ...receipt, atMs, joins: open });
    if (onBusy === "interrupt" && open !== undefined) this.#inbox.stop(open, "interrupted");
    return this.#inbox.add(message, { ...receipt, atMs, interrupts: onBusy === "interrupt" });
  }

  /** Records that the turn is to end, and returns it; null when it had ended. Without a name: the open one, else the one that is about to begin (its message is being read); null when there is none. */
  cancel(turn = this.open?.turn ?? this.#inbox.next()?.turn): string | null {
    const state = turn === undefined ? undefined : this.state(turn);
    if (turn === undefined || state?.status === "ended") return null;
    if (state === undefined) throw noSuchTurn(turn);
    const { turn: target } = this.#inbox.byTurn(turn) ?? { turn };
    this.#inbox.stop(target, "cancelled");
    return target;
  }

  /** Records that the open turn and all that wait are to end. */
  cancelAll(): void {
    const { open } = this;
    if (open !== undefined) this.#inbox.stop(open.turn, "cancelled");
    this.#inbox.stopWaiting("cancelled");
  }

  /** Begins the next waiting turn, if none is open. Runs in the caller's transaction. */
  beginNext(atMs: number): void {
    if (this.open !== undefined) return;
    const next = this.#inbox.next();
    if (next === undefined) return;
    this.#inbox.begin(next.turn, this.#log.lastSeq + 1);
    this.#log.append([this.#firstEntry(next.turn, next.message, atMs)]);
  }

  /** The messages that wait to join the open turn, as entries of it that come after `afterSeq`. Runs in the caller's transaction. */
  takeJoining(turn: string, afterSeq: number, atMs: number): ReturnType<typeof userEntry>[] {
    const messages = this.#inbox.takeJoining(turn, afterSeq + 1);
    return messages.map((message) => ({ ...userEntry(turn, message, atMs), joined: true }));
  }

  /** Where a turn begins in the log; `undefined` while it waits. */
  firstSeq(turn: string): number | undefined {
    return this.#turn(turn)?.firstSeq;
  }

  /** The state of a turn; `undefined` for one that never was. A message that joined a turn has the state of that turn. */
  state(turn: string): TurnState | undefined {
    const found = this.#turn(turn);
    if (found === undefined) return undefined;
    const { firstSeq } = found;
    if (firstSeq === undefined) return { status: "queued" };
    const entries = this.entries(firstSeq);
    const ended = entries.at(-1);
    const reply = entries.findLast((entry) => entry.type === "assistant");
    if (ended?.type === "turn_ended") return { status: "ended", firstSeq, ended, reply };
    const { waitingFor, suspended } = this;
    const waitMs = this.#agent.limits.waitSeconds * 1000;
    const status = this.isWaiting ? "waiting" : "running";
    return { status, firstSeq, reply, waitingFor, suspended, waitMs };
  }

  /** The entries of the turn that begins at `firstSeq`, up to its end or the end of the log; of results, the beginning, and of messages no tools. */
  entries(firstSeq: number): readonly Entry[] {
    if (this.#read.firstSeq !== firstSeq) this.#read = { firstSeq, entries: [] };
    const { entries } = this.#read;
    while (entries.at(-1)?.type !== "turn_ended") {
      const after = entries.at(-1)?.seq ?? firstSeq - 1;
      if (after >= this.#log.lastSeq) break;
      const some = this.#log.read({ after, limit: 32, maxUnits: 1_000_000 });
      const end = some.findIndex((entry) => entry.type === "turn_ended");
      entries.push(...(end < 0 ? some : some.slice(0, end + 1)).map(shortened));
    }
    return entries;
  }

  /** Records which agent the turn begins with. One that is gone begins none: its name is in the session. */
  #firstEntry(turn: string, message: InboxMessage, atMs: number): ReturnType<typeof userEntry> {
    const { name } = this.#agent;
    const { version, rollout } = this.#agent.assigned?.(message.speaker) ?? { version: this.#agent.version };
    const mark = rollout && (this.#log.lastSeq === 0 ? { ...rollout, opens: true as const } : rollout);
    const ran = version === "" ? {} : { agent: name, agentVersion: version, ...(mark && { rollout: mark }) };
    return { ...userEntry(turn, message, atMs), ...ran };
  }

  /** The message that began the turn; one that joined another turn leads to the message that began that one. */
  #turn(turn: string): AcceptedMessage | undefined {
    const found = this.#inbox.byTurn(turn);
    return found === undefined || found.turn === turn ? found : this.#inbox.byTurn(found.turn);
  }
}

function shortened(entry: Entry): Entry {
  if (entry.type === "user" && entry.options.tools !== undefined) {
    const { tools: _, ...options } = entry.options;
    return { ...entry, options };
  }
  return entry.type === "tool" && entry.content.length > keptChars
    ? { ...entry, content: entry.content.slice(0, keptChars) }
    : entry;
}

export function noSuchTurn(turn: string): AppError {
  return new AppError("not_found", `There is no turn "${turn}" in this session.`, { field: "turn" });
}

/** The entry of a message in its turn. */
function userEntry(turn: string, { reference: _, ...message }: InboxMessage, atMs: number): Omit<UserEntry, "seq"> {
  return { type: "user", turn, ...message, atMs };
}
