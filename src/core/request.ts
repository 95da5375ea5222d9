/** Turns entries into the messages a model is sent. Append-only: more entries give the same messages plus more, so request n+1 begins with request n. */
import type { AssistantEntry, Entry, ToolEntry, UserEntry } from "./entry.ts";
import type { Message } from "./message.ts";
import { answerAll, legalCall } from "./repair.ts";

/**
 * The messages of `entries`, a slice of the log that begins and ends between steps: results stand right behind their
 * calls, in call order, whatever order they came in. Failed steps and turn ends are not shown to the model.
 */
export function messagesOf(entries: readonly Entry[]): Message[] {
  const results = Map.groupBy(
    entries.filter((entry) => entry.type === "tool"),
    (entry) => stepKey(entry),
  );
  return entries.flatMap((entry): Message[] => {
    switch (entry.type) {
      case "user":
        return [
          { role: "user", content: asked(entry), ...(entry.speaker !== undefined && { speaker: entry.speaker }) },
        ];
      case "note":
        return [{ role: "user", content: entry.content }];
      case "assistant":
        return assistantMessages(entry, results.get(stepKey(entry)) ?? []);
      case "tool":
      case "step_failed":
      case "turn_ended":
        return [];
    }
  });
}

/** The form of the answer is asked for at the tail: in the head it would change what the provider has cached, and a mode alone does not suffice (DeepSeek wants the word JSON, too). */
function asked({ content, options }: UserEntry): string {
  switch (options.responseFormat?.type) {
    case undefined:
      return content;
    case "json_object":
      return `${content}\n\nAnswer with one JSON object and nothing else: no code fence, no words around it.`;
    case "json_schema":
      return `${content}\n\nAnswer with JSON and nothing else, no code fence, no words around it. It must conform to this JSON schema:\n${JSON.stringify(options.responseFormat.schema)}`;
  }
}

/** Providers reuse call ids from step to step, so results are looked for in their own step only. */
function stepKey(entry: AssistantEntry | ToolEntry): string {
  return `${entry.turn} ${entry.step}`;
}

function assistantMessages(entry: AssistantEntry, results: ToolEntry[]): Message[] {
  const { content, reasoning } = entry;
  // An assistant message with neither text nor calls is refused by providers and would block the session for good.
  if (content === "" && entry.toolCalls.length === 0) return [];
  const answers = answerAll(
    entry.toolCalls,
    results.map(({ callId, name, content, isError }) => ({ callId, name, content, isError })),
  );
  return [{ role: "assistant", content, reasoning, toolCalls: entry.toolCalls.map(legalCall) }, ...answers];
}
