/** A chat completion request as OpenAI's clients write it. Every documented parameter is honoured, or refused by its name; hints are taken and have no effect. */
import * as z from "zod/mini";
import type { Sampling, Thinking, TurnOptions } from "../../../core/entry.ts";
import { lazySchema } from "../../../core/lazy-schema.ts";
import { efforts, thinkingByEffort } from "../../../core/thinking.ts";
import { toolName } from "../../function-tool.ts";
import { metadata } from "../../session-fields.ts";
import { emptyList, emptyObject, ignored, openAiHints, refused, taken } from "../parameter.ts";
import { chatMessage } from "./messages.ts";

const only = <T extends string | number | boolean>(value: T) =>
  taken(z.nullish(z.literal(value, `can only be ${value} here. Leave it out`)), `only ${value}`);
const tokens = lazySchema(() => z.nullish(z.int().check(z.minimum(1), z.maximum(1_000_000))));

const chosenFunction = lazySchema(() =>
  z.strictObject({ type: z.literal("function"), function: z.strictObject({ name: toolName }) }),
);
/** Its functions may be whole declarations, of which the names count. */
const allowedChoice = lazySchema(() =>
  z.strictObject({
    type: z.literal("allowed_tools"),
    allowed_tools: z.strictObject({
      mode: z.enum(["auto", "required"]),
      tools: z
        .array(z.object({ type: z.literal("function"), function: z.looseObject({ name: toolName }) }))
        .check(z.minLength(1), z.maxLength(128)),
    }),
  }),
);

/** All but `tools` and `response_format`, which need to know the agent. */
export const chatFields = lazySchema(() =>
  z.object({
    model: z.string(),
    messages: z.array(chatMessage).check(z.minLength(1)),
    stream: z.nullish(z.boolean()),
    stream_options: z.nullish(
      z.strictObject({ include_usage: z.nullish(z.boolean()), include_obfuscation: z.nullish(z.boolean()) }),
    ),
    max_tokens: tokens,
    max_completion_tokens: tokens,
    temperature: z.nullish(z.number().check(z.minimum(0), z.maximum(2))),
    top_p: z.nullish(z.number().check(z.minimum(0), z.maximum(1))),
    frequency_penalty: z.nullish(z.number().check(z.minimum(-2), z.maximum(2))),
    presence_penalty: z.nullish(z.number().check(z.minimum(-2), z.maximum(2))),
    stop: z.nullish(
      z.union([z.string().check(z.minLength(1)), z.array(z.string().check(z.minLength(1))).check(z.maxLength(16))]),
    ),
    tool_choice: taken(
      z.nullish(
        z.union(
          [z.enum(["none", "auto", "required"]), chosenFunction, allowedChoice],
          'must be "none", "auto", "required", a function, or allowed_tools with a mode and functions',
        ),
      ),
      "`allowed_tools` too: the others are offered as before, and their calls are refused",
    ),
    /** DeepSeek's switch, and OpenAI's. */
    thinking: z.nullish(z.strictObject({ type: z.enum(["enabled", "disabled"]) })),
    reasoning_effort: z.nullish(z.enum(efforts)),
    /** Kept with the message. */
    user: z.nullish(z.string().check(z.maxLength(512))),
    safety_identifier: z.nullish(z.string().check(z.maxLength(512))),
    prompt_cache_key: z.nullish(z.string().check(z.maxLength(512))),
    metadata: z.nullish(metadata),
    store: taken(z.nullish(z.boolean()), "an answer is kept with its session in any case"),
    n: only(1),
    parallel_tool_calls: taken(z.nullish(z.boolean()), "false: of each reply the first call alone is taken"),
    logprobs: only(false),
    top_logprobs: only(0),
    modalities: taken(z.nullish(z.tuple([z.literal("text")], 'can only be ["text"] here')), "only text"),
    ...openAiHints,
    prediction: ignored("it makes an answer faster, and no other"),
    verbosity: ignored("the models have no such setting; say it in the instructions"),
    audio: refused("there is no audio"),
    function_call: refused("send tool_choice"),
    functions: refused("send tools", emptyList),
    logit_bias: refused("the providers have none", emptyObject),
    moderation: refused("nothing is moderated"),
    web_search_options: refused("give the agent a search tool"),
  }),
);

const fields = lazySchema(() => z.object(chatFields.shape));
type Fields = z.infer<typeof fields>;

/** How the model is to draw its words; nothing where the request leaves that open. */
export function samplingOf(body: Fields): Sampling | undefined {
  const { temperature, top_p, frequency_penalty, presence_penalty, stop } = body;
  const most = body.max_completion_tokens ?? body.max_tokens;
  const sampling = {
    ...(most && { maxTokens: most }),
    ...(typeof temperature === "number" && { temperature }),
    ...(typeof top_p === "number" && { topP: top_p }),
    ...(typeof frequency_penalty === "number" && { frequencyPenalty: frequency_penalty }),
    ...(typeof presence_penalty === "number" && { presencePenalty: presence_penalty }),
    ...(stop && stop.length > 0 && { stop: typeof stop === "string" ? [stop] : stop }),
  };
  return Object.keys(sampling).length > 0 ? sampling : undefined;
}

export function toolChoiceOf({ tool_choice: choice }: Fields): Pick<TurnOptions, "toolChoice" | "allowedTools"> {
  if (!choice || choice === "auto") return {};
  if (typeof choice === "string") return { toolChoice: choice };
  if (choice.type === "function") return { toolChoice: { name: choice.function.name } };
  const { mode, tools } = choice.allowed_tools;
  const names = [...new Set(tools.map(({ function: { name } }) => name))];
  return { allowedTools: { names }, ...(mode === "required" && { toolChoice: mode }) };
}

/** Whether and how hard the model is to think; `undefined` where the request leaves that open. `hasLevels`: of the model that is asked. */
export function thinkingOf({ thinking, reasoning_effort: effort }: Fields, hasLevels: boolean): Thinking | undefined {
  if (thinking?.type === "disabled") return false;
  const byEffort = effort ? thinkingByEffort(effort, hasLevels) : undefined;
  // DeepSeek's two parameters may come together: the switch says whether, the effort how hard.
  return thinking ? byEffort || true : byEffort;
}

/** What the request says about who asks, among what is kept with the message. */
export function metadataOf(body: Fields): Record<string, string> {
  const { user, safety_identifier, prompt_cache_key, metadata } = body;
  return {
    ...(user && { user }),
    ...(safety_identifier && { safety_identifier }),
    ...(prompt_cache_key && { prompt_cache_key }),
    ...metadata,
  };
}
