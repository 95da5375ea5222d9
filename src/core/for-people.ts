/** Replaces what is for operators by what the holder of a session's token may see: a failure is one sentence for people, without the provider's text, hosts, models and settings; instructions are left out. Pure. */
import type { Entry, FailedTry, TurnEndedEntry } from "./entry.ts";
import type { Failure } from "./errors.ts";
import type { PlacedEvent, SessionEvent } from "./event.ts";
import { userWords } from "./user-words.ts";

const restarted = "The answer broke off and begins again.";

function shown(failure: Failure): Failure {
  const { code, cause, retryable } = failure;
  return { code, ...(cause && { cause }), detail: userWords(failure), retryable };
}

function triesShown({ tries }: { tries?: FailedTry[] }): { tries?: FailedTry[] } {
  return tries === undefined ? {} : { tries: tries.map((each) => ({ ...each, failure: shown(each.failure) })) };
}

type End = Pick<TurnEndedEntry, "reason" | "failure">;

/** Turns of earlier versions do not say what was missing. */
function wantsWords({ reason, failure }: End): boolean {
  return failure !== undefined || reason === "budget_exhausted";
}

function endShown(end: End): { failure?: Failure } {
  if (!wantsWords(end)) return {};
  return { failure: shown(end.failure ?? { code: "budget_exhausted", detail: "", retryable: false }) };
}

export function entryForPeople(entry: Entry): Entry {
  switch (entry.type) {
    case "user": {
      const { instructions: _, ...options } = entry.options;
      return { ...entry, options };
    }
    case "assistant":
      return entry.tries === undefined ? entry : { ...entry, ...triesShown(entry) };
    case "step_failed":
      return { ...entry, ...triesShown(entry), failure: shown(entry.failure) };
    case "turn_ended":
      return { ...entry, ...endShown(entry) };
    case "compaction":
      return entry.failure === undefined ? entry : { ...entry, failure: shown(entry.failure) };
    default:
      return entry;
  }
}

/** The same array where nothing in it is for operators: readers at the same place then share its frames. */
export function eventsForPeople(events: PlacedEvent[]): PlacedEvent[] {
  const isForOperators = ({ event }: PlacedEvent) => eventForPeople(event) !== event;
  if (!events.some(isForOperators)) return events;
  return events.map(({ event, cursor }) => ({ event: eventForPeople(event), cursor }));
}

function eventForPeople(event: SessionEvent): SessionEvent {
  switch (event.type) {
    case "error":
      return { ...event, failure: shown(event.failure) };
    case "turn.ended":
      return wantsWords(event) ? { ...event, ...endShown(event) } : event;
    case "step.restarted":
      return { ...event, reason: restarted };
    default:
      return event;
  }
}
