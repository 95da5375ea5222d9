/** Judges what one reader saw, over all its connections, against the log of its session. Pure. */
import type { EntryData, EventData, ReaderLog, SeenEvent } from "./session-log.ts";

/** What is wrong: events twice or out of order, events missing, text or calls that are not those of the log. */
export function readerFaults({ name, events }: ReaderLog, entries: readonly EntryData[]): string[] {
  const faults = [...orderFaults(events), ...wholeFaults(events, entries), ...contentFaults(events, entries)];
  return faults.map((fault) => `${name}: ${fault}`);
}

/** Entry, whole or not, attempt, reasoning, text, calls: each id must be behind the one before. */
function placeOf(id: string): number[] {
  const [seq = 0, ...into] = cursorIn(id).split(".").map(Number);
  return into.length === 0 ? [seq, 1] : [seq, 0, ...into];
}

/** An id without the mark of its session. */
export function cursorIn(id: string): string {
  return id.slice(id.lastIndexOf("-") + 1);
}

function isBehind(one: readonly number[], other: readonly number[]): boolean {
  const at = one.findIndex((value, place) => value !== other[place]);
  return at >= 0 && (one[at] ?? 0) > (other[at] ?? 0);
}

/** Events without an id, and those that do not lie behind the one before. */
function orderFaults(events: readonly SeenEvent[]): string[] {
  return events.flatMap(({ id, event }, place) => {
    if (id === undefined) return [`a ${event} has no id`];
    const before = events[place - 1]?.id;
    if (before === undefined || isBehind(placeOf(id), placeOf(before))) return [];
    return [`${event} ${id} comes after ${before}`];
  });
}

/** The events that stand for whole entries must be those of the log, in its order, up to its end. */
function wholeFaults(events: readonly SeenEvent[], entries: readonly EntryData[]): string[] {
  const seen = events.filter(({ id }) => id !== undefined && !id.includes(".")).map(seenLine);
  const told = entries.flatMap(toldLine);
  const at = told.findIndex((line, place) => line !== seen[place]);
  if (at >= 0) return [`sees "${seen[at]}" where the log has "${told[at]}"`];
  return seen.length > told.length ? [`sees "${seen[told.length]}" behind the end of the log`] : [];
}

function seenLine({ id, event, data }: SeenEvent): string {
  const facts = [data.turn, data.call_id, data.content, data.message?.content, data.reason];
  return [cursorIn(id ?? ""), event, ...facts.filter((fact) => fact !== undefined)].join(" | ");
}

function toldLine({ seq, turn, type, message, reason, joined }: EntryData): string[] {
  switch (type) {
    case "user":
      return joined ? [] : [[seq, "turn.started", turn].join(" | ")];
    case "assistant":
      return [[seq, "message.completed", message?.content].join(" | ")];
    case "tool":
      return [[seq, "tool.finished", message?.tool_call_id, message?.content].join(" | ")];
    case "step_failed":
      return [[seq, "error"].join(" | ")];
    case "turn_ended":
      return [[seq, "turn.ended", turn, reason].join(" | ")];
    default:
      return [];
  }
}

/** What arrived of one reply since it began, or began again. */
interface Heard {
  seq: number;
  text: string;
  reasoning: string;
  calls: string[];
}

/** The parts of each reply, put together, must be the reply that the log has; what a restart voided is thrown away. */
function contentFaults(events: readonly SeenEvent[], entries: readonly EntryData[]): string[] {
  const faults: string[] = [];
  let heard: Heard | undefined;
  const begun = new Set<string>();
  let turn = "";
  for (const { id = "", event, data } of events) {
    const [seq = 0] = placeOf(id);
    if (event === "step.started" || event === "step.restarted") {
      const step = `${turn} ${data.step}`;
      if (event === "step.started" && data.step !== undefined && begun.has(step))
        faults.push(`step ${step} starts twice`);
      begun.add(step);
      heard = { seq, text: "", reasoning: "", calls: [] };
    } else if (heard?.seq === seq && id.includes(".")) {
      hear(heard, event, data);
    } else if (id.includes(".")) {
      faults.push(`${event} ${id} comes before its step has started`);
    }
    if (event === "turn.started") turn = data.turn ?? "";
    if (event === "turn.ended" && heard !== undefined && heard.text !== "")
      faults.push(`"${heard.text}" was never voided`);
    if (event === "turn.ended") heard = undefined;
    if (event === "message.completed" || (event === "error" && !id.includes("."))) {
      faults.push(...replyFaults(heard?.seq === seq ? heard : undefined, entries[seq - 1], event));
      heard = undefined;
    }
  }
  return faults;
}

function hear(heard: Heard, event: string, data: EventData): void {
  if (event === "text.delta") heard.text += data.text ?? "";
  if (event === "reasoning.delta") heard.reasoning += data.text ?? "";
  if (event === "tool.called") heard.calls.push(`${data.call_id} ${data.name} ${data.arguments}`);
}

function replyFaults(heard: Heard | undefined, entry: EntryData | undefined, event: string): string[] {
  if (heard === undefined) return [`${event} of entry ${entry?.seq} comes without its beginning`];
  const said = entry?.message?.content ?? entry?.partial ?? "";
  const calls = (entry?.message?.tool_calls ?? []).map(
    ({ id, function: { name, arguments: text } }) => `${id} ${name} ${text}`,
  );
  const faults: string[] = [];
  if (heard.text !== said)
    faults.push(`the text of entry ${heard.seq} is "${heard.text}" in parts and "${said}" in the log`);
  if (heard.reasoning !== (entry?.message?.reasoning_content ?? ""))
    faults.push(`the reasoning of entry ${heard.seq} differs`);
  if (heard.calls.join() !== calls.join())
    faults.push(`the calls of entry ${heard.seq} are [${heard.calls}] and [${calls}] in the log`);
  return faults;
}
