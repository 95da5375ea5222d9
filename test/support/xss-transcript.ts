/** A session as `import` reads it, in which every place that somebody else fills holds each of the hostile texts: messages, speakers, reasoning, answers, names and arguments of calls, results, denials, failures, summaries. */
import type { Entry, NewEntry } from "../../src/core/entry.ts";
import { entryLine, headerLine } from "../../src/doors/copies/transcript-text.ts";
import { asking, assistant, call, ended, failed, result, user } from "./entries.ts";

export function xssTranscript(id: string, texts: readonly string[]): string {
  const entries = texts.flatMap((text, place) => hostileTurn(text, `turn_${place + 1}`));
  const about = {
    id,
    agent: null,
    title: texts[0] ?? null,
    metadata: {},
    instructions: null,
    model: null,
    prefix: null,
  };
  const lines = entries.map((entry, place) => entryLine({ ...entry, seq: place + 1 } as Entry));
  return [headerLine({ ...about, createdAtMs: 1 }), ...lines].join("\n");
}

function hostileTurn(text: string, turn: string): NewEntry[] {
  const of = { turn };
  const toolCalls = [call("c0", text.slice(0, 200) || "x", JSON.stringify({ [text]: text })), call("c1", "send", text)];
  const failure = { code: "internal", detail: text, retryable: false } as const;
  return [
    user({ ...of, content: text, speaker: text.replace(/[\r\n]/g, " ").slice(0, 64) }),
    asking([], { ...of, reasoning: text, content: text, toolCalls, waits: { c1: "approval" }, repairs: [text] }),
    result("c0", { ...of, name: "x", content: text, repairs: [text] }),
    { type: "approval", ...of, atMs: 1, step: 1, callId: "c1", name: "send", approve: false, reason: text, by: text },
    result("c1", { ...of, name: "send", content: text, isError: true }),
    assistant({ ...of, step: 2, content: `- ${text}\n> ${text}\n\n[x](${text})\n\n| ${text} |\n|---|\n| ${text} |` }),
    failed({ ...of, step: 3, content: text, failure }),
    ended({ ...of, reason: "failed", failure }),
  ] as NewEntry[];
}
