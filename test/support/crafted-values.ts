/** Values that are made to cost much: conversations and schemas, of any size. */
import type { HistoryItem } from "../../src/core/history.ts";

/** One answer with as many calls as `text` has characters by sixty-fours, and all their results. */
export function fakeConversation(text: string): HistoryItem[] {
  const calls = Array.from({ length: Math.ceil(text.length / 64) }, (_, n) => ({
    id: `c${n}`,
    name: "f",
    arguments: "{}",
  }));
  return [
    { role: "user", content: text },
    { role: "assistant", content: "", reasoning: "", calls },
    ...calls.toReversed().map(({ id }): HistoryItem => ({ role: "tool", callId: id, content: "" })),
  ];
}
