/** Makes what a session sends for each item that it owes to the collector: spans of a turn or of a delivery, and events about them. Only an app that lists `otel()` carries this. Reads; sends nothing. */
import { deliverySpans } from "../../observe/delivery-spans.ts";
import type { ObservedSession, TelemetryData, TelemetryItem } from "../../observe/telemetry.ts";
import { feedbackEvent, rolloutEvents } from "../../observe/turn-events.ts";
import { turnSpans } from "../../observe/turn-spans.ts";
import type { LogTraces } from "./session-traces.ts";

const nothing: TelemetryData = { spans: [], events: [] };

/** Nothing when what the item is about is gone. */
export async function exportData(
  item: TelemetryItem,
  traces: LogTraces,
  { feedback }: Pick<ObservedSession, "feedback">,
): Promise<TelemetryData> {
  if (item.kind === "turn") {
    const entries = await traces.entries(item.firstSeq);
    const [first] = entries;
    if (first === undefined) return nothing;
    const facts = traces.facts(item.firstSeq);
    const events = await rolloutEvents({ ...facts, turn: first.turn }, first);
    return { spans: await turnSpans(entries, facts), events };
  }
  const made = item.kind === "delivery" ? traces.deliveries.byId(item.id) : undefined;
  const turn = item.kind === "feedback" ? item.turn : made?.turn;
  const first = turn === undefined ? undefined : traces.first(turn);
  if (first === undefined) return nothing;
  const place = { ...traces.facts(first.seq), turn: first.turn };
  if (made !== undefined) return { ...nothing, spans: await deliverySpans([made], place, first) };
  const given = item.kind === "feedback" ? feedback.of(item.turn) : undefined;
  // What took its place has an item of its own.
  if (given === undefined || item.kind !== "feedback" || given.atMs !== item.atMs) return nothing;
  return { ...nothing, events: [await feedbackEvent(given, place, first)] };
}
