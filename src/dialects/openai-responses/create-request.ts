/** The body of `POST /v1/responses`. Each parameter that OpenAI documents is taken or refused by name; null is the same as absent. Source: its client, openai 7.57.0. */
import * as z from "zod";
import { efforts } from "../../core/thinking.ts";
import { longestDescription, toolParameters } from "../function-tool.ts";
import { inputItems, shownType } from "./input-items.ts";

const no = (why: string) => z.undefined({ error: () => `is not supported here: ${why}` }).optional();
const only = <T extends string>(...values: [T, ...T[]]) => z.enum(values).optional();

export const functionTool = z.strictObject({
  type: z.literal("function", {
    error: ({ input }) => `a tool of type "${shownType(input)}" is not supported here: only functions are`,
  }),
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, _ or -"),
  description: z.string().max(longestDescription).optional(),
  parameters: toolParameters.optional(),
  strict: z.boolean().optional(),
});

const format = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text") }),
  z.strictObject({ type: z.literal("json_object") }),
  z.strictObject({
    type: z.literal("json_schema"),
    name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, _ or -"),
    schema: z.record(z.string(), z.unknown()),
    description: z.string().max(longestDescription).optional(),
    strict: z.boolean().optional(),
  }),
]);

const reasoning = z.strictObject({
  effort: only(...efforts),
  summary: only("auto", "concise", "detailed"),
  generate_summary: only("auto", "concise", "detailed"),
  context: only("auto"),
  mode: only("standard"),
});

/** Parameters of what is offered nowhere here. */
const refused = {
  access_programs: no("there are no such programs"),
  context_management: no("a conversation that fills the model's window is compacted by itself"),
  image: no("images are not taken"),
  max_tool_calls: no("the agent's own limits hold"),
  moderation: no("nothing is moderated"),
  prompt: no("there are no stored prompts; send instructions"),
  prompt_cache_options: no("prefixes are cached by themselves"),
  prompt_cache_retention: no("the provider decides how long it caches"),
};

/** What only says how the answer is to be given. */
const manner = {
  background: z.boolean().optional(),
  include: z.array(z.literal("reasoning.encrypted_content")).optional(),
  store: z.boolean().optional(),
  stream: z.boolean().optional(),
  stream_options: z.strictObject({ include_obfuscation: z.boolean().optional() }).optional(),
};

const who = z.string().max(512).optional();

export const createRequest = z.strictObject({
  ...refused,
  ...manner,
  conversation: z.union([z.string(), z.strictObject({ id: z.string() })]).optional(),
  input: inputItems,
  instructions: z.string().max(100_000).optional(),
  max_output_tokens: z.int().min(1).optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  model: z.string().optional(),
  parallel_tool_calls: z.literal(true, "must be true: the model may always ask for several calls at once").optional(),
  previous_response_id: z.string().optional(),
  prompt_cache_key: who,
  reasoning: reasoning.optional(),
  safety_identifier: who,
  service_tier: only("auto", "default"),
  temperature: z.number().min(0).max(2).optional(),
  text: z.strictObject({ format: format.optional(), verbosity: only("medium") }).optional(),
  tool_choice: z
    .union([z.enum(["auto", "none", "required"]), z.strictObject({ type: z.literal("function"), name: z.string() })])
    .optional(),
  tools: z.array(functionTool).optional(),
  top_logprobs: z.literal(0, "is not supported here: there are no log probabilities").optional(),
  top_p: z.number().min(0).max(1).optional(),
  truncation: only("auto", "disabled"),
  user: who,
});

export type CreateRequest = z.infer<typeof createRequest>;

/** Under these names null means something. */
const opaque = new Set(["parameters", "schema", "metadata"]);

/** The same without members that are null: OpenAI's clients send null for what is not chosen. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([name, member]) => [name, opaque.has(name) ? member : withoutNulls(member)]));
}
