/** A session as lines of JSON, one entry each behind a header: what `export` writes and `import` reads. Nothing is lost on the way, and nothing unknown is let in. */
import * as z from "zod";
import { type Entry, thinkingLevels } from "../core/entry.ts";

/** What the first line says about the session. Times in ms since 1970. */
export interface TranscriptHeader {
  id: string;
  title: string | null;
  metadata: Record<string, string>;
  instructions: string | null;
  model: string | null;
  prefix: string | null;
  createdAtMs: number;
}

const count = z.int().min(0);
const order = z.int().min(1);
const id = z.string().min(1).max(256);
const strings = z.record(z.string(), z.string());
const opaque = z.record(z.string(), z.unknown());
const mark = z.literal(true).optional();
const usage = z.strictObject({
  inputTokens: count,
  cachedTokens: count,
  outputTokens: count,
  reasoningTokens: count,
  estimated: mark,
});
const failure = z.strictObject({
  code: z.string().max(64),
  cause: z.string().max(64).optional(),
  detail: z.string(),
  raw: z.string().optional(),
  retryable: z.boolean(),
  retryAfterMs: count.optional(),
  change: z
    .string()
    .regex(/^[a-z_]{1,20}:[a-z0-9_.]{1,60}$/)
    .optional(),
});
const placed = { seq: order, turn: id, atMs: count };
const paid = { usage, costMicros: count };
const timed = { firstEventMs: count.optional(), durationMs: count.optional() };
const oneTry = z.strictObject({ model: z.string(), failure, textChars: count, paid: mark, repeats: mark });
const tries = z.array(oneTry).optional();
const tried = { step: order, attempt: order, model: z.string(), content: z.string(), reasoning: z.string(), tries };
const wait = z.enum(["approval", "client"]);
/** A call may have any id: it is the model that makes them. */
const callId = z.string().min(1).max(100_000);
const ofCall = { step: order, callId, name: z.string() };
const tool = { name: z.string(), description: z.string(), parameters: opaque, strict: z.boolean().optional() };
const format = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("json_object") }),
  z.strictObject({ type: z.literal("json_schema"), schema: opaque }),
]);
const sampling = z.strictObject({
  maxTokens: order.optional(),
  temperature: z.number().optional(),
  topP: z.number().optional(),
  frequencyPenalty: z.number().optional(),
  presencePenalty: z.number().optional(),
  stop: z.array(z.string()).optional(),
});
const options = z.strictObject({
  instructions: z.string().optional(),
  sampling: sampling.optional(),
  via: z.enum(["openai", "history"]).optional(),
  toolChoice: z.union([z.enum(["none", "required"]), z.strictObject({ name: z.string() })]).optional(),
  model: z.string().optional(),
  thinking: z.union([z.boolean(), z.enum(thinkingLevels)]).optional(),
  cacheSeconds: order.optional(),
  responseFormat: format.optional(),
  tools: z.array(z.strictObject(tool)).optional(),
});
const repairs = z.array(z.string()).optional();

const entry = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("user"),
    ...placed,
    content: z.string(),
    speaker: z.string().optional(),
    metadata: strings.optional(),
    options,
    joined: z.literal(true).optional(),
  }),
  z.strictObject({
    type: z.literal("assistant"),
    ...placed,
    ...tried,
    toolCalls: z.array(z.strictObject({ id: callId, name: z.string(), arguments: z.string() })),
    waits: z.record(z.string(), wait).optional(),
    salvaged: z.array(z.string()).optional(),
    copies: strings.optional(),
    noCall: z.literal(true).optional(),
    fromReasoning: z.literal(true).optional(),
    finishReason: z.enum(["stop", "tool_calls", "length", "refusal", "cancelled"]),
    refusalFrom: count.optional(),
    prefix: z
      .strictObject({ head: z.string(), windowSeq: count, expectedTokens: count, because: z.string().optional() })
      .optional(),
    replayed: z.literal(true).optional(),
    cutCalls: count.optional(),
    repairs,
    ...timed,
    ...paid,
  }),
  z.strictObject({
    type: z.literal("tool"),
    ...placed,
    ...ofCall,
    content: z.string(),
    isError: z.boolean(),
    repairs,
    durationMs: count,
    metadata: strings.optional(),
  }),
  z.strictObject({
    type: z.literal("approval"),
    ...placed,
    ...ofCall,
    approve: z.boolean(),
    reason: z.string().optional(),
    by: z.string().optional(),
    metadata: strings.optional(),
  }),
  z.strictObject({
    type: z.literal("compaction"),
    ...placed,
    throughSeq: order,
    summary: z.string(),
    cause: z.enum(["in_time", "overflow", "unclear"]).optional(),
    model: z.string().optional(),
    failure: failure.optional(),
    durationMs: count,
    ...paid,
  }),
  z.strictObject({ type: z.literal("note"), ...placed, content: z.string() }),
  z.strictObject({ type: z.literal("step_failed"), ...placed, ...tried, failure, ...timed, ...paid }),
  z.strictObject({
    type: z.literal("turn_ended"),
    ...placed,
    reason: z.enum(["completed", "length", "step_limit", "cancelled", "failed", "budget_exhausted", "interrupted"]),
    failure: failure.optional(),
    refused: z.literal(true).optional(),
    ...paid,
    steps: count,
    expectedCachedTokens: count.optional(),
    rowsWritten: count.optional(),
    kvReads: count.optional(),
    kvWrites: count.optional(),
  }),
]);

const header = z.strictObject({
  longline: z.literal(1, "must be 1: this is no transcript of Longline, or one of a later version"),
  id: z.string(),
  title: z.string().max(200).nullable(),
  metadata: strings,
  instructions: z.string().nullable(),
  model: z.string().nullable(),
  prefix: z.string().nullable().default(null),
  createdAtMs: count,
});

/** What a line of an import must be, once `readLine` has made it an object. */
export const lineSchemas = { header, entry };

/** The header as a line, without the line's end. */
export function headerLine(of: TranscriptHeader): string {
  const { id, title, metadata, instructions, model, prefix, createdAtMs } = of;
  return JSON.stringify(renamed({ longline: 1, id, title, metadata, instructions, model, prefix, createdAtMs }, snake));
}

/** An entry as a line, without the line's end. Equal entries give equal lines, in whatever order their fields were set. */
export function entryLine(of: Entry): string {
  const { seq, turn, type } = of;
  return JSON.stringify({ seq, turn, type, ...(renamed(of, snake) as object) });
}

/** A line's JSON with the names that the schemas know; throws a SyntaxError when it is no JSON object. */
export function readLine(line: string): unknown {
  const value: unknown = JSON.parse(line);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new SyntaxError("no JSON object");
  return renamed(value, camel);
}

/** Below these names stand names of others, which stay as they are. */
const foreign = new Set(["metadata", "schema", "parameters", "waits"]);

function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((each) => renamed(each, rename));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [rename(name), foreign.has(name) ? inner : renamed(inner, rename)]),
  );
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function camel(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
