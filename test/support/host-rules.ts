/**
 * What hosts of models refuse before they answer, in their own words: OpenAI, DeepSeek V3.2 and V4, Mistral. Each rule names
 * its source. Written from documentation and recorded errors, never from what Longline sends.
 */
import { requestRefusal } from "../../src/model/demo/request-rules.ts";
import {
  argumentsAreObjects,
  contents,
  type Fault,
  fits,
  idsOnce,
  names,
  type Rule,
  results,
  text,
  tools,
  type WireBody,
  type WireMessage,
} from "./host-rules-shared.ts";
import { toolsRefusal } from "./strict-check.ts";

export interface HostRefusal {
  status: number;
  body: object;
}

/** One host. `refuse`: why this body is not answered, or `undefined`. `raw`: its text. */
export interface Host {
  name: string;
  refuse(raw: string): HostRefusal | undefined;
}

const firstFault = (body: WireBody, rules: readonly Rule[]): Fault | undefined => {
  for (const rule of rules) {
    const fault = rule(body);
    if (fault !== undefined) return fault;
  }
  return undefined;
};

// ---- OpenAI (platform.openai.com, API reference of chat completions; a reasoning model)

const openaiParameters = [
  ...["model", "messages", "stream", "stream_options", "max_completion_tokens", "max_tokens", "temperature", "top_p"],
  ...[
    "frequency_penalty",
    "presence_penalty",
    "stop",
    "tool_choice",
    "tools",
    "parallel_tool_calls",
    "response_format",
  ],
  ...["reasoning_effort", "n", "seed", "store", "metadata", "user", "safety_identifier", "prompt_cache_key"],
];
const openaiMessage = ["role", "content", "name", "tool_calls", "tool_call_id", "refusal"];

const openaiRules: readonly Rule[] = [
  (body) => {
    const odd = Object.keys(body).find((name) => !openaiParameters.includes(name));
    return odd === undefined
      ? undefined
      : { message: `Unknown parameter: '${odd}'.`, code: "unknown_parameter", param: odd };
  },
  ({ messages }) => {
    for (const [place, message] of messages.entries()) {
      const odd = Object.keys(message).find((name) => !openaiMessage.includes(name));
      const param = `messages[${place}].${odd}`;
      if (odd !== undefined) return { message: `Unknown parameter: '${param}'.`, code: "unknown_parameter", param };
    }
    return undefined;
  },
  // dify#33285, opencode#37964.
  ({ max_tokens: most }) =>
    most === undefined
      ? undefined
      : {
          message:
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
          code: "unsupported_parameter",
          param: "max_tokens",
        },
  (body) => {
    const odd = ["temperature", "top_p", "frequency_penalty", "presence_penalty"].find(
      (name) => body[name] !== undefined,
    );
    if (odd === undefined) return undefined;
    return {
      message: `Unsupported value: '${odd}' does not support ${String(body[odd])} with this model. Only the default (1) value is supported.`,
      code: "unsupported_value",
      param: odd,
    };
  },
  // "Invalid 'messages[1].tool_calls[0].id': string too long. Expected a string with maximum length 40".
  ({ messages }) => {
    const ids = messages.flatMap(({ tool_calls = [] }) => tool_calls.map(({ id }) => id));
    const bad = ids.find((id) => id === "" || id.length > 40);
    if (bad === undefined) return undefined;
    const message = `Invalid 'messages[1].tool_calls[0].id': string too long. Expected a string with maximum length 40, but got a string with length ${bad.length} instead.`;
    return { message, code: "string_above_max_length" };
  },
  // https://platform.openai.com/docs/guides/structured-outputs: strict schemas list every property as required.
  ({ tools: all = [] }) => {
    const strict = all.find(({ function: { strict = false, parameters } }) => strict && !isClosed(parameters));
    return (
      strict && {
        message: `Invalid schema for function '${strict.function.name}': 'additionalProperties' is required to be supplied and to be false.`,
      }
    );
  },
  names,
  results,
  contents,
  tools,
  text,
  fits(128_000, 16_384),
];

function isClosed(schema: unknown): boolean {
  const { additionalProperties, properties = {}, required = [] } = (schema ?? {}) as Record<string, object>;
  return (
    (additionalProperties as unknown) === false && Object.keys(properties).length === (required as string[]).length
  );
}

// ---- DeepSeek (facts of its own error bodies; api-docs.deepseek.com, thinking mode, tool calls, rate limit)

const turnsOf = (messages: readonly WireMessage[]): WireMessage[][] => {
  const turns: WireMessage[][] = [[]];
  for (const message of messages) {
    if (message.role === "user") turns.push([]);
    turns.at(-1)?.push(message);
  }
  return turns;
};
const hasCalls = (turn: readonly WireMessage[]) => turn.some(({ tool_calls = [] }) => tool_calls.length > 0);
/** Whether " " or "" count is unsettled, so only the form that everybody reports to work is taken. */
const hasReasoning = ({ reasoning_content: said }: WireMessage) => typeof said === "string" && said !== "";
const thinks = (body: WireBody, byDefault: boolean) => {
  const { type } = (body.thinking ?? {}) as { type?: string };
  return type === undefined ? byDefault : type === "enabled";
};

/** In the turn that goes on, every reply of a tool loop carries its reasoning (GitNexus#43, zed#43887). */
const v32Reasoning: Rule = (body) => {
  if (!thinks(body, false)) return undefined;
  const turn = turnsOf(body.messages).at(-1) ?? [];
  const bad = turn.find((message) => message.role === "assistant" && !hasReasoning(message));
  if (bad === undefined || !hasCalls(turn)) return undefined;
  const at = body.messages.indexOf(bad);
  return {
    message: `Missing \`reasoning_content\` field in the assistant message at message index ${at}. For more information, please refer to https://api-docs.deepseek.com/guides/thinking_mode#tool-calls`,
  };
};

/** In all later requests, too (pi#3636, DeepSeek-V3#1262). */
const v4Reasoning: Rule = (body) => {
  if (!thinks(body, true)) return undefined;
  const bad = turnsOf(body.messages)
    .filter(hasCalls)
    .some((turn) => turn.some((message) => message.role === "assistant" && !message.prefix && !hasReasoning(message)));
  return bad ? { message: "The `reasoning_content` in the thinking mode must be passed back to the API." } : undefined;
};

const v4Parameters: Rule = ({ user_id: user, reasoning_effort: effort }) => {
  // api-docs.deepseek.com/quick_start/rate_limit.
  if (user !== undefined && !/^[a-zA-Z0-9\-_]{1,512}$/.test(String(user))) return { message: "Invalid user_id." };
  const efforts = ["none", "low", "high", "max"];
  if (effort !== undefined && !efforts.includes(String(effort))) {
    return {
      message: `Failed to deserialize the JSON body into the target type: reasoning_effort: unknown variant \`${String(effort)}\``,
    };
  }
  return undefined;
};

const deepseekShared: readonly Rule[] = [names, results, contents, tools, argumentsAreObjects, text];
const ofDeepseek: Rule = (body) => {
  const { error } = requestRefusal(body, { reasoningAllowed: true, toolsRefusal }) ?? {};
  return error && { message: error.message, code: error.code };
};

// ---- Mistral (docs.mistral.ai; mistral-common's validator, protocol/instruct/validator.py)

const mistralParameters = [
  ...["model", "messages", "stream", "max_tokens", "temperature", "top_p", "stop", "random_seed", "metadata", "tools"],
  ...["tool_choice", "response_format", "presence_penalty", "frequency_penalty", "n", "prediction"],
  ...["parallel_tool_calls", "prompt_mode", "safe_prompt"],
];
const mistralMessage: Record<string, string[]> = {
  system: ["role", "content"],
  user: ["role", "content"],
  assistant: ["role", "content", "tool_calls", "prefix"],
  tool: ["role", "content", "tool_call_id", "name"],
};

/** crush#1590, litellm#30835: what the schema does not know is answered with 422. */
const mistralExtra: Rule = (body) => {
  const inBody = Object.keys(body).find((name) => !mistralParameters.includes(name));
  const inMessage = body.messages.flatMap((message, place) => {
    const odd = Object.keys(message).find((name) => !(mistralMessage[message.role] ?? []).includes(name));
    return odd === undefined ? [] : [["messages", place, message.role, odd]];
  })[0];
  const path = inBody === undefined ? inMessage : [inBody];
  if (path === undefined) return undefined;
  const detail = [
    { type: "extra_forbidden", loc: ["body", ...path], msg: "Extra inputs are not permitted", input: "" },
  ];
  return { message: "extra_forbidden", status: 422, detail };
};

/** mistral-common#169: what may follow what. */
const mistralNext: Record<string, string[]> = {
  start: ["system", "user"],
  system: ["system", "user", "assistant"],
  user: ["user", "assistant", "system"],
  assistant: ["assistant", "user", "tool"],
  tool: ["assistant", "tool"],
};
const mistralOrder: Rule = ({ messages }) => {
  let last = "start";
  for (const { role } of messages) {
    if (!mistralNext[last]?.includes(role))
      return { message: `Unexpected role '${role}' after role '${last}'`, code: "3230" };
    last = role;
  }
  const end = messages.at(-1);
  if (last === "user" || last === "tool" || end?.prefix === true) return undefined;
  return {
    message: `Expected last role User or Tool (or Assistant with prefix True) for serving but got ${last}`,
    code: "3230",
  };
};

/** opencode#1680. */
const mistralIds: Rule = ({ messages }) => {
  const ids = messages.flatMap((message) => [
    ...(message.tool_calls ?? []).map(({ id }) => id),
    ...(message.tool_call_id === undefined ? [] : [message.tool_call_id]),
  ]);
  const bad = ids.find((id) => !/^[a-zA-Z0-9]{9}$/.test(id));
  if (bad === undefined) return undefined;
  return { message: `Tool call id was ${bad} but must be a-z, A-Z, 0-9, with a length of 9.`, code: "3280" };
};

// ---- the hosts

type Words = (fault: Fault) => HostRefusal;
/** OpenAI's and DeepSeek's form of an error. */
const plainError: Words = ({ message, code = null, param = null, status = 400 }) => {
  return { status, body: { error: { message, type: "invalid_request_error", param, code } } };
};
/** Mistral's. */
const mistralError: Words = ({ message, code = null, status = 400, detail }) => {
  const said = detail === undefined ? { message } : { message: { detail }, detail };
  return { status, body: { object: "error", ...said, type: "invalid_request_error", param: null, code } };
};

function host(name: string, rules: readonly Rule[], words: Words): Host {
  return {
    name,
    refuse(raw) {
      let body: WireBody;
      try {
        body = JSON.parse(raw) as WireBody;
      } catch {
        return words({ message: "We could not parse the JSON body of your request." });
      }
      const fault = firstFault(body, rules);
      return fault && words(fault);
    },
  };
}

export const openai = host("OpenAI", openaiRules, plainError);
export const deepseekV32 = host(
  "DeepSeek V3.2",
  [ofDeepseek, ...deepseekShared, idsOnce, v32Reasoning, fits(131_072, 65_536)],
  plainError,
);
export const deepseekV4 = host(
  "DeepSeek V4",
  [ofDeepseek, ...deepseekShared, v4Parameters, v4Reasoning, fits(1_048_576, 393_216)],
  plainError,
);
export const mistral = host(
  "Mistral",
  [
    mistralExtra,
    mistralOrder,
    mistralIds,
    names,
    results,
    contents,
    tools,
    argumentsAreObjects,
    text,
    fits(131_072, 131_072),
  ],
  mistralError,
);
export const hosts = [openai, deepseekV32, deepseekV4, mistral] as const;

/** A host like vLLM with a small window: prompt and answer have to fit, else its words are vLLM's (hermes-agent#42741). */
export function smallHost(window: number): Host {
  return host("a small host", [results, contents, text, fits(window, window)], plainError);
}
