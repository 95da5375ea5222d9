/** `/v1/turns`: the ended turns of all sessions of the account, newest first. */
import * as z from "zod/mini";
import { accountObject } from "../../account/account-object.ts";
import type { ListedTurn, TurnQuery } from "../../account/turn-list.ts";
import { turnEndReasons } from "../../core/entry.ts";
import { lazySchema } from "../../core/lazy-schema.ts";
import { parseQuery } from "../../http/parse-body.ts";
import { iso } from "../../wire/native.ts";
import { coercedNumber } from "../../wire/zod-parts.ts";
import { Routes } from "../routes.ts";
import { moment } from "../usage-sums.ts";

const count = () => z.optional(coercedNumber().check(z.int(), z.minimum(0), z.maximum(Number.MAX_SAFE_INTEGER)));
const name = () => z.optional(z.string().check(z.minLength(1), z.maxLength(200)));
const cursorPattern = /^\d{1,15}\.\d{1,15}\.[A-Za-z0-9_-]{1,64}$/;

export const turnListing = lazySchema(() =>
  z.strictObject({
    status: z.optional(z.enum(turnEndReasons)),
    agent: name(),
    version: name(),
    model: name(),
    since: z.optional(moment),
    until: z.optional(moment),
    min_cost_micros: count(),
    min_ms: count(),
    limit: z._default(coercedNumber().check(z.int(), z.minimum(1), z.maximum(500)), 50),
    cursor: z.optional(z.string().check(z.regex(cursorPattern, "must be the next_cursor of an earlier page"))),
  }),
);

export const turns = new Routes().get("/", "key", async (c, caller) => {
  const { status, since, until, min_cost_micros, min_ms, ...asked } = parseQuery(turnListing, new URL(c.req.url));
  const query: TurnQuery = {
    ...asked,
    reason: status,
    sinceMs: since,
    untilMs: until,
    minCostMicros: min_cost_micros,
    minMs: min_ms,
  };
  const page = await accountObject(c.env, caller.account).listTurns(query);
  return c.json({ turns: page.turns.map(turnJson), next_cursor: page.next ?? null });
});

function turnJson(turn: ListedTurn): Record<string, unknown> {
  const { usage } = turn;
  return {
    session: turn.session,
    turn: turn.turn,
    agent: turn.agent,
    version: turn.version ?? null,
    model: turn.model,
    reason: turn.reason,
    ...(turn.error && { error: turn.error }),
    steps: turn.steps,
    usage: {
      input_tokens: usage.inputTokens,
      cached_tokens: usage.cachedTokens,
      output_tokens: usage.outputTokens,
      reasoning_tokens: usage.reasoningTokens,
      steps: turn.steps,
    },
    cost_micros: turn.costMicros,
    ms: turn.ms,
    first_event_ms: turn.firstEventMs,
    ended_at: iso(turn.endedAtMs),
  };
}
