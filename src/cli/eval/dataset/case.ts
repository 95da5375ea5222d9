/** WHAT a case is: what is asked of an agent, what its tools give, and what is expected of the answer. Pure; reads no file. */
import * as z from "zod";

const text = z.string().min(1, "must not be empty");
const texts = z.union([text, z.array(text).min(1)]).transform((given) => [given].flat());
/** Flags `i` and `m`: as people read, and line by line. */
const pattern = text.refine((source) => compiled(source) !== undefined, "is no regular expression");
const share = z.number().min(0).max(1);

/** One result that a tool gives in place of running. Those of a tool are used in their order. */
const stub = z
  .strictObject({
    name: text,
    /** Fields that the call's input must have; further ones may be there. Any input when absent. */
    match: z.record(z.string(), z.unknown()).optional(),
    response: z.unknown().optional(),
    error: text.optional(),
    /** How many calls it answers: 1, or `any`. */
    times: z.union([z.int().min(1), z.literal("any")]).default(1),
  })
  .refine(({ response, error }) => (response === undefined) !== (error === undefined), "needs response or error");

const message = z.discriminatedUnion("role", [
  z.strictObject({ role: z.literal("user"), content: text, speaker: text.optional() }),
  z.strictObject({
    role: z.literal("assistant"),
    content: z.string(),
    calls: z.array(z.strictObject({ id: text, name: text, arguments: z.string() })).optional(),
  }),
  z.strictObject({ role: z.literal("tool"), call: text, content: z.string(), is_error: z.boolean().default(false) }),
]);

const wanted = z.union([text, z.strictObject({ name: text, match: z.record(z.string(), z.unknown()).optional() })]);
/** A tool's name, or a name with fields that its input must have. */
export type WantedCall = z.infer<typeof wanted>;

const expectation = z.strictObject({
  exact: z.string().optional(),
  contains: texts.optional(),
  not_contains: texts.optional(),
  matches: z
    .union([pattern, z.array(pattern).min(1)])
    .transform((given) => [given].flat())
    .optional(),
  /** A JSON schema: the answer must be JSON that keeps it. */
  json: z.record(z.string(), z.unknown()).optional(),
  /** Each must be in the answer, give or take `tolerance`. */
  numbers: z
    .array(z.union([z.number(), z.strictObject({ value: z.number(), tolerance: z.number().min(0) })]))
    .min(1)
    .optional(),
  /** How the turn must end; `completed` when absent. */
  status: text.optional(),
  tools: z
    .strictObject({
      called: z.array(wanted).optional(),
      not_called: z.array(text).optional(),
      /** These calls in this order; others may be between them. */
      sequence: z.array(wanted).optional(),
      /** These calls and no others, in this order. */
      exactly: z.array(wanted).optional(),
      max_steps: z.int().min(1).optional(),
      /** No call of a tool whose effect is `unsafe`. */
      no_unsafe: z.literal(true).optional(),
    })
    .optional(),
  max_cost_micros: z.int().min(0).optional(),
  max_latency_ms: z.int().min(1).optional(),
  min_cached_share: share.optional(),
  /** What a good answer has, for a model that judges: right or not. By name where there are several. */
  judge: z.union([text, z.record(z.string(), text)]).optional(),
  /** What makes one answer better than another: the arms' answers are judged against each other. */
  prefer: text.optional(),
  /** Names of functions that `scorers.ts` beside the cases exports. */
  own: texts.optional(),
});

export const caseSchema = z
  .strictObject({
    id: text.max(200),
    input: text.optional(),
    messages: z.array(message).min(1).optional(),
    /** Cases of one conversation are not independent, and are counted as one cluster. The case's own id when absent. */
    conversation: text.optional(),
    tags: z.array(text).default([]),
    /** A candidate that fails this case fails the run, whatever the others say. */
    required: z.boolean().default(false),
    /** The session's own instructions, after the agent's. */
    instructions: text.optional(),
    response_format: z
      .union([
        z.strictObject({ type: z.literal("json_object") }),
        z.strictObject({ type: z.literal("json_schema"), schema: z.record(z.string(), z.unknown()) }),
      ])
      .optional(),
    /** What a person says to calls that need approval. */
    approve: z.boolean().default(true),
    tools: z.array(stub).default([]),
    /** Tools that really run; `--live-tools` lets all run. */
    live: z.array(text).default([]),
    expect: expectation.default({}),
    note: z.string().optional(),
  })
  .refine(({ input, messages }) => (input === undefined) !== (messages === undefined), "needs input or messages")
  .refine(({ messages }) => messages === undefined || messages.at(-1)?.role === "user", {
    message: "must end with a message of the user",
    path: ["messages"],
  });

/** As a line of a file has it. */
export type CaseInput = z.input<typeof caseSchema>;
export type EvalCase = z.infer<typeof caseSchema>;
export type Stub = EvalCase["tools"][number];
export type CaseMessage = z.infer<typeof message>;
export type Expectation = EvalCase["expect"];

/** `undefined` where the source is wrong. */
export function compiled(source: string): RegExp | undefined {
  try {
    return new RegExp(source, "im");
  } catch {
    return undefined;
  }
}

/** The messages of a case; `input` is one of the user. */
export function messagesOf({ input, messages = [] }: EvalCase): CaseMessage[] {
  return input === undefined ? messages : [{ role: "user", content: input }];
}
