/** `longline eval record`: makes a recording of a real session: the requests that its models got with their answers, and its tools' calls with their results. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { canonicalJson } from "../../agent/version.ts";
import { LonglineError } from "../../client/longline-error.ts";
import type { AssistantEntry, Entry } from "../../core/entry.ts";
import {
  canonicalBody,
  type RecordedCall,
  type RecordedExchange,
  type RecordedLine,
  secretRemover,
} from "../../test-kit/recording.ts";
import { scripted } from "../../test-kit/scripted.ts";
import { exportedSession, pastRequest } from "../exported-session.ts";
import { UsageError } from "../usage.ts";
import { withoutNulls } from "./dataset/case-of-session.ts";
import { localVariables } from "./local-variables.ts";
import { evalUsage, sessionOptions } from "./options.ts";
import { readJson } from "./run/outcome-of.ts";

const known = { ...sessionOptions, out: { type: "string" } } as const;

export async function recordSession(given: string[]): Promise<void> {
  const { values } = parseArgs({ args: given, options: known });
  if (values.help) return console.log(evalUsage);
  const { session, turn, out, url = "http://127.0.0.1:8787", key = process.env.LONGLINE_KEY ?? "dev-key" } = values;
  if (session === undefined || out === undefined)
    throw new UsageError(`Name the session and the file: --session ID --out FILE\n\n${evalUsage}`);
  const worker = { url, key };
  try {
    const { entries } = await exportedSession(worker, session);
    const own = entries.filter((entry) => turn === undefined || entry.turn === turn);
    if (own.length === 0)
      throw new UsageError(`The session ${session} has no ${turn === undefined ? "entries" : `turn ${turn}`}.`);
    const clean = secretRemover({ ...localVariables(), LONGLINE_KEY: key });
    const { lines, doubts } = await linesOf(own, (seq) => pastRequest(worker, session, seq));
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, lines.map((line) => `${clean(JSON.stringify(line))}\n`).join(""));
    for (const doubt of doubts) console.error(`Warning: ${doubt}`);
    console.log(`${out}: ${lines.length} lines. Use it: LONGLINE_CASSETTE=strict longline eval`);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      error instanceof LonglineError ? error.message : `${url} cannot be reached: ${(error as Error).message}`,
    );
  }
}

type RequestOf = (seq: number) => Promise<{ body: string; differs?: string }>;

/** Answers of models with the requests that they answered, and results of tools. `doubts`: requests that may not be what was sent. */
export async function linesOf(
  entries: readonly Entry[],
  requestOf: RequestOf,
): Promise<{ lines: RecordedLine[]; doubts: string[] }> {
  const lines: RecordedLine[] = [];
  const doubts: string[] = [];
  const calls = new Map(
    entries.flatMap((entry) =>
      entry.type === "assistant" ? entry.toolCalls.map((call) => [call.id, call] as const) : [],
    ),
  );
  for (const entry of entries) {
    if (entry.type === "assistant") {
      const { body, differs } = await requestOf(entry.seq);
      if (differs !== undefined)
        doubts.push(`entry ${entry.seq}: its request may have been another one, because ${differs}`);
      lines.push(await exchangeOf(entry, body));
    } else if (entry.type === "tool") lines.push(callOf(entry, calls.get(entry.callId)?.arguments ?? "{}"));
  }
  return { lines, doubts };
}

/** The answer as a provider would stream it. */
async function exchangeOf(
  { content, reasoning, toolCalls, finishReason, usage }: AssistantEntry,
  body: string,
): Promise<RecordedExchange> {
  const { inputTokens, cachedTokens, outputTokens } = usage;
  const model = scripted([
    {
      ...(content !== "" && { text: content }),
      ...(reasoning !== "" && { reasoning }),
      calls: toolCalls.map(({ id, name, arguments: input }) => ({ id, name, input })),
      ...(finishReason === "length" && { finish: "length" as const }),
      usage: { inputTokens, cachedTokens, outputTokens },
    },
  ]);
  const answer = await model.fetch("https://recorded.invalid/chat/completions", { method: "POST", body });
  return {
    kind: "model",
    request: { target: "POST /chat/completions", body: canonicalBody(body) },
    response: {
      status: 200,
      headers: { "content-type": "text/event-stream; charset=utf-8" },
      body: await answer.text(),
    },
  };
}

function callOf({ name, content, isError }: Extract<Entry, { type: "tool" }>, written: string): RecordedCall {
  return { kind: "call", name, arguments: canonicalJson(withoutNulls(readJson(written))), content, isError };
}
