/** Waits for a turn to end, or to wait for a person or a client itself, for a caller who wants one plain answer. Giving up changes nothing for the turn. */
import type { SessionSteps } from "../../tools/steps/feature.ts";
import type { TranscriptLog } from "../store/transcript-log.ts";
import { noSuchTurn, type TurnState, type Turns } from "../turn/turns.ts";
import type { Feed } from "./feed.ts";

/** What a turn's end is seen in. */
export interface EndSources {
  turns: Turns;
  feed: Feed;
  log: TranscriptLog;
  durable?: SessionSteps | undefined;
}

/** The turn once it has ended or waits for a person or a client, or as it is after `timeoutMs`. A tool's own wait may end meanwhile; with `untilRest` one that is long ends this, and the state says what it rests for. */
export async function waitForEnd(
  { turns, feed, log, durable }: EndSources,
  turn: string,
  { timeoutMs, untilRest }: { timeoutMs: number; untilRest?: boolean | undefined },
): Promise<TurnState> {
  let waiting = timeoutMs > 0;
  let wake = () => {};
  const watch = untilRest ? durable?.rest(turn) : undefined;
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
      const rest = state.status === "ended" ? undefined : watch?.look(() => wake());
      const isAsking = state.status === "waiting" && state.waitingFor.length > 0;
      const settled = state.status === "ended" ? state.ended.seq : isAsking || rest?.isLong ? log.lastSeq : undefined;
      if (!waiting || (settled !== undefined && settled <= feed.confirmed)) return { ...state, ...(rest && { rest }) };
      await changed;
    }
  } finally {
    unsubscribe();
    clearTimeout(timer);
    watch?.close();
  }
}
