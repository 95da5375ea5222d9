/** Makes a case from a turn of a real session: the conversation before it, its question, and the results of its tools as stubs. Pure. */
import { createHash } from "node:crypto";
import { defined } from "../../../core/defined.ts";
import type { Entry } from "../../../core/entry.ts";
import { redactValue } from "../../../test-kit/redact.ts";
import { UsageError } from "../../usage.ts";
import { readJson } from "../run/outcome-of.ts";
import type { CaseInput } from "./case.ts";

export interface CaseSource {
  session: string;
  turn: string;
  entries: readonly Entry[];
  /** The session's own instructions. */
  instructions: string | null;
  redact(text: string): string;
}

/** Throws a `UsageError` when there is no such turn, or it cannot be asked again. */
export function caseOfSession({ session, turn, entries, instructions, redact }: CaseSource): CaseInput {
  const own = entries.filter((entry) => entry.turn === turn);
  const turns = [...new Set(entries.map((entry) => entry.turn))];
  const asked = own.flatMap((entry) => (entry.type === "user" ? [entry] : []));
  if (asked.length === 0)
    throw new UsageError(
      `The session ${session} has no turn ${turn}. It has: ${turns.slice(-20).join(", ") || "none"}.`,
    );
  const history = answered(
    entries.slice(
      0,
      entries.findIndex((entry) => entry.turn === turn),
    ),
  );
  const calls = own.flatMap((entry) => (entry.type === "assistant" ? entry.toolCalls : []));
  const tools = own.flatMap((entry) => (entry.type === "tool" ? [stubOf(entry, calls)] : []));
  const reply = own.findLast((entry) => entry.type === "assistant");
  const messages = [
    ...history,
    ...asked.map(({ content, speaker }) => ({
      role: "user" as const,
      content,
      ...defined({ speaker }),
    })),
  ];
  const called = [...new Set(tools.map(({ name }) => name))];
  const format = asked[0]?.options.responseFormat;
  const made: CaseInput = {
    id: `${shortDigest(session)}-${turn}`,
    ...(messages.length === 1 && asked[0]?.speaker === undefined ? { input: asked[0]?.content ?? "" } : { messages }),
    conversation: shortDigest(session),
    ...(instructions !== null && { instructions }),
    ...defined({ response_format: format }),
    ...(tools.length > 0 && { tools }),
    expect: called.length > 0 ? { tools: { called } } : {},
    ...(reply?.type === "assistant" && { note: `Recorded answer: ${reply.content}` }),
  };
  return redactValue(made, redact) as CaseInput;
}

/** Names of sessions may name people. */
function shortDigest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

type HistoryMessage = NonNullable<CaseInput["messages"]>[number];

/** The conversation up to the last answer that was whole. Summaries and failed calls are left out: the window is made anew. */
function answered(entries: readonly Entry[]): HistoryMessage[] {
  const last = entries.findLastIndex((entry) => entry.type === "assistant" && entry.toolCalls.length === 0);
  return entries.slice(0, last + 1).flatMap((entry): HistoryMessage[] => {
    switch (entry.type) {
      case "user":
        return [{ role: "user", content: entry.content, ...defined({ speaker: entry.speaker }) }];
      case "assistant":
        return [
          { role: "assistant", content: entry.content, ...(entry.toolCalls.length > 0 && { calls: entry.toolCalls }) },
        ];
      case "tool":
        return [{ role: "tool", call: entry.callId, content: entry.content, ...(entry.isError && { is_error: true }) }];
      default:
        return [];
    }
  });
}

function stubOf(
  { callId, name, content, isError }: Extract<Entry, { type: "tool" }>,
  calls: readonly { id: string; arguments: string }[],
) {
  const input = withoutNulls(readJson(calls.find(({ id }) => id === callId)?.arguments ?? "{}"));
  const match =
    typeof input === "object" && input !== null && Object.keys(input).length > 0
      ? { match: input as Record<string, unknown> }
      : {};
  return isError ? { name, ...match, error: content || "failed" } : { name, ...match, response: content };
}

/** In strict mode a model writes null for what it leaves out; a tool does not get it. */
export function withoutNulls(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== null));
}
