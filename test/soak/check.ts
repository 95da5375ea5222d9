/** Judges what a soak collected: the invariants that hold whatever was killed when. Pure. */
import type { Entry } from "../../src/core/entry.ts";
import { TranscriptChecker } from "../../src/core/legal.ts";
import { lineSchemas, readLine } from "../../src/doors/copies/transcript-lines.ts";
import { doorFaults } from "./check-doors.ts";
import { readerFaults } from "./check-reader.ts";
import type { Execution } from "./harness/tool-server.ts";
import type { EntryData, SessionLog } from "./session-log.ts";

/** A broken invariant and what shows it. */
export interface Violation {
  rule: string;
  session: string;
  detail: string;
}

/** Results of calls that were never run, as the product words them. */
const unknown = /^Outcome unknown/;
const notRun = /^(Not run|Stopped before|The tool was not called|There is no tool)/;
/** Results of calls that were stopped: they ran, or did not come to it any more. */
const stopped = /^Stopped while/;

/** Everything that is wrong with a session. `executions`: those of its calls. */
export function checkSession(log: SessionLog, executions: readonly Execution[]): Violation[] {
  const faults: [string, string[]][] = [
    ["every accepted message ends", log.stuck],
    [
      "nothing legal is refused",
      [...log.refusals, ...[...log.readers, ...log.doors].flatMap(({ refusals }) => refusals)],
    ],
    ["acknowledged messages are kept", lostMessages(log)],
    ["one turn, one ending", endingFaults(log.entries)],
    ["the transcript is legal", transcriptFaults(log)],
    ["unsafe calls run at most once", unsafeFaults(log.entries, executions)],
    ["keyed calls take effect once", keyedFaults(executions)],
    ["only recorded calls run", unrecorded(log.entries, executions)],
    ["people's answers hold", decisionFaults(log, executions)],
    ["what a client has is in the transcript", doorFaults(log)],
    ["readers see the log", log.readers.flatMap((reader) => readerFaults(reader, log.entries))],
  ];
  return faults.flatMap(([rule, details]) => details.map((detail) => ({ rule, session: log.session, detail })));
}

/** Messages that were acknowledged and are not in the transcript once, in the turn that was named. */
export function lostMessages({ messages, entries }: SessionLog): string[] {
  const users = entries.filter(({ type }) => type === "user");
  return messages.flatMap(({ id, content, turns }) => {
    const named = [...new Set(turns)];
    const found = users.filter(({ message }) => message?.content === content).map(({ turn }) => turn);
    if (named.length > 1) return [`${id} was given the turns ${named.join(" and ")}`];
    if (found.length > 1) return [`${id} has the turns ${found.join(" and ")} in the log`];
    if (named.length === 1 && found[0] !== named[0])
      return [`${id} was accepted as ${named[0]}, and is ${found[0]} in the log`];
    return [];
  });
}

/** Turns without exactly one ending, and completed ones that do not answer their message. */
export function endingFaults(entries: readonly EntryData[]): string[] {
  return Object.entries(byTurn(entries)).flatMap(([turn, mine]) => {
    const ends = mine.filter(({ type }) => type === "turn_ended");
    if (ends.length !== 1) return [`${turn} has ${ends.length} endings`];
    const id = mine.findLast(({ type }) => type === "user")?.message?.content.split(":")[0] ?? "";
    const answer = mine.findLast(({ type }) => type === "assistant")?.message?.content ?? "";
    const reason = ends[0]?.reason ?? "";
    if (reason === "failed") return [`${turn} (${id}) failed: ${JSON.stringify(ends[0])}`];
    if (reason === "completed" && !answer.includes(`Answer to ${id} `))
      return [`${turn} answers ${id} with "${answer}"`];
    return [];
  });
}

/** What the exported transcript has that Longline would not take back, and entries that it lacks. */
export function transcriptFaults({ entries, exported }: Pick<SessionLog, "entries" | "exported">): string[] {
  const checker = new TranscriptChecker();
  const faults = exported.slice(1).flatMap((line) => {
    const parsed = lineSchemas.entry.safeParse(readLine(line));
    const fault = parsed.success ? checker.fault(parsed.data as Entry) : parsed.error.message;
    return fault === undefined ? [] : [`${fault}: ${line.slice(0, 200)}`];
  });
  const lines = Math.max(exported.length - 1, 0);
  return lines === entries.length ? faults : [`${entries.length} entries are ${lines} lines in the export`, ...faults];
}

/** Unsafe calls that ran more than once, or whose result says more than is true. */
export function unsafeFaults(entries: readonly EntryData[], executions: readonly Execution[]): string[] {
  const counts = new Map<string, number>();
  for (const { name, callId } of executions) {
    if (name === "pay" || name === "wire_money") counts.set(callId, (counts.get(callId) ?? 0) + 1);
  }
  const often = [...counts].filter(([, count]) => count > 1).map(([id, count]) => `${id} ran ${count} times`);
  const told = entries.flatMap(({ type, seq, message }) => {
    const isUnsafe = message?.name === "pay" || message?.name === "wire_money";
    if (type !== "tool" || !isUnsafe || unknown.test(message.content) || stopped.test(message.content)) return [];
    const count = counts.get(message.tool_call_id ?? "") ?? 0;
    const wanted = notRun.test(message.content) ? 0 : 1;
    return count === wanted || count > 1
      ? []
      : [`entry ${seq} says "${message.content}", but the call ran ${count} times`];
  });
  return [...often, ...told];
}

/** Keys that took effect more or less than once, calls with several keys, keys of several calls. */
export function keyedFaults(executions: readonly Execution[]): string[] {
  const booked = executions.filter(({ name }) => name === "book");
  const per = (from: "callId" | "idempotencyKey", to: "callId" | "idempotencyKey") =>
    Object.entries(Object.groupBy(booked, (each) => each[from])).flatMap(([value, all = []]) => {
      const others = new Set(all.map((each) => each[to]));
      return others.size === 1 ? [] : [`${from} ${value} came with ${others.size} of ${to}`];
    });
  const effects = Object.entries(Object.groupBy(booked, ({ idempotencyKey }) => idempotencyKey)).flatMap(
    ([key, all = []]) => {
      const count = all.filter(({ applied }) => applied).length;
      return count === 1 ? [] : [`key ${key} took effect ${count} times`];
    },
  );
  return [...per("callId", "idempotencyKey"), ...per("idempotencyKey", "callId"), ...effects];
}

/** Calls that ran and are in no reply of the log: something left before it was safe. */
export function unrecorded(entries: readonly EntryData[], executions: readonly Execution[]): string[] {
  const known = new Set(entries.flatMap(({ message }) => message?.tool_calls?.map(({ id }) => id) ?? []));
  return executions
    .filter(({ callId }) => !known.has(callId))
    .map(({ callId }) => `${callId} ran and is not in the log`);
}

/** Calls that ran though they were denied, or before anyone approved them. */
export function decisionFaults({ decisions, entries }: SessionLog, executions: readonly Execution[]): string[] {
  const decided = new Map(decisions.map((decision) => [decision.callId, decision]));
  const ran = executions
    .filter(({ name, callId }) => name === "wire_money" && decided.get(callId)?.approve !== true)
    .map(({ callId }) => `${callId} ran without being approved`);
  const taken = decisions
    .filter(({ statuses }) => statuses.filter((status) => status === 200).length > 1)
    .map(({ callId }) => `${callId} was decided more than once`);
  const asked = entries.filter(({ type, message }) => type === "tool" && message?.name === "wire_money");
  const open = asked
    .filter(({ message }) => !decided.has(message?.tool_call_id ?? "") && !notRun.test(message?.content ?? ""))
    .map(({ seq }) => `entry ${seq} is the result of a call that nobody was asked about`);
  return [...ran, ...taken, ...open];
}

function byTurn(entries: readonly EntryData[]): Record<string, EntryData[]> {
  return Object.groupBy(entries, ({ turn }) => turn) as Record<string, EntryData[]>;
}
