/** Cleans the text of one answer before it is shown: removes leaked markup, then the text around a JSON answer. Pure. */
import type { ModelEvent } from "../core/model-event.ts";
import { jsonAnswerEvents } from "./json-answer.ts";
import { salvageEvents } from "./salvage-events.ts";

export interface TextRules {
  /** From the profile: calls that were leaked into the text are taken out of it. */
  leaksCalls: boolean;
  /** The answer must be JSON: a code fence around it is taken off. */
  isJson: boolean;
  /** Text of the answer from before it was cut, which the model continues. */
  begun: string;
}

/** For one answer: events in their order, `finish` included, in pieces of any size. What was held back comes with `finish`. */
export type TextReader = (events: readonly ModelEvent[]) => ModelEvent[];

const noRules: TextRules = { leaksCalls: false, isJson: false, begun: "" };

export function textReader({ leaksCalls, isJson, begun }: TextRules = noRules): TextReader {
  const salvage = salvageEvents({ leaksCalls, begun });
  if (!isJson) return salvage;
  const json = jsonAnswerEvents(begun);
  return (events) => json(salvage(events));
}
