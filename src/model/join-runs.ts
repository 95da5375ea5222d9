/** Joins neighbouring deltas of the same kind: a read from the provider gives one event per run, however many tokens came in it. */
import type { ModelEvent } from "../core/model-event.ts";

/** The same events in the same order, with consecutive `text` (or `reasoning`) events made one. */
export function joinRuns(events: readonly ModelEvent[]): ModelEvent[] {
  const joined: ModelEvent[] = [];
  for (const event of events) {
    const last = joined.at(-1);
    if (event.type === "text" && last?.type === "text") {
      joined[joined.length - 1] = { type: "text", text: last.text + event.text };
    } else if (event.type === "reasoning" && last?.type === "reasoning") {
      joined[joined.length - 1] = { type: "reasoning", text: last.text + event.text };
    } else {
      joined.push(event);
    }
  }
  return joined;
}
