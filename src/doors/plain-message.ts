/** The body of a message as every app takes it: without JSON schemas, whose checks an app may leave out (`sent-message.ts`). */
import * as z from "zod/mini";
import { thinkingLevels } from "../core/entry.ts";
import { lazySchema } from "../core/lazy-schema.ts";
import { speakerFault } from "../core/speaker.ts";
import { agentName, metadata } from "./session-fields.ts";

export const plainMessage = lazySchema(() =>
  z.strictObject({
    content: z.string().check(z.minLength(1, "must not be empty")),
    speaker: z.optional(
      z.string().check(
        z.refine((name) => speakerFault(name) === undefined, {
          error: ({ input }) => speakerFault(String(input)) ?? "is not valid",
        }),
      ),
    ),
    metadata: z.optional(metadata),
    thinking: z.optional(
      z.union([z.boolean(), z.enum(thinkingLevels), z.strictObject({ type: z.enum(["enabled", "disabled"]) })]),
    ),
    agent: z.optional(agentName),
    model: z.optional(z.string()),
    callback_url: z.optional(z.string().check(z.maxLength(2_000))),
    cache: z.optional(z.strictObject({ ttl_seconds: z.int().check(z.minimum(60), z.maximum(2_592_000)) })),
  }),
);
