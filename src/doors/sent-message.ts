/** The body of a message to an app that takes JSON schemas. */
import * as z from "zod/mini";
import { lazySchema } from "../core/lazy-schema.ts";
import { clientTools } from "./client-tools.ts";
import { plainMessage } from "./plain-message.ts";
import { responseFormat } from "./response-format.ts";

export const sentMessage = lazySchema(() =>
  z.strictObject({
    ...plainMessage.shape,
    response_format: z.optional(responseFormat),
    tools: z.optional(clientTools),
  }),
);

export type SentMessage = z.infer<typeof sentMessage>;
