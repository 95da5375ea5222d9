/** What an account used and what it cost, by day, model, session, agent or version of it. */
import * as z from "zod/mini";
import { accountObject } from "../account/account-object.ts";
import type { UsageSum } from "../account/ledger.ts";
import { defined } from "../core/defined.ts";
import { lazySchema } from "../core/lazy-schema.ts";
import { parseQuery } from "../http/parse-body.ts";
import type { UsageSumJson } from "../wire/account-shapes.ts";
import { isoDate, isoDateTime } from "../wire/zod-parts.ts";
import type { RequestContext } from "./caller.ts";

/** A date or a time, in ms since 1970. */
export const moment = lazySchema(() =>
  z.pipe(
    z.union([isoDate(), isoDateTime({ offset: true })], "must be a date or time of ISO 8601"),
    z.transform((text) => Date.parse(text)),
  ),
);
export const usageQuery = lazySchema(() =>
  z.strictObject({
    from: z.optional(moment),
    to: z.optional(moment),
    group_by: z._default(z.enum(["day", "model", "session", "agent", "version"]), "day"),
    model: z.optional(z.string().check(z.maxLength(200))),
  }),
);

/** What an account used, by the parameters of the request's URL. Throws `invalid_request` for one that is wrong. */
export async function usageOf(of: RequestContext, account: string): Promise<Record<string, unknown>> {
  const {
    from = 0,
    to = Number.MAX_SAFE_INTEGER,
    group_by: group,
    model,
  } = parseQuery(usageQuery, new URL(of.request.url));
  const defaultAgent = of.app.agents.first.name;
  const query = { group, fromMs: from, toMs: to, defaultAgent, ...defined({ model }) };
  const sums = await accountObject(of.bindings, account).usage(query);
  return { group_by: group, usage: sums.map((sum) => sumJson(group, sum)) };
}

function sumJson(group: string, sum: UsageSum): UsageSumJson {
  return {
    [group]: sum.key,
    steps: sum.steps,
    failures: sum.failures,
    retries: sum.retries,
    repairs: sum.repairs,
    input_tokens: sum.inputTokens,
    cached_tokens: sum.cachedTokens,
    output_tokens: sum.outputTokens,
    reasoning_tokens: sum.reasoningTokens,
    cost_micros: sum.costMicros,
    first_event_ms: sum.firstEventMs,
    duration_ms: sum.durationMs,
    rows_written: sum.rowsWritten,
    kv_reads: sum.kvReads,
    kv_writes: sum.kvWrites,
    ...(sum.feedback && { feedback: sum.feedback }),
  };
}
