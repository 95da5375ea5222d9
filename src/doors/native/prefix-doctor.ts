/** `GET /v1/sessions/:id/prefix`: why the provider's prefix cache hit or missed. `GET …/requests/:seq`: what was sent. */
import * as z from "zod/mini";
import { unwrap } from "../../account/outcome.ts";
import type { HeadFacts } from "../../core/prefix.ts";
import { parseBody, parseQuery } from "../../http/parse-body.ts";
import { Routes } from "../routes.ts";
import { sessionAt } from "../session-fields.ts";

export const doctorQuery = z.strictObject({
  limit: z._default(z.coerce.number().check(z.int(), z.minimum(1), z.maximum(100)), 20),
});

export const prefixDoctor = new Routes()
  .get("/:id/prefix", "read", async (c, caller) => {
    const { limit } = parseQuery(doctorQuery, new URL(c.req.url));
    const { requests, head, windowSeq } = unwrap(await sessionAt(caller, c.req.param("id")).prefix(limit));
    return c.json({
      chain: head === undefined ? [] : chainOf(head, windowSeq),
      requests: requests.map(({ seq, turn, step, model, inputTokens, cachedTokens, expectedTokens, because }) => {
        const tokens = { input_tokens: inputTokens, cached_tokens: cachedTokens, expected_tokens: expectedTokens };
        return { seq, turn, step, model, ...tokens, ...(because !== undefined && { because }) };
      }),
    });
  })
  .get("/:id/requests/:seq", "key", async (c, caller) => {
    const seq = parseBody(z.coerce.number().check(z.int(), z.minimum(1)), c.req.param("seq"), "seq");
    const { model, body, differs } = unwrap(await sessionAt(caller, c.req.param("id")).request(seq));
    return c.json({ seq, model, exact: differs === undefined, ...(differs && { differs }), body: JSON.parse(body) });
  });

/** The segments of the newest request, in the order of its bytes. */
function chainOf(
  { model, parameters, tools, instructions, documents }: HeadFacts,
  windowSeq: number,
): Record<string, unknown>[] {
  return [
    { segment: "model", name: model },
    ...Object.entries(parameters).map(([name, value]) => ({ segment: "parameter", name, value })),
    ...Object.entries(tools).map(([name, facts]) => ({ segment: "tool", name, ...facts })),
    { segment: "instructions", digest: instructions },
    ...(documents === "" ? [] : [{ segment: "documents", digest: documents }]),
    ...(windowSeq > 0 ? [{ segment: "summary", through_seq: windowSeq }] : []),
    { segment: "messages", after_seq: windowSeq },
  ];
}
