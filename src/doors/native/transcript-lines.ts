/** What the lines of an exported session must be: nothing is lost on the way, and nothing unknown is let in. Only an import needs these schemas, and loads them then. */
import * as z from "zod";
import { latestMs, metadataBounds, mostUnits } from "../../core/bounds.ts";
import { thinkingLevels } from "../../core/entry.ts";
import { recordedFault } from "../../core/speaker.ts";
import { wellFormed } from "../well-formed.ts";

export { entryLine, headerLine, readLine } from "./transcript-text.ts";

/** Above what any session counts, and below what sums of many can still say exactly. */
const most = 1_000_000_000_000;
const count = z.int().min(0).max(most);
const order = z.int().min(1).max(most);
const moment = z.int().min(0).max(latestMs, "must be a time that a date can be");
/** Clocks are set back now and then. */
const duration = z.int().min(-most).max(most);
const text = z.string().max(8_000_000);
const name = z.string().max(100_000);
const turnName = z.string().min(1).max(256);
/** A call may have had any id and any name: it is the model that makes them. */
const callId = z.string().min(1).max(100_000);
const modelId = z.string().max(256);
const note = z.string().max(100_000);
/** `pairs`: a message may carry notes of its dialect beside its own. */
const strings = (pairs: number) =>
  z
    .record(z.string().min(1).max(metadataBounds.key), z.string().max(metadataBounds.value))
    .refine((metadata) => Object.keys(metadata).length <= pairs, `must have at most ${pairs} entries`);
const noted = strings(3 * metadataBounds.pairs).optional();
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
  detail: note,
  raw: note.optional(),
  retryable: z.boolean(),
  retryAfterMs: count.optional(),
  change: z
    .string()
    .regex(/^[a-z_]{1,20}:[a-z0-9_.]{1,60}$/)
    .optional(),
});
const placed = { seq: order, turn: turnName, atMs: moment };
const paid = { usage, costMicros: count };
const timed = { firstEventMs: duration.optional(), durationMs: duration.optional() };
const oneTry = z.strictObject({
  model: modelId,
  failure,
  textChars: count,
  paid: mark,
  repeats: mark,
  usage: usage.optional(),
  costMicros: count.optional(),
  atMs: moment.optional(),
  durationMs: duration.optional(),
});
const tries = z.array(oneTry).max(1_000).optional();
const tried = { step: order, attempt: order, model: modelId, content: text, reasoning: text, tries };
const wait = z.enum(["approval", "client"]);
const ofCall = { step: order, callId, name };
const namespace = z.strictObject({ name: note, tool: name, description: note.optional() });
const tool = {
  name,
  description: note,
  parameters: opaque,
  strict: z.boolean().optional(),
  namespace: namespace.optional(),
};
const format = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("json_object") }),
  z.strictObject({ type: z.literal("json_schema"), schema: opaque }),
]);
const factor = z.number().min(-1_000).max(1_000).optional();
const sampling = z.strictObject({
  maxTokens: order.optional(),
  temperature: factor,
  topP: factor,
  frequencyPenalty: factor,
  presencePenalty: factor,
  stop: z.array(text).max(16).optional(),
});
const options = z.strictObject({
  instructions: z.string().max(2_000_000).optional(),
  sampling: sampling.optional(),
  via: z.enum(["openai", "history"]).optional(),
  oneCall: z.literal(true).optional(),
  toolChoice: z.union([z.enum(["none", "required"]), z.strictObject({ name })]).optional(),
  allowedTools: z.strictObject({ names: z.array(name).max(128), own: z.literal(true).optional() }).optional(),
  model: modelId.optional(),
  thinking: z.union([z.boolean(), z.enum(thinkingLevels)]).optional(),
  cacheSeconds: order.optional(),
  responseFormat: format.optional(),
  tools: z.array(z.strictObject(tool)).max(128).optional(),
});
const repairs = z.array(note).max(10_000).optional();
const speaker = z.string().refine((named) => recordedFault(named) === undefined, {
  error: ({ input }) => recordedFault(String(input)) ?? "is not valid",
});

const entry = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("user"),
    ...placed,
    content: text,
    speaker: speaker.optional(),
    metadata: noted,
    agent: z.string().max(100).optional(),
    agentVersion: z.string().max(100).optional(),
    options,
    joined: z.literal(true).optional(),
    again: z.literal(true).optional(),
    traceparent: z
      .string()
      .regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/)
      .optional(),
  }),
  z.strictObject({
    type: z.literal("assistant"),
    ...placed,
    ...tried,
    toolCalls: z.array(z.strictObject({ id: callId, name, arguments: text })).max(10_000),
    waits: z.record(callId, wait).optional(),
    salvaged: z.array(callId).max(10_000).optional(),
    copies: z.record(callId, callId).optional(),
    noCall: z.literal(true).optional(),
    fromReasoning: z.literal(true).optional(),
    finishReason: z.enum(["stop", "tool_calls", "length", "refusal", "cancelled"]),
    refusalFrom: count.optional(),
    prefix: z
      .strictObject({ head: name, windowSeq: count, expectedTokens: count, because: note.optional() })
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
    content: text,
    isError: z.boolean(),
    repairs,
    durationMs: duration,
    metadata: noted,
  }),
  z.strictObject({
    type: z.literal("approval"),
    ...placed,
    ...ofCall,
    approve: z.boolean(),
    reason: z.string().max(10_000).optional(),
    by: name.optional(),
    metadata: noted,
  }),
  z.strictObject({
    type: z.literal("compaction"),
    ...placed,
    throughSeq: order,
    summary: text,
    cause: z.enum(["in_time", "overflow", "unclear"]).optional(),
    model: modelId.optional(),
    failure: failure.optional(),
    durationMs: duration,
    ...paid,
  }),
  z.strictObject({ type: z.literal("note"), ...placed, content: text }),
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
  id: z.string().max(256),
  agent: z.string().max(100).nullable().default(null),
  title: wellFormed(mostUnits.title).nullable(),
  metadata: strings(metadataBounds.pairs),
  instructions: wellFormed(mostUnits.instructions).nullable(),
  model: modelId.nullable(),
  prefix: z.string().max(100).nullable().default(null),
  createdAtMs: moment,
});

/** What a line of an import must be, once `readLine` has made it an object. */
export const lineSchemas = { header, entry };
