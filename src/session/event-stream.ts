/** A reader's stream of a session's events as SSE frames: replay, then live, one write for everything new. A reader never slows or stops a turn. */
import { type Cursor, formatCursor, parseCursor, start } from "../core/cursor.ts";
import { AppError } from "../core/errors.ts";
import type { PlacedEvent } from "../core/event.ts";
import { nativeEvent } from "../dialects/native.ts";
import { pullStream, sseFrame, sseResponse } from "../http/sse.ts";
import type { Feed } from "./feed.ts";
import type { SessionParts } from "./session-parts.ts";
import { sessionTag } from "./session-tag.ts";
import type { Turns } from "./turns.ts";

/** Answers `?after=<event id>&live=false&turn=<turn>`; throws an AppError for an id that this session never gave out. */
export function readEvents({ feed, turns, log, record }: SessionParts, query: URLSearchParams): Response {
  const tag = sessionTag(record.read());
  const from = cursorOf(query.get("after"), tag, log.lastSeq);
  const turn = query.get("turn");
  const reader: Reader = { from, tag, live: query.get("live") !== "false", ...(turn !== null && { turn }) };
  return sseResponse(pullStream({ next: eventStream(feed, turns, reader) }));
}

/** An id is `<tag>-<cursor>`; a cursor alone is taken, too, since people write `after=0` by hand. */
function cursorOf(id: string | null, tag: string, lastSeq: number): Cursor {
  if (id === null || id === "") return start;
  const cursor = parseCursor(id.startsWith(`${tag}-`) ? id.slice(tag.length + 1) : id);
  if (cursor !== undefined && cursor.done <= lastSeq) return cursor;
  const detail = `"${id}" is no event id of this session. Send an id from its event stream, or leave Last-Event-ID and after away.`;
  throw new AppError("invalid_request", detail, { field: "after" });
}

export interface Reader {
  from: Cursor;
  /** Stands in front of each event's id. */
  tag: string;
  /** Stop at the tail instead of waiting for more. */
  live: boolean;
  /** Only this turn's events, up to its end. */
  turn?: string;
}

/**
 * Gives the frames a reader has not had yet, as one text; waits when there are none; `undefined` at the end, or once the
 * reader has hung up.
 */
export function eventStream(
  feed: Feed,
  turns: Turns,
  reader: Reader,
): (hangUp: AbortSignal) => Promise<string | undefined> {
  let cursor = reader.from;
  let ended = false;
  let wake = () => {};
  let subscribed: (() => void) | undefined;
  const leave = () => {
    ended = true;
    subscribed?.();
    wake();
  };

  return async (hangUp) => {
    if (subscribed === undefined) {
      subscribed = feed.subscribe(() => wake());
      hangUp.addEventListener("abort", leave, { once: true });
    }
    while (!ended && !feed.closed) {
      // Made before reading: a change in between must not be missed.
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const place = placeOf(turns, reader, cursor);
      const read = place === undefined ? { events: [], cursor } : feed.read(place);
      cursor = read.cursor;
      const events = reader.turn === undefined ? read.events : upToEnd(read.events);
      ended = reader.turn !== undefined && events.at(-1)?.event.type === "turn.ended";
      if (events.length > 0) return events.map((event) => frame(event, reader.tag)).join("");
      // Some entries have nothing to tell.
      if (place !== undefined && cursor.done > place.done) continue;
      if (!reader.live) break;
      await changed;
    }
    leave();
    return undefined;
  };
}

/** A turn's reader begins at the turn's first entry, once it has one. */
function placeOf(turns: Turns, { turn, from }: Reader, cursor: Cursor): Cursor | undefined {
  if (turn === undefined || cursor !== from) return cursor;
  const firstSeq = turns.firstSeq(turn);
  if (firstSeq === undefined) return undefined;
  return from.done >= firstSeq ? from : { done: firstSeq - 1 };
}

function upToEnd(events: PlacedEvent[]): PlacedEvent[] {
  const end = events.findIndex(({ event }) => event.type === "turn.ended");
  return end < 0 ? events : events.slice(0, end + 1);
}

function frame({ event, cursor }: PlacedEvent, tag: string): string {
  return sseFrame({ ...nativeEvent(event), id: `${tag}-${formatCursor(cursor)}` });
}
