/** The session's messages as they are sent to the provider: the newest summary and what came after it, never more than the model takes. Each entry is encoded once: a request costs what is new, plus copying the bytes. */
import { CallIds } from "../../core/call-ids.ts";
import type { CompactionCause, CompactionEntry, Entry } from "../../core/entry.ts";
import { keepEnds } from "../../core/outline.ts";
import { leftOutMessage, messagesOf, type Readers } from "../../core/request.ts";
import {
  cutAt,
  estimateTokens,
  isFull,
  isWorthwhile,
  requestTokens,
  textLimits,
  tokensToKeep,
} from "../../core/window.ts";
import type { Pause } from "../../http/pace.ts";
import type { Profile } from "../../model/profile.ts";
import { bridged, serializeMessage } from "../../model/serialize.ts";
import { scan, type TranscriptLog } from "../store/transcript-log.ts";
import { type KeptWindow, messagesIn, type Part, spellAlike, spellingOf, type WindowBlock } from "./kept-window.ts";
import { type LastRequest, ProviderCounts, sum } from "./provider-counts.ts";

/** Entries read in one go: about 5 ms (`npm run bench -- health`). */
const page = { limit: 256, maxUnits: 200_000 };
const pageMs = 5;
/** As `estimateTokens` counts Latin letters. */
const summaryTokensPerChar = 0.3;

/** Weight of a page: after so much the work is a piece of its own. A block of encoded messages weighs less. */
const pageWeight = 1;
const blockUnits = 400_000;

/** What a window has beside its log. */
export interface WindowSetup {
  /** Entries that the model is not shown. */
  hiddenSeqs?: () => ReadonlySet<number>;
  /** Where its older part is kept encoded; absent: all of it is read from the log. */
  kept?: KeptWindow;
}

export class RequestWindow {
  readonly #log: TranscriptLog;
  readonly #kept: KeptWindow | undefined;
  readonly #windowSeq: () => number;
  readonly #hiddenSeqs: () => ReadonlySet<number>;
  /** Entries that the model is not shown. */
  #hidden: ReadonlySet<number> = new Set();
  #profile: Profile | undefined;
  /** What the window's texts may say of tools that read on. */
  #readers: Readers = { search: true, read: true };
  #head = "";
  #headTokens = 0;
  /** Entries up to here are read, from the entry after `#beganSeq` on. */
  #seq = 0;
  #beganSeq = 0;
  #summary: CompactionEntry | undefined;
  /** The newest entry that did not fit any more, and was not put into a summary yet. */
  #leftOutSeq = 0;
  #encoded: string[] = [];
  /** How many of the encoded messages come before the first part. */
  #leading = 0;
  #parts: Part[] = [];
  /** Tokens of all parts, estimated. */
  #partTokens = 0;
  /** The ids of calls in the window, as they are written. */
  #ids = new CallIds();
  /** The entries of the part that is being read. */
  #group: Entry[] = [];
  readonly #counts = new ProviderCounts();
  /** Ids of the calls in the window that waited for a person or a client. */
  readonly #answeredIds = new Set<string>();

  /** `windowSeq`: the newest entry that left the window; 0 while none did. */
  constructor(log: TranscriptLog, windowSeq: () => number, { hiddenSeqs, kept }: WindowSetup = {}) {
    this.#hiddenSeqs = hiddenSeqs ?? (() => new Set());
    this.#kept = kept;
    this.#log = log;
    this.#windowSeq = windowSeq;
  }

  /** Which tools the next request offers that read the transcript; both by default. */
  offer(readers: Readers): void {
    const isOther = readers.search !== this.#readers.search || readers.read !== this.#readers.read;
    this.#readers = readers;
    if (isOther) this.forget();
  }

  /**
   * Reads what is new, for the model of that profile. Called between steps only, when every call has its result. `head`:
   * what is sent before the messages.
   */
  read(profile: Profile, head: string): void {
    this.#begin(profile, head);
    while (this.#readPage(profile));
    this.#flush(profile);
  }

  /** Reads all but the open turn's last entries, for a `read` that follows. `pause` is waited for after each page, and says whether to go on. */
  async readAhead(profile: Profile, head: string, pause: Pause): Promise<void> {
    this.#begin(profile, head);
    // Calls of the open turn may have no results yet.
    const endedSeq = this.#log.newest("turn_ended", 1)[0]?.seq ?? 0;
    const throughSeq = Math.max(endedSeq, this.#log.lastSeq - page.limit);
    let weight = 0;
    // It may be read by others meanwhile, or begun anew for another model.
    while (this.#profile === profile && this.#seq < throughSeq) {
      let read = this.#readPage(profile, { throughSeq, noParts: true });
      if (read === 0) {
        if (!(await this.#log.readLong(this.#seq + 1, pause)) || this.#profile !== profile) return;
        read = this.#readPage(profile, { throughSeq });
      }
      weight += read;
      if (weight < pageWeight || this.#seq >= throughSeq) continue;
      weight = 0;
      if (!(await pause(pageMs))) return;
    }
  }

  #begin(profile: Profile, head: string): void {
    if (this.#profile === undefined || !spellAlike(this.#profile, profile)) this.#forget(profile);
    this.#profile = profile;
    if (this.#head !== head) this.#headTokens = estimateTokens(head);
    this.#head = head;
  }

  /** How much that was; 0 when everything was read, or, with `noParts`, an entry in parts comes next. */
  #readPage(profile: Profile, { throughSeq = this.#log.lastSeq, noParts = false } = {}): number {
    if (this.#seq >= throughSeq) return 0;
    const block = this.#group.length === 0 ? this.#kept?.next(this.#seq) : undefined;
    if (block !== undefined) return this.#takeBlock(block, profile);
    const limit = Math.min(page.limit, throughSeq - this.#seq);
    const entries = this.#log.read({ ...page, after: this.#seq, limit, noParts });
    if (noParts && entries.length === 0) return 0;
    for (const entry of entries) this.#take(entry, profile);
    this.#seq = entries.at(-1)?.seq ?? throughSeq;
    return pageWeight;
  }

  /** The same as to read its entries. */
  #takeBlock(block: WindowBlock, profile: Profile): number {
    const { throughSeq, parts, messages, summarySeq, leftOutSeq } = block;
    for (const part of parts) this.#parts.push(part);
    for (const message of messages) this.#encoded.push(message);
    this.#partTokens += sum(parts);
    this.#ids.resume(block.ids, block.repeated);
    for (const id of block.answeredIds) this.#answeredIds.add(id);
    const [summary] = summarySeq === undefined ? [] : this.#log.read({ after: summarySeq - 1, limit: 1 });
    if (summary?.type === "compaction") this.#summary = shortened(summary, profile);
    if (leftOutSeq > this.#leftOutSeq) this.#drop(this.#parts.filter(({ lastSeq }) => lastSeq <= leftOutSeq).length);
    this.#leftOutSeq = leftOutSeq;
    this.#encoded.splice(0, this.#leading, ...block.lead);
    this.#leading = block.lead.length;
    this.#counts.state = block;
    this.#seq = throughSeq;
    return messages.reduce((units, message) => units + message.length, 0) / blockUnits;
  }

  /** What was read up to the end of a turn can be kept. */
  #endBlock(throughSeq: number, profile: Profile): void {
    if (this.#kept?.isDue(throughSeq) !== true) return;
    this.#flush(profile);
    this.#kept.end(throughSeq, this.#ids.taken, {
      ...(this.#summary && { summarySeq: this.#summary.seq }),
      leftOutSeq: this.#leftOutSeq,
      lead: this.#encoded.slice(0, this.#leading),
      repeated: this.#ids.repeated,
      ...this.#counts.state,
    });
  }

  /** The messages in the window, or those of them up to entry `throughSeq`. */
  messages(throughSeq = Number.POSITIVE_INFINITY): readonly string[] {
    if (throughSeq >= this.#seq) return this.#encoded;
    const parts = this.#parts.filter(({ lastSeq }) => lastSeq <= throughSeq);
    return this.#encoded.slice(0, this.#leading + messagesIn(parts));
  }

  /** The messages up to entry `throughSeq` and a question after them, in an order that the model's host takes. */
  messagesAsking(question: string, throughSeq: number): readonly string[] {
    const profile = this.#profile;
    if (profile === undefined) return [];
    const last = this.#parts.findLast(({ lastSeq }) => lastSeq <= throughSeq);
    const asking = bridged([{ role: "user", content: question }], profile.roleOrder, { before: last?.ends });
    return [...this.messages(throughSeq), ...asking.map((message) => serializeMessage(message, profile))];
  }

  /** The request as it would be now, in tokens: the provider's own count where there is one, and our estimate of what came since. */
  get tokens(): number {
    return this.#counts.tokens(this.#estimate, this.#parts);
  }

  /** The provider's own count of the window's beginning, and how many of the messages that is; `undefined` when it counted none of this window. */
  get counted(): { tokens: number; messages: number } | undefined {
    const { counted } = this.#counts;
    if (counted === undefined) return undefined;
    const parts = this.#parts.slice(0, counted.parts);
    return { tokens: counted.tokens, messages: this.#leading + messagesIn(parts) };
  }

  /** Whether it comes near to filling the model's window, and something can leave. */
  get isFull(): boolean {
    if (this.#profile === undefined || !isFull(this.tokens, this.#profile)) return false;
    const throughSeq = this.cut("in_time");
    if (throughSeq === undefined) return false;
    // The first summary is made by the provider's count alone; each further one must make real room.
    if (this.#summary === undefined) return true;
    const leaving = this.#parts.filter(({ lastSeq }) => lastSeq <= throughSeq);
    return isWorthwhile(sum(leaving) * this.#counts.ratio, this.#summaryTokens, {
      ...this.#profile,
      fixedTokens: this.#fixedTokens,
    });
  }

  /** What is in every request, head and summary, in tokens. */
  get #fixedTokens(): number {
    return this.#headTokens * this.#counts.ratio + this.#summaryTokens;
  }

  /** What a summary may be, in tokens: the next one may be longer than this one. */
  get #summaryTokens(): number {
    const most = this.#profile === undefined ? 0 : textLimits(this.#profile.contextTokens).summaryChars;
    return most * summaryTokensPerChar;
  }

  /** The newest entry that is not shown any more; 0 while all are. */
  get windowSeq(): number {
    return Math.max(this.#leftOutSeq, this.#summary?.throughSeq ?? 0);
  }

  /** The newest request whose cost the provider reported. */
  get last(): LastRequest | undefined {
    return this.#counts.last;
  }

  /** The newest entry that should leave the window; `undefined` when none can. */
  cut(why: CompactionCause): number | undefined {
    if (this.#profile === undefined) return undefined;
    const parts = this.#parts.map((part) => ({ ...part, tokens: part.tokens * this.#counts.ratio }));
    const limits = { ...this.#profile, fixedTokens: this.#fixedTokens };
    return cutAt(parts, tokensToKeep(why, this.tokens, limits));
  }

  /** The summary that the window begins with. */
  get summary(): string | undefined {
    return this.#summary?.summary;
  }

  get answeredIds(): ReadonlySet<string> {
    return this.#answeredIds;
  }

  /** A reply is kept together with the results of its calls. */
  #take(entry: Entry, profile: Profile): void {
    if (this.#hidden.has(entry.seq)) return;
    if (entry.type === "tool") return void this.#group.push(entry);
    if (entry.type === "assistant") for (const id of Object.keys(entry.waits ?? {})) this.#answered(id);
    if (entry.type === "user" || entry.type === "note" || entry.type === "assistant") {
      this.#flush(profile);
      this.#group = [entry];
    } else if (entry.type === "compaction") {
      this.#flush(profile);
      this.#summarized(entry, profile);
    } else if (entry.type === "turn_ended") this.#endBlock(entry.seq, profile);
  }

  #answered(id: string): void {
    this.#answeredIds.add(id);
    this.#kept?.answered(id);
  }

  #flush(profile: Profile): void {
    const group = this.#group;
    this.#group = [];
    const first = group[0];
    if (first === undefined) return;
    const limits = textLimits(profile.contextTokens);
    const before = this.#parts.at(-1)?.ends;
    const messages = bridged(messagesOf(group, { limits, ids: this.#ids, readers: this.#readers }), profile.roleOrder, {
      before,
    });
    const afterCalls = first.type === "assistant" && first.step > 1;
    const encoded = messages.map((message) => serializeMessage(message, profile, { afterCalls }));
    const tokens = encoded.map(estimateTokens);
    if (first.type === "assistant") {
      const sinceSeq = this.#summary?.seq ?? 0;
      const results = tokens.slice(1);
      this.#counts.count(first, profile, { results, estimate: this.#estimate, parts: this.#parts.length, sinceSeq });
    }
    this.#encoded.push(...encoded);
    const part = {
      lastSeq: group.at(-1)?.seq ?? first.seq,
      tokens: tokens.reduce((all, each) => all + each, 0),
      beginsTurn: first.type === "user" && first.joined !== true && first.again !== true,
      messages: encoded.length,
      begins: messages[0]?.role,
      ends: messages.at(-1)?.role ?? before,
    };
    this.#parts.push(part);
    this.#kept?.add(part, encoded);
    this.#partTokens += part.tokens;
    this.#leaveOut(profile);
  }

  /** What a model cannot take is not kept either: an import, or a model with a smaller window, may bring more than any summary could be asked for. */
  #leaveOut(profile: Profile): void {
    let many = 0;
    let tokens = this.#estimate;
    for (; many < this.#parts.length - 1 && tokens * this.#counts.ratio > requestTokens(profile); many++) {
      tokens -= this.#parts[many]?.tokens ?? 0;
    }
    const last = this.#parts[many - 1];
    if (last === undefined) return;
    this.#drop(many);
    this.#leftOutSeq = last.lastSeq;
    this.#lead(profile);
  }

  #summarized(summary: CompactionEntry, profile: Profile): void {
    // What was written by looking at the messages before is written anew, as it will be after a restart.
    if (this.#ids.repeated || (profile.roleOrder ?? "free") !== "free") this.#rewrite(summary, profile);
    // After a start it is read from there on.
    if (this.#beganSeq < summary.throughSeq) this.#kept?.stop();
    this.#drop(this.#parts.filter(({ lastSeq }) => lastSeq <= summary.throughSeq).length);
    this.#summary = shortened(summary, profile);
    if (this.#leftOutSeq <= summary.throughSeq) this.#leftOutSeq = 0;
    this.#lead(profile);
  }

  /** Writes again what stays in the window. */
  #rewrite({ seq, throughSeq }: CompactionEntry, profile: Profile): void {
    this.#forget(profile);
    const after = Math.max(throughSeq, this.#windowSeq());
    for (const entries of scan(this.#log, { after, throughSeq: seq - 1 })) {
      for (const entry of entries) if (entry.type !== "compaction") this.#take(entry, profile);
    }
    this.#flush(profile);
  }

  /** Takes the oldest parts out of the window. */
  #drop(many: number): void {
    const left = this.#parts.splice(0, many);
    this.#encoded.splice(this.#leading, messagesIn(left));
    this.#partTokens -= sum(left);
    this.#counts.dropped();
  }

  /** Writes what comes before the first part again. */
  #lead(profile: Profile): void {
    const leftOut = this.#leftOutSeq > 0 ? [leftOutMessage(this.#leftOutSeq, this.#readers)] : [];
    const leading = [
      ...(this.#summary === undefined ? [] : messagesOf([this.#summary], { readers: this.#readers })),
      ...leftOut,
    ];
    const next = this.#parts.find(({ begins }) => begins !== undefined)?.begins;
    const lead = bridged(leading, profile.roleOrder, { after: next });
    this.#encoded.splice(0, this.#leading, ...lead.map((message) => serializeMessage(message, profile)));
    this.#leading = lead.length;
  }

  /** The request in tokens, by our own count. */
  get #estimate(): number {
    const summary = this.#summary === undefined ? 0 : estimateTokens(this.#summary.summary);
    return this.#headTokens + summary + this.#partTokens;
  }

  /** Everything is read anew at the next request. */
  forget(): void {
    this.#profile = undefined;
  }

  /** An entry is no longer shown to the model. Runs in the transaction that says so. */
  hide(): void {
    this.#kept?.drop();
    this.forget();
  }

  /** Writes what became old enough to be kept. Called with the end of a turn. */
  keep(): void {
    this.#kept?.write();
  }

  #forget(profile: Profile): void {
    this.#hidden = this.#hiddenSeqs();
    this.#seq = this.#windowSeq();
    this.#beganSeq = this.#seq;
    this.#kept?.begin(spellingOf(profile, this.#readers, this.#hidden), this.#seq);
    this.#ids = new CallIds(profile.callIds);
    this.#summary = undefined;
    this.#leftOutSeq = 0;
    this.#leading = 0;
    this.#encoded = [];
    this.#parts = [];
    this.#partTokens = 0;
    this.#group = [];
    this.#counts.reset();
  }
}

function shortened(summary: CompactionEntry, { contextTokens }: Profile): CompactionEntry {
  return { ...summary, summary: keepEnds(summary.summary, textLimits(contextTokens).summaryChars) };
}
