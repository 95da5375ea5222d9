/** Answers with a turn: 200 once it has ended, else 202. */
import type { Context } from "hono";
import { entryForPeople } from "../core/for-people.ts";
import type { ShownEntry } from "../session/shown-entries.ts";
import { turnJson } from "../session/turn-json.ts";
import type { TurnState } from "../session/turns.ts";
import type { RouteContext } from "./context.ts";

/** 200 for an ended turn, else 202 and where to ask again. */
export function turnResponse(c: Context<RouteContext>, session: string, turn: string, state: TurnState): Response {
  const body = turnJson(session, turn, shownState(c, state));
  if (state.status === "ended") return c.json(body);
  return c.json(body, 202, { Location: `/v1/sessions/${session}/turns/${turn}` });
}

/** The state as this caller may see it: to the holder of a session's token a failure is said in words for people. */
export function shownState(c: Context<RouteContext>, state: TurnState): TurnState {
  if (c.var.caller.token === undefined || state.status !== "ended") return state;
  const ended = entryForPeople(state.ended);
  return ended.type === "turn_ended" ? { ...state, ended } : state;
}

/** The same for an entry. */
export function shownEntryOf(c: Context<RouteContext>): (entry: ShownEntry) => ShownEntry {
  const isForPeople = c.var.caller.token !== undefined;
  return (entry) => (isForPeople && !("broken" in entry) ? entryForPeople(entry) : entry);
}

/** The same for a stream of events: what is added to its query. */
export function audience(c: Context<RouteContext>): string {
  return c.var.caller.token === undefined ? "" : "&for=people";
}
