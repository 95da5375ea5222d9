/**
 * Puts each result behind the answer that made its call. OpenAI pairs calls and outputs by `call_id` wherever they are, and
 * Codex writes messages between them (awesome-deepseek-integration#740); models and transcripts want them next to each
 * other. Drops and invents nothing: an output without a call stays where it is. Pure.
 */
import type { HistoryItem } from "../../../core/history.ts";

type Answer = Extract<HistoryItem, { role: "assistant" }>;

interface Read<A> {
  items: HistoryItem[];
  /** `at`: how many items are before the answer. */
  approvals: A[];
}

/** The same items in legal order, where there is one. */
export function pairOutputs<A extends { at: number }>(read: Read<A>): Read<A> {
  const results = resultsByAnswer(read.items);
  const paired = new Set([...results.values()].flat());
  const items: HistoryItem[] = [];
  /** By place in `read.items`: how many items are before it now. */
  const before: number[] = [];
  for (const item of read.items) {
    before.push(items.length);
    if (paired.has(item)) continue;
    items.push(item);
    if (item.role === "assistant") items.push(...(results.get(item) ?? []));
  }
  const approvals = read.approvals.map((each) => ({ ...each, at: before[each.at] ?? items.length }));
  return { items, approvals };
}

/** Of calls with one id, the newest that has no result yet gets the next one: models use ids again. */
function resultsByAnswer(items: readonly HistoryItem[]): Map<Answer, HistoryItem[]> {
  const open = new Map<string, Answer[]>();
  const results = new Map<Answer, HistoryItem[]>();
  for (const item of items) {
    if (item.role === "assistant") {
      for (const { id } of item.calls) append(open, id, item);
      continue;
    }
    const answer = item.role === "tool" ? open.get(item.callId)?.pop() : undefined;
    if (answer !== undefined) append(results, answer, item);
  }
  return results;
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
