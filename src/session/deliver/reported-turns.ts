/** What a session tells its account of ended turns beside their steps: a record of each, and what people thought of it. */
import type { Account } from "../../account/account.ts";
import type { ReportedTurn, SessionTraces } from "../../observe/telemetry.ts";
import { turnRecord } from "../../observe/turn-record.ts";
import type { FeedbackStore } from "../store/feedback.ts";
import type { Turns } from "../turn/turns.ts";

/** `undefined` for a turn that is open, or was held elsewhere. */
export type TurnReader = (turn: string) => ReportedTurn | undefined;

/** `agent`: the session's own. `traces`: where metrics are sent. */
export function turnReader(turns: Turns, agent: string, traces: SessionTraces | undefined): TurnReader {
  return (turn) => {
    const firstSeq = turns.firstSeq(turn);
    const entries = firstSeq === undefined ? [] : turns.entries(firstSeq);
    const [first] = entries;
    if (first?.type === "user" && first.options.via === "history") return undefined;
    const record = turnRecord(entries, agent);
    const samples = record && traces?.samples(entries);
    return record && { ...record, ...(samples && { samples }) };
  };
}

/** Tells what people said of turns that the account does not know yet; of an open turn once it has ended. */
export async function reportFeedback(
  account: DurableObjectStub<Account>,
  session: string,
  { feedback, readTurn }: { feedback: FeedbackStore; readTurn: TurnReader },
): Promise<void> {
  for (const { turn, score, atMs } of feedback.unreported()) {
    const ended = readTurn(turn);
    if (ended === undefined) continue;
    const { agent, version, model, rollout } = ended;
    await account.putFeedback(session, {
      ...{ turn, score, atMs, agent, model },
      ...(version !== undefined && { version }),
      ...(rollout && { rollout }),
    });
    feedback.reported(turn, atMs);
  }
}
