/** What a request is in tokens, for calls whose provider does not say: our estimate, calibrated by what the provider counted earlier in this session. Read only when a call was cut. */
import type { AssistantEntry, Entry } from "../../core/entry.ts";
import { outputRatio, type Sent, textsTokens, textTokens } from "../../core/estimate-usage.ts";
import type { TranscriptLog } from "../store/transcript-log.ts";
import type { RequestWindow } from "./request-window.ts";

/** Entries that are looked at for earlier counts. */
const recent = { entries: 200, maxUnits: 100_000 };
/** A longer answer is not read for its count, in tokens. */
const longestAnswer = 20_000;
/** A shorter text is the whole one, in UTF-16 units. */
const shortText = 3_000;

export interface RequestTexts {
  model: string;
  /** The head of the request, and half an answer or the question for a summary after its messages. */
  beside: readonly string[];
  messages: readonly string[];
  /** What the prefix doctor expects to be cached. */
  expectedTokens: number;
}

/** Keys and quotes of an encoded message, which a provider does not count as JSON. */
const wrapTokens = 5;

/** `window` has read the log for the model that is called. */
export function sentEstimate(window: RequestWindow, log: TranscriptLog, sending: RequestTexts): Sent {
  const { messages, beside, expectedTokens, model } = sending;
  const answers = earlierAnswers(log, model);
  const ratio = outputRatio(answers.map(countedOf));
  const { counted } = window;
  // A summary of the older part is shorter than what was counted.
  const isUsable = counted !== undefined && counted.messages <= messages.length;
  const [head = "", ...more] = beside;
  const begin = isUsable ? counted.tokens : textTokens(head);
  const rest = isUsable ? messages.slice(counted.messages) : messages;
  const tokens = begin + ratio * (sum(rest) + sum(more));
  return { tokens, cachedTokens: expectedTokens * hitRate(answers), outputRatio: ratio };
}

function sum(texts: readonly string[]): number {
  return Math.max(0, textsTokens(texts) - wrapTokens * texts.length);
}

/** Replies of this model whose provider counted them, and them alone. */
function earlierAnswers(log: TranscriptLog, model: string): AssistantEntry[] {
  const after = Math.max(0, log.lastSeq - recent.entries);
  const isCounted = (entry: Entry): entry is AssistantEntry => {
    if (entry.type !== "assistant" || entry.model !== model || entry.usage.outputTokens > longestAnswer) return false;
    return entry.tries === undefined && entry.replayed === undefined && !entry.usage.estimated;
  };
  // What lies between them may be megabytes of questions and results.
  const counted = log.readBeginnings({ after, limit: recent.entries, maxUnits: recent.maxUnits }).filter(isCounted);
  return counted.flatMap((entry) => {
    const isShort = entry.content.length + entry.reasoning.length < shortText;
    return isShort ? [entry] : log.read({ after: entry.seq - 1, limit: 1 }).filter(isCounted);
  });
}

/** Reasoning that is paid for and not shown is left out: nothing of it arrives before a cut either. */
function countedOf({ usage, reasoning, content, toolCalls }: AssistantEntry) {
  const calls = toolCalls.map(({ name, arguments: text }) => `${name}${text}`).join("");
  const hidden = reasoning === "" ? usage.reasoningTokens : 0;
  const estimated = textTokens(reasoning) + textTokens(content) + textTokens(calls);
  return { outputTokens: usage.outputTokens - hidden, estimated };
}

/** How much of what was expected to be cached the provider did find; 1 when that was never seen. */
function hitRate(answers: readonly AssistantEntry[]): number {
  const seen = answers.filter(({ prefix }) => prefix !== undefined && prefix.expectedTokens > 0);
  const expected = seen.reduce((all, { prefix }) => all + (prefix?.expectedTokens ?? 0), 0);
  const found = seen.reduce((all, { usage }) => all + usage.cachedTokens, 0);
  return expected === 0 ? 1 : Math.min(1, found / expected);
}
