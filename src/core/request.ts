/** Turns entries into the messages a model is sent. Append-only: more entries give the same messages plus more, so request n+1 begins with request n. */

import { CallIds } from "./call-ids.ts";
import { defined } from "./defined.ts";
import type { AssistantEntry, Entry, ToolEntry, UserEntry } from "./entry.ts";
import type { Message } from "./message.ts";
import { keepEnds } from "./outline.ts";
import { answerAll, legalStep, noText } from "./repair.ts";
import { resultShare, type TextLimits } from "./window.ts";

/** Which of the tools that read the transcript are offered in the request: a text names no tool that is not there. */
export interface Readers {
  search: boolean;
  read: boolean;
}

const allReaders: Readers = { search: true, read: true };

/** The line before the summary of the part that left the window. */
function summaryLead({ search }: Readers): string {
  const hint = search ? " (search_transcript finds their words)" : "";
  return `Summary of the conversation so far, in place of its earlier messages${hint}:`;
}

/** The text that replaces entries that do not fit and were not summarised. */
export function leftOutMessage(throughSeq: number, { search, read }: Readers = allReaders): Message {
  const hints = [
    ...(search ? ["search_transcript finds their words"] : []),
    ...(read ? ["read_entry reads them"] : []),
  ];
  const hint = hints.length === 0 ? "" : `: ${hints.join(", ")}`;
  const content = `[Entries 1 to ${throughSeq} of this conversation are left out, because they do not fit${hint}.]`;
  return { role: "user", content };
}

/** How texts and ids are written. `ids`: of the messages before, which are not given out again; without them a step is looked at alone. */
export interface Spelling {
  limits?: TextLimits;
  ids?: CallIds;
  /** Both when absent. */
  readers?: Readers;
}

const unlimited: TextLimits = {
  resultChars: Number.POSITIVE_INFINITY,
  messageChars: Number.POSITIVE_INFINITY,
};

/**
 * The messages of `entries`, a slice of the log that begins and ends between steps: results come right after their
 * calls, in call order, whatever order they came in. Failed steps and turn ends are not shown to the model. Texts longer
 * than `limits` are cut, and say where the rest is. Whatever a model, a tool or a person wrote, the messages are legal.
 */
export function messagesOf(
  entries: readonly Entry[],
  { limits = unlimited, ids, readers = allReaders }: Spelling = {},
): Message[] {
  const results = Map.groupBy(
    entries.filter((entry) => entry.type === "tool"),
    (entry) => stepKey(entry),
  );
  return entries.flatMap((entry): Message[] => {
    switch (entry.type) {
      case "user":
        if (entry.again) return [];
        return [
          {
            role: "user",
            content: requestText(entry, limits, readers),
            ...defined({ speaker: entry.speaker }),
          },
        ];
      case "note":
        return [{ role: "user", content: entry.content }];
      case "assistant":
        return assistantMessages(entry, results.get(stepKey(entry)) ?? [], { limits, readers, ...(ids && { ids }) });
      case "compaction":
        return [
          { role: "user", content: `${summaryLead(readers)}\n\n${keepEnds(entry.summary, limits.summaryChars)}` },
        ];
      case "tool":
      case "approval":
      case "step_failed":
      case "turn_ended":
        return [];
    }
  });
}

/** The form of the answer is requested at the tail: in the head it would change what the provider has cached, and a mode alone does not suffice (DeepSeek wants the word JSON, too). */
function requestText(
  { seq, content: whole, options }: UserEntry,
  { messageChars }: TextLimits,
  readers: Readers,
): string {
  const content = whole.trim() === "" ? noText : cutText(whole, messageChars, { seq, readers });
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

function assistantMessages(entry: AssistantEntry, results: ToolEntry[], of: Spelling): Message[] {
  const { seq, reasoning: thought, toolCalls } = entry;
  const { limits = unlimited, ids = new CallIds(), readers = allReaders } = of;
  const { messageChars } = limits;
  // An assistant message with neither text nor calls is refused by providers and would block the session for good.
  if (entry.content.trim() === "" && toolCalls.length === 0) return [];
  const lengths = results.map(({ content }) => content.length);
  const resultChars = resultShare(lengths, limits);
  const answers = answerAll(
    toolCalls,
    results.map(({ seq, callId, name, content, isError }) => {
      return { callId, name, content: cutText(content, resultChars, { seq, readers }), isError };
    }),
  );
  const step = legalStep({ calls: toolCalls, results: answers }, { ids, seq, mostChars: messageChars });
  const content = cutText(entry.content, messageChars, { seq, readers });
  const reasoning = thought.length > messageChars ? thought.slice(0, messageChars) : thought;
  return [{ role: "assistant", content, reasoning, toolCalls: step.calls }, ...step.results];
}

/** The beginning of a text that is too long, and the handle to read on with. */
function cutText(text: string, mostChars: number, { seq, readers }: { seq: number; readers: Readers }): string {
  if (text.length <= mostChars) return text;
  const kept = text.slice(0, mostChars).replace(/[\ud800-\udbff]$/, "");
  const left = `${text.length - kept.length} more characters`;
  if (!readers.read) return `${kept}\n[cut: ${left}, which are not shown here]`;
  return `${kept}\n[cut: ${left}; to read on: read_entry with seq ${seq}, offset ${kept.length}]`;
}
