/** WHAT is kept of a run of one case: a line of `results.jsonl`. Money in micro-dollars, times in ms. */
import * as z from "zod";

const call = z.object({
  name: z.string(),
  input: z.unknown(),
  result: z.string(),
  isError: z.boolean(),
  effect: z.string(),
});

/** What an agent made of a case, before it is scored. */
export const outcomeSchema = z.object({
  answer: z.string(),
  status: z.string(),
  calls: z.array(call),
  steps: z.number(),
  model: z.string(),
  inputTokens: z.number(),
  cachedTokens: z.number(),
  outputTokens: z.number(),
  costMicros: z.number(),
  firstEventMs: z.number(),
  durationMs: z.number(),
  /** Why the turn failed, where it did. */
  error: z.object({ code: z.string(), detail: z.string() }).optional(),
  /** Calls that no stub answered, and stubs that no call came for. */
  unmatched: z.array(z.object({ name: z.string(), input: z.unknown() })),
  unusedStubs: z.array(z.string()),
});
export type CaseOutcome = z.infer<typeof outcomeSchema>;

export const resultSchema = outcomeSchema.extend({
  case: z.string(),
  arm: z.string(),
  trial: z.number(),
  /** By scorer, from 0 to 1; null: it could not be scored, which is not 0. */
  scores: z.record(z.string(), z.number().nullable()),
  /** Expectations that do not hold, in words; and what could not be scored. */
  faults: z.array(z.string()),
  missing: z.array(z.string()),
  judgeCostMicros: z.number(),
  /** ISO 8601. */
  at: z.string(),
});
export type RunResult = z.infer<typeof resultSchema>;

/** Why a run says nothing about the agent: its provider, key or Worker failed. It is run again later, and is no result. */
export class CannotRun extends Error {}
