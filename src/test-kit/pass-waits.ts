/** Lets the time of waiting tools pass in a test: sleeps are over at once, and signals come as the test says. */
import type { MemorySession } from "./memory-session.ts";

/** What comes for steps that wait for a signal, by its name. A name with `undefined`: none comes, and the time of the step passes. */
export type GivenSignals = Readonly<Record<string, unknown>>;

/** Goes on until no tool waits any more, or only for signals that `signals` does not name. */
export async function passWaits(
  session: MemorySession,
  signals: GivenSignals = {},
  goOn = () => session.goOn(),
): Promise<void> {
  while (passOne(session, signals)) await goOn();
}

/** Ends one wait: the one for a signal that comes, else the earliest that time ends. */
function passOne(session: MemorySession, signals: GivenSignals): boolean {
  const waits = session.suspended.flatMap(({ id, waits: own }) => own.map((wait) => ({ id, ...wait })));
  for (const { id, name, kind } of waits) {
    if (kind === "signal" && signals[name] !== undefined && session.sendSignal(id, name, signals[name])) return true;
  }
  const timed = waits.filter(({ kind, name }) => kind === "sleep" || Object.hasOwn(signals, name));
  if (timed.length === 0) return false;
  session.skipTo(Math.min(...timed.map(({ untilMs }) => untilMs)));
  return true;
}
