/** Cleans the text of one answer before it is shown: makes calls of leaked markup, then removes the text around a JSON answer. Pure. */
import type { ModelEvent } from "../core/model-event.ts";
import { jsonAnswerEvents } from "./json-answer.ts";
import type { LeakedCall } from "./leaked-calls.ts";
import { Salvage, type SalvageRules } from "./salvage.ts";
import { mostCalls, tooMuch } from "./translate.ts";

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

/** Leaked calls are numbered after any that came as calls. */
const firstIndex = 10_000_000;

/** One per reply; returns the events of one read without markup, and at the finish the calls that were leaked. */
export function salvageEvents(rules: SalvageRules): (events: readonly ModelEvent[]) => ModelEvent[] {
  const salvage = new Salvage(rules);
  const structured = new Set<number>();
  const atFinish = (reason: string): ModelEvent[] => {
    const hasCalls = structured.size > 0;
    const { text, calls: leaked, dropped, attempted } = salvage.end(hasCalls);
    if (!hasCalls && leaked.length > mostCalls) return [tooMuch(`more than ${mostCalls} tool calls in one reply`)];
    // Beside so many calls that came as such, the leaked ones can only be copies, or too much.
    const calls = structured.size + leaked.length > mostCalls ? [] : leaked;
    return [
      ...(text === "" ? [] : [{ type: "text", text } as const]),
      ...calls.flatMap(callEvents),
      ...(dropped ? [{ type: "repair", what: "tool markup that makes no call left out of the text" } as const] : []),
      // A reply cut by length has no calls anyway; half a markup is just a part of what was cut.
      ...(attempted && !hasCalls && reason !== "length" ? [{ type: "broken_call" } as const] : []),
    ];
  };
  return (events) =>
    events.flatMap((event): ModelEvent[] => {
      switch (event.type) {
        case "text": {
          const text = salvage.text(event.text);
          return text === "" ? [] : [{ type: "text", text }];
        }
        case "tool_call":
          structured.add(event.index);
          return [event];
        case "finish":
          return [...atFinish(event.reason), event];
        default:
          return [event];
      }
    });
}

function callEvents({ name, arguments: args }: LeakedCall, n: number): ModelEvent[] {
  return [
    { type: "tool_call", index: firstIndex + n, name, arguments: args, salvaged: true },
    { type: "repair", what: `call of ${name} taken out of leaked markup` },
  ];
}
