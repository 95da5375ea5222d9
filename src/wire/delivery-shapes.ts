/** The JSON of an answer that could not be delivered: the door that answers it and the OpenAPI document take their types from here. */
import * as z from "zod/mini";
import { lazySchema } from "../core/lazy-schema.ts";

const count = /* @__PURE__ */ lazySchema(() => z.int().check(z.minimum(0)));
const moment = /* @__PURE__ */ lazySchema(() => z.iso.datetime());

export const delivery = /* @__PURE__ */ lazySchema(
  () =>
    z
      .object({
        id: z.string(),
        status: z.literal("dead"),
        session: z.optional(z.string()),
        turn: z.optional(z.string()),
        channel: z.optional(z.string()),
        url: z.optional(z.string()),
        error: z.optional(z.string()),
        attempts: z.optional(count),
        created_at: z.optional(moment),
        died_at: z.optional(moment),
        broken: z
          .optional(z.string())
          .register(z.globalRegistry, { description: "Its row is damaged, and nothing else is known of it." }),
      })
      .register(z.globalRegistry, { id: "Delivery", description: "An answer that could not be delivered." }),
  z.globalRegistry,
);

export type DeliveryJson = z.infer<typeof delivery>;
