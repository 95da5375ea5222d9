/** Answers with a turn: 200 once it has ended, else 202. */
import type { Context } from "hono";
import { turnJson } from "../session/read/turn-json.ts";
import type { TurnState } from "../session/turn/turns.ts";
import type { RouteContext } from "./context.ts";

/** 200 for an ended turn, else 202 and where to ask again. */
export function turnResponse(c: Context<RouteContext>, session: string, turn: string, state: TurnState): Response {
  const body = turnJson(session, turn, state);
  if (state.status === "ended") return c.json(body);
  return c.json(body, 202, { Location: `/v1/sessions/${session}/turns/${turn}` });
}
