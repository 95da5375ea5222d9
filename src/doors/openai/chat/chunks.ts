/**
 * Writes a turn's events as OpenAI's chat completion chunks. What runs on the server stays unseen, unless the client
 * asked for notes on it. For a client that comes back it reads the whole answer again and leaves out what the client's
 * cursor covers: nothing is remembered between two streams.
 */
import { addUsage, noUsage, type Usage } from "../../../core/cost.ts";
import { type Cursor, formatCursor, type Progress } from "../../../core/cursor.ts";
import type { PlacedEvent, SessionEvent } from "../../../core/event.ts";
import type { TurnRest } from "../../../core/tool-steps.ts";
import type { WaitingCall } from "../../../core/waits.ts";
import type { BrokenStream, Encoder, Frame } from "../../../wire/encoder.ts";
import { failureOf, isFiltered } from "../openai-failure.ts";
import { type ChatUsage, chatUsage, finishReasonOf } from "./completion.ts";
import { GivenText } from "./given-text.ts";
import { approvalWords, callNote, resultNote, waitNote, waitNotice } from "./notes.ts";

/** How a client wants its chunks. */
export interface ChatManner {
  as: "openai-chat";
  id: string;
  /** Seconds since 1970. */
  created: number;
  model: string;
  includeUsage: boolean;
  /** Calls of the agent's own tools are shown as notes in `reasoning_content`. */
  showTools: boolean;
  /** The answer has a form: one that broke it is asked for again. */
  hasForm: boolean;
  /** The answer is a later part of its turn: what the turn used is more than what it used. */
  isPart: boolean;
}

interface ChunkDelta {
  role?: "assistant";
  content?: string;
  refusal?: string;
  reasoning_content?: string;
  tool_calls?: object[];
}

/** Whose stream it is. `seen`: where the client was cut off; the events come from the answer's beginning all the same. */
export interface ChatReader {
  session: string;
  tag: string;
  seen?: Cursor;
}

export class ChatChunks implements Encoder {
  readonly #of: ChatManner;
  readonly #reader: ChatReader;
  #ended = false;
  #isFirst = true;
  #hasText = false;
  #hasThought = false;
  /** There was reasoning before, and none yet of this attempt. */
  #thought = false;
  #usage: Usage = noUsage;
  /** Ids of the calls that the client is to run, in the order in which it was sent them. */
  #clientCalls: string[] = [];
  /** What the client has of the step in progress. */
  #given = new GivenText();
  /** How far the client had come in the step in which it was cut off; `undefined` once that step has begun here. */
  #cutIn: Progress | undefined;
  /** What of the present attempt the client has already. */
  #known = nothingKnown;

  constructor(of: ChatManner, reader: ChatReader) {
    this.#of = of;
    this.#reader = reader;
    this.#cutIn = reader.seen?.into;
  }

  get ended(): boolean {
    return this.#ended;
  }

  events(events: readonly PlacedEvent[]): Frame[] {
    return events.flatMap((placed) => {
      if (this.#ended) return [];
      const frames = this.#frames(placed);
      // How an answer ends is sent in any case: no id comes after it.
      if (this.#ended) return frames;
      if (this.#isSeen(placed.cursor)) return [];
      const last = frames.at(-1);
      if (last !== undefined) last.id = `${this.#reader.tag}-${formatCursor(this.#cursor(placed.cursor))}`;
      return frames;
    });
  }

  waits(calls: readonly WaitingCall[]): Frame[] {
    if (calls.some(({ kind }) => kind === "client")) return this.#end("tool_calls");
    const { session } = this.#reader;
    const notes = calls.map((call) => this.#chunk({ reasoning_content: waitNote(session, call) }));
    const approvals = calls.map(({ id, name, arguments: text }) => {
      return { call_id: id, name, arguments: text, url: `/v1/sessions/${session}/approvals/${id}` };
    });
    return [...notes, ...this.#pause(approvalWords(calls, session), { approvals })];
  }

  rests({ words, waiting }: TurnRest): Frame[] {
    return this.#pause(`: ${words}`, { waiting });
  }

  /** Ends before the answer does. */
  #pause(words: string, longline: object): Frame[] {
    const notice = waitNotice(words, this.#of.id);
    const content = this.#hasText ? `\n\n${notice}` : notice;
    // An answer with a form is read by a program: words would break the form. The words carry the mark themselves: a stream
    // that is cut after them must not leave them as part of the answer.
    const marked = { data: { ...(this.#chunk({ content }).data as object), longline } };
    return [...(this.#of.hasForm ? [] : [marked]), ...this.#end("stop", undefined, { longline })];
  }

  broken({ code, detail: message }: BrokenStream): Frame[] {
    return this.#fail({ message, type: "server_error", param: null, code });
  }

  /** The client has seen the whole entry, or the reply that the event is part of. */
  #isSeen({ done, into }: Cursor): boolean {
    const { seen } = this.#reader;
    return seen !== undefined && (into === undefined ? done <= seen.done : done < seen.done);
  }

  #cursor(cursor: Cursor): Cursor {
    const { given } = this.#given;
    return cursor.into === undefined || given.units === 0 ? cursor : { ...cursor, given };
  }

  #frames({ event, cursor }: PlacedEvent): Frame[] {
    switch (event.type) {
      case "step.started":
        return this.#stepStarted(cursor);
      case "step.restarted":
        this.#given.restart();
        this.#known = nothingKnown;
        this.#thought = this.#hasThought;
        return [];
      case "reasoning.delta":
        return this.#reasoning(event.text);
      case "text.delta":
        return this.#text(event);
      case "tool.called":
        return this.#called(event, cursor.into?.calls ?? 0);
      case "tool.finished":
        // The client has answered: this answer ended before that.
        if (this.#clientCalls.includes(event.callId)) return this.#end("tool_calls");
        return this.#of.showTools ? [this.#chunk({ reasoning_content: resultNote(event) })] : [];
      case "message.completed":
        this.#usage = addUsage(this.#usage, event.usage);
        return this.#whole([]);
      case "turn.ended":
        return this.#turnEnded(event);
      case "tool.approval_required":
        return this.#whole([]);
      case "turn.started":
      case "agent.started":
      case "agent.finished":
      case "tool.approval_answered":
      case "error":
        return [];
    }
  }

  #stepStarted(cursor: Cursor): Frame[] {
    if (this.#of.hasForm && this.#hasText) return this.#differs();
    const first = this.#isFirst ? [this.#chunk({ role: "assistant", content: "" })] : [];
    this.#thought = this.#hasThought;
    this.#known = nothingKnown;
    const { seen } = this.#reader;
    if (seen === undefined || this.#cutIn === undefined || this.#isSeen(cursor)) {
      this.#given = new GivenText();
      return first;
    }
    const before = this.#cutIn;
    this.#cutIn = undefined;
    const isSame = before.attempt === cursor.into?.attempt;
    this.#given = GivenText.of(seen, { isSame });
    if (isSame) this.#known = { reasoning: before.reasoning, calls: before.calls };
    else if (before.reasoning > 0) this.#thought = this.#hasThought = true;
    return [];
  }

  /** What each attempt thought is a paragraph of its own. It is a comment on the answer, and none of its words. */
  #reasoning(text: string): Frame[] {
    const lead = this.#thought ? "\n\n" : "";
    this.#thought = false;
    this.#hasThought = true;
    const known = Math.min(this.#known.reasoning, text.length);
    this.#known = { ...this.#known, reasoning: this.#known.reasoning - known };
    if (known === text.length) return [];
    return [this.#chunk({ reasoning_content: known > 0 ? text.slice(known) : `${lead}${text}` })];
  }

  #text({ text, refusal }: Extract<SessionEvent, { type: "text.delta" }>): Frame[] {
    const fresh = this.#given.add(text);
    if (fresh === undefined) return this.#differs();
    this.#hasText = true;
    if (fresh === "") return [];
    return [this.#chunk(refusal ? { refusal: fresh } : { content: fresh })];
  }

  /** `nth`: of the reply's events about calls. */
  #called(event: Extract<SessionEvent, { type: "tool.called" }>, nth: number): Frame[] {
    const { id, name, arguments: text, atClient } = event;
    const index = atClient ? this.#clientCalls.push(id) - 1 : 0;
    if (nth > 0 && nth <= this.#known.calls) return this.#whole([]);
    if (!atClient) return this.#whole(this.#of.showTools ? [this.#chunk({ reasoning_content: callNote(event) })] : []);
    const call = { index, id, type: "function", function: { name, arguments: text } };
    return this.#whole([this.#chunk({ tool_calls: [call] })]);
  }

  /** The reply is whole: `frames` follow, unless the client was given words that are not in it. */
  #whole(frames: Frame[]): Frame[] {
    return this.#given.isWhole ? frames : this.#differs();
  }

  /** The client was given words of a step that no reply of the transcript has. */
  get #hasVoidWords(): boolean {
    if (this.#cutIn === undefined) return !this.#given.isWhole;
    return GivenText.of(this.#reader.seen, { isSame: false }).given.units > 0;
  }

  #differs(): Frame[] {
    return this.#fail(differs(this.#of.id));
  }

  #turnEnded(event: Extract<SessionEvent, { type: "turn.ended" }>): Frame[] {
    const failure = failureOf(event);
    if (failure !== undefined) return this.#fail(failure.error);
    // Words that a filter cut off are the answer as far as it came, though no reply of the transcript has them.
    if (this.#hasVoidWords && !isFiltered(event)) return this.#differs();
    return this.#end(finishReasonOf(event), this.#of.isPart ? undefined : event.usage);
  }

  #fail(error: object): Frame[] {
    this.#ended = true;
    return [{ data: { error } }];
  }

  /** `usage`: of the whole answer, where the turn's end tells it. `more`: members of the last chunk beside OpenAI's. */
  #end(finishReason: string, usage?: Usage, more: object = {}): Frame[] {
    this.#ended = true;
    const last = this.#of.includeUsage ? [this.#frame([], chatUsage(usage ?? this.#usage))] : [];
    const finish = [{ index: 0, delta: {}, logprobs: null, finish_reason: finishReason }];
    const end = this.#frame(finish);
    return [{ data: { ...(end.data as object), ...more } }, ...last, { text: "[DONE]" }];
  }

  #chunk(delta: ChunkDelta): Frame {
    this.#isFirst = false;
    return this.#frame([{ index: 0, delta, logprobs: null, finish_reason: null }]);
  }

  #frame(choices: object[], usage?: ChatUsage): Frame {
    const { id, created, model, includeUsage } = this.#of;
    const used = includeUsage ? { usage: usage ?? null } : {};
    return { data: { id, object: "chat.completion.chunk", created, model, choices, ...used } };
  }
}

const nothingKnown = { reasoning: 0, calls: 0 };

function differs(id: string) {
  const message = `The model began its answer again, and not everything that was sent is in it. Read the whole answer at GET /v1/chat/completions/${id}.`;
  return { message, type: "server_error", param: null, code: "answer_restarted" };
}
