/** The errors of durable steps, in words that say what to change. */
import { longestWaitMs, mostSteps } from "./step.ts";

type StepFault =
  | "step_name_invalid"
  | "step_name_used_twice"
  | "step_within_step"
  | "step_order_changed"
  | "step_value_not_json"
  | "step_value_too_large"
  | "step_limit_reached"
  | "step_wait_invalid";

/** The tool broke a rule of steps: its call ends with this error, whatever its code catches. */
export class StepError extends Error {
  constructor(fault: StepFault, detail: string) {
    super(`${fault}: ${detail}`);
    this.name = fault;
  }
}

export function nameInvalid(name: unknown): StepError {
  const shown = JSON.stringify(String(name).slice(0, 120).toWellFormed());
  const detail = `${shown} cannot name a step. Use 1 to 100 characters without / ? # and \\; the first is a letter or a digit.`;
  return new StepError("step_name_invalid", detail);
}

export function usedTwice(name: string): StepError {
  const detail = `The call has two steps with the name "${name}". Give each its own name; in a loop, add the number of the round.`;
  return new StepError("step_name_used_twice", detail);
}

export function withinStep(name: string, outer: string): StepError {
  const detail = `The step "${name}" begins within the step "${outer}". Begin it before or after that one, or beside it with step.all.`;
  return new StepError("step_within_step", detail);
}

/** `what`: what the code did, after "its code". */
export function orderChanged(what: string): StepError {
  const detail = `The call has recorded other steps than it now has: its code ${what}. Names and order of steps may depend on the input and on what steps returned, never on time, chance or what is outside. To change the steps of a tool, give it another name until its open calls are over.`;
  return new StepError("step_order_changed", detail);
}

export function tooManySteps(): StepError {
  return new StepError("step_limit_reached", `A call has at most ${mostSteps} steps. Do more in each of them.`);
}

export function waitInvalid(name: string, ms: unknown): StepError {
  const detail = `The step "${name}" would wait ${String(ms)} ms. A wait takes 0 to ${longestWaitMs} ms (365 days).`;
  return new StepError("step_wait_invalid", detail);
}

export function notRecordable(name: string, why: string): StepError {
  const detail = `The step "${name}" has run, and what it returned is not JSON: ${why} Return text or plain data.`;
  return new StepError("step_value_not_json", detail);
}

export function tooLarge(name: string, { bytes, most }: { bytes: number; most: number }): StepError {
  const detail = `The step "${name}" has run, and its call would have ${bytes} bytes to record; at most ${most} are kept. Return an id, and read the rest where it is needed.`;
  return new StepError("step_value_too_large", detail);
}

const unknownName = "step_outcome_unknown";

/** The message of a step that a crash cut off, and that must not run twice. */
export function unknownOutcome(name: string): string {
  return `${unknownName}: The server stopped while the step "${name}" was running, and it is not safe to run it twice. Check whether it took effect.`;
}

/** What the tool's code gets of a step that failed: the same at every replay. */
export function errorOf(message: string): Error {
  const error = new Error(message);
  if (message.startsWith(`${unknownName}: `)) error.name = unknownName;
  return error;
}
