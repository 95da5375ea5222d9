/** Keeps the encoded part of a window in blocks: takes what the window encodes, ends a block with a turn once it is long enough, and gives stored blocks back after a start. A block holds the same as reading its entries would give. */

import { fingerprint } from "../../core/digest.ts";
import type { Readers } from "../../core/request.ts";
import type { WindowPart } from "../../core/window.ts";
import type { Profile } from "../../model/profile.ts";
import type { Role } from "../../model/serialize.ts";
import type { KeptBlocks, StoredBlock, WindowBlocks } from "../store/window-blocks.ts";
import type { CountsState } from "./provider-counts.ts";

/** A part of the window and how many of the encoded messages it is. */
export interface Part extends WindowPart {
  messages: number;
  /** The role of its first message; absent when it has none. */
  begins: Role | undefined;
  /** The role of the last message up to its end. */
  ends: Role | undefined;
}

export function messagesIn(parts: readonly Part[]): number {
  return parts.reduce((all, { messages }) => all + messages, 0);
}

/** What is known at the end of a block beside its messages. */
export interface WindowState extends CountsState {
  /** The entry of the newest summary; absent without one. */
  summarySeq?: number;
  /** The newest entry that did not fit. */
  leftOutSeq: number;
  /** The messages before the first part. */
  lead: string[];
  /** The ids of calls that this block wrote, and whether any was repeated up to its end. */
  ids: string[];
  repeated: boolean;
  /** Of its calls, those that waited for a person or a client. */
  answeredIds: string[];
}

/** A run of entries as the window holds it. */
export interface WindowBlock extends WindowState {
  afterSeq: number;
  throughSeq: number;
  parts: Part[];
  messages: string[];
}

interface BlockLength {
  entries: number;
  units: number;
}

/** A block ends with the first turn after so many entries, or so many UTF-16 units of messages. */
const longEnough: BlockLength = { entries: 500, units: 200_000 };
/** Most blocks that wait to be written with the end of a turn: an import may bring thousands of them. */
const mostAtOnce = 64;

export class KeptWindow {
  readonly #store: WindowBlocks;
  readonly #length: BlockLength;
  #spelling = "";
  /** What is stored; `undefined` until it was looked for. */
  #stored: KeptBlocks | undefined;
  /** Stored blocks after this entry cannot be read, or are none of this window. */
  #staleSeq: number | undefined;
  #beganSeq = 0;
  /** What was encoded since the last block, and whether that can become one. */
  #afterSeq = 0;
  #parts: Part[] = [];
  #messages: string[] = [];
  #units = 0;
  #answeredIds: string[] = [];
  /** Ids of calls that earlier blocks hold. */
  #takenIds = 0;
  #isOff = false;
  #made: StoredBlock[] = [];

  constructor(store: WindowBlocks, length = longEnough) {
    this.#store = store;
    this.#length = length;
  }

  /** The window is read anew, from the entry after this one. `spelling` names how. */
  begin(spelling: string, afterSeq: number): void {
    // Where a window begins elsewhere, a block that was made in another one knows other messages before it.
    this.#spelling = `${spelling}.${afterSeq}`;
    this.#stored = undefined;
    this.#staleSeq = undefined;
    this.#beganSeq = afterSeq;
    this.#isOff = false;
    this.#made = [];
    this.#takenIds = 0;
    this.#beginBlock(afterSeq);
  }

  /** The stored block that begins after this entry. */
  next(seq: number): WindowBlock | undefined {
    if (this.#isOff || seq !== this.#afterSeq || this.#parts.length > 0) return undefined;
    this.#stored ??= this.#store.look();
    if (!this.#isOurs || this.#staleSeq !== undefined) return undefined;
    const throughSeq = this.#stored.ends.get(seq);
    const stored = throughSeq === undefined ? undefined : this.#store.read(throughSeq);
    const block = stored && decoded(stored);
    if (block === undefined) {
      // What follows is written again: nothing where the chain has come to its end.
      this.#staleSeq = seq === this.#beganSeq ? -1 : seq;
      return undefined;
    }
    this.#beginBlock(block.throughSeq);
    this.#takenIds += block.ids.length;
    return block;
  }

  add(part: Part, messages: readonly string[]): void {
    if (this.#isOff) return;
    this.#parts.push(part);
    for (const message of messages) {
      this.#messages.push(message);
      this.#units += message.length;
    }
  }

  /** Whether a block may end with the turn that ends there. */
  isDue(throughSeq: number): boolean {
    return !this.#isOff && (throughSeq - this.#afterSeq >= this.#length.entries || this.#units >= this.#length.units);
  }

  /** `taken`: the ids of all calls that were written since `begin`. */
  end(throughSeq: number, taken: readonly string[], state: Omit<WindowState, "ids" | "answeredIds">): void {
    const own = { ids: taken.slice(this.#takenIds), answeredIds: this.#answeredIds };
    this.#takenIds = taken.length;
    const [afterSeq, parts, messages] = [this.#afterSeq, this.#parts, this.#messages];
    this.#made.push(encoded({ afterSeq, throughSeq, parts, messages, ...state, ...own }));
    // The next instance reads these, and makes some more.
    this.#isOff = this.#made.length >= mostAtOnce;
    this.#beginBlock(throughSeq);
  }

  /** A call of the block waited for a person or a client. */
  answered(id: string): void {
    if (!this.#isOff) this.#answeredIds.push(id);
  }

  /** What is in the window now is not what reading its entries anew would lead to: the next instance makes the blocks. */
  stop(): void {
    this.#isOff = true;
    this.#made = [];
    this.#beginBlock(0);
  }

  /**
   * Writes blocks that were made, with the end of a turn; without any it does nothing. Blocks of another spelling are replaced
   * only when the turn before wanted this one, too: a session that changes its model with each turn would write all of them again
   * and again.
   */
  write(): void {
    const stored = this.#stored;
    if (stored === undefined) return;
    if (this.#isOurs && stored.wanted !== undefined) this.#want(stored, undefined);
    if (this.#made.length === 0) return;
    if (!this.#isOurs && stored.wanted !== this.#spelling) {
      this.#want(stored, this.#spelling);
      return;
    }
    if (!this.#isOurs) this.#staleSeq = -1;
    if (this.#staleSeq !== undefined) this.#store.drop(this.#staleSeq);
    this.#staleSeq = undefined;
    for (const block of this.#made.splice(0)) this.#store.add(this.#spelling, block);
    stored.spelling = this.#spelling;
  }

  /** An entry is no longer shown to the model. Runs in the caller's transaction. */
  drop(): void {
    this.#made = [];
    this.#store.drop();
  }

  #beginBlock(afterSeq: number): void {
    this.#afterSeq = afterSeq;
    this.#parts = [];
    this.#messages = [];
    this.#units = 0;
    this.#answeredIds = [];
  }

  /** Whether what is stored has this spelling. */
  get #isOurs(): boolean {
    return this.#stored?.spelling === undefined || this.#stored.spelling === this.#spelling;
  }

  #want(stored: KeptBlocks, spelling: string | undefined): void {
    stored.wanted = spelling;
    this.#store.want(spelling);
  }
}

const roles: readonly (Role | undefined)[] = [undefined, "system", "user", "assistant", "tool"];
/** Numbers of a part in a block. */
const perPart = 4;

function encoded({ afterSeq, throughSeq, parts, messages, ...state }: WindowBlock): StoredBlock {
  const numbers = parts.flatMap(({ lastSeq, tokens, beginsTurn, messages: count, begins, ends }) => [
    lastSeq,
    tokens,
    count * 2 + Number(beginsTurn),
    roles.indexOf(begins) * roles.length + roles.indexOf(ends),
  ]);
  return { afterSeq, throughSeq, state: JSON.stringify({ ...state, parts: numbers }), messages: messages.join("\n") };
}

/** `undefined` for one that is damaged. */
function decoded({ afterSeq, throughSeq, state: text, messages: lines }: StoredBlock): WindowBlock | undefined {
  try {
    const { parts: numbers, ...state } = JSON.parse(text) as WindowState & { parts: number[] };
    const parts = partsOf(numbers);
    const messages = lines === "" ? [] : lines.split("\n");
    return messages.length === messagesIn(parts) ? { afterSeq, throughSeq, parts, messages, ...state } : undefined;
  } catch {
    return undefined;
  }
}

function partsOf(numbers: readonly number[]): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < numbers.length; at += perPart) {
    const [count, ofRoles] = [numbers[at + 2] ?? 0, numbers[at + 3] ?? 0];
    parts.push({
      lastSeq: numbers[at] ?? 0,
      tokens: numbers[at + 1] ?? 0,
      beginsTurn: count % 2 === 1,
      messages: Math.floor(count / 2),
      begins: roles[Math.floor(ofRoles / roles.length)],
      ends: roles[ofRoles % roles.length],
    });
  }
  return parts;
}

/** One higher with each change of how entries are written as messages: what was kept before is not read any more. */
export const encodingVersion = 1;

/** Names everything that the same entries are encoded by. */
export function spellingOf(profile: Profile, readers: Readers, hidden: ReadonlySet<number>): string {
  const ways = spelling.map((name) => profile[name] ?? null);
  return fingerprint(JSON.stringify([encodingVersion, ways, readers, [...hidden].toSorted((a, b) => a - b)]));
}

/** What messages are written by. */
const spelling = ["reasoningReplay", "contextTokens", "callIds", "roleOrder", "systemRole"] as const;

/** Whether messages are written the same way for both. */
export function spellAlike(a: Profile, b: Profile): boolean {
  return spelling.every((name) => a[name] === b[name]);
}
