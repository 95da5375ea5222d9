/** What the loop knows about the durable steps of a tool's calls: which calls do nothing until a time or a signal. Pure. */

/** A wait of a call: until a time, or for a signal of this name until that time at the latest. */
export interface StepWait {
  name: string;
  kind: "sleep" | "signal";
  /** In ms since 1970. */
  untilMs: number;
}

/** A call that has durable steps. */
export interface SteppedCall {
  /** What it waits for; none while it can go on. It goes on when the first of these is over. */
  waits: readonly StepWait[];
  /** When its newest wait was over, in ms since 1970; 0 where it has waited for nothing yet. */
  resumedMs: number;
}

/** Calls with durable steps, by id. */
export type SteppedCalls = ReadonlyMap<string, SteppedCall>;

/** Of a turn without such calls. */
export const noSteppedCalls: SteppedCalls = new Map();

/** A call that nothing is done about until one of its waits is over. */
export interface SuspendedCall {
  id: string;
  name: string;
  waits: readonly StepWait[];
}

/** The open turn does nothing but wait for its tools. */
export interface TurnRest {
  /** The suspended calls, as clients are shown them. */
  waiting: readonly object[];
  /** For which tools, for what and until when, as sentences. */
  words: string;
  /** So long that no client needs to stay connected. */
  isLong: boolean;
}

/** When the call goes on by itself; `undefined` when it can go on now. */
export function suspendedUntilMs(call: SteppedCall | undefined, nowMs: number): number | undefined {
  if (call === undefined || call.waits.length === 0) return undefined;
  const untilMs = Math.min(...call.waits.map((wait) => wait.untilMs));
  return nowMs < untilMs ? untilMs : undefined;
}

/** Those of the calls that are suspended at this time. */
export function suspendedCalls(
  calls: readonly { id: string; name: string }[],
  stepped: SteppedCalls,
  nowMs: number,
): SuspendedCall[] {
  if (stepped.size === 0) return [];
  return calls.flatMap(({ id, name }) => {
    const call = stepped.get(id);
    return call === undefined || suspendedUntilMs(call, nowMs) === undefined ? [] : [{ id, name, waits: call.waits }];
  });
}

/** Since when a turn works by itself again: no time limit runs while one of its calls waits. */
export function resumedMs(stepped: SteppedCalls): number {
  if (stepped.size === 0) return 0;
  const calls = [...stepped.values()];
  if (calls.some(({ waits }) => waits.length > 0)) return Number.POSITIVE_INFINITY;
  return Math.max(...calls.map((call) => call.resumedMs));
}
