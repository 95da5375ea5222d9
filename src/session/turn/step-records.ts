/** The steps among a session's entries, as the account's ledger wants them. Pure. */
import type { OtherTries, StepRecord } from "../../account/ledger.ts";
import { addUsage, noUsage } from "../../core/cost.ts";
import type { CompactionEntry, Entry, FailedTry } from "../../core/entry.ts";

/** Which agent the steps of a turn are booked for; `undefined` where that is not known. */
export type RanBy = (turn: string) => Pick<StepRecord, "agent" | "agentVersion"> | undefined;

/** One record per model call; `entries` may begin and end anywhere between turns. */
export function stepRecords(entries: readonly Entry[], ranBy: RanBy = () => undefined): StepRecord[] {
  return entries.flatMap((entry) => {
    if (entry.type === "compaction") return [{ ...summaryRecord(entry), ...ranBy(entry.turn) }];
    if (entry.type !== "assistant" && entry.type !== "step_failed") return [];
    const { seq, atMs, model, costMicros, usage, tries = [], firstEventMs = null, durationMs = null } = entry;
    const own = entry.type === "assistant" ? (entry.repairs?.length ?? 0) : 0;
    const inCalls = entries
      .filter((each) => each.type === "tool" && each.turn === entry.turn && each.step === entry.step)
      .reduce((sum, each) => sum + (each.type === "tool" ? (each.repairs?.length ?? 0) : 0), 0);
    const facts = { failed: entry.type === "step_failed", retries: tries.length, repairs: own + inCalls };
    return [
      {
        seq,
        atMs,
        model,
        ...facts,
        ...usage,
        costMicros,
        firstEventMs,
        durationMs,
        ...othersOf(tries, model),
        ...turnCounts(entry, entries),
        ...ranBy(entry.turn),
      },
    ];
  });
}

/** The tries at models other than the one that the step ended with, a row for each model. */
function othersOf(tries: readonly FailedTry[], model: string): { others?: OtherTries[] } {
  const names = [...new Set(tries.map((each) => each.model))].filter((name) => name !== model);
  if (names.length === 0) return {};
  const others = names.map((name) => {
    const own = tries.filter((each) => each.model === name);
    const sum = own.reduce((sum, { usage }) => addUsage(sum, usage ?? noUsage), noUsage);
    const cost = own.reduce((sum, { costMicros = 0 }) => sum + costMicros, 0);
    const { inputTokens, cachedTokens, outputTokens, reasoningTokens } = sum;
    return {
      model: name,
      tries: own.length,
      inputTokens,
      cachedTokens,
      outputTokens,
      reasoningTokens,
      costMicros: cost,
    };
  });
  return { others };
}

/** What a turn wrote and requested is reported with its last step. */
function turnCounts({ turn, seq }: Entry, entries: readonly Entry[]): typeof noCounts {
  const mine = entries.filter((entry) => entry.turn === turn);
  const last = mine.findLast(({ type }) => type === "assistant" || type === "step_failed");
  const end = mine.at(-1);
  if (last?.seq !== seq || end?.type !== "turn_ended") return noCounts;
  const { rowsWritten = 0, kvReads = 0, kvWrites = 0 } = end;
  return { rowsWritten, kvReads, kvWrites };
}

const noCounts = { rowsWritten: 0, kvReads: 0, kvWrites: 0 };

/** A summary is paid like a step. One that was put together without a model cost what the model's try cost. */
function summaryRecord(entry: CompactionEntry): StepRecord {
  const { seq, atMs, model = "none", failure, usage, costMicros, durationMs } = entry;
  const facts = { failed: failure !== undefined, retries: 0, repairs: 0 };
  return { seq, atMs, model, ...facts, ...usage, costMicros, firstEventMs: null, durationMs, ...noCounts };
}
