/** `GET /v1/sessions/:id/prefix`: why the provider's prefix cache hit or missed. `GET …/requests/:seq`: what was sent. */
import * as z from "zod/mini";
import { unwrap } from "../../account/outcome.ts";
import { defined } from "../../core/defined.ts";
import { lazySchema } from "../../core/lazy-schema.ts";
import type { HeadFacts } from "../../core/prefix.ts";
import { parseBody, parseQuery } from "../../http/parse-body.ts";
import type { PrefixReportJson } from "../../wire/prefix-shapes.ts";
import { coercedNumber } from "../../wire/zod-parts.ts";
import { Routes } from "../routes.ts";
import { sessionAt } from "../session-fields.ts";

export const doctorQuery = lazySchema(() =>
  z.strictObject({
    limit: z._default(coercedNumber().check(z.int(), z.minimum(1), z.maximum(100)), 20),
  }),
);

export const prefixDoctor = new Routes()
  .get("/:id/prefix", "read", async (c, caller) => {
    const { limit } = parseQuery(doctorQuery, new URL(c.req.url));
    const { requests, head, windowSeq } = unwrap(await sessionAt(caller, c.req.param("id")).prefix(limit));
    return c.json<PrefixReportJson>({
      chain: head === undefined ? [] : chainOf(head, windowSeq),
      requests: requests.map(({ seq, turn, step, model, inputTokens, cachedTokens, expectedTokens, because }) => {
        const tokens = { input_tokens: inputTokens, cached_tokens: cachedTokens, expected_tokens: expectedTokens };
        return { seq, turn, step, model, ...tokens, ...defined({ because }) };
      }),
    });
  })
  .get("/:id/requests/:seq", "key", async (c, caller) => {
    const seq = parseBody(coercedNumber().check(z.int(), z.minimum(1)), c.req.param("seq"), "seq");
    const { model, body, differs } = unwrap(await sessionAt(caller, c.req.param("id")).request(seq));
    return c.json({ seq, model, exact: differs === undefined, ...(differs && { differs }), body: JSON.parse(body) });
  });

/** The segments of the newest request, in the order of its bytes. */
function chainOf(
  { model, parameters, tools, instructions, documents }: HeadFacts,
  windowSeq: number,
): PrefixReportJson["chain"] {
  const chain: PrefixReportJson["chain"] = [{ segment: "model", name: model }];
  for (const [name, value] of Object.entries(parameters)) chain.push({ segment: "parameter", name, value });
  for (const [name, facts] of Object.entries(tools)) chain.push({ segment: "tool", name, ...facts });
  chain.push({ segment: "instructions", digest: instructions });
  if (documents !== "") chain.push({ segment: "documents", digest: documents });
  if (windowSeq > 0) chain.push({ segment: "summary", through_seq: windowSeq });
  chain.push({ segment: "messages", after_seq: windowSeq });
  return chain;
}
