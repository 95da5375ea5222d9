/** The checks by which the chat-completions endpoint of V3.2-Exp refuses requests before it answers, with its recorded error texts. Shared with the tests' provider, so that both are as strict as the real one. */
import * as z from "zod/mini";
import { lazySchema } from "../../core/lazy-schema.ts";

const call = lazySchema(() =>
  z.looseObject({ id: z.string(), function: z.looseObject({ name: z.string(), arguments: z.string() }) }),
);

const message = lazySchema(() =>
  z.looseObject({
    role: z.optional(z.string()),
    content: z.nullish(z.string()),
    reasoning_content: z.optional(z.unknown()),
    tool_calls: z.nullish(z.array(call)),
    tool_call_id: z.optional(z.string()),
  }),
);

const tool = lazySchema(() =>
  z.looseObject({
    type: z.optional(z.string()),
    function: z.optional(
      z.looseObject({
        name: z.optional(z.string()),
        strict: z.nullish(z.boolean()),
        parameters: z.optional(z.unknown()),
      }),
    ),
  }),
);

const body = lazySchema(() =>
  z.looseObject({
    model: z.optional(z.string()),
    messages: z.optional(z.array(message)),
    tools: z.nullish(z.array(tool)),
    tool_choice: z.optional(z.unknown()),
    thinking: z.nullish(z.looseObject({ type: z.optional(z.string()) })),
    response_format: z.nullish(z.looseObject({ type: z.optional(z.string()) })),
    max_tokens: z.nullish(z.int()),
    stop: z.nullish(z.union([z.string(), z.array(z.string())])),
    stream: z.nullish(z.boolean()),
    stream_options: z.nullish(z.looseObject({ include_usage: z.optional(z.boolean()) })),
  }),
);

/** A request body; true to its type once it was not refused. */
export type DemoRequest = z.infer<typeof body>;
export type DemoMessage = z.infer<typeof message>;

/** HTTP status and error object, as the provider would send them. */
export interface RequestRefusal {
  status: number;
  error: { message: string; type: string; param: null; code: string };
}

/** The JSON of a body, or why it is refused. */
export function readBody(text: string): { came: unknown } | { refusal: RequestRefusal } {
  try {
    return { came: JSON.parse(text) };
  } catch (error) {
    return { refusal: refusalOf(`Failed to parse the request body as JSON: ${(error as Error).message}`) };
  }
}

export interface RuleOptions {
  /** Reasoning that is sent back is taken. */
  reasoningAllowed?: boolean;
  /** What is wrong with the tools. Tests check them: all that is sent has been made strict here, and is not checked again in a Worker. */
  toolsRefusal?(tools: NonNullable<DemoRequest["tools"]>): string | undefined;
}

/** Why this body, as it came, is refused; `undefined` when it is answered, and then it is a `DemoRequest`. */
export function requestRefusal(
  came: unknown,
  { reasoningAllowed = false, toolsRefusal }: RuleOptions = {},
): RequestRefusal | undefined {
  const request = came as DemoRequest;
  const message =
    shapeRefusal(came) ??
    parametersRefusal(request) ??
    messagesRefusal(request.messages ?? [], reasoningAllowed) ??
    toolsRefusal?.(request.tools ?? []);
  return message === undefined ? undefined : refusalOf(message);
}

/** In the provider's form, as a wrong request. */
export function refusalOf(message: string): RequestRefusal {
  return { status: 400, error: { message, type: "invalid_request_error", param: null, code: "invalid_request_error" } };
}

const undeserialized = "Failed to deserialize the JSON body into the target type:";

function shapeRefusal(came: unknown): string | undefined {
  const [issue] = body.safeParse(came).error?.issues ?? [];
  return issue && `${undeserialized} ${dotted(issue.path)}: ${issue.message}`;
}

/** `messages[0].content`. zod's own function for it would bring all of zod along. */
function dotted(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}

function parametersRefusal(request: DemoRequest): string | undefined {
  const { stream, stream_options, tool_choice: choice, thinking, max_tokens: most } = request;
  if (stream_options && stream !== true) return "stream_options should be set along with stream = true";
  const thinks = thinking?.type === "enabled";
  const forced = choice !== undefined && choice !== null && choice !== "auto" && choice !== "none";
  if (thinks && forced) return "Thinking mode does not support this tool_choice";
  const limit = thinks ? 65_536 : 8_192;
  if (typeof most === "number" && !(most >= 1 && most <= limit)) {
    return `Invalid max_tokens value, the valid range of max_tokens is [1, ${limit}]`;
  }
  return undefined;
}

function messagesRefusal(messages: readonly DemoMessage[], reasoningAllowed: boolean): string | undefined {
  if (messages.length === 0) return "Empty input messages";
  let open: string[] = [];
  for (const [place, message] of messages.entries()) {
    if (message.role === "tool") {
      if (!open.includes(message.tool_call_id ?? ""))
        return "Messages with role 'tool' must be a response to a preceding message with 'tool_calls'";
      if (typeof message.content !== "string") return contentless(place);
      open = open.filter((id) => id !== message.tool_call_id);
      continue;
    }
    if (open.length > 0) return unanswered;
    const refusal = messageRefusal(message, place) ?? (reasoningAllowed ? undefined : reasoningRefusal(message, place));
    if (refusal !== undefined) return refusal;
    open = message.tool_calls?.map(({ id }) => id) ?? [];
  }
  return open.length > 0 ? unanswered : undefined;
}

const unanswered =
  "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. (insufficient tool messages following tool_calls message)";

function messageRefusal({ role, content, tool_calls }: DemoMessage, place: number): string | undefined {
  if (role !== "system" && role !== "user" && role !== "assistant") {
    return `${undeserialized} messages[${place}]: unknown variant \`${role}\`, expected one of \`system\`, \`user\`, \`assistant\`, \`tool\``;
  }
  if (role !== "assistant") return typeof content === "string" ? undefined : contentless(place);
  const silent = content === null || content === undefined;
  return silent && !tool_calls?.length ? "Invalid assistant message: content or tool_calls must be set" : undefined;
}

function contentless(place: number): string {
  return `${undeserialized} messages[${place}]: missing field \`content\``;
}

/** V3.2-Exp and older refuse their own reasoning; from V3.2 on it is wanted. */
function reasoningRefusal({ reasoning_content }: DemoMessage, place: number): string | undefined {
  if (reasoning_content === undefined) return undefined;
  return `The reasoning_content field is not supported in input messages (messages[${place}])`;
}
