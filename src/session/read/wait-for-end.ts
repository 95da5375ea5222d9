/** Waits for a turn to end, or to wait for a person or a client itself, for a caller who wants one plain answer. Giving up changes nothing for the turn. */
import type { TranscriptLog } from "../store/transcript-log.ts";
import { noSuchTurn, type TurnState, type Turns } from "../turn/turns.ts";
import type { Feed } from "./feed.ts";

/** What a turn's end is seen in. */
export interface EndSources {
  turns: Turns;
  feed: Feed;
  log: TranscriptLog;
}

/** The turn once it has ended or waits for a person or a client, or as it is after `timeoutMs`. A tool's own wait may end meanwhile. */
export async function waitForEnd(
  { turns, feed, log }: EndSources,
  turn: string,
  timeoutMs: number,
): Promise<TurnState> {
  let waiting = timeoutMs > 0;
  let wake = () => {};
  const unsubscribe = feed.subscribe(() => wake());
  const timer = setTimeout(() => {
    waiting = false;
    wake();
  }, timeoutMs);
  try {
    for (;;) {
      const changed = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const state = feed.closed ? undefined : turns.state(turn);
      if (state === undefined) throw noSuchTurn(turn);
      const isAsking = state.status === "waiting" && state.waitingFor.length > 0;
      const settled = state.status === "ended" ? state.ended.seq : isAsking ? log.lastSeq : undefined;
      if (!waiting || (settled !== undefined && settled <= feed.confirmed)) return state;
      await changed;
    }
  } finally {
    unsubscribe();
    clearTimeout(timer);
  }
}
