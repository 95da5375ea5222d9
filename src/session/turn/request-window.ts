/** The session's messages as the provider is sent them: the newest summary and what came after it, never more than the model takes. Each entry is encoded once: a request costs what is new, plus copying the bytes. */
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
  type WindowPart,
} from "../../core/window.ts";
import type { Profile } from "../../model/profile.ts";
import { bridged, type Role, serializeMessage } from "../../model/serialize.ts";
import { scan, type TranscriptLog } from "../store/transcript-log.ts";

/** Entries read in one go. */
const page = { limit: 256, maxUnits: 200_000 };

/** As `estimateTokens` counts Latin letters. */
const summaryTokensPerChar = 0.3;

/** A part of the window and how many of the encoded messages it is. */
interface Part extends WindowPart {
  messages: number;
  /** The role of its first message; absent when it has none. */
  begins: Role | undefined;
  /** The role of the last message up to its end. */
  ends: Role | undefined;
}

/** A request that was answered: the name of its head, and what it weighed. */
export interface LastRequest {
  head: string;
  windowSeq: number;
  atMs: number;
  tokens: number;
}

export class RequestWindow {
  readonly #log: TranscriptLog;
  readonly #windowSeq: () => number;
  readonly #hiddenSeqs: () => ReadonlySet<number>;
  /** Entries that the model is not shown. */
  #hidden: ReadonlySet<number> = new Set();
  #profile: Profile | undefined;
  /** What the window's texts may say of tools that read on. */
  #readers: Readers = { search: true, read: true };
  #head = "";
  #headTokens = 0;
  /** Entries up to here are read. */
  #seq = 0;
  #summary: CompactionEntry | undefined;
  /** The newest entry that did not fit any more, and was not put into a summary yet. */
  #leftOutSeq = 0;
  #encoded: string[] = [];
  /** How many of the encoded messages stand before the first part. */
  #leading = 0;
  #parts: Part[] = [];
  /** Tokens of all parts, estimated. */
  #partTokens = 0;
  /** The ids of calls in the window, as they are written. */
  #ids = new CallIds();
  /** The entries of the part that is being read. */
  #group: Entry[] = [];
  #last: LastRequest | undefined;
  /** The provider's own count of everything up to and with so many parts. */
  #counted: { tokens: number; parts: number } | undefined;
  /** The provider's count over ours, as it was last. */
  #ratio = 1;
  /** Ids of the calls in the window that waited for a person or a client. */
  readonly #answeredIds = new Set<string>();

  /** `windowSeq`: the newest entry that left the window; 0 while none did. `hiddenSeqs`: entries that the model is not shown. */
  constructor(log: TranscriptLog, windowSeq: () => number, hiddenSeqs: () => ReadonlySet<number> = () => new Set()) {
    this.#hiddenSeqs = hiddenSeqs;
    this.#log = log;
    this.#windowSeq = windowSeq;
  }

  /** Which tools the next request offers that read the transcript; both unless said otherwise. */
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

  /** Reads all but the open turn's last entries, for a `read` that follows. `between` is waited for after each page, and says whether to go on. */
  async readAhead(profile: Profile, head: string, between: () => Promise<boolean>): Promise<void> {
    this.#begin(profile, head);
    // Calls of the open turn may have no results yet.
    const endedSeq = this.#log.newest("turn_ended", 1)[0]?.seq ?? 0;
    const throughSeq = Math.max(endedSeq, this.#log.lastSeq - page.limit);
    // It may be read by others meanwhile, or begun anew for another model.
    while (this.#profile === profile && this.#readPage(profile, throughSeq) && this.#seq < throughSeq) {
      if (!(await between())) return;
    }
  }

  #begin(profile: Profile, head: string): void {
    if (this.#profile === undefined || !spellAlike(this.#profile, profile)) this.#forget(profile);
    this.#profile = profile;
    if (this.#head !== head) this.#headTokens = estimateTokens(head);
    this.#head = head;
  }

  /** False when everything was read. */
  #readPage(profile: Profile, throughSeq = this.#log.lastSeq): boolean {
    if (this.#seq >= throughSeq) return false;
    const limit = Math.min(page.limit, throughSeq - this.#seq);
    const entries = this.#log.read({ ...page, after: this.#seq, limit });
    for (const entry of entries) this.#take(entry, profile);
    this.#seq = entries.at(-1)?.seq ?? throughSeq;
    return true;
  }

  /** The messages in the window, or those of them up to entry `throughSeq`. */
  messages(throughSeq = Number.POSITIVE_INFINITY): readonly string[] {
    if (throughSeq >= this.#seq) return this.#encoded;
    const parts = this.#parts.filter(({ lastSeq }) => lastSeq <= throughSeq);
    return this.#encoded.slice(0, this.#leading + parts.reduce((sum, part) => sum + part.messages, 0));
  }

  /** The messages up to entry `throughSeq` and a question behind them, in an order that the model's host takes. */
  messagesAsking(question: string, throughSeq: number): readonly string[] {
    const profile = this.#profile;
    if (profile === undefined) return [];
    const last = this.#parts.findLast(({ lastSeq }) => lastSeq <= throughSeq);
    const asking = bridged([{ role: "user", content: question }], profile.roleOrder, { before: last?.ends });
    return [...this.messages(throughSeq), ...asking.map((message) => serializeMessage(message, profile))];
  }

  /** The request as it would be now, in tokens: the provider's own count where there is one, and our estimate of what came since. */
  get tokens(): number {
    if (this.#counted === undefined) return Math.ceil(this.#ratio * this.#estimate);
    return Math.ceil(this.#counted.tokens + this.#ratio * sum(this.#parts.slice(this.#counted.parts)));
  }

  /** The provider's own count of the window's beginning, and how many of the messages that is; `undefined` when it counted none of this window. */
  get counted(): { tokens: number; messages: number } | undefined {
    if (this.#counted === undefined) return undefined;
    const parts = this.#parts.slice(0, this.#counted.parts);
    return {
      tokens: this.#counted.tokens,
      messages: this.#leading + parts.reduce((all, part) => all + part.messages, 0),
    };
  }

  /** Whether it comes near to filling the model's window, and something can leave. */
  get isFull(): boolean {
    if (this.#profile === undefined || !isFull(this.tokens, this.#profile)) return false;
    const throughSeq = this.cut("in_time");
    if (throughSeq === undefined) return false;
    // The first summary is made by the provider's count alone; each further one must make real room.
    if (this.#summary === undefined) return true;
    const leaving = this.#parts.filter(({ lastSeq }) => lastSeq <= throughSeq);
    return isWorthwhile(sum(leaving) * this.#ratio, this.#summaryTokens, {
      ...this.#profile,
      fixedTokens: this.#fixedTokens,
    });
  }

  /** What is in every request, head and summary, in tokens. */
  get #fixedTokens(): number {
    return this.#headTokens * this.#ratio + this.#summaryTokens;
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

  /** The newest request of which the provider told what it cost. */
  get last(): LastRequest | undefined {
    return this.#last;
  }

  /** The newest entry that should leave the window; `undefined` when none can. */
  cut(why: CompactionCause): number | undefined {
    if (this.#profile === undefined) return undefined;
    const parts = this.#parts.map((part) => ({ ...part, tokens: part.tokens * this.#ratio }));
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

  /** A reply stands together with the results of its calls. */
  #take(entry: Entry, profile: Profile): void {
    if (this.#hidden.has(entry.seq)) return;
    if (entry.type === "tool") return void this.#group.push(entry);
    if (entry.type === "assistant") for (const id of Object.keys(entry.waits ?? {})) this.#answeredIds.add(id);
    if (entry.type === "user" || entry.type === "note" || entry.type === "assistant") {
      this.#flush(profile);
      this.#group = [entry];
    } else if (entry.type === "compaction") {
      this.#flush(profile);
      this.#summarized(entry, profile);
    }
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
    if (first.type === "assistant") this.#count(first, profile, tokens.slice(1));
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
    this.#partTokens += part.tokens;
    this.#leaveOut(profile);
  }

  /** What a model cannot take is not kept either: an import, or a model with a smaller window, may bring more than any summary could be asked for. */
  #leaveOut(profile: Profile): void {
    let many = 0;
    let tokens = this.#estimate;
    for (; many < this.#parts.length - 1 && tokens * this.#ratio > requestTokens(profile); many++) {
      tokens -= this.#parts[many]?.tokens ?? 0;
    }
    const last = this.#parts[many - 1];
    if (last === undefined) return;
    this.#drop(many);
    this.#leftOutSeq = last.lastSeq;
    this.#lead(profile);
  }

  /** What the provider counted for a reply is what was sent to it; a count from before the last summary was made says nothing any more. */
  #count(reply: Extract<Entry, { type: "assistant" }>, profile: Profile, results: number[]): void {
    const { inputTokens, cachedTokens, outputTokens, reasoningTokens } = reply.usage;
    const sent = inputTokens + cachedTokens;
    if (reply.prefix !== undefined && sent > 0) {
      const { head, windowSeq } = reply.prefix;
      const isOne = reply.tries === undefined && !reply.usage.estimated;
      this.#last = { head, windowSeq, atMs: reply.atMs, tokens: isOne ? sent : 0 };
    }
    if (sent === 0 || reply.tries !== undefined || reply.usage.estimated || reply.seq < (this.#summary?.seq ?? 0))
      return;
    this.#ratio = Math.min(4, Math.max(0.25, sent / Math.max(this.#estimate, 1)));
    const replied = profile.reasoningReplay === "replay" ? outputTokens : outputTokens - reasoningTokens;
    const rest = results.reduce((all, each) => all + each, 0) * this.#ratio;
    this.#counted = { tokens: sent + replied + rest, parts: this.#parts.length + 1 };
  }

  #summarized(summary: CompactionEntry, profile: Profile): void {
    // What was written by looking at the messages before is written anew, as it will be after a restart.
    if (this.#ids.repeated || (profile.roleOrder ?? "free") !== "free") this.#rewrite(summary, profile);
    this.#drop(this.#parts.filter(({ lastSeq }) => lastSeq <= summary.throughSeq).length);
    this.#summary = { ...summary, summary: keepEnds(summary.summary, textLimits(profile.contextTokens).summaryChars) };
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
    this.#encoded.splice(
      this.#leading,
      left.reduce((all, { messages }) => all + messages, 0),
    );
    this.#partTokens -= sum(left);
    this.#counted = undefined;
  }

  /** Writes anew what stands before the first part. */
  #lead(profile: Profile): void {
    const leftOut = this.#leftOutSeq > 0 ? [leftOutMessage(this.#leftOutSeq, this.#readers)] : [];
    const said = [
      ...(this.#summary === undefined ? [] : messagesOf([this.#summary], { readers: this.#readers })),
      ...leftOut,
    ];
    const next = this.#parts.find(({ begins }) => begins !== undefined)?.begins;
    const lead = bridged(said, profile.roleOrder, { after: next });
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

  #forget(profile: Profile): void {
    this.#hidden = this.#hiddenSeqs();
    this.#seq = this.#windowSeq();
    this.#ids = new CallIds(profile.callIds);
    this.#summary = undefined;
    this.#leftOutSeq = 0;
    this.#leading = 0;
    this.#encoded = [];
    this.#parts = [];
    this.#partTokens = 0;
    this.#group = [];
    this.#counted = undefined;
    this.#ratio = 1;
  }
}

function sum(parts: readonly WindowPart[]): number {
  return parts.reduce((all, { tokens }) => all + tokens, 0);
}

/** What messages are written by. */
const spelling = ["reasoningReplay", "contextTokens", "callIds", "roleOrder", "systemRole"] as const;

/** Whether messages are written the same way for both. */
function spellAlike(a: Profile, b: Profile): boolean {
  return spelling.every((name) => a[name] === b[name]);
}
