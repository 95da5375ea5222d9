/** Notices a model that makes the same call over and over, as V3 and V3.2 do now and then (DeepSeek-V3 #15, Roo-Code #10101, gptme #3459). */
import type { Entry } from "./entry.ts";
import type { Failure } from "./errors.ts";
import type { ToolCall } from "./message.ts";
import { notRun } from "./not-run.ts";

/** Equal calls of a turn that fail, or that succeed, before the model is instructed to stop. */
const mostFailing = 3;
const mostEqual = 5;

/** Whether a call, which has no result yet, was made too often before: `yes` the first time, `still` when the model was instructed already. */
export function isLooping(call: ToolCall, entries: readonly Entry[]): "no" | "yes" | "still" {
  const results = entries.flatMap((entry) => {
    if (entry.type !== "assistant") return [];
    const equal = entry.toolCalls.filter(
      ({ id, name, arguments: text }) =>
        name === call.name && text === call.arguments && entry.copies?.[id] === undefined,
    );
    return equal.flatMap(
      ({ id }) => entries.find((each) => each.type === "tool" && each.step === entry.step && each.callId === id) ?? [],
    );
  });
  const failing = results.filter((result) => result.type === "tool" && result.isError).length;
  const wasInstructed = results.some((result) => result.type === "tool" && result.content === notRun.looping);
  if (wasInstructed) return "still";
  return failing >= mostFailing || results.length >= mostEqual ? "yes" : "no";
}

export const loopingFailure: Failure = {
  code: "model_looping",
  detail: "The model went on making the same call after it was instructed to stop.",
  retryable: true,
};
