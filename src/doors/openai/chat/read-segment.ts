/** Reads what a session has recorded of one answer: of a turn, or of the part of it behind an entry. */
import { unwrap } from "../../../account/outcome.ts";
import { eventsOfEntry } from "../../../core/event.ts";
import type { sessionObject } from "../../../session/session-object.ts";
import type { TurnState } from "../../../session/turn/turns.ts";
import { entriesInOneGo } from "../../make-copy.ts";
import { Segment } from "./segment.ts";

/** The answer, how its turn stands, and when that began in ms since 1970. `state` may be newer than `segment`, never older. */
export interface ReadSegment {
  segment: Segment;
  state: TurnState;
  beganMs: number;
}

/** Waits up to `timeoutMs` for the turn to end, or to wait for somebody. Throws `not_found` for a turn that never was. */
export async function readSegment(
  session: ReturnType<typeof sessionObject>,
  { turn, afterSeq, timeoutMs }: { turn: string; afterSeq?: number | undefined; timeoutMs: number },
): Promise<ReadSegment> {
  const state = unwrap(await session.wait(turn, timeoutMs));
  let beganMs = Date.now();
  if (state.status === "queued") return { segment: new Segment(), state, beganMs };
  const [first] = unwrap(await session.entries({ after: state.firstSeq - 1, limit: 1, lean: true })).entries;
  const segment = new Segment({ hasForm: first?.type === "user" && first.options.responseFormat !== undefined });
  let seq = Math.max(state.firstSeq - 1, afterSeq ?? 0);
  let own: string | undefined;
  for (let isOpen = true; isOpen; ) {
    const { entries } = unwrap(await session.entries({ after: seq, limit: entriesInOneGo, lean: true }));
    own ??= entries[0]?.turn;
    beganMs = Math.min(beganMs, entries[0]?.atMs ?? beganMs);
    for (const entry of entries) {
      if (entry.turn === own) for (const { event } of eventsOfEntry(entry)) segment.take(event);
    }
    const last = entries.at(-1);
    seq = last?.seq ?? seq;
    isOpen = last !== undefined && last.turn === own && last.type !== "turn_ended" && !segment.isOver;
  }
  return { segment, state, beganMs };
}
