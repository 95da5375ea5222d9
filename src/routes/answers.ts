/** `/v1/sessions/:id/approvals/:call_id` and `…/tool_results`: what a turn waits for from people and clients; `…/feedback`: what they think of its answer. */
import { Hono } from "hono";
import * as z from "zod";
import { unwrap } from "../account/outcome.ts";
import { mostUnits } from "../core/bounds.ts";
import { parseBody } from "../http/parse-body.ts";
import { readJson } from "../http/read-json.ts";
import type { Feedback } from "../session/feedback.ts";
import { feedbackJson } from "../session/turn-json.ts";
import type { RouteContext } from "./context.ts";
import { addressOf, sessionAt } from "./sessions.ts";

export const approval = z.strictObject({
  approve: z.boolean(),
  reason: z.string().min(1).max(mostUnits.reason).optional(),
  /** `callDigest` of the call that was shown (`core/shown-call.ts`): the answer then counts for exactly that one. The page sends it. */
  digest: z.string().min(1).max(64).optional(),
});

export const toolResults = z.strictObject({
  results: z
    .array(
      z.strictObject({
        call_id: z.string().min(1).max(2_000),
        content: z.string(),
        is_error: z.boolean().default(false),
      }),
    )
    .min(1)
    .max(128)
    .refine((results) => new Set(results.map(({ call_id }) => call_id)).size === results.length, {
      error: "must name each call once",
    }),
});

/** A score of -1 (bad) to 1 (good); `label` and `comment` are free text. */
export const feedback = z.strictObject({
  turn: z.string().min(1).max(64),
  score: z.number().min(-1).max(1),
  label: z.string().min(1).max(64).optional(),
  comment: z.string().min(1).max(4_000).optional(),
});

/** As the session keeps it, now. */
export function givenFeedback({ score, label, comment }: Omit<z.infer<typeof feedback>, "turn">): Feedback {
  return {
    score,
    ...(label !== undefined && { label }),
    ...(comment !== undefined && { comment }),
    atMs: Date.now(),
  };
}

export const answers = new Hono<RouteContext>()
  .post("/:id/approvals/:call_id", async (c) => {
    const { approve, reason, digest } = parseBody(approval, await readJson(c.req.raw));
    const callId = c.req.param("call_id");
    const answer = { approve, ...(reason !== undefined && { reason }) };
    const { turn } = unwrap(await sessionAt(c).approve(callId, answer, digest));
    return c.json({ session: addressOf(c).name, turn, call_id: callId, approve });
  })
  .post("/:id/tool_results", async (c) => {
    const { results } = parseBody(toolResults, await readJson(c.req.raw));
    const given = results.map(({ call_id, content, is_error }) => ({ callId: call_id, content, isError: is_error }));
    const { turn } = unwrap(await sessionAt(c).giveResults(given));
    return c.json({ session: addressOf(c).name, turn, accepted: given.map(({ callId }) => callId) });
  })
  .post("/:id/feedback", async (c) => {
    const { turn, ...rated } = parseBody(feedback, await readJson(c.req.raw));
    const given = givenFeedback(rated);
    unwrap(await sessionAt(c).giveFeedback(turn, given));
    return c.json({ session: addressOf(c).name, turn, feedback: feedbackJson(given) });
  });
