/** The shapes of what agents that were called add to turns, sessions, entries and events. */
import * as z from "zod/mini";
import { lazySchema } from "../core/lazy-schema.ts";

const count = /* @__PURE__ */ lazySchema(() => z.int().check(z.minimum(0)));

/** What children used and cost, beside their parent's own. */
export const children = /* @__PURE__ */ lazySchema(
  () =>
    z
      .object({
        count,
        steps: count,
        input_tokens: count,
        cached_tokens: count,
        output_tokens: count,
        reasoning_tokens: count,
        cost_micros: count,
      })
      .register(z.globalRegistry, {
        id: "ChildrenUsage",
        description:
          "What the agents that were called used and cost, and those that they called, as far as they have ended: beside the own `usage` and `cost_micros`, and not part of them.",
      }),
  z.globalRegistry,
);

export const childSession = () => ({ session: z.string(), agent: z.string() });

/** Of entries. */
export const childFields = () => ({
  children: z.optional(z.union([z.record(z.string(), z.object(childSession())), children])).register(z.globalRegistry, {
    description: "Of a reply: the session in which each called agent works, by call. Of a turn's end: what they used.",
  }),
  child: z
    .optional(z.union([z.object({ ...childSession(), reason: z.string(), cost_micros: count }), z.string()]))
    .register(z.globalRegistry, {
      description: "Of a result: the agent that gave it. Of an approval: the session whose call it is about.",
    }),
  handoff: z
    .optional(z.string())
    .register(z.globalRegistry, { description: "The agent that answers from the next turn on." }),
});

export type ChildrenJson = z.infer<typeof children>;
