/** When the session's one alarm is due: the earliest of watchdog, end of a wait, and end of the session's life. */
import type { SessionParts } from "./session-parts.ts";

/** How long after the last sign of work the alarm looks whether a crash left some undone. */
const watchdogMs = 10_000;

/** In ms since 1970; `undefined` when nothing is to be done. `maxWaitMs`: how long a call may wait for somebody. */
export function alarmMs({ turns, record }: SessionParts, nowMs: number, maxWaitMs: number): number | undefined {
  const waits = turns.waitingFor.map(({ sinceMs }) => sinceMs + maxWaitMs);
  const work = waits.length > 0 ? waits : turns.busy ? [nowMs + watchdogMs] : [];
  const { expiresAtMs } = record.read();
  const due = expiresAtMs === null ? work : [...work, expiresAtMs];
  return due.length === 0 ? undefined : Math.max(Math.min(...due), nowMs + 1);
}
