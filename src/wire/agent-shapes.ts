/** The JSON of an agent's whole definition, for those who operate the app: the door that answers it, the OpenAPI document and the page take their types from here. No code that answers runs it. */
import * as z from "zod/mini";
import { lazySchema } from "../core/lazy-schema.ts";

export const agentDetails = /* @__PURE__ */ lazySchema(() => {
  const price = z.int().check(z.minimum(0));
  return z
    .object({
      id: z.string(),
      version: z.string(),
      instructions: z.string(),
      models: z.array(
        z.object({
          id: z.string(),
          weight: z.nullable(z.number()),
          base_url: z.nullable(z.string()),
          prices: z.nullable(z.object({ input: price, cached: price, output: price })),
        }),
      ),
      tools: z.array(
        z.object({
          name: z.string(),
          description: z.string(),
          effect: z.enum(["none", "keyed", "unsafe"]),
          approval: z.nullable(z.enum(["always", "some"])),
          parameters: z.looseObject({}),
        }),
      ),
      limits: z.object({ max_steps: z.number(), turn_seconds: z.number(), wait_seconds: z.number() }),
      channels: z.array(z.object({ name: z.string(), configured: z.boolean(), needs: z.string() })),
    })
    .register(z.globalRegistry, {
      id: "AgentDetails",
      description: "Prices are in micro-dollars for a million tokens, null where they are not known.",
    });
}, z.globalRegistry);

export type AgentDetailsJson = z.infer<typeof agentDetails>;
