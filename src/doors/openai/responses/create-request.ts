/** The body of `POST /v1/responses`. Each parameter that OpenAI documents is taken or refused by name; null is the same as absent. Source: its client, openai 7.57.0. */
import * as z from "zod/mini";
import { lazySchema } from "../../../core/lazy-schema.ts";
import { efforts } from "../../../core/thinking.ts";
import { longestDescription, toolName, toolParameters } from "../../function-tool.ts";
import { ignored, openAiHints, refused, taken } from "../parameter.ts";
import { inputItems, shownType } from "./input-items.ts";

const only = <T extends string>(...values: [T, ...T[]]) => z.optional(z.enum(values));

export const functionTool = lazySchema(() =>
  z.strictObject({
    type: z.literal("function"),
    name: toolName,
    description: z.optional(z.string().check(z.maxLength(longestDescription))),
    parameters: z.optional(toolParameters),
    strict: z.optional(z.boolean()),
    allowed_callers: taken(
      z.optional(
        z
          .array(z.enum(["direct", "programmatic"]))
          .check(z.refine((callers) => callers.includes("direct"), 'must have "direct"')),
      ),
      'with "direct"; there are no programs',
    ),
    async: taken(z.optional(z.literal(false, "is not supported here: a turn waits for its calls")), "only false"),
    defer_loading: ignored("there is no search for tools, so each is offered at once"),
    output_schema: ignored("the model is not shown schemas of results"),
  }),
);

/** Its functions are the client's, and are called by their own names beside the namespace. */
const namespaceTool = lazySchema(() =>
  z.strictObject({
    type: z.literal("namespace"),
    name: z.string().check(z.minLength(1, "must not be empty"), z.maxLength(128)),
    description: z.optional(z.string().check(z.maxLength(longestDescription))),
    tools: z.array(z.discriminatedUnion("type", [functionTool], unknownTool("a namespace has functions alone"))),
  }),
);

/** The agent's own tools, named as the server that asks for approvals: they are there in any case. */
const ownTools = lazySchema(() =>
  z.looseObject({
    type: z.literal("mcp"),
    server_label: z.literal("longline", 'must be "longline": other servers are set in the agent'),
  }),
);

const tool = lazySchema(() =>
  z.discriminatedUnion(
    "type",
    [functionTool, namespaceTool, ownTools],
    unknownTool('only functions are, namespaces of functions, and {"type": "mcp", "server_label": "longline"}'),
  ),
);

const chosenFunction = lazySchema(() => z.strictObject({ type: z.literal("function"), name: z.string() }));
/** Its tools may be whole declarations, of which the names count. */
const allowedChoice = lazySchema(() =>
  z.strictObject({
    type: z.literal("allowed_tools"),
    mode: z.enum(["auto", "required"]),
    tools: z
      .array(z.discriminatedUnion("type", [z.looseObject({ type: z.literal("function"), name: z.string() }), ownTools]))
      .check(z.minLength(1), z.maxLength(128)),
  }),
);

function unknownTool(supported: string) {
  return {
    error: ({ code, input }: { code?: string; input?: unknown }) => {
      const type = shownType((input as { type?: unknown } | undefined)?.type);
      return code === "invalid_union" ? `a tool of type "${type}" is not supported here: ${supported}` : undefined;
    },
  };
}

const format = lazySchema(() =>
  z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("text") }),
    z.strictObject({ type: z.literal("json_object") }),
    z.strictObject({
      type: z.literal("json_schema"),
      name: toolName,
      schema: z.record(z.string(), z.unknown()),
      description: z.optional(z.string().check(z.maxLength(longestDescription))),
      strict: z.optional(z.boolean()),
    }),
  ]),
);

const reasoning = lazySchema(() =>
  z.strictObject({
    effort: only(...efforts),
    summary: only("auto", "concise", "detailed"),
    generate_summary: only("auto", "concise", "detailed"),
    context: only("auto"),
    mode: only("standard"),
  }),
);

/** Hints, and parameters of what is offered nowhere here. */
const others = {
  ...openAiHints,
  access_programs: ignored("there are no such programs"),
  context_management: ignored("a conversation that fills the model's window is compacted by itself"),
  image: refused("images are not taken"),
  max_tool_calls: refused("the agent's own limits hold"),
  moderation: refused("nothing is moderated"),
  prompt: refused("there are no stored prompts; send instructions"),
};

/** Additions to items that never come change nothing. */
const including = lazySchema(() =>
  z.array(
    z.enum([
      "reasoning.encrypted_content",
      "code_interpreter_call.outputs",
      "computer_call_output.output.image_url",
      "file_search_call.results",
      "message.input_image.image_url",
      "web_search_call.action.sources",
      "web_search_call.results",
    ]),
  ),
);

/** What only says how the answer is to be given. */
const manner = lazySchema(() =>
  z.object({
    background: z.optional(z.boolean()),
    include: taken(
      z.optional(including),
      "`reasoning.encrypted_content`; of items that never come nothing is added; no log probabilities",
    ),
    store: z.optional(z.boolean()),
    stream: z.optional(z.boolean()),
    stream_options: z.optional(z.strictObject({ include_obfuscation: z.optional(z.boolean()) })),
  }),
);

const who = lazySchema(() => z.optional(z.string().check(z.maxLength(512))));

export const createRequest = lazySchema(() =>
  z.strictObject({
    ...others,
    ...manner.shape,
    conversation: z.optional(z.union([z.string(), z.strictObject({ id: z.string() })])),
    input: inputItems,
    instructions: z.optional(z.string().check(z.maxLength(100_000))),
    max_output_tokens: z.optional(z.int().check(z.minimum(1))),
    metadata: z.optional(z.record(z.string(), z.unknown())),
    model: z.optional(z.string()),
    parallel_tool_calls: taken(z.optional(z.boolean()), "false: of each reply the first call alone is taken"),
    previous_response_id: z.optional(z.string()),
    prompt_cache_key: who,
    reasoning: z.optional(reasoning),
    safety_identifier: who,
    temperature: z.optional(z.number().check(z.minimum(0), z.maximum(2))),
    text: taken(
      z.optional(z.strictObject({ format: z.optional(format), verbosity: only("low", "medium", "high") })),
      "`format`; `verbosity` is ignored",
    ),
    tool_choice: taken(
      z.optional(
        z.union(
          [z.enum(["auto", "none", "required"]), chosenFunction, allowedChoice],
          'must be "auto", "none", "required", a function, or allowed_tools with a mode and tools',
        ),
      ),
      "`allowed_tools` too: the others are offered as before, and their calls are refused",
    ),
    tools: taken(
      z.optional(z.array(tool)),
      'functions, namespaces of functions, and `{"type": "mcp", "server_label": "longline"}`',
    ),
    top_logprobs: taken(z.optional(z.literal(0, "is not supported here: there are no log probabilities")), "only 0"),
    top_p: z.optional(z.number().check(z.minimum(0), z.maximum(1))),
    truncation: only("auto", "disabled"),
    user: who,
  }),
);

export type FunctionDeclaration = z.infer<typeof functionTool>;
export type CreateRequest = z.infer<typeof createRequest>;

/** Under these names null means something. */
const opaque = new Set(["parameters", "schema", "metadata", "output_schema"]);

/** The same without members that are null: OpenAI's clients send null for what is not chosen. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([name, member]) => [name, opaque.has(name) ? member : withoutNulls(member)]));
}

/** The same with the tools of its `additional_tools` items among its `tools`: Codex declares them in the input. Of tools of one name the last declared one counts. */
export function withDeclaredTools(value: unknown): unknown {
  const { input, tools, ...others } = (value ?? {}) as Record<string, unknown>;
  const added = Array.isArray(input) ? input.flatMap(additionalToolsOf) : [];
  if (added.length === 0 || (tools !== undefined && !Array.isArray(tools))) return value;
  const byName = new Map([...(tools ?? []), ...added].map((tool, place) => [keyOf(tool, place), tool]));
  return { ...others, input, tools: [...byName.values()] };
}

function additionalToolsOf(item: unknown): unknown[] {
  const { type, tools } = (item ?? {}) as { type?: unknown; tools?: unknown };
  return type === "additional_tools" && Array.isArray(tools) ? tools : [];
}

function keyOf(tool: unknown, place: number): unknown {
  const { type, name } = (tool ?? {}) as { type?: unknown; name?: unknown };
  return typeof name === "string" ? `${String(type)} ${name}` : place;
}
