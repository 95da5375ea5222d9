/** The trace of a turn, where the app makes traces. */
import { AppError } from "../../core/errors.ts";
import type { SessionParts } from "../session-parts.ts";
import { noSuchTurn } from "../turn/turns.ts";

/** An OTLP request in JSON. Throws `not_found` for a turn that never was, and where the app makes no traces. */
export function turnTrace({ turns, traces }: SessionParts, turn: string): Promise<string> {
  if (turns.state(turn) === undefined) throw noSuchTurn(turn);
  if (traces !== undefined) return traces.trace(turn);
  throw new AppError("not_found", "This app makes no traces: list `observe: otel()` in longline(…).");
}
