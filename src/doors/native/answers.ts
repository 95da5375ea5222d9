/** `/v1/sessions/:id/approvals/:call_id` and `…/tool_results`: what a turn waits for from people and clients; `…/feedback`: what they think of its answer. */
import * as z from "zod/mini";
import { unwrap } from "../../account/outcome.ts";
import { mostUnits } from "../../core/bounds.ts";
import { defined } from "../../core/defined.ts";
import { lazySchema } from "../../core/lazy-schema.ts";
import { parseBody } from "../../http/parse-body.ts";
import { readJson } from "../../http/read-json.ts";
import { feedbackJson } from "../../session/read/turn-json.ts";
import { sessionObject } from "../../session/session-object.ts";
import { givenFeedback, rating } from "../rating.ts";
import { accepted } from "../refusal-words.ts";
import { Routes } from "../routes.ts";
import { addressOf, sessionAt } from "../session-fields.ts";

export const approval = lazySchema(() =>
  z.strictObject({
    approve: z.boolean(),
    reason: z.optional(z.string().check(z.minLength(1), z.maxLength(mostUnits.reason))),
    /** `callDigest` of the call that was shown (`core/shown-call.ts`): the answer then counts for exactly that one. The page sends it. */
    digest: z.optional(z.string().check(z.minLength(1), z.maxLength(64))),
  }),
);

export const toolResults = lazySchema(() =>
  z.strictObject({
    results: z
      .array(
        z.strictObject({
          call_id: z.string().check(z.minLength(1), z.maxLength(2_000)),
          content: z.string(),
          is_error: z._default(z.boolean(), false),
        }),
      )
      .check(
        z.minLength(1),
        z.maxLength(128),
        z.refine((results) => new Set(results.map(({ call_id }) => call_id)).size === results.length, {
          error: "must name each call once",
        }),
      ),
  }),
);

export const feedback = lazySchema(() =>
  z.strictObject({ turn: z.string().check(z.minLength(1), z.maxLength(64)), ...rating() }),
);

export const answers = new Routes()
  .post("/:id/approvals/:call_id", "approve", async (c, caller) => {
    const { approve, reason, digest } = parseBody(approval, await readJson(c.req.raw));
    const callId = c.req.param("call_id");
    const decided = { approve, ...defined({ reason, digest }) };
    const address = addressOf(caller, c.req.param("id"));
    const given = { approvals: [{ call: { id: callId }, ...decided }] };
    const { turn } = accepted(await sessionObject(c.env, address).submit(address, given));
    return c.json({ session: address.name, turn, call_id: callId, approve });
  })
  .post("/:id/tool_results", "append", async (c, caller) => {
    const { results } = parseBody(toolResults, await readJson(c.req.raw));
    const given = results.map(({ call_id, content, is_error }) => ({ callId: call_id, content, isError: is_error }));
    const address = addressOf(caller, c.req.param("id"));
    const { turn } = accepted(await sessionObject(c.env, address).submit(address, { results: given }));
    return c.json({
      session: address.name,
      turn,
      accepted: given.map(({ callId }) => callId),
    });
  })
  .post("/:id/feedback", "append", async (c, caller) => {
    const { turn, ...rated } = parseBody(feedback, await readJson(c.req.raw));
    const given = givenFeedback(rated);
    unwrap(await sessionAt(caller, c.req.param("id")).giveFeedback(turn, given));
    return c.json({ session: addressOf(caller, c.req.param("id")).name, turn, feedback: feedbackJson(given) });
  });
