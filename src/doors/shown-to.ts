/** What a caller is shown of a failure: to the holder of a session's token, which a browser is, it is worded for people. */
import type { Admitted } from "../account/access.ts";
import { entryForPeople } from "../core/for-people.ts";
import type { ShownEntry } from "../session/read/shown-entries.ts";
import type { TurnState } from "../session/turn/turns.ts";

type ReadingCaller = Pick<Admitted, "token">;

/** The turn's state as this caller may see it. */
export function stateShownTo({ token }: ReadingCaller, state: TurnState): TurnState {
  if (token === undefined || state.status !== "ended") return state;
  const ended = entryForPeople(state.ended);
  return ended.type === "turn_ended" ? { ...state, ended } : state;
}

/** The same for an entry. */
export function entryShownTo({ token }: ReadingCaller): (entry: ShownEntry) => ShownEntry {
  return (entry) => (token === undefined || "broken" in entry ? entry : entryForPeople(entry));
}

/** The same for a stream of events: what is added to its query. */
export function audienceQuery({ token }: ReadingCaller): string {
  return token === undefined ? "" : "&for=people";
}
