/** What a door does with each parameter of its requests, noted at the schema that decides it: the table in the README is written from here. A hint is a parameter that cannot change the answer. */
import * as z from "zod/mini";

export interface ParameterUse {
  use: "taken" | "ignored" | "refused";
  /** What of it is taken, or why it is not. */
  why: string;
}

/** What is not in here is taken as it is. */
export const parameterUses = z.registry<ParameterUse>();

/** The schema, with what of it is taken. */
export function taken<T extends z.core.$ZodType>(schema: T, why: string): T {
  parameterUses.add(schema, { use: "taken", why });
  return schema;
}

/** Any value of a hint that means nothing here. */
export function ignored(why: string) {
  const schema = z.optional(z.unknown());
  parameterUses.add(schema, { use: "ignored", why });
  return schema;
}

/** Nothing but null and, of `empty`, the values that ask for nothing: any other value would have to change the answer. */
export function refused(why: string, empty?: (error: () => string) => z.ZodMiniType) {
  const error = () => `is not supported here: ${why}. Leave it out`;
  const schema = z.optional(empty === undefined ? z.null({ error }) : z.nullable(empty(error)));
  parameterUses.add(schema, {
    use: "refused",
    why: empty === undefined ? why : `${why}, where it asks for anything`,
  });
  return schema;
}

/** Values of a refused parameter that ask for nothing: clients send their defaults. */
export const emptyObject = (error: () => string) =>
  z
    .record(z.string(), z.unknown(), { error })
    .check(z.refine((members) => Object.keys(members).length === 0, { error }));
export const emptyList = (error: () => string) => z.array(z.unknown(), { error }).check(z.maxLength(0, { error }));

/** Parameters that both of OpenAI's doors treat alike. */
export const openAiHints = {
  client_metadata: ignored("about the client, for OpenAI's own logs"),
  prompt_cache_options: ignored("prefixes are cached by themselves"),
  prompt_cache_retention: ignored("the provider decides how long it caches"),
  seed: ignored("the providers have none; OpenAI promises nothing by it either"),
  service_tier: ignored("there is one tier"),
};
