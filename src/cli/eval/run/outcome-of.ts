/** Reads what an agent made of a case off the entries of its turns. Pure; scores nothing. */
import type { AssistantEntry, Entry } from "../../../core/entry.ts";
import type { Toolbox } from "../../../tools/tool.ts";
import type { CaseOutcome } from "./result.ts";
import type { Stubs } from "./stubs.ts";

/** `entries`: those after the case's history. */
export function outcomeOf(
  entries: readonly Entry[],
  { tools, stubs }: { tools: Pick<Toolbox, "get" | "effectOf">; stubs: Pick<Stubs, "unmatched" | "unused"> },
): CaseOutcome {
  const end = entries.findLast((entry) => entry.type === "turn_ended");
  const replies = entries.filter((entry) => entry.type === "assistant");
  const steps = entries.filter((entry) => entry.type === "assistant" || entry.type === "step_failed");
  const sum = (figure: (step: (typeof steps)[number]) => number) =>
    steps.reduce((total, step) => total + figure(step), 0);
  const last = entries.at(-1);
  const isOver = last?.type === "turn_ended";
  const failure = end?.type === "turn_ended" ? end.failure : undefined;
  return {
    answer: replies.at(-1)?.content ?? "",
    status: isOver ? last.reason : "waiting",
    calls: replies.flatMap((reply) => callsOf(reply, entries, tools)),
    steps: steps.length,
    model: steps.at(-1)?.model ?? "",
    inputTokens: sum(({ usage }) => usage.inputTokens),
    cachedTokens: sum(({ usage }) => usage.cachedTokens),
    outputTokens: sum(({ usage }) => usage.outputTokens),
    costMicros: sum(({ costMicros }) => costMicros),
    firstEventMs: steps[0]?.firstEventMs ?? 0,
    durationMs: entries.length === 0 ? 0 : Math.max(0, (last?.atMs ?? 0) - (entries[0]?.atMs ?? 0)),
    ...(isOver && failure !== undefined && { error: { code: failure.code, detail: failure.detail } }),
    unmatched: stubs.unmatched,
    unusedStubs: stubs.unused,
  };
}

function callsOf(
  reply: AssistantEntry,
  entries: readonly Entry[],
  tools: Pick<Toolbox, "get" | "effectOf">,
): CaseOutcome["calls"] {
  return reply.toolCalls.map(({ id, name, arguments: written }) => {
    const result = entries.find(
      (entry) => entry.type === "tool" && entry.turn === reply.turn && entry.step === reply.step && entry.callId === id,
    );
    const parsed = tools.get(name)?.parse(written);
    return {
      name,
      input: parsed?.ok ? parsed.input : readJson(written),
      result: result?.type === "tool" ? result.content : "",
      isError: result?.type === "tool" && result.isError,
      effect: tools.effectOf(name),
    };
  });
}

/** Arguments as a value; as their text where they are no JSON. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
