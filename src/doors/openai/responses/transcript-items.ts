/** A transcript as the items of the Responses API, each with the id under which it was given out or can be asked for. Pure: the same entries give the same items and ids. */

import type { ApprovalEntry, Entry, ToolEntry, UserEntry } from "../../../core/entry.ts";
import { eventsOfEntry } from "../../../core/event.ts";
import { isOpening } from "../../../core/history.ts";
import { sessionNameSource } from "../../../core/session-name.ts";
import { refOf, type WaitingCall } from "../../../core/waits.ts";
import { approvalRequestId, formatAnswerId, parseAnswerId } from "../../../wire/answer-id.ts";
import type { OutputItem } from "./response-items.ts";
import { type ResponsePlace, ResponseWriter, responsePrefix } from "./response-writer.ts";

export interface UserItem {
  id: string;
  type: "message";
  status: "completed";
  role: "user" | "system";
  content: { type: "input_text"; text: string }[];
}

export interface CallOutputItem {
  id: string;
  type: "function_call_output";
  status: "completed";
  call_id: string;
  output: string;
}

export interface ApprovalAnswerItem {
  id: string;
  type: "mcp_approval_response";
  approval_request_id: string;
  approve: boolean;
  reason: string | null;
}

export type TranscriptItem = UserItem | CallOutputItem | ApprovalAnswerItem | OutputItem;

/** An item, the entry it begins with or belongs to, and the response it is the input or the output of. */
export interface PlacedItem {
  item: TranscriptItem;
  seq: number;
  side: "input" | "output";
  response: string;
}

/** `birth`: of the session, part of the names of its approval requests. `waiting`: the calls that wait in its open turn. */
export interface TranscriptOf {
  session: string;
  birth: string | null;
  waiting?: readonly WaitingCall[];
}

/** A place, and what names the item in it. */
const itemPattern = new RegExp(`^(${sessionNameSource}\\.\\d{1,16})(?:\\.[a-z0-9]{1,32}){1,4}$`);

/** The prefixes of items' ids. */
const prefixes = ["msg_", "rs_", "fc_", "fco_", "mcpr_", "mcpa_"] as const;

/** Where the item with this id is: in which turn of which session; `undefined` for an id that was never given out here. */
export function placeOfItem(id: string): { session: string; turn: string } | undefined {
  const prefix = prefixes.find((each) => id.startsWith(each));
  const match = itemPattern.exec(id.slice(prefix?.length ?? id.length));
  return match?.[1] === undefined ? undefined : parseAnswerId("", match[1]);
}

/** All items of these entries, which are whole turns in order. */
export function itemsOfEntries(entries: readonly Entry[], of: TranscriptOf): PlacedItem[] {
  const { waiting = [], ...place } = of;
  const turns = turnsOf(entries);
  return turns.flatMap((turn, at) => new TurnItems(turn, place).all(at === turns.length - 1 ? waiting : []));
}

function turnsOf(entries: readonly Entry[]): Entry[][] {
  const turns: Entry[][] = [];
  for (const entry of entries) {
    const last = turns.at(-1);
    if (last?.[0]?.turn === entry.turn) last.push(entry);
    else turns.push([entry]);
  }
  return turns;
}

/** The items of one turn: its messages, then its answers, each after what its client had sent. */
class TurnItems {
  readonly #entries: readonly Entry[];
  readonly #of: TranscriptOf;
  readonly #turn: string;
  readonly #items: PlacedItem[] = [];
  #afterSeq: number | undefined;
  /** Of the newest reply. */
  #step = 0;
  #answer: { writer: ResponseWriter; seq: number } | undefined;
  /** Ids of the newest reply's calls that run at the client. */
  #clientCalls: ReadonlySet<string> = new Set();

  constructor(entries: readonly Entry[], of: TranscriptOf) {
    this.#entries = entries;
    this.#of = of;
    this.#turn = entries[0]?.turn ?? "";
  }

  all(waiting: readonly WaitingCall[]): PlacedItem[] {
    for (const [at, entry] of this.#entries.entries()) {
      if (isOfChild(entry) && !isOfChild(this.#entries[at - 1])) this.#childAsks(at);
      this.#take(entry);
    }
    if (waiting.some(({ child }) => child !== undefined)) this.#writing(this.#entries.at(-1)).waits(waiting);
    this.#finish();
    return this.#items;
  }

  /** Those that were answered together, from this place on, end the answer before. */
  #childAsks(from: number): void {
    const others = this.#entries.findIndex((entry, at) => at > from && !isOfChild(entry));
    const answered = this.#entries.slice(from, others < 0 ? undefined : others);
    this.#writing(answered[0]).events(answered.flatMap((entry) => eventsOfEntry(entry)));
  }

  #take(entry: Entry): void {
    if (entry.type === "user") return void this.#user(entry);
    if (entry.type === "approval") return void this.#input(entry, this.#approval(entry));
    if (entry.type === "tool" && this.#clientCalls.has(entry.callId))
      return void this.#input(entry, this.#output(entry));
    const writer = this.#writing(entry);
    if (entry.type === "assistant") {
      this.#step = entry.step;
      const ids = Object.entries(entry.waits ?? {}).flatMap(([id, kind]) => (kind === "client" ? [id] : []));
      this.#clientCalls = new Set(ids);
    }
    writer.events(eventsOfEntry(entry));
  }

  #writing(entry: Entry | undefined): ResponseWriter {
    this.#answer ??= { writer: this.#writer(), seq: entry?.seq ?? 0 };
    return this.#answer.writer;
  }

  #user(entry: UserEntry): void {
    if (isOpening(entry)) return;
    // What joins a running turn is an input of the answer that is being made.
    if (this.#answer !== undefined) this.#finish();
    const role = entry.speaker === "system" ? "system" : "user";
    const item: UserItem = {
      id: this.#id("msg_", entry),
      type: "message",
      status: "completed",
      role,
      content: [{ type: "input_text", text: entry.content }],
    };
    this.#items.push({ item, seq: entry.seq, side: "input", response: this.#response });
  }

  /** After a client's answers another response begins. */
  #input({ seq }: Entry, item: TranscriptItem): void {
    this.#finish();
    this.#afterSeq = seq;
    for (const placed of this.#items.toReversed()) {
      if (placed.side === "output" || placed.item.type === "message") break;
      placed.response = this.#response;
    }
    this.#items.push({ item, seq, side: "input", response: this.#response });
  }

  #output(entry: ToolEntry): CallOutputItem {
    const { callId: call_id, content: output } = entry;
    return { id: this.#id("fco_", entry), type: "function_call_output", status: "completed", call_id, output };
  }

  #approval(entry: ApprovalEntry): ApprovalAnswerItem {
    const { step, callId, approve, reason = null } = entry;
    const ref = refOf({ birth: this.#of.birth, turn: this.#turn, step, callId });
    const approval_request_id = approvalRequestId({ session: this.#of.session, turn: this.#turn }, ref);
    return { id: this.#id("mcpa_", entry), type: "mcp_approval_response", approval_request_id, approve, reason };
  }

  #finish(): void {
    const answer = this.#answer;
    this.#answer = undefined;
    const response = this.#response;
    for (const item of answer?.writer.object().output ?? []) {
      this.#items.push({ item, seq: answer?.seq ?? 0, side: "output", response });
    }
  }

  get #place(): ResponsePlace {
    const { session } = this.#of;
    return { session, turn: this.#turn, ...(this.#afterSeq !== undefined && { afterSeq: this.#afterSeq }) };
  }

  get #response(): string {
    return formatAnswerId(responsePrefix, this.#place);
  }

  /** Output is named by its step, input by its entry. */
  #id(prefix: string, { seq }: Entry): string {
    return `${prefix}${formatAnswerId("", { session: this.#of.session, turn: this.#turn })}.in${seq}`;
  }

  #writer(): ResponseWriter {
    const [first] = this.#entries;
    const options = first?.type === "user" ? first.options : {};
    const asked = {
      options,
      metadata: {},
      atMs: 0,
      isQueued: false,
      isStopped: false,
      birth: this.#of.birth,
      step: this.#step,
    };
    return new ResponseWriter({ ...this.#place, defaultModel: "" }, asked);
  }
}

function isOfChild(entry: Entry | undefined): boolean {
  return entry?.type === "approval" && entry.child !== undefined;
}
