/** The session's one alarm: the earliest of watchdog, end of a wait, a delivery that is due, and end of the session's life; none when there is none of these. */
import type { Turns } from "./turn/turns.ts";

/** How long after the last sign of work the alarm looks whether a crash left some undone. */
export const watchdogMs = 10_000;

/** `workMs`: when open work is looked at, where that is not the watchdog's time. `othersMs`: when deliveries, reports and the end of the session's life are due. `maxWaitMs`: how long a call may wait for a person or a client. */
export interface Dues {
  workMs?: number | undefined;
  othersMs: readonly number[];
  maxWaitMs: number;
}

/** What the alarm is set in, and the turns that it watches over. */
export interface Watched {
  storage: DurableObjectStorage;
  turns: Turns;
}

/** Sets the alarm anew. Called in the same go as the rows it watches over, so that they are committed together. */
export function arm({ storage, turns }: Watched, dues: Dues): void {
  const atMs = alarmMs(turns, Date.now(), dues);
  if (atMs === undefined) void storage.deleteAlarm();
  else void storage.setAlarm(atMs);
}

/** In ms since 1970; `undefined` when nothing is to be done. */
function alarmMs(turns: Turns, nowMs: number, dues: Dues): number | undefined {
  const waits = turns.waitingFor.map(({ sinceMs }) => sinceMs + dues.maxWaitMs);
  const work = waits.length > 0 ? waits : turns.busy ? [dues.workMs ?? nowMs + watchdogMs] : [];
  const due = [...work, ...dues.othersMs];
  return due.length === 0 ? undefined : Math.max(Math.min(...due), nowMs + 1);
}
