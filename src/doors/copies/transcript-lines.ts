/** What the lines of an exported session must be: nothing is lost on the way, and nothing unknown is let in. Only an import needs these schemas, and loads them then. */
import * as z from "zod/mini";
import { latestMs, metadataBounds, mostUnits } from "../../core/bounds.ts";
import { thinkingLevels, turnEndReasons } from "../../core/entry.ts";
import { recordedFault } from "../../core/speaker.ts";
import { parseTracestate } from "../../observe/traceparent.ts";
import { wellFormed } from "../well-formed.ts";

export { entryLine, headerLine, readLine } from "./transcript-text.ts";

/** More than any session counts, and little enough that sums of many are exact. */
const most = 1_000_000_000_000;
const count = z.int().check(z.minimum(0), z.maximum(most));
const order = z.int().check(z.minimum(1), z.maximum(most));
const moment = z.int().check(z.minimum(0), z.maximum(latestMs, "must be a time that a date can be"));
/** Clocks are set back now and then. */
const duration = z.int().check(z.minimum(-most), z.maximum(most));
const text = z.string().check(z.maxLength(8_000_000));
const name = z.string().check(z.maxLength(100_000));
const turnName = z.string().check(z.minLength(1), z.maxLength(256));
/** A call may have had any id and any name: it is the model that makes them. */
const callId = z.string().check(z.minLength(1), z.maxLength(100_000));
const modelId = z.string().check(z.maxLength(256));
const note = z.string().check(z.maxLength(100_000));
/** `pairs`: a message may carry notes of its dialect beside its own. */
const strings = (pairs: number) =>
  z
    .record(
      z.string().check(z.minLength(1), z.maxLength(metadataBounds.key)),
      z.string().check(z.maxLength(metadataBounds.value)),
    )
    .check(z.refine((metadata) => Object.keys(metadata).length <= pairs, `must have at most ${pairs} entries`));
const noted = z.optional(strings(3 * metadataBounds.pairs));
const opaque = z.record(z.string(), z.unknown());
const mark = z.optional(z.literal(true));
const usage = z.strictObject({
  inputTokens: count,
  cachedTokens: count,
  outputTokens: count,
  reasoningTokens: count,
  estimated: mark,
});
const failure = z.strictObject({
  code: z.string().check(z.maxLength(64)),
  cause: z.optional(z.string().check(z.maxLength(64))),
  detail: note,
  raw: z.optional(note),
  retryable: z.boolean(),
  retryAfterMs: z.optional(count),
  change: z.optional(z.string().check(z.regex(/^[a-z_]{1,20}:[a-z0-9_.]{1,60}$/))),
});
const placed = { seq: order, turn: turnName, atMs: moment };
const paid = { usage, costMicros: count };
const timed = { firstEventMs: z.optional(duration), durationMs: z.optional(duration) };
const oneTry = z.strictObject({
  model: modelId,
  failure,
  textChars: count,
  paid: mark,
  repeats: mark,
  usage: z.optional(usage),
  costMicros: z.optional(count),
  atMs: z.optional(moment),
  durationMs: z.optional(duration),
});
const tries = z.optional(z.array(oneTry).check(z.maxLength(1_000)));
const tried = { step: order, attempt: order, model: modelId, content: text, reasoning: text, tries };
const wait = z.enum(["approval", "client", "agent"]);
const childSession = { session: z.string().check(z.maxLength(64)), agent: z.string().check(z.maxLength(100)) };
const child = z.strictObject({
  ...childSession,
  reason: z.enum([...turnEndReasons, "erased"]),
  ...paid,
  steps: count,
});
const children = z.strictObject({
  ...{ inputTokens: count, cachedTokens: count, outputTokens: count, reasoningTokens: count, estimated: mark },
  ...{ costMicros: count, steps: count, count },
});
const ofCall = { step: order, callId, name };
const namespace = z.strictObject({ name: note, tool: name, description: z.optional(note) });
const tool = {
  name,
  description: note,
  parameters: opaque,
  strict: z.optional(z.boolean()),
  namespace: z.optional(namespace),
};
const format = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("json_object") }),
  z.strictObject({ type: z.literal("json_schema"), schema: opaque }),
]);
const factor = z.optional(z.number().check(z.minimum(-1_000), z.maximum(1_000)));
const sampling = z.strictObject({
  maxTokens: z.optional(order),
  temperature: factor,
  topP: factor,
  frequencyPenalty: factor,
  presencePenalty: factor,
  stop: z.optional(z.array(text).check(z.maxLength(16))),
});
const options = z.strictObject({
  instructions: z.optional(z.string().check(z.maxLength(2_000_000))),
  sampling: z.optional(sampling),
  via: z.optional(z.enum(["openai", "history"])),
  oneCall: z.optional(z.literal(true)),
  toolChoice: z.optional(z.union([z.enum(["none", "required"]), z.strictObject({ name })])),
  allowedTools: z.optional(
    z.strictObject({ names: z.array(name).check(z.maxLength(128)), own: z.optional(z.literal(true)) }),
  ),
  model: z.optional(modelId),
  thinking: z.optional(z.union([z.boolean(), z.enum(thinkingLevels)])),
  cacheSeconds: z.optional(order),
  responseFormat: z.optional(format),
  tools: z.optional(z.array(z.strictObject(tool)).check(z.maxLength(128))),
});
const repairs = z.optional(z.array(note).check(z.maxLength(10_000)));
const speaker = z.string().check(
  z.refine((named) => recordedFault(named) === undefined, {
    error: ({ input }) => recordedFault(String(input)) ?? "is not valid",
  }),
);

const entries = [
  z.strictObject({
    type: z.literal("user"),
    ...placed,
    content: text,
    speaker: z.optional(speaker),
    metadata: noted,
    agent: z.optional(z.string().check(z.maxLength(100))),
    agentVersion: z.optional(z.string().check(z.maxLength(100))),
    rollout: z.optional(
      z.strictObject({
        id: z.string().check(z.maxLength(100)),
        arm: z.enum(["baseline", "candidate"]),
        stage: z.int().check(z.minimum(0), z.maximum(100)),
        key: z.string().check(z.maxLength(1_000)),
        opens: z.optional(z.literal(true)),
      }),
    ),
    options,
    joined: z.optional(z.literal(true)),
    again: z.optional(z.literal(true)),
    traceparent: z.optional(z.string().check(z.regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/))),
    tracestate: z.optional(
      z.string().check(
        z.maxLength(512),
        z.refine((state) => parseTracestate(state) === state, "must be a list of W3C tracestate members"),
      ),
    ),
  }),
  z.strictObject({
    type: z.literal("assistant"),
    ...placed,
    ...tried,
    toolCalls: z.array(z.strictObject({ id: callId, name, arguments: text })).check(z.maxLength(10_000)),
    waits: z.optional(z.record(callId, wait)),
    children: z.optional(z.record(callId, z.strictObject(childSession))),
    salvaged: z.optional(z.array(callId).check(z.maxLength(10_000))),
    copies: z.optional(z.record(callId, callId)),
    noCall: z.optional(z.literal(true)),
    fromReasoning: z.optional(z.literal(true)),
    finishReason: z.enum(["stop", "tool_calls", "length", "refusal", "cancelled"]),
    refusalFrom: z.optional(count),
    prefix: z.optional(
      z.strictObject({ head: name, windowSeq: count, expectedTokens: count, because: z.optional(note) }),
    ),
    replayed: z.optional(z.literal(true)),
    cutCalls: z.optional(count),
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
    child: z.optional(child),
    handoff: z.optional(z.string().check(z.maxLength(100))),
  }),
  z.strictObject({
    type: z.literal("approval"),
    ...placed,
    ...ofCall,
    approve: z.boolean(),
    reason: z.optional(z.string().check(z.maxLength(10_000))),
    by: z.optional(name),
    metadata: noted,
    child: z.optional(z.string().check(z.maxLength(64))),
    arguments: z.optional(text),
  }),
  z.strictObject({
    type: z.literal("compaction"),
    ...placed,
    throughSeq: order,
    summary: text,
    cause: z.optional(z.enum(["in_time", "overflow", "unclear"])),
    model: z.optional(modelId),
    failure: z.optional(failure),
    durationMs: duration,
    ...paid,
  }),
  z.strictObject({ type: z.literal("note"), ...placed, content: text }),
  z.strictObject({ type: z.literal("step_failed"), ...placed, ...tried, failure, ...timed, ...paid }),
  z.strictObject({
    type: z.literal("turn_ended"),
    ...placed,
    reason: z.enum(turnEndReasons),
    failure: z.optional(failure),
    refused: z.optional(z.literal(true)),
    ...paid,
    steps: count,
    children: z.optional(children),
    expectedCachedTokens: z.optional(count),
    rowsWritten: z.optional(count),
    kvReads: z.optional(count),
    kvWrites: z.optional(count),
  }),
] as const;
const entry = z.discriminatedUnion("type", entries);
const line = z.discriminatedUnion("type", [
  ...entries,
  z.strictObject({
    type: z.literal("feedback"),
    turn: turnName,
    atMs: moment,
    score: z.number().check(z.minimum(-1), z.maximum(1)),
    label: z.optional(z.string().check(z.maxLength(64))),
    comment: z.optional(z.string().check(z.maxLength(4_000))),
    by: z.optional(name),
  }),
]);

const header = z.strictObject({
  longline: z.literal(1, "must be 1: this is no transcript of Longline, or one of a later version"),
  id: z.string().check(z.maxLength(256)),
  agent: z._default(z.nullable(z.string().check(z.maxLength(100))), null),
  title: z.nullable(wellFormed(mostUnits.title)),
  metadata: strings(metadataBounds.pairs),
  instructions: z.nullable(wellFormed(mostUnits.instructions)),
  model: z.nullable(modelId),
  prefix: z._default(z.nullable(z.string().check(z.maxLength(100))), null),
  createdAtMs: moment,
});

/** What a line of an import must be, once `readLine` has made it an object. */
export const lineSchemas = { header, entry, line };
