/** Compares the history that a client sends with the transcript: is it the same, or was it edited, and from where on. Pure. */

import { defined } from "./defined.ts";
import { type Entry, endsWithoutAnswer, type TurnEndedEntry } from "./entry.ts";
import { type HistoryItem, isOpening, itemDigest } from "./history.ts";
import type { ToolCall } from "./message.ts";

/** `same`: the transcript ends with the history. Else the first `items` of it are in the entries up to `afterSeq`, whole turns. */
export type Comparison = { same: true } | { same: false; items: number; afterSeq: number };

/** An item as a client has seen it. */
interface Seen {
  digest: string;
  /** Digests of what it was when it ended to wait for a person or a tool. */
  earlier: ReadonlySet<string>;
  /** The client may not know of it: it came by another way, or its turn failed. */
  mayLack: boolean;
  isAnswer: boolean;
  turn: number;
}

/** The turn that is being read: what a client saw of it, and what it is to see next. */
interface SeenTurn {
  items: HistoryItem[];
  /** The question of the turn before, sent again: a client may have it once. */
  again: HistoryItem | undefined;
  /** It began with a message that came by a dialect whose clients keep a copy. */
  known: boolean;
  text: string;
  /** The newest reply's calls that run at the client. */
  calls: ToolCall[];
  callIds: Set<string>;
  /** Digests of the answer where it waited for a person, or may have waited for a tool. */
  earlier: Set<string>;
  /** The client has these: the first of their results is here. */
  haveResults: boolean;
}

/** Reads a transcript once, entry by entry, and keeps a digest for each item of it. */
export class KnownHistory {
  readonly #seen: Seen[] = [];
  /** The last entry of each turn that has ended. */
  readonly #turnEnds: number[] = [];
  #turn: SeenTurn = newTurn();

  take(entry: Entry): void {
    const turn = this.#turn;
    switch (entry.type) {
      case "user":
        if (!entry.joined) turn.known = entry.options.via !== undefined;
        if (!isOpening(entry)) turn.items.push(userItem(entry));
        if (entry.again) turn.again = turn.items.at(-1);
        return;
      case "assistant":
        turn.text += entry.content;
        turn.calls = entry.toolCalls.filter(({ id }) => entry.waits?.[id] === "client");
        turn.callIds = new Set(turn.calls.map(({ id }) => id));
        turn.haveResults = false;
        // Chat streams end where a person is waited for, and may end where a tool waits that runs here.
        if (turn.calls.length < entry.toolCalls.length && turn.text.length <= mostUnits) {
          turn.earlier.add(itemDigest({ role: "assistant", content: turn.text, reasoning: "", calls: [] }));
        }
        return;
      case "tool":
        if (!turn.callIds.has(entry.callId)) return;
        if (!turn.haveResults) turn.items.push(...answerItems(turn));
        turn.text = "";
        turn.earlier = new Set();
        turn.haveResults = true;
        turn.items.push({ role: "tool", callId: entry.callId, content: entry.content });
        return;
      case "turn_ended":
        this.#end(entry);
        return;
      case "approval":
      case "compaction":
      case "note":
      case "step_failed":
        return;
    }
  }

  /** `history`: digests of the client's items, the last of them an answer, or results. `lacksAnswer`: these may have been answered already, and the client does not know the answer. */
  compare(history: readonly string[], { lacksAnswer = false } = {}): Comparison {
    const seen = [...this.#seen, ...seenOf(this.#turn, this.#turnEnds.length)];
    if (lacksAnswer && seen.at(-1)?.isAnswer) seen.pop();
    let left = history.length - 1;
    for (let at = seen.length - 1; left >= 0 && at >= 0; at--) {
      const item = seen[at];
      if (isSame(item, history[left])) left--;
      else if (!item?.mayLack) return this.#fork(history);
    }
    return left < 0 ? { same: true } : this.#fork(history);
  }

  /** The longest run of whole turns that both begin with. */
  #fork(history: readonly string[]): Comparison {
    let best = { items: 0, afterSeq: 0 };
    let items = 0;
    for (const [at, { mayLack, turn, ...item }] of this.#seen.entries()) {
      if (isSame(item, history[items])) items++;
      else if (!mayLack) break;
      if (this.#seen[at + 1]?.turn !== turn) best = { items, afterSeq: this.#turnEnds[turn] ?? 0 };
    }
    return { same: false, ...best };
  }

  /** What a client has of a turn that failed or was stopped depends on the client: the question at most, or half an answer. */
  #end({ seq, reason }: TurnEndedEntry): void {
    const seen = seenOf(this.#turn, this.#turnEnds.length);
    const isHalf = endsWithoutAnswer(reason);
    this.#seen.push(...seen.map((item) => (isHalf ? { ...item, mayLack: true } : item)));
    this.#turnEnds.push(seq);
    this.#turn = newTurn();
  }
}

/** A client that sends the beginning of a longer answer back is taken for one that has edited it: naming long texts at each step takes time. */
const mostUnits = 100_000;

function newTurn(): SeenTurn {
  return {
    items: [],
    again: undefined,
    known: false,
    text: "",
    calls: [],
    callIds: new Set(),
    haveResults: false,
    earlier: new Set(),
  };
}

function isSame(item: Pick<Seen, "digest" | "earlier"> | undefined, digest: string | undefined): boolean {
  return item !== undefined && digest !== undefined && (item.digest === digest || item.earlier.has(digest));
}

function userItem({ content, speaker }: Extract<Entry, { type: "user" }>): HistoryItem {
  return { role: "user", content, ...defined({ speaker }) };
}

/** The text since the last result, as one answer; none when that is nothing. */
function answerItems({ text, calls, haveResults }: SeenTurn): HistoryItem[] {
  const open = haveResults ? [] : calls;
  if (text === "" && open.length === 0) return [];
  return [{ role: "assistant", content: text, reasoning: "", calls: open }];
}

const nothing: ReadonlySet<string> = new Set();

function seenOf(open: SeenTurn, turn: number): Seen[] {
  const answer = answerItems(open);
  const items = [...open.items, ...answer];
  const answered = items.some(({ role }) => role !== "user");
  const mayLack = !open.known || !answered;
  const seen = items.map((item): Seen => {
    const isAnswer = item.role === "assistant";
    const earlier = answer[0] === item ? open.earlier : nothing;
    const lacks = mayLack || item === open.again;
    return { digest: itemDigest(item), earlier, mayLack: lacks, isAnswer, turn };
  });
  if (open.earlier.size === 0 || answer.length > 0) return seen;
  // It waited, and has no text: a client may have that as an empty answer.
  return [...seen, { digest: "", earlier: open.earlier, mayLack: true, isAnswer: true, turn }];
}
