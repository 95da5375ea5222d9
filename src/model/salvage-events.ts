/** Puts the salvage of leaked markup between what was translated and what goes on. Pure. */
import type { ModelEvent } from "../core/model-event.ts";
import type { Salvage } from "./salvage.ts";

/** Leaked calls are numbered behind any that came as calls. */
const firstIndex = 10_000;

/** The events of one read without markup; at the finish, with the calls that were leaked. */
export function salvageEvents(salvage: Salvage, events: readonly ModelEvent[]): ModelEvent[] {
  return events.flatMap((event): ModelEvent[] => {
    switch (event.type) {
      case "text": {
        const text = salvage.text(event.text);
        return text === "" ? [] : [{ type: "text", text }];
      }
      case "finish":
        return [...atFinish(salvage, event.reason), event];
      default:
        return [event];
    }
  });
}

function atFinish(salvage: Salvage, reason: string): ModelEvent[] {
  const { text, calls, broken } = salvage.end();
  // A reply cut by length has no calls anyway; half a markup is just a part of what was cut.
  if (broken) return reason === "length" ? [] : [leakedMarkup];
  return [
    ...(text === "" ? [] : [{ type: "text", text } as const]),
    ...calls.map(({ name, arguments: args }, n) => ({
      type: "tool_call" as const,
      index: firstIndex + n,
      name,
      arguments: args,
    })),
    ...calls.map(({ name }) => ({ type: "repair" as const, what: `call of ${name} taken out of leaked markup` })),
  ];
}

const leakedMarkup: ModelEvent = {
  type: "failure",
  failure: {
    code: "model_malformed",
    detail: "The model's host leaked tool markup into the text, and it makes no whole call.",
    retryable: true,
  },
};
