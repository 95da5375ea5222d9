/** Reads the history that a client sends with its own copy of the conversation: decides which part of it the transcript already has, and how the rest becomes entries. Pure. */
import { noUsage } from "./cost.ts";
import { defined } from "./defined.ts";
import { FingerprintParts, fingerprint } from "./digest.ts";
import type { AssistantEntry, Entry, TurnOptions } from "./entry.ts";
import type { ToolCall } from "./message.ts";
import { glanceUnits, piecesOf } from "./text-pieces.ts";

/** One message of such a copy. `calls` are of tools that run at the client; what runs on the server a client never sees. */
export type HistoryItem =
  | { role: "user"; content: string; speaker?: string }
  | { role: "assistant"; content: string; reasoning: string; calls: ToolCall[] }
  | { role: "tool"; callId: string; content: string };

/** Names an item, to be compared with another. Blanks around a text are lost in many clients. */
export function itemDigest(item: HistoryItem): string {
  return fingerprint(named(item, item.content.trim()));
}

/** UTF-16 units of a long text that are digested in one go: about 2 ms. */
export const digestUnits = 300_000;

/** The same of an item with a long text. `between` is waited for before each `digestUnits` of it. */
export async function itemDigestInPieces(item: HistoryItem, between: () => Promise<void>): Promise<string> {
  const json = named(item, "");
  const at = item.role === "assistant" ? '["assistant","'.length : json.length - '"]'.length;
  const digest = new FingerprintParts().take(json.slice(0, at));
  let units = digestUnits;
  for (const piece of piecesOf(item.content.trim(), glanceUnits)) {
    units += piece.length;
    if (units > digestUnits) await between();
    units %= digestUnits;
    digest.take(JSON.stringify(piece).slice(1, -1));
  }
  return digest.take(json.slice(at)).name;
}

/** What an item with this text is named by. */
function named(item: HistoryItem, text: string): string {
  switch (item.role) {
    case "user":
      return JSON.stringify(["user", item.speaker ?? "", text]);
    case "assistant":
      return JSON.stringify(["assistant", text, item.calls.map(({ id, name }) => [id, name])]);
    case "tool":
      return JSON.stringify(["tool", item.callId, text]);
  }
}

/** A history by what a session does with it. */
export interface SplitHistory {
  /** Up to and with the last answer. */
  history: HistoryItem[];
  /** Results of its calls. */
  results: Extract<HistoryItem, { role: "tool" }>[];
  /** The user messages since then. */
  messages: Extract<HistoryItem, { role: "user" }>[];
}

export function splitHistory(items: readonly HistoryItem[]): SplitHistory {
  const last = items.findLastIndex(({ role }) => role === "assistant");
  const rest = items.slice(last + 1);
  return {
    history: items.slice(0, last + 1),
    results: rest.filter((item) => item.role === "tool"),
    messages: rest.filter((item) => item.role === "user"),
  };
}

/** What is wrong with the order of `items`, and at which of them; `undefined` when they can be a conversation. */
export function historyFault(items: readonly HistoryItem[]): { at: number; detail: string } | undefined {
  let open = new Set<string>();
  let at = 0;
  for (const item of items) {
    if (item.role === "tool") {
      if (!open.delete(item.callId)) return { at, detail: `no call "${item.callId}" is open before it` };
    } else if (open.size > 0) {
      const [first] = open;
      return { at, detail: `the call "${first}" before it has no result: a message with role "tool" must follow` };
    }
    if (item.role === "assistant") open = new Set(item.calls.map(({ id }) => id));
    at++;
  }
  const [first] = open;
  return first === undefined ? undefined : { at: items.length - 1, detail: `the call "${first}" has no result` };
}

/** Where a seeded history is placed in its new transcript. */
export interface Seed {
  /** `seq` of the first entry. */
  firstSeq: number;
  /** Number of the first turn. */
  firstTurn: number;
  /** The model that its answers are attributed to. */
  model: string;
  atMs: number;
  /** The choices of the last turn, which then stays open: its calls have their results, and the model is to go on. */
  open?: TurnOptions;
  /** What the sender noted about that turn's last results. */
  metadata?: Record<string, string>;
}

/** The user message before an answer that had no question, since a turn begins with a user message. */
const opening = "(The conversation begins.)";

/** The entries of a conversation that was held elsewhere. `items` must be without fault. */
export function entriesOfHistory(items: readonly HistoryItem[], seed: Seed): Entry[] {
  const writer = new SeedWriter(seed);
  for (const item of items) writer.take(item);
  return writer.finish();
}

class SeedWriter {
  readonly #of: Seed;
  readonly #entries: Entry[] = [];
  #turns = 0;
  #open: { turn: string; step: number; reply?: AssistantEntry; user: number } | undefined;
  /** Names of the newest reply's calls, by id. */
  #names = new Map<string, string>();

  constructor(of: Seed) {
    this.#of = of;
  }

  take(item: HistoryItem): void {
    switch (item.role) {
      case "user":
        this.#user(item);
        return;
      case "assistant":
        this.#reply(item);
        return;
      case "tool":
        this.#result(item);
        return;
    }
  }

  finish(): Entry[] {
    const { open, metadata } = this.#of;
    if (open === undefined) this.#end();
    else if (this.#open !== undefined) {
      const first = this.#entries[this.#open.user];
      if (first?.type === "user") this.#entries[this.#open.user] = { ...first, options: { ...open, ...first.options } };
      const last = this.#entries.at(-1);
      if (last?.type === "tool" && metadata) this.#entries[this.#entries.length - 1] = { ...last, metadata };
    }
    return this.#entries;
  }

  #user({ content, speaker }: Extract<HistoryItem, { role: "user" }>): void {
    const isUnanswered = this.#open !== undefined && this.#open.reply === undefined;
    if (!isUnanswered) {
      this.#end();
      this.#begin();
    }
    this.#put({
      type: "user",
      turn: this.#open?.turn ?? "",
      content,
      ...defined({ speaker }),
      options: { via: "history" },
      ...(isUnanswered && { joined: true }),
    });
  }

  #reply({ content, reasoning, calls }: Extract<HistoryItem, { role: "assistant" }>): void {
    if (this.#open === undefined || this.#open.reply?.finishReason === "stop") {
      this.#end();
      this.#user({ role: "user", content: opening });
    }
    const open = this.#open;
    if (open === undefined) return;
    open.step++;
    this.#put({
      type: "assistant",
      turn: open.turn,
      step: open.step,
      attempt: 1,
      model: this.#of.model,
      content,
      reasoning,
      toolCalls: calls,
      ...(calls.length > 0 && { waits: Object.fromEntries(calls.map(({ id }) => [id, "client" as const])) }),
      finishReason: calls.length > 0 ? "tool_calls" : "stop",
      usage: noUsage,
      costMicros: 0,
    });
    const reply = this.#entries.at(-1);
    if (reply?.type === "assistant") open.reply = reply;
    // The first call of an id counts.
    this.#names = new Map(calls.toReversed().map(({ id, name }) => [id, name]));
  }

  #result({ callId, content }: Extract<HistoryItem, { role: "tool" }>): void {
    const { turn = "", step = 0 } = this.#open ?? {};
    const name = this.#names.get(callId) ?? "";
    this.#put({ type: "tool", turn, step, callId, name, content, isError: false, durationMs: 0 });
  }

  #begin(): void {
    this.#open = { turn: `turn_${this.#of.firstTurn + this.#turns++}`, step: 0, user: this.#entries.length };
  }

  #end(): void {
    if (this.#open === undefined) return;
    const { turn, step } = this.#open;
    this.#put({ type: "turn_ended", turn, reason: "completed", usage: noUsage, costMicros: 0, steps: step });
    this.#open = undefined;
  }

  #put(entry: Unplaced<Entry>): void {
    this.#entries.push({ ...entry, seq: this.#of.firstSeq + this.#entries.length, atMs: this.#of.atMs } as Entry);
  }
}

type Unplaced<T> = T extends Entry ? Omit<T, "seq" | "atMs"> : never;

/** Whether a user entry is only the placeholder before an answer that had no question. */
export function isOpening({ content, options }: { content: string; options: TurnOptions }): boolean {
  return options.via === "history" && content === opening;
}
