/** A reader's stream of a session's events as SSE frames: replay, then live, one write for everything new. A reader never slows or stops a turn. */
import { type Cursor, parseCursor, start } from "../../core/cursor.ts";
import { AppError } from "../../core/errors.ts";
import type { PlacedEvent } from "../../core/event.ts";
import { eventsForPeople } from "../../core/for-people.ts";
import { type PullSource, pullStream, sseFrame, sseResponse } from "../../http/sse.ts";
import type { RestWatch, SessionSteps } from "../../tools/steps/feature.ts";
import { type Encoder, type Frame, sessionGone, streamFault } from "../../wire/encoder.ts";
import { type Encoders, encoderFor, parseManner } from "../../wire/manner.ts";
import type { TranscriptLog } from "../store/transcript-log.ts";
import type { Turns } from "../turn/turns.ts";
import { type AnswerRows, askedFor } from "./answer-request.ts";
import type { Feed } from "./feed.ts";
import { sessionTag } from "./session-tag.ts";

/**
 * Answers `?after=<event id>&seen=<event id>&live=false&turn=<turn>&as=<manner>`; throws an AppError for an id that this
 * session never gave out. With `for=people`, failures are in words for people (`core/for-people`). With `hang_up=stop`, `stop` is called when the reader hangs up before the end. `seen` is for dialects that read an answer from its beginning to find what their client has.
 */
export function readEvents(
  sources: StreamSources & AnswerRows,
  query: URLSearchParams,
  { encoders, stop }: { encoders: Encoders; stop(turn: string | undefined): void },
): Response {
  const address = sources.record.read();
  const tag = sessionTag(address);
  const from = cursorOf(query.get("after"), tag, sources.log.lastSeq);
  const turn = query.get("turn");
  const asked = (place: Parameters<typeof askedFor>[1]) => askedFor(sources, place);
  const seen = seenOf(sources, { id: query.get("seen"), tag, turn, from });
  const stream = { session: address.name, tag, asked, retryMs: retryMs(), ...seen };
  const encoder = encoderFor(parseManner(query.get("as")), stream, encoders);
  const reader: Reader = {
    from,
    encoder,
    live: query.get("live") !== "false",
    forPeople: query.get("for") === "people",
    ...(turn !== null && { turn }),
  };
  const hangUp = query.get("hang_up") === "stop" && { onHangUp: () => stop(turn ?? undefined) };
  const onFault = () => written(encoder.broken(streamFault));
  return sseResponse(pullStream({ ...eventStream(sources, reader), onFault, ...hangUp }));
}

/** An id is `<tag>-<cursor>`; a cursor alone is taken, too, since people write `after=0` by hand. */
function cursorOf(id: string | null, tag: string, lastSeq: number): Cursor {
  if (id === null || id === "") return start;
  const cursor = parseCursor(id.startsWith(`${tag}-`) ? id.slice(tag.length + 1) : id);
  if (cursor !== undefined && cursor.done <= lastSeq) return cursor;
  throw wrongId(id, "session");
}

/** Where a client of one answer was cut off. An id from before the answer says that it has nothing of it; one from after its end is refused. */
function seenOf(
  { turns, log }: Pick<StreamSources, "turns" | "log">,
  { id, tag, turn, from }: { id: string | null; tag: string; turn: string | null; from: Cursor },
): { seen?: Cursor } {
  const firstSeq = turn === null ? undefined : turns.firstSeq(turn);
  if (id === null || id === "" || firstSeq === undefined) return {};
  const seen = cursorOf(id, tag, log.lastSeq);
  const end = turns.entries(firstSeq).at(-1);
  if (end?.type === "turn_ended" && seen.done >= end.seq) throw wrongId(id, "answer");
  return seen.done < Math.max(firstSeq, from.done) ? {} : { seen };
}

function wrongId(id: string, of: string): AppError {
  const detail = `"${id}" is no event id of this ${of}. Send an id from its event stream, or leave Last-Event-ID and after away.`;
  return new AppError("invalid_request", detail, { field: "after" });
}

/** 1 to 3 s, another for each reader: after a deploy all of them come back. */
function retryMs(): number {
  return 1_000 + Math.floor(Math.random() * 2_000);
}

export interface Reader {
  from: Cursor;
  /** Writes the frames. */
  encoder: Encoder;
  /** Stop at the tail instead of waiting for more. */
  live: boolean;
  /** It holds a session's token alone: failures are in words for people. */
  forPeople?: boolean;
  /** Only this turn's events, up to its end. */
  turn?: string;
}

/** Gives the frames that a reader has not had yet, as one text. */
export function eventStream(sources: StreamSources, reader: Reader): Pick<PullSource, "next" | "onClose"> {
  const stream = new EventStream(sources, reader);
  return { next: (wake) => stream.next(wake), onClose: () => stream.close() };
}

/** What a stream is read from. */
export interface StreamSources {
  feed: Feed;
  turns: Turns;
  log: TranscriptLog;
  durable?: SessionSteps | undefined;
}

class EventStream {
  readonly #sources: StreamSources;
  readonly #reader: Reader;
  readonly #waits: Waits;
  readonly #progress: ProgressFrames;
  readonly #rest: RestWatch | undefined;
  #cursor: Cursor;
  #ended = false;
  #subscribed: (() => void) | undefined;

  constructor(sources: StreamSources, reader: Reader) {
    this.#sources = sources;
    this.#reader = reader;
    this.#cursor = reader.from;
    this.#waits = new Waits(sources, reader);
    this.#progress = new ProgressFrames(sources, reader.encoder);
    this.#rest = sources.durable?.rest(reader.turn);
  }

  /** See `PullSource`. Called after the code that changed the feed has finished, so it never reads half a change. */
  next(wake: () => void): string | null | undefined {
    if (this.#subscribed === undefined) {
      this.#subscribed = this.#sources.feed.subscribe(wake);
      const opening = this.#reader.encoder.opening?.() ?? none;
      if (opening.length > 0) return written(opening);
    }
    return this.#look(wake);
  }

  /** Nothing more is read. */
  close(): void {
    this.#ended = true;
    this.#rest?.close();
    this.#subscribed?.();
  }

  #look(wake: () => void): string | null | undefined {
    const { feed } = this.#sources;
    const { encoder, turn, live, forPeople } = this.#reader;
    while (!this.#ended && !feed.closed) {
      const place = placeOf(this.#sources, this.#reader, this.#cursor);
      const read = place === undefined ? { events: none, cursor: this.#cursor } : feed.read(place);
      this.#cursor = read.cursor;
      const shown = forPeople ? eventsForPeople(read.events) : read.events;
      const events = turn === undefined ? shown : upToEnd(shown);
      const text = events.length === 0 ? "" : textOf(encoder, events);
      this.#ended = encoder.ended || (turn !== undefined && events.at(-1)?.event.type === "turn.ended");
      if (text !== "") return text;
      // Some entries make no event.
      if (events.length > 0 || (place !== undefined && read.cursor.done > place.done)) continue;
      const rests = this.#rest?.frames(encoder, wake) ?? none;
      const others = place === undefined ? rests : [...this.#progress.news(), ...rests, ...this.#waits.news()];
      this.#ended = encoder.ended;
      if (others.length > 0) return written(others);
      if (!live) break;
      if (!this.#ended) return null;
    }
    const frames = feed.closed && !this.#ended ? encoder.broken(sessionGone) : none;
    this.#ended = true;
    return frames.length === 0 ? undefined : written(frames);
  }
}

const none: never[] = [];

function written(frames: readonly Frame[]): string {
  return frames.map(sseFrame).join("");
}

/** Texts of events for readers whose dialect writes the same for each of them: the feed gives readers at the same place the same array. */
const shared = new WeakMap<readonly PlacedEvent[], string>();

function textOf(encoder: Encoder, events: readonly PlacedEvent[]): string {
  if (encoder.writesTheSame !== true) return written(encoder.events(events));
  const known = shared.get(events);
  if (known !== undefined) return known;
  const [first, second] = events;
  const short = first !== undefined && second === undefined ? encoder.text?.(first) : undefined;
  const text = short ?? written(encoder.events(events));
  shared.set(events, text);
  return text;
}

/** Reports a wait to the encoder, once it is safe on disk, and once only. */
class Waits {
  readonly #sources: StreamSources;
  readonly #reader: Reader;
  /** The end of the log, and the calls that wait, when they were shown last. */
  #shown = "";

  constructor(sources: StreamSources, reader: Reader) {
    this.#sources = sources;
    this.#reader = reader;
  }

  news(): Frame[] {
    const { feed, turns, log } = this.#sources;
    const { encoder } = this.#reader;
    const turn = this.#reader.turn ?? turns.open?.turn;
    if (turn === undefined || feed.confirmed < log.lastSeq) return none;
    // A turn whose answer arrives waits for no one.
    if (feed.draft !== undefined) return none;
    const state = turns.state(turn);
    if (state?.status !== "waiting" || state.waitingFor.length === 0) return none;
    const now = `${log.lastSeq} ${state.waitingFor.flatMap(({ id, child }) => (child ? [id] : [])).join(" ")}`;
    if (this.#shown === now) return none;
    this.#shown = now;
    return encoder.waits(state.waitingFor);
  }
}

/** Reports the progress of calls, where the dialect has a form for it. A reader that comes later gets the newest alone. */
class ProgressFrames {
  readonly #sources: Pick<StreamSources, "feed" | "log">;
  readonly #encoder: Encoder;
  #version = 0;

  constructor(sources: Pick<StreamSources, "feed" | "log">, encoder: Encoder) {
    this.#sources = sources;
    this.#encoder = encoder;
  }

  news(): Frame[] {
    const { feed, log } = this.#sources;
    // A call may run before the reply that it is in is on disk: its progress waits until readers can see that reply.
    if (this.#encoder.progress === undefined || feed.confirmed < log.lastSeq) return none;
    const notes = feed.progress.since(this.#version);
    if (notes.length === 0) return none;
    this.#version = notes.reduce((newest, { version }) => Math.max(newest, version), this.#version);
    return notes.flatMap((note) => this.#encoder.progress?.(note) ?? []);
  }
}

/** A turn's reader begins at the turn's first entry, once it has one. */
function placeOf({ turns }: Pick<StreamSources, "turns">, { turn, from }: Reader, cursor: Cursor): Cursor | undefined {
  if (turn === undefined || cursor !== from) return cursor;
  const firstSeq = turns.firstSeq(turn);
  if (firstSeq === undefined) return undefined;
  return from.done >= firstSeq ? from : { done: firstSeq - 1 };
}

function upToEnd(events: PlacedEvent[]): PlacedEvent[] {
  const end = events.findIndex(({ event }) => event.type === "turn.ended");
  return end < 0 ? events : events.slice(0, end + 1);
}
