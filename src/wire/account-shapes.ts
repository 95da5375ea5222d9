/** The native door's JSON about an account as a whole: what it used, its agents, its deliveries; and the health of the Worker. As `shapes.ts`. */
import * as z from "zod/mini";
import { lazySchema } from "../core/lazy-schema.ts";
import { isoDateTime } from "./zod-parts.ts";

const count = /* @__PURE__ */ lazySchema(() => z.int().check(z.minimum(0)));
const moment = /* @__PURE__ */ lazySchema(() => isoDateTime());

const key = /* @__PURE__ */ lazySchema(() => z.optional(z.string()));

/** What was used, of one day, model, session, agent or version. */
export const usageSum = /* @__PURE__ */ lazySchema(
  () =>
    z
      .object({
        ...{ day: key, model: key, session: key, agent: key, version: key },
        steps: count,
        failures: count,
        retries: count,
        repairs: count,
        input_tokens: count,
        cached_tokens: count,
        output_tokens: count,
        reasoning_tokens: count,
        cost_micros: count,
        first_event_ms: z.nullable(count),
        duration_ms: z.nullable(count),
        rows_written: count,
        kv_reads: count,
        kv_writes: count,
        feedback: z.optional(
          z.object({ positive: count, negative: count, count: count, average: z.nullable(z.number()) }),
        ),
      })
      .register(z.globalRegistry, {
        id: "UsageSum",
        description: "Of `day`, `model`, `session`, `agent` and `version` it has the one that was grouped by.",
      }),
  z.globalRegistry,
);

export const agent = /* @__PURE__ */ lazySchema(
  () =>
    z
      .object({
        id: z.string(),
        default: z.boolean(),
        version: z.string(),
        models: z.array(z.string()),
        tools: z.array(
          z.object({
            name: z.string(),
            description: z.string(),
            effect: z.enum(["none", "keyed", "unsafe"]),
            approval: z.nullable(z.enum(["always", "some"])).register(z.globalRegistry, {
              description: "Whether a person must say yes: to each call, to some, or to none.",
            }),
          }),
        ),
        doors: z.array(z.string()),
        channels: z.array(z.string()),
      })
      .register(z.globalRegistry, {
        id: "Agent",
        description: "`tools` are its own: what MCP servers list is known in a turn only.",
      }),
  z.globalRegistry,
);

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

export const channelState = /* @__PURE__ */ lazySchema(
  () =>
    z
      .object({
        channel: z.string(),
        delivered_at: z.nullable(moment),
        failed_at: z.nullable(moment),
        error: z.nullable(z.string()),
      })
      .register(z.globalRegistry, {
        id: "ChannelState",
        description:
          "When a channel last took an answer, or a part of one, and when it last failed. Sessions report it with their turns, so the newest may be missing; a time that is newer by less than a minute is left out.",
      }),
  z.globalRegistry,
);

export const health = /* @__PURE__ */ lazySchema(() =>
  z.object({
    ok: z.literal(true),
    version: z.string(),
    model: z.string(),
    demo: z.boolean(),
    telemetry: z.optional(z.object({ dropped: count })).register(z.globalRegistry, {
      description: "Turns, deliveries and events that a collector did not take; with `otel()` and an endpoint.",
    }),
  }),
);

export type UsageSumJson = z.infer<typeof usageSum>;
export type AgentJson = z.infer<typeof agent>;
export type DeliveryJson = z.infer<typeof delivery>;
export type ChannelStateJson = z.infer<typeof channelState>;
export type HealthJson = z.infer<typeof health>;
