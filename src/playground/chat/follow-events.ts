/** Reads a session's events for as long as the page shows it: connects again after every break with the last id, so that nothing is missed and nothing comes twice. Knows nothing of what the events mean. */
import { createParser } from "eventsource-parser";

export interface ReadEvent {
  event: string;
  data: unknown;
}

export interface EventFollowing {
  /** Opens the stream after the event with this id, or where the page's entries end when there is none yet. Throws when it cannot be opened. */
  open(lastEventId: string | undefined, signal: AbortSignal): Promise<Response>;
  /** All events of one read from the network. */
  onEvents(events: ReadEvent[]): void;
  onState(state: "live" | "reconnecting"): void;
  /** Whether trying again is of no use after this error. */
  isFinal(error: unknown): boolean;
  pause(ms: number, signal: AbortSignal): Promise<void>;
  signal: AbortSignal;
}

const shortestPauseMs = 500;
const longestPauseMs = 5_000;
/** The server sends a comment every 15 s: a line that is silent for longer is dead. */
const silenceMs = 40_000;

/** Ends when `signal` is aborted; throws an error that is final. */
export async function followEvents(following: EventFollowing): Promise<void> {
  const { onState, isFinal, pause, signal } = following;
  let lastEventId: string | undefined;
  let pauseMs = shortestPauseMs;
  while (!signal.aborted) {
    try {
      await readOnce(following, lastEventId, (id) => {
        pauseMs = shortestPauseMs;
        lastEventId = id ?? lastEventId;
      });
    } catch (error) {
      if (!signal.aborted && isFinal(error)) throw error;
    }
    if (signal.aborted) return;
    onState("reconnecting");
    await pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
}

async function readOnce(
  { open, onEvents, onState, signal }: EventFollowing,
  lastEventId: string | undefined,
  seen: (id: string | undefined) => void,
): Promise<void> {
  const line = new AbortController();
  const either = AbortSignal.any([signal, line.signal]);
  let silence = setTimeout(() => line.abort(), silenceMs);
  const { body } = await open(lastEventId, either).finally(() => clearTimeout(silence));
  if (body === null) throw new Error("The stream has no body.");
  onState("live");
  let events: ReadEvent[] = [];
  let newest: string | undefined;
  const parser = createParser({
    onEvent({ event = "message", data, id }) {
      events.push({ event, data: JSON.parse(data) });
      newest = id ?? newest;
    },
  });
  const reader = body.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    silence = setTimeout(() => line.abort(), silenceMs);
    const { done, value } = await reader.read().finally(() => clearTimeout(silence));
    if (done || signal.aborted) return;
    parser.feed(decoder.decode(value, { stream: true }));
    if (events.length === 0) continue;
    onEvents(events);
    // Only now: an event that was not taken in must come again.
    seen(newest);
    events = [];
  }
}
