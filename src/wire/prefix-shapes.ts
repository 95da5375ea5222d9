/** The JSON of the prefix doctor's report: the door that answers it and the OpenAPI document take their types from here. */
import * as z from "zod/mini";
import { lazySchema } from "../core/lazy-schema.ts";

const count = /* @__PURE__ */ lazySchema(() => z.int().check(z.minimum(0)));

/** One part of a request, in the order of its bytes. */
const prefixSegment = /* @__PURE__ */ lazySchema(() =>
  z.discriminatedUnion("segment", [
    z.object({ segment: z.literal("model"), name: z.string() }),
    z.object({ segment: z.literal("parameter"), name: z.string(), value: z.string() }),
    z.object({
      segment: z.literal("tool"),
      name: z.string(),
      description: z.string(),
      parameters: z.string(),
      strict: z.string(),
    }),
    z.object({ segment: z.literal("instructions"), digest: z.string() }),
    z.object({ segment: z.literal("documents"), digest: z.string() }),
    z.object({ segment: z.literal("summary"), through_seq: count }),
    z.object({ segment: z.literal("messages"), after_seq: count }),
  ]),
);

/** Why the provider's prefix cache hit or missed. */
export const prefixReport = /* @__PURE__ */ lazySchema(
  () =>
    z
      .object({
        chain: z.array(prefixSegment),
        requests: z.array(
          z.object({
            seq: z.int().check(z.minimum(1)),
            turn: z.string(),
            step: z.int().check(z.minimum(1)),
            model: z.string(),
            input_tokens: count,
            cached_tokens: count,
            expected_tokens: count,
            because: z.optional(z.string()).register(z.globalRegistry, {
              description: "Why less than the request before was cached, where it was.",
            }),
          }),
        ),
      })
      .register(z.globalRegistry, {
        id: "PrefixReport",
        description:
          "`chain`: what the newest request begins with, its texts as fingerprints. `requests`: newest first.",
      }),
  z.globalRegistry,
);

export type PrefixReportJson = z.infer<typeof prefixReport>;
