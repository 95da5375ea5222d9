/** The connection over which a session's events come to the page. */
import { ApiError, call } from "../shell/api.ts";
import { isPassing, pause } from "../shell/patience.ts";
import { followEvents, type ReadEvent } from "./follow-events.ts";

export interface Line {
  session: string;
  /** The newest entry that is known already. */
  afterSeq: number;
  onEvents(events: ReadEvent[]): void;
  onState(state: "live" | "reconnecting"): void;
  signal: AbortSignal;
}

/** Ends with `signal`; throws an ApiError that does not pass by itself. */
export function holdLine({ session, afterSeq, onEvents, onState, signal }: Line): Promise<void> {
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
