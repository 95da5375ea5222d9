/** The JSON of a refusal, as the OpenAPI document, the clients and the page read it. `problem.ts` writes it. */
import * as z from "zod/mini";
import { lazySchema } from "../core/lazy-schema.ts";

export const problem = /* @__PURE__ */ lazySchema(
  () =>
    z
      .object({
        type: z.string(),
        status: z.int(),
        title: z.string(),
        detail: z.string(),
        code: z.string(),
        field: z.optional(z.string()),
      })
      .register(z.globalRegistry, {
        id: "Problem",
        description: "RFC 9457. `detail` says what to do; `field` names what is wrong.",
      }),
  z.globalRegistry,
);

export type ProblemJson = z.infer<typeof problem>;
