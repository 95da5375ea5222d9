/** Makes a session from entries that come page by page, from a fork or an import. The session exists once its last page is in: until then there are rows, but no session. */
import type { Agents } from "../../agent/app.ts";
import { ending, leftOverOfCopy, refusal } from "../../core/ending.ts";
import type { Entry, NewEntry } from "../../core/entry.ts";
import { AppError } from "../../core/errors.ts";
import { TranscriptChecker } from "../../core/legal.ts";
import { notRun } from "../../core/not-run.ts";
import { openCalls } from "../../core/waits.ts";
import { within } from "../wait.ts";
import { FeedbackStore, type RatedTurn } from "./feedback.ts";
import { Inbox, type Receipt } from "./inbox.ts";
import { dropLeftovers, makeTables } from "./schema.ts";
import {
  addTurn,
  type ForkedFrom,
  noSessionUsage,
  type SessionAddress,
  type SessionChoices,
  SessionRecord,
} from "./session-record.ts";
import { SqliteTranscriptLog, type StagedText } from "./transcript-log.ts";

/** What is to be made. An import brings its age and what it used; a fork, and a conversation that was held elsewhere (`seed`), begin now and have used nothing. */
export interface CopyPlan {
  address: SessionAddress;
  choices: SessionChoices;
  from:
    | { kind: "fork"; forkedFrom: ForkedFrom }
    | { kind: "import"; createdAtMs: number }
    /** `goesOn`: a last turn that has not ended is not ended, but gone on with. `receipt`: of the request that it answers. */
    | { kind: "seed"; forkedFrom?: ForkedFrom; goesOn: boolean; receipt?: Receipt };
}

/** An entry, or the feedback to a turn before it, and its line. `staged`: where a text of the entry goes on in parts that came before it. */
export interface CopiedLine {
  line: number;
  entry?: Entry;
  staged?: StagedText;
  rated?: RatedTurn;
}

/** A part of a text of the next entry, counted from 0. */
export interface CopiedPart {
  token: string;
  part: number;
  text: string;
}

export type CopyStep =
  | { type: "begin"; token: string; plan: CopyPlan }
  | { type: "load"; token: string; lines: CopiedLine[] }
  /** Again, it finds what it made. */
  | { type: "finish"; token: string }
  | { type: "drop"; token: string };

/** The class `Copying`. It comes with the doors that make sessions from entries: an app without them carries none of its code. */
export type CopyingClass = new (storage: DurableObjectStorage) => Copying;

/** Its value is the token of the copy that became this session. */
const copyClaim = "longline copy";

/** A copy from which nothing was heard for so long is given up. */
const patienceMs = 60_000;

export class Copying {
  readonly #storage: DurableObjectStorage;
  #current: Copy | undefined;
  /** Settles when the newest copy is made or given up. */
  #over = Promise.withResolvers<void>();

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Whether a copy is being made here: nothing else may be written meanwhile. */
  get busy(): boolean {
    return this.#current !== undefined && Date.now() - this.#current.heardMs < patienceMs;
  }

  /** Waits until no copy is being made here, or until the one that is was not heard of for too long. */
  async settled(): Promise<void> {
    while (this.busy) await within(this.#over.promise, patienceMs);
  }

  /** Whether rows are here that are no session: a copy that is being made, or was broken off. */
  get isLeft(): boolean {
    return this.#current !== undefined;
  }

  /** Removes a copy that was broken off; one that is being made is looked at again later. */
  async sweep(): Promise<void> {
    if (this.busy) return void (await this.#storage.setAlarm(Date.now() + patienceMs));
    this.#end();
    await this.#storage.deleteAll();
  }

  /** Removes an unfinished copy, and returns how much it was. Its maker's next step is refused, since it was given up. */
  async erase(): Promise<{ entries: number; bytes: number }> {
    const size = new SqliteTranscriptLog(this.#storage.sql).size();
    this.#end();
    await this.#storage.deleteAll();
    return size;
  }

  /** Writes a part of an entry's text, in a transaction of its own: a commit of megabytes would stop all that this thread does. */
  stage({ token, part, text }: CopiedPart): void {
    this.#mustBe(token).stage(part, text);
  }

  /** A copy is made with its source's agent, or the default one; throws `no_such_agent` before anything is written. */
  withAgent(step: CopyStep, agents: Pick<Agents, "first" | "mustBeKnown">): CopyStep {
    if (step.type !== "begin") return step;
    const { choices } = step.plan;
    const { name: agent } = agents.mustBeKnown(choices.agent ?? agents.first.name);
    return { ...step, plan: { ...step.plan, choices: { ...choices, agent } } };
  }

  /** Throws `conflict` unless it is the step that made this session: its answer may have been lost. */
  mustHaveMade(inbox: Inbox, step: CopyStep): void {
    if (step.type !== "finish" || inbox.claimed([copyClaim]) !== step.token)
      throw new AppError("conflict", "There is a session with this id already.");
  }

  /** Does the step; returns true when the session exists. An AppError about an entry gives the copy up. */
  do(step: CopyStep): boolean {
    if (step.type === "begin") return this.#begin(step);
    const copy = this.#mustBe(step.token);
    try {
      if (step.type === "drop") this.#drop();
      if (step.type === "load") this.#storage.transactionSync(() => copy.load(step.lines));
      if (step.type !== "finish") return false;
      this.#storage.transactionSync(() => copy.finish(step.token));
      this.#end();
      return true;
    } catch (error) {
      this.#drop();
      throw error;
    }
  }

  #mustBe(token: string): Copy {
    const copy = this.#current;
    if (copy?.token !== token) throw new AppError("conflict", "This copy was given up meanwhile. Begin it again.");
    return copy;
  }

  #begin({ token, plan }: Extract<CopyStep, { type: "begin" }>): false {
    if (this.busy) throw new AppError("conflict", `The session "${plan.address.name}" is being made just now.`);
    const { sql } = this.#storage;
    this.#storage.transactionSync(() => {
      makeTables(sql);
      // Should this instance end in mid-copy, the alarm starts the next one, which drops what was left.
      void this.#storage.setAlarm(Date.now() + patienceMs);
    });
    this.#current = new Copy(sql, token, plan);
    this.#over = Promise.withResolvers();
    return false;
  }

  #end(): void {
    this.#current = undefined;
    this.#over.resolve();
  }

  #drop(): void {
    this.#end();
    this.#storage.transactionSync(() => dropLeftovers(this.#storage.sql));
    void this.#storage.deleteAlarm();
  }
}

class Copy {
  readonly token: string;
  heardMs = Date.now();
  readonly #sql: SqlStorage;
  readonly #plan: CopyPlan;
  readonly #log: SqliteTranscriptLog;
  readonly #inbox: Inbox;
  readonly #feedback: FeedbackStore;
  readonly #checker = new TranscriptChecker();
  /** The entries of the newest turn. */
  #turn: Entry[] = [];
  #usage = noSessionUsage;
  #windowSeq = 0;
  /** Parts of the next entry's text that are written. */
  #parts = 0;

  constructor(sql: SqlStorage, token: string, plan: CopyPlan) {
    this.token = token;
    this.#sql = sql;
    this.#plan = plan;
    this.#log = new SqliteTranscriptLog(sql);
    this.#inbox = new Inbox(sql);
    this.#feedback = new FeedbackStore(sql);
  }

  stage(part: number, text: string): void {
    this.heardMs = Date.now();
    this.#mustFollow(part);
    this.#log.stagePart(part, text);
    this.#parts++;
  }

  #mustFollow(parts: number): void {
    if (parts !== this.#parts) throw new Error(`a text has ${this.#parts} parts, not ${parts}`);
  }

  load(lines: readonly CopiedLine[]): void {
    this.heardMs = Date.now();
    for (const { line, entry, staged, rated } of lines) {
      const fault = entry ? this.#checker.fault(entry) : this.#ratingFault(rated);
      if (fault !== undefined) {
        throw new AppError("invalid_request", `Line ${line}: ${fault}. Nothing was imported.`, {
          field: `line ${line}`,
        });
      }
      if (entry) this.#take(entry, staged);
      if (rated) this.#rate(rated);
    }
  }

  #ratingFault(rated: RatedTurn | undefined): string | undefined {
    const isKnown = rated !== undefined && this.#checker.knows(rated.turn);
    return isKnown ? undefined : `it is about ${rated?.turn}, which is no turn before it`;
  }

  /** Turns of a copy are not reported, so their feedback is not, either. */
  #rate({ turn, ...given }: RatedTurn): void {
    this.#feedback.put(turn, given);
    this.#feedback.reported(turn, given.atMs);
  }

  /** Ends a turn that was cut in the middle, and writes the row that makes it a session. */
  finish(token: string): void {
    const turn = this.#checker.openTurn;
    const copiedSeq = this.#log.lastSeq;
    const { address, choices, from } = this.#plan;
    if (turn !== undefined) this.#log.append(this.#goesOn ? this.#withoutAgents(turn) : this.#end(turn));
    if (turn !== undefined && from.kind === "seed" && this.#goesOn)
      this.#inbox.keepReceipt(from.receipt ?? {}, { turn, afterSeq: copiedSeq });
    this.#inbox.claim([copyClaim], token);
    const { usage, createdAtMs } =
      from.kind === "import"
        ? { usage: this.#usage, createdAtMs: from.createdAtMs }
        : { usage: noSessionUsage, createdAtMs: Date.now() };
    const copied = { copiedSeq, windowSeq: this.#windowSeq, usage, createdAtMs };
    const forkedFrom = from.kind === "import" ? undefined : from.forkedFrom;
    SessionRecord.insert(this.#sql, address, choices, { ...copied, ...(forkedFrom && { forkedFrom }) });
  }

  get #goesOn(): boolean {
    const { from } = this.#plan;
    return from.kind === "seed" && from.goesOn;
  }

  #take(entry: Entry, staged: StagedText | undefined): void {
    this.#mustFollow(staged?.parts ?? 0);
    if (staged === undefined) this.#log.append([entry]);
    else this.#log.appendStaged(entry, staged);
    this.#parts = 0;
    if (entry.type === "user" && entry.joined !== true) {
      this.#turn = [];
      const { options } = entry;
      this.#inbox.restore(entry.turn, { firstSeq: entry.seq, atMs: entry.atMs, ...(this.#goesOn && { options }) });
    }
    this.#turn.push(entry.type === "tool" ? { ...entry, content: "" } : entry);
    if (entry.type === "compaction") this.#windowSeq = entry.throughSeq;
    if (entry.type === "turn_ended") this.#usage = addTurn(this.#usage, entry);
  }

  /** An agent works for the session that the copy was made of, and is never called twice. */
  #withoutAgents(turn: string): NewEntry[] {
    const reply = this.#turn.findLast((entry) => entry.type === "assistant");
    const handed = openCalls(this.#turn).waiting.filter(({ kind }) => kind === "agent");
    const of = { turn, step: reply?.step ?? 0 };
    return handed.map((call) => refusal({ call, content: notRun.copied }, of, Date.now()));
  }

  #end(turn: string): NewEntry[] {
    const last = this.#turn.at(-1);
    const reply = this.#turn.findLast((entry) => entry.type === "assistant");
    const whole = last?.type === "assistant" && last.finishReason === "stop";
    const refused = leftOverOfCopy(openCalls(this.#turn));
    const of = { turn, step: reply?.step ?? 0, reason: whole ? "completed" : "interrupted", refused } as const;
    return ending(of, this.#turn, Date.now());
  }
}
