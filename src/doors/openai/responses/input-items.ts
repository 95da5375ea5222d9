/** The `input` of a response, as OpenAI's clients write it: messages, calls and their outputs, reasoning. Other items are refused by name. */
import * as z from "zod/mini";
import { lazySchema } from "../../../core/lazy-schema.ts";

const status = lazySchema(() => z.optional(z.enum(["in_progress", "completed", "incomplete"])));
const id = lazySchema(() => z.optional(z.string().check(z.maxLength(256))));
const phase = lazySchema(() => z.optional(z.enum(["commentary", "final_answer"])));

/** An object that is distinguished by `type`; what is none of the known ones is refused with `words`. */
const kindOf = (words: (type: string) => string) => ({
  error: ({ code, input }: { code?: string; input?: unknown }) =>
    code === "invalid_union" ? words(shownType((input as { type?: unknown } | undefined)?.type)) : undefined,
});

/** What is no text has no words for itself; `String` would throw at some objects. */
export function shownType(type: unknown): string {
  return typeof type === "string"
    ? type.slice(0, 100)
    : type === undefined
      ? "undefined"
      : (JSON.stringify(type) ?? typeof type).slice(0, 100);
}

const inputText = lazySchema(() => z.object({ type: z.literal("input_text"), text: z.string() }));
const outputText = lazySchema(() =>
  z.object({
    type: z.literal("output_text"),
    text: z.string(),
    annotations: z.optional(z.array(z.unknown())),
    logprobs: z.optional(z.array(z.unknown())),
  }),
);
const refusal = lazySchema(() => z.object({ type: z.literal("refusal"), refusal: z.string() }));
const noPart = kindOf((type) => `a part of type "${type}" is not taken: only text is (input_text, output_text)`);
const text = lazySchema(() =>
  z.union([z.string(), z.array(z.discriminatedUnion("type", [inputText, outputText, refusal], noPart))]),
);

const message = lazySchema(() =>
  z.object({
    type: z.literal("message"),
    role: z.enum(["user", "assistant", "system", "developer"]),
    content: text,
    id,
    status,
    phase,
  }),
);
const functionCall = lazySchema(() =>
  z.object({
    type: z.literal("function_call"),
    call_id: z.string().check(z.minLength(1), z.maxLength(256)),
    name: z.string().check(z.minLength(1), z.maxLength(128)),
    namespace: z.nullish(z.string().check(z.minLength(1), z.maxLength(128))),
    arguments: z.string(),
    id,
    status,
  }),
);
const functionCallOutput = lazySchema(() =>
  z.object({
    type: z.literal("function_call_output"),
    call_id: z.string().check(z.minLength(1), z.maxLength(256)),
    output: text,
    id,
    status,
  }),
);
const reasoning = lazySchema(() =>
  z.object({
    type: z.literal("reasoning"),
    id,
    status,
    summary: z._default(z.array(z.object({ type: z.literal("summary_text"), text: z.string() })), []),
    content: z.optional(z.array(z.object({ type: z.literal("reasoning_text"), text: z.string() }))),
    encrypted_content: z.optional(z.string()),
  }),
);
const approval = lazySchema(() =>
  z.object({
    type: z.literal("mcp_approval_response"),
    approval_request_id: z.string().check(z.regex(/^mcpr_./, "must be the id of an mcp_approval_request")),
    approve: z.boolean(),
    reason: z.optional(z.string().check(z.maxLength(1_000))),
    id,
  }),
);

/** One of ours that comes back in a conversation that is sent whole. */
const approvalRequest = lazySchema(() =>
  z.object({
    type: z.literal("mcp_approval_request"),
    id: z.string().check(z.maxLength(256)),
    server_label: z.string().check(z.maxLength(256)),
    name: z.string().check(z.maxLength(256)),
    arguments: z.string(),
  }),
);
/** Codex declares its tools in the input; they are moved to `tools` before the request is read (`create-request.ts`). */
const additionalTools = lazySchema(() =>
  z.object({
    type: z.literal("additional_tools"),
    id,
    role: z.literal("developer"),
    tools: z.array(z.unknown()),
  }),
);
/** Stands for an item that was given out under this id. */
const reference = lazySchema(() =>
  z.object({
    type: z.literal("item_reference"),
    id: z.string().check(z.minLength(1), z.maxLength(256)),
  }),
);

const noItem = kindOf(
  (type) =>
    `an item of type "${type}" is not taken. Send message, function_call, function_call_output, reasoning, mcp_approval_response or item_reference`,
);
const kept = [message, functionCall, functionCallOutput, reasoning, approvalRequest, approval, reference] as const;
const keptItem = lazySchema(() => z.pipe(z.transform(typed), z.discriminatedUnion("type", kept, noItem)));
const item = lazySchema(() =>
  z.pipe(z.transform(typed), z.discriminatedUnion("type", [...kept, additionalTools], noItem)),
);

/** A message and a reference may come without their type. */
function typed(value: unknown): unknown {
  if (typeof value !== "object" || value === null || "type" in value) return value;
  if ("role" in value) return { type: "message", ...value };
  return "id" in value && Object.keys(value).length === 1 ? { type: "item_reference", ...value } : value;
}

/** Items of a conversation, which keeps no tools. */
export const inputItemList = lazySchema(() => z.array(keptItem));
export const inputItems = lazySchema(() =>
  z.union([z.string().check(z.minLength(1, "must not be empty")), z.array(item).check(z.maxLength(10_000))]),
);

export type InputItem = z.infer<typeof item>;

/** The text of a message or an output. */
export function textOf(content: z.infer<typeof text>): string {
  if (typeof content === "string") return content;
  return content.map((part) => (part.type === "refusal" ? part.refusal : part.text)).join("");
}
