/** The session's one alarm: the earliest of watchdog, end of a wait, and end of the session's life; none when there is none of these. */
import type { SessionParts } from "./session-parts.ts";

/** How long after the last sign of work the alarm looks whether a crash left some undone. */
const watchdogMs = 10_000;

/** Sets the alarm anew. Called in the same go as the rows it watches over, so that they are committed together. `maxWaitMs`: how long a call may wait for somebody. */
export function arm(parts: SessionParts, maxWaitMs: number): void {
  const atMs = alarmMs(parts, Date.now(), maxWaitMs);
  if (atMs === undefined) void parts.storage.deleteAlarm();
  else void parts.storage.setAlarm(atMs);
}

/** In ms since 1970; `undefined` when nothing is to be done. */
function alarmMs({ turns, record }: SessionParts, nowMs: number, maxWaitMs: number): number | undefined {
  const waits = turns.waitingFor.map(({ sinceMs }) => sinceMs + maxWaitMs);
  const work = waits.length > 0 ? waits : turns.busy ? [nowMs + watchdogMs] : [];
  const { expiresAtMs } = record.read();
  const due = expiresAtMs === null ? work : [...work, expiresAtMs];
  return due.length === 0 ? undefined : Math.max(Math.min(...due), nowMs + 1);
}
