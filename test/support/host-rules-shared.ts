/** Rules about requests that several hosts share, each with its source. Written from documentation and recorded errors, never from what Longline sends. */

export interface WireCall {
  id: string;
  type?: string;
  function: { name: string; arguments: string };
}
export interface WireMessage {
  role: string;
  content?: string | null;
  name?: string;
  reasoning_content?: unknown;
  tool_calls?: WireCall[];
  tool_call_id?: string;
  prefix?: boolean;
}
export interface WireBody extends Record<string, unknown> {
  messages: WireMessage[];
  tools?: { type: string; function: { name: string; strict?: boolean; parameters?: unknown } }[];
}

/** What is wrong with a body, in the host's words; its error's `code` and `param` where it has some. */
export interface Fault {
  message: string;
  code?: string;
  param?: string;
  status?: number;
  detail?: object[];
}
export type Rule = (body: WireBody) => Fault | undefined;

/** Half a surrogate pair is no Unicode (RFC 8259, 8.2), and NUL is refused by hosts that store requests ("contains U+0000"). */
export const text: Rule = ({ messages }) => {
  const bad = messages.findIndex((message) => {
    const parsed = (message.tool_calls ?? []).map((call) => parsedArguments(call));
    return [...stringsIn(message), ...stringsIn(parsed)].some(
      (each) => !each.isWellFormed() || /(?![\t\n\r])\p{Cc}/u.test(each),
    );
  });
  return bad < 0 ? undefined : { message: `We could not parse the JSON body: messages[${bad}] holds invalid text.` };
};

function stringsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [name, ...stringsIn(inner)]);
}

function parsedArguments({ function: { arguments: json } }: WireCall): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}

/** Chat templates parse the arguments (vLLM, SGLang, mistral-common); serde_json reads at most 128 levels. */
export const argumentsAreObjects: Rule = ({ messages }) => {
  for (const call of messages.flatMap(({ tool_calls = [] }) => tool_calls)) {
    const value = parsedArguments(call);
    if (typeof value !== "object" || value === null || Array.isArray(value) || depthOf(value) > 127) {
      return { message: "Function call arguments must be a JSON object." };
    }
  }
  return undefined;
};

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

/** OpenAI's and DeepSeek's API reference: a-z, A-Z, 0-9, underscores and dashes, 64 at most; in declarations and history alike (hermes-agent#95021). */
export const names: Rule = ({ messages, tools = [] }) => {
  const used = messages.flatMap(({ tool_calls = [] }) => tool_calls.map((call) => call.function.name));
  const all = [...tools.map((tool) => tool.function.name), ...used];
  const bad = all.find((name) => !/^[a-zA-Z0-9_-]{1,64}$/.test(name));
  if (bad === undefined) return undefined;
  const message = `Invalid 'messages[1].tool_calls[0].function.name': string does not match pattern '^[a-zA-Z0-9_-]+$'.`;
  return { message, code: "invalid_value", param: "messages[1].tool_calls[0].function.name" };
};

/** The order of calls and results: each call one result, right behind (deer-flow#2029; OpenAI's own words). */
export const results: Rule = ({ messages }) => {
  let open = new Set<string>();
  for (const { role, tool_calls = [], tool_call_id = "" } of messages) {
    if (role === "tool") {
      if (!open.delete(tool_call_id))
        return { message: "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'." };
      continue;
    }
    if (open.size > 0) break;
    open = new Set(tool_calls.map(({ id }) => id));
    if (open.size < tool_calls.length) return { message: "Duplicate value for 'tool_calls[].id'." };
  }
  if (open.size === 0) return undefined;
  return {
    message: `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${[...open].join(", ")}`,
  };
};

/** Gateways that stand before Anthropic refuse an id that comes twice ("`tool_use` ids must be unique"). */
export const idsOnce: Rule = ({ messages }) => {
  const ids = messages.flatMap(({ tool_calls = [] }) => tool_calls.map(({ id }) => id));
  return new Set(ids).size < ids.length ? { message: "`tool_use` ids must be unique" } : undefined;
};

/** No message is empty: an assistant has text or calls (harness of DeepSeek), and blank texts are refused by Bedrock and Anthropic. */
export const contents: Rule = ({ messages }) => {
  const bad = messages.find(({ role, content, tool_calls = [] }) => {
    if (content !== undefined && content !== null && typeof content !== "string") return true;
    const blank = (content ?? "").trim() === "";
    if (role === "assistant") return blank && tool_calls.length === 0;
    return role === "tool" ? (content ?? "") === "" : blank;
  });
  if (bad === undefined) return undefined;
  return { message: `Invalid value for 'content' of a message with role ${bad.role}: it must not be empty.` };
};

/** At most 128 tools (OpenAI's and DeepSeek's API reference). */
export const tools: Rule = ({ tools: all = [], tool_choice: choice }) => {
  if (all.length > 128)
    return { message: "Invalid 'tools': array too long. Expected an array with maximum length 128." };
  if (choice !== undefined && all.length === 0)
    return { message: "'tool_choice' is only allowed when 'tools' are specified." };
  return undefined;
};

/** A body and its answer have to fit the window. Four characters a token is less than any of them counts. */
export const fits =
  (window: number, most: number): Rule =>
  (body) => {
    const asked = Number(body.max_tokens ?? body.max_completion_tokens ?? 0);
    const prompt = Math.ceil(JSON.stringify(body.messages).length / 4);
    if (asked > most)
      return { message: `max_tokens is too large: ${asked}. This model supports at most ${most} completion tokens.` };
    if (asked < 0) return { message: "Invalid 'max_tokens': integer below minimum value." };
    if (prompt + asked <= window) return undefined;
    return {
      message: `This model's maximum context length is ${window} tokens. However, you requested ${prompt + asked} tokens (${prompt} in the messages, ${asked} in the completion).`,
      code: "context_length_exceeded",
    };
  };
