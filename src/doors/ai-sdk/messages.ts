/** A session's entries as `UIMessage[]`, for a page that is loaded again: each turn's messages of people, then one message that is its answer, equal to the one that the turn's stream makes. Pure. */

import { defined } from "../../core/defined.ts";
import type { Entry, ToolEntry, UserEntry } from "../../core/entry.ts";
import { eventsOfEntry } from "../../core/event.ts";
import type { WaitingCall } from "../../core/waits.ts";
import type { Frame } from "../../wire/encoder.ts";
import { type BrokenEntry, iso, type QueuedMessage } from "../../wire/native.ts";
import { messageId, UiChunks } from "./chunks.ts";
import { ChunkReader, type UiPart, type WrittenMessage } from "./read-chunks.ts";

/** The state of a session's newest turn, and what is not in its log yet. */
export interface UiSession {
  session: string;
  /** Ids that clients of this door gave to the messages that began turns, by turn. */
  names: ReadonlyMap<string, string>;
  /** Messages that wait, oldest first. */
  queued: readonly QueuedMessage[];
  /** The turn that has begun and not ended: `waiting` for people or clients, or `running`. */
  open?: { turn: string; status: "running" | "waiting"; asks?: readonly WaitingCall[] } | undefined;
}

/** Characters of a tool's result that are shown: a client sends all of it back with each message. */
const mostOutputChars = 100_000;

interface TurnMessages {
  turn: string;
  fromUser: WrittenMessage[];
  chunks: UiChunks;
  answer: ChunkReader;
}

export class UiMessages {
  readonly #of: UiSession;
  readonly #messages: WrittenMessage[] = [];
  #current: TurnMessages | undefined;

  constructor(of: UiSession) {
    this.#of = of;
  }

  /** The next entry; entries come in order, and begin with a whole turn. A damaged one is left out. */
  add(entry: Entry | BrokenEntry): void {
    const current = this.#turn(entry.turn);
    if ("broken" in entry) return;
    if (entry.type === "user") current.fromUser.push(this.#messageOf(entry, current));
    const frames = current.chunks.events(eventsOfEntry(entry.type === "tool" ? this.#shortened(entry) : entry));
    this.#take(current, frames);
  }

  #take({ answer }: TurnMessages, frames: readonly Frame[]): void {
    for (const { data } of frames) if (data !== undefined) answer.take(data as UiPart);
  }

  /** All messages, once every entry was added. */
  end(): WrittenMessage[] {
    const { open, queued } = this.#of;
    const waiting = queued.map((message) => this.#queued(message));
    const current = this.#current;
    if (current === undefined || current.turn !== open?.turn) {
      this.#close();
      return [...this.#messages, ...waiting];
    }
    // The stream of a running turn begins with its whole message, which clients put after these. One that waits is the last:
    // clients look there for calls to answer.
    this.#take(current, current.chunks.asks(open.asks ?? []));
    const answer = open.status === "waiting" ? [current.answer.message] : [];
    return [...this.#messages, ...current.fromUser, ...waiting, ...answer];
  }

  #turn(turn: string): TurnMessages {
    if (this.#current?.turn === turn) return this.#current;
    this.#close();
    const { session } = this.#of;
    const chunks = new UiChunks({ as: "ai-sdk-ui", turn }, { session });
    this.#current = { turn, fromUser: [], chunks, answer: new ChunkReader(messageId(turn)) };
    return this.#current;
  }

  #close(): void {
    if (this.#current === undefined) return;
    const { fromUser, answer } = this.#current;
    this.#messages.push(...fromUser);
    if (answer.message.parts.length > 0) this.#messages.push(answer.message);
    this.#current = undefined;
  }

  #messageOf({ turn, seq, content, speaker, metadata, atMs }: UserEntry, { fromUser }: TurnMessages): WrittenMessage {
    const id = fromUser.length === 0 ? this.#name(turn) : `${fromUser[0]?.id}_${seq}`;
    return this.#userMessage(id, { turn, content, speaker, metadata, atMs });
  }

  #queued({ id, turn, joins, ...message }: QueuedMessage): WrittenMessage {
    const name = joins ? `msg_${turn}_user_${id}` : this.#name(turn);
    const written = this.#userMessage(name, { turn, ...message });
    return { ...written, metadata: { ...written.metadata, status: "queued" } };
  }

  #userMessage(id: string, of: Omit<QueuedMessage, "id" | "joins" | "isCut">): WrittenMessage {
    const { turn, content, speaker, metadata, atMs } = of;
    const optional = defined({ speaker, metadata });
    const about = { session: this.#of.session, turn, created_at: iso(atMs), ...optional };
    return { id, role: "user", metadata: about, parts: [{ type: "text", text: content }] };
  }

  #name(turn: string): string {
    return this.#of.names.get(turn) ?? `msg_${turn}_user`;
  }

  #shortened(entry: ToolEntry): ToolEntry {
    const { content, seq } = entry;
    if (content.length <= mostOutputChars) return entry;
    const rest = content.length - mostOutputChars;
    const note = `[${rest} more characters: entry ${seq} of GET /v1/sessions/${this.#of.session}/entries]`;
    return { ...entry, content: `${content.slice(0, mostOutputChars).toWellFormed()}\n${note}` };
  }
}
