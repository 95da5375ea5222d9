/** Writes one answer as OpenAI's chat completion. */
import type { Segment } from "./segment.ts";
import { chatUsage, finishReasonOf } from "./spelling.ts";

/** `created`: seconds since 1970. `isPart`: it is a later part of its turn, so what the turn used is more than what it used. */
export interface CompletionFacts {
  id: string;
  created: number;
  model: string;
  isPart: boolean;
}

/** The body of an answer that has ended, or waits for its client. */
export function chatCompletion(segment: Segment, of: CompletionFacts): Record<string, unknown> {
  const { id, created, model, isPart } = of;
  const { turnEnd, clientCalls, reasoning, text, refusal, usage } = segment;
  const calls = segment.isOver || turnEnd === undefined ? clientCalls : [];
  const message = {
    role: "assistant",
    content: text === "" && (calls.length > 0 || refusal !== "") ? null : text,
    refusal: refusal === "" ? null : refusal,
    ...(reasoning !== "" && { reasoning_content: reasoning }),
    ...(calls.length > 0 && {
      tool_calls: calls.map(({ id, name, arguments: text }) => {
        return { id, type: "function", function: { name, arguments: text } };
      }),
    }),
  };
  const finish = calls.length > 0 || turnEnd === undefined ? "tool_calls" : finishReasonOf(turnEnd);
  return {
    id,
    object: "chat.completion",
    created,
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finish }],
    usage: chatUsage(turnEnd === undefined || isPart ? usage : turnEnd.usage),
  };
}
