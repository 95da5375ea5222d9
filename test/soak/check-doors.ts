/** Judges what clients of the other doors have of their answers, against the log of their session. Pure. */
import type { DoorLog, EntryData, SessionLog } from "./session-log.ts";

/** Answers whose text is not that of the transcript, though no error said so, and what no client could make sense of. */
export function doorFaults({ doors, entries }: Pick<SessionLog, "doors" | "entries">): string[] {
  return doors.flatMap((log) => {
    const who = `${log.door} of ${log.turn}`;
    const faults = log.faults.map((fault) => `${who}: ${fault}`);
    const due = textOf(log, entries);
    if (log.state !== "whole" || log.text === due) return faults;
    return [...faults, `${who} has "${log.text}", and the transcript "${due}"`];
  });
}

/** What the answer says in the end. A response ends with the first call that waits for a person. */
function textOf({ door, turn }: DoorLog, entries: readonly EntryData[]): string {
  const mine = entries.filter((entry) => entry.turn === turn);
  const asked = mine.findIndex(({ message }) =>
    message?.tool_calls?.some((call) => call.function.name === "wire_money"),
  );
  const own = door === "responses" && asked >= 0 ? mine.slice(0, asked + 1) : mine;
  const replies = own.filter(({ type }) => type === "assistant" || type === "step_failed");
  return replies.map(({ message, partial }) => message?.content ?? partial ?? "").join("");
}
