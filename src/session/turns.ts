/** The turns of a session, read off its log and inbox: which one is open, which is next, how one stands. Keeps nothing that the rows do not say. */
import type { AssistantEntry, Entry, TurnEndedEntry } from "../core/entry.ts";
import { AppError } from "../core/errors.ts";
import { type Inbox, type InboxMessage, type Receipt, userEntry, type Waiting } from "./inbox.ts";
import type { TranscriptLog } from "./transcript-log.ts";

export type TurnState =
  | { status: "queued" }
  | { status: "running"; firstSeq: number }
  | { status: "ended"; firstSeq: number; ended: TurnEndedEntry; reply: AssistantEntry | undefined };

/** Most messages that may wait behind the open turn. */
export const queueLimit = 100;

export class Turns {
  readonly #log: TranscriptLog;
  readonly #inbox: Inbox;

  constructor(log: TranscriptLog, inbox: Inbox) {
    this.#log = log;
    this.#inbox = inbox;
  }

  /** The turn that has begun and not ended. */
  get open(): Waiting | undefined {
    const last = this.#log.last;
    return last === undefined || last.type === "turn_ended" ? undefined : this.#inbox.byTurn(last.turn);
  }

  /** Whether anything is begun or waiting. */
  get busy(): boolean {
    return this.open !== undefined || this.#inbox.next(this.#log.last?.turn) !== undefined;
  }

  /** The turn an earlier message with this receipt began or waits for; throws when its body was another. */
  repeated({ key, bodyHash }: Receipt): string | undefined {
    const earlier = key === undefined ? undefined : this.#inbox.byKey(key);
    if (earlier !== undefined && earlier.bodyHash !== bodyHash) {
      const detail = `The Idempotency-Key "${key}" was used before with another body. Send the same body, or a new key.`;
      throw new AppError("idempotency_mismatch", detail, { field: "Idempotency-Key" });
    }
    return earlier?.turn;
  }

  /** Takes a message in; its turn begins at once when nothing else is open. Runs in the caller's transaction. */
  accept(message: InboxMessage, receipt: Receipt, atMs: number): string {
    if (this.busy) {
      if (this.#inbox.countAfter(this.#log.last?.turn) >= queueLimit) {
        const detail = `${queueLimit} messages wait in this session already. Wait until some are answered, or cancel the turn.`;
        throw new AppError("queue_full", detail, { retryAfterSeconds: 10 });
      }
      return this.#inbox.add(message, { ...receipt, atMs });
    }
    const turn = this.#inbox.add(message, { ...receipt, atMs, firstSeq: this.#log.lastSeq + 1 });
    this.#log.append([userEntry(turn, message, atMs)]);
    return turn;
  }

  /** Begins the next waiting turn, if none is open. Runs in the caller's transaction. */
  beginNext(atMs: number): void {
    if (this.open !== undefined) return;
    const next = this.#inbox.next(this.#log.last?.turn);
    if (next === undefined) return;
    this.#inbox.begin(next.turn, this.#log.lastSeq + 1);
    this.#log.append([userEntry(next.turn, next.message, atMs)]);
  }

  /** Where a turn begins in the log; `undefined` while it waits. */
  firstSeq(turn: string): number | undefined {
    return this.#inbox.byTurn(turn)?.firstSeq;
  }

  /** How a turn stands; `undefined` for one that never was. */
  state(turn: string): TurnState | undefined {
    const found = this.#inbox.byTurn(turn);
    if (found === undefined) return undefined;
    const { firstSeq } = found;
    if (firstSeq === undefined) return { status: "queued" };
    const entries = this.entries(firstSeq);
    const ended = entries.at(-1);
    if (ended?.type !== "turn_ended") return { status: "running", firstSeq };
    return { status: "ended", firstSeq, ended, reply: entries.findLast((entry) => entry.type === "assistant") };
  }

  /** The entries of the turn that begins at `firstSeq`, up to its end or the end of the log. */
  entries(firstSeq: number): Entry[] {
    const entries: Entry[] = [];
    while (entries.at(-1)?.type !== "turn_ended") {
      const some = this.#log.read({ after: firstSeq - 1 + entries.length, limit: 32 });
      if (some.length === 0) break;
      const end = some.findIndex((entry) => entry.type === "turn_ended");
      entries.push(...(end < 0 ? some : some.slice(0, end + 1)));
    }
    return entries;
  }
}

export function noSuchTurn(turn: string): AppError {
  return new AppError("not_found", `There is no turn "${turn}" in this session.`, { field: "turn" });
}
