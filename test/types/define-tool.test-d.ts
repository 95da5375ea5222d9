/** What the compiler promises and refuses to who writes a tool. Nothing here is run: `tsc` reads it. */
import { defineAgent, defineTool, type Tool, type ToolContext } from "longline";
import { expectTypeOf } from "vitest";
import * as z from "zod";
import * as mini from "zod/mini";

const input = z.object({ id: z.string(), count: z.number().int().optional(), size: z.enum(["s", "l"]).default("s") });
const definition = { name: "order", description: "Orders.", input, effect: "keyed" } as const;

const order = defineTool({
  ...definition,
  approval: ({ count }) => {
    expectTypeOf(count).toEqualTypeOf<number | undefined>();
    return (count ?? 1) > 10;
  },
  run(given, context) {
    expectTypeOf(given).toEqualTypeOf<{ id: string; count?: number | undefined; size: "s" | "l" }>();
    expectTypeOf(context).toEqualTypeOf<ToolContext<never>>();
    expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
    expectTypeOf(context.idempotencyKey).toEqualTypeOf<string>();
    return `${given.id} ordered`;
  },
});
type OrderInput = { id: string; count?: number | undefined; size: "s" | "l" };
expectTypeOf(order).toEqualTypeOf<Tool<"order", OrderInput>>();
// What an app makes of its tools without naming them all.
expectTypeOf([order]).toExtend<readonly Tool[]>();
defineAgent({ instructions: "Sell.", tools: [order] });

defineTool({
  ...definition,
  approval: "always",
  timeoutMs: 5_000,
  run: async () => ({ anything: ["that", "JSON", 1] }),
});

defineTool({
  ...definition,
  secrets: ["SHOP_KEY"],
  run(_, { secrets, session, speaker, progress }) {
    expectTypeOf(secrets).toEqualTypeOf<Readonly<Record<"SHOP_KEY", string>>>();
    expectTypeOf(session.metadata).toEqualTypeOf<Readonly<Record<string, string>>>();
    expectTypeOf(speaker).toEqualTypeOf<string | undefined>();
    progress("Asking the shop");
    // @ts-expect-error a secret is declared before it is read
    return secrets.OTHER_KEY;
  },
});

// @ts-expect-error what running it twice would do must be said
defineTool({ name: "order", description: "Orders.", input, run: () => "" });
// @ts-expect-error there is no such effect
defineTool({ ...definition, effect: "harmless", run: () => "" });
// @ts-expect-error a tool's input is an object
defineTool({ ...definition, input: z.string(), run: () => "" });
// @ts-expect-error the input has no such member
defineTool({ ...definition, run: ({ colour }) => colour });
// @ts-expect-error approval is always, or decided by the input
defineTool({ ...definition, approval: "sometimes", run: () => "" });
// @ts-expect-error a tool does something
defineTool(definition);

// A schema of zod/mini, which weighs less, is as good as one of zod.
defineTool({
  ...definition,
  input: mini.object({ id: mini.string(), count: mini.optional(mini.int()) }),
  run(given) {
    expectTypeOf(given).toEqualTypeOf<{ id: string; count?: number | undefined }>();
    return given.id;
  },
});
