/** One session as the page holds it: loads it, follows its events, and does what the person requests. Calls `changed` after each change; draws nothing. */
import { freshSession } from "../route.ts";
import { sessionsChanged } from "../sessions/recent-sessions.tsx";
import { ApiError, call, callJson } from "../shell/api.ts";
import { isPassing, patiently, pause } from "../shell/patience.ts";
import type { PageEntry, PageSession } from "../shell/shapes.ts";
import type { Choices } from "./composer.tsx";
import {
  emptyConversation,
  isBusy,
  lastSeqOf,
  loaded,
  type ShownConversation,
  type ShownEvent,
  withEarlier,
  withEntries,
  withEvent,
  withSaid,
} from "./conversation.ts";
import { followEvents, type ReadEvent } from "./follow-events.ts";
import { beginFreshChat, isFreshChat } from "./fresh-chats.ts";
import { claimed, type Pending, withQueued } from "./pending.ts";
import { readEntries } from "./read-entries.ts";
import { titleFrom } from "./title-from.ts";

/** `new`: no one has written to it yet. `gone`: it was erased. */
export type Link = "loading" | "new" | "live" | "reconnecting" | "gone" | "failed";

/** How many entries are read at first. */
const pageEntries = 200;
/** At each look further back: who looks back wants more of it, and all turns are placed anew. */
const earlierEntries = 500;
/** Events after which the transcript has more than they reported. */
const recording = /^(turn\.|step\.|message\.|tool\.finished|error)/;

/** Events after which the session does something else: the list beside the chat shows it. */
const moving = /^(turn\.started|tool\.(approval_required|waiting))/;

export class SessionStore {
  readonly id: string;
  conversation: ShownConversation = emptyConversation;
  session: PageSession | undefined;
  link: Link = "loading";
  /** What went wrong, in words. */
  notice: string | undefined;
  pending: readonly Pending[] = [];
  readonly #changed: () => void;
  readonly #end = new AbortController();
  #refilling: Promise<void> | undefined;
  #refillAgain = false;

  constructor(id: string, changed: () => void) {
    this.id = id;
    this.#changed = changed;
  }

  get busy(): boolean {
    return isBusy(this.conversation);
  }

  get hasEarlier(): boolean {
    return (this.conversation.entries[0]?.seq ?? 1) > 1;
  }

  stop(): void {
    this.#end.abort();
  }

  /** Loads the session and follows it until `stop`. */
  async start(): Promise<void> {
    if (isFreshChat(this.id)) return this.#set("new");
    try {
      const session = await this.#patiently(() => callJson<PageSession>(this.#path("")));
      const entries = await this.#patiently(() => this.#read(Math.max(0, session.last_seq - pageEntries)));
      this.session = session;
      this.conversation = loaded(entries);
      this.pending = withQueued(this.pending, session);
      this.#claim();
      this.#set("live");
      await this.#follow();
    } catch (error) {
      if (this.#end.signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 400 && this.link !== "loading") return this.#startAgain();
      // A message that was sent meanwhile may have made the session since.
      const accepted = this.pending.find(({ turn }) => turn !== undefined);
      if (error.status !== 404) this.notice = error.message;
      if (error.status !== 404) this.#set("failed");
      else if (this.session !== undefined) this.#set("gone");
      else if (accepted === undefined) this.#set("new");
      else await this.#begin(accepted.content);
    }
  }

  /** The server's transcript ends before the last event that was seen: it lost its disk. What it has now is the truth. */
  async #startAgain(): Promise<void> {
    this.link = "loading";
    await pause(1_000, this.#end.signal);
    return this.start();
  }

  async earlier(): Promise<void> {
    const upTo = (this.conversation.entries[0]?.seq ?? 1) - 1;
    await this.#doing(async () => {
      const older = await this.#read(Math.max(0, upTo - earlierEntries), upTo);
      this.conversation = withEarlier(this.conversation, older);
    });
  }

  /** Sends it as often as it takes; the same message is never taken twice. */
  async send(content: string, choices: Choices = {}, key: string = crypto.randomUUID()): Promise<void> {
    const afterSeq = lastSeqOf(this.conversation);
    const message: Pending = { key, content, afterSeq, state: "sending" };
    this.pending = [...this.pending.filter((other) => other.key !== key), message];
    this.#changed();
    const { onBusy = "queue", ...body } = choices;
    const headers = { Prefer: "respond-async", "Idempotency-Key": key };
    const post = () =>
      callJson<{ turn: string }>(this.#path(`/messages?on_busy=${onBusy}`), { body: { content, ...body }, headers });
    try {
      const { turn } = await this.#patiently(post, (error) => this.#mark(key, { detail: error.message }));
      this.#mark(key, { turn, state: "waiting" });
    } catch (error) {
      if (error instanceof ApiError) this.#mark(key, { state: "refused", detail: error.message });
      return;
    }
    if (this.link === "new") void this.#begin(content);
    else void this.#refill();
  }

  /** The first message has made the session, and names it. */
  async #begin(content: string): Promise<void> {
    beginFreshChat(this.id);
    const body = { title: titleFrom(content) };
    await call(this.#path(""), { method: "PATCH", body }).catch(() => {});
    dispatchEvent(new Event(sessionsChanged));
    await this.start();
  }

  /** Removes a message that was refused. */
  forget(key: string): void {
    this.pending = this.pending.filter((message) => message.key !== key);
    this.#changed();
  }

  cancel(): Promise<void> {
    return this.#doing(() => call(this.#path("/cancel"), { method: "POST" }));
  }

  answer(callId: string, body: { approve: boolean; digest: string; reason?: string }): Promise<void> {
    return this.#doing(() => call(this.#path(`/approvals/${encodeURIComponent(callId)}`), { body }));
  }

  /** A new session that goes on after entry `afterSeq`; undefined when there is none, because of `notice`. */
  async fork(afterSeq: number): Promise<string | undefined> {
    let id: string | undefined;
    await this.#doing(async () => {
      id = (await callJson<PageSession>(this.#path("/fork"), { body: { after_seq: afterSeq, id: freshSession() } })).id;
    });
    return id;
  }

  dismiss(): void {
    this.notice = undefined;
    this.#changed();
  }

  #path(rest: string): string {
    return `/v1/sessions/${this.id}${rest}`;
  }

  #follow(): Promise<void> {
    return holdLine({
      session: this.id,
      afterSeq: lastSeqOf(this.conversation),
      onEvents: (events) => this.#take(events),
      onState: (state) => {
        this.#set(state);
        // What was recorded while the line was down may have no event of its own.
        if (state === "live") void this.#refill();
      },
      signal: this.#end.signal,
    });
  }

  #take(events: ReadEvent[]): void {
    this.conversation = events.reduce((known, event) => withEvent(known, event as ShownEvent), this.conversation);
    if (events.some(({ event }) => recording.test(event))) void this.#refill();
    if (events.some(({ event }) => event === "turn.ended")) void this.#describe();
    else if (events.some(({ event }) => moving.test(event))) dispatchEvent(new Event(sessionsChanged));
    this.#claim();
  }

  /** Reads what the transcript has beyond the known entries; one reading at a time. */
  #refill(): Promise<void> {
    this.#refillAgain = this.#refilling !== undefined;
    this.#refilling ??= this.#refillOnce().finally(() => {
      this.#refilling = undefined;
      if (this.#refillAgain) void this.#refill();
    });
    return this.#refilling;
  }

  async #refillOnce(): Promise<void> {
    // What is missed now is read after the next event, or when the line is back.
    const newer = await this.#read(lastSeqOf(this.conversation)).catch(() => []);
    if (this.#end.signal.aborted) return;
    this.conversation = withEntries(this.conversation, newer);
    this.#claim();
  }

  async #describe(): Promise<void> {
    this.session = await callJson<PageSession>(this.#path("")).catch(() => this.session);
    dispatchEvent(new Event(sessionsChanged));
    this.#changed();
  }

  #read(after: number, upTo?: number): Promise<PageEntry[]> {
    return readEntries(this.id, { after, ...(upTo !== undefined && { upTo }), signal: this.#end.signal });
  }

  #patiently<T>(work: () => Promise<T>, waits: (error: ApiError) => void = () => {}): Promise<T> {
    return patiently(work, {
      signal: this.#end.signal,
      waits: (error) => {
        if (this.link === "loading") this.#set("reconnecting");
        waits(error);
      },
    });
  }

  /** Does what the person requested, and reads the result. */
  async #doing(work: () => Promise<unknown>): Promise<void> {
    this.notice = undefined;
    try {
      await work();
    } catch (error) {
      this.notice = error instanceof ApiError ? error.message : String(error);
    }
    await this.#refill();
  }

  #mark(key: string, change: Partial<Pending>): void {
    this.pending = this.pending.map((message) => (message.key === key ? { ...message, ...change } : message));
    this.#claim();
  }

  /** Messages of this page that have begun move from below the transcript into it. */
  #claim(): void {
    const owed = this.pending.filter(({ turn, seq }) => turn !== undefined && seq === undefined);
    for (const { turn = "", content } of owed) this.conversation = withSaid(this.conversation, turn, content);
    // Most deltas come when nothing waits: no entry is looked at then.
    if (owed.length > 0)
      this.pending = claimed(this.pending, [...this.conversation.entries, ...this.conversation.reported]);
    this.#changed();
  }

  #set(link: Link): void {
    this.link = link;
    this.#changed();
  }
}

/** The connection over which a session's events come to the page. */
interface EventConnection {
  session: string;
  /** The newest entry that is known already. */
  afterSeq: number;
  onEvents(events: ReadEvent[]): void;
  onState(state: "live" | "reconnecting"): void;
  signal: AbortSignal;
}

/** Ends with `signal`; throws an ApiError that does not pass by itself. */
function holdLine({ session, afterSeq, onEvents, onState, signal }: EventConnection): Promise<void> {
  const path = `/v1/sessions/${session}/events`;
  return followEvents({
    open: (lastEventId, signal) =>
      call(lastEventId === undefined ? `${path}?after=${afterSeq}` : path, {
        headers: { Accept: "text/event-stream", ...(lastEventId !== undefined && { "Last-Event-ID": lastEventId }) },
        signal,
      }),
    onEvents,
    onState,
    isFinal: (error) => error instanceof ApiError && !isPassing(error),
    pause,
    signal,
  });
}
