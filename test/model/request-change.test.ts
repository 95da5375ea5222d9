import { describe, expect, it } from "vitest";
import type { RequestChange } from "../../src/core/errors.ts";
import type { AssistantMessage } from "../../src/core/message.ts";
import { profileFor } from "../../src/model/catalog.ts";
import { requestChange, withChanges } from "../../src/model/request-change.ts";
import { requestBody, serializeHead, serializeMessage, serializeTail } from "../../src/model/serialize.ts";

const openai = (message: string, more: object = {}) =>
  JSON.stringify({ error: { message, type: "invalid_request_error", ...more } });
const extra = (...loc: (string | number)[]) =>
  JSON.stringify({
    detail: [{ type: "extra_forbidden", loc: ["body", ...loc], msg: "Extra inputs are not permitted", input: "" }],
  });

/** Recorded refusals: who says it, the body, and the change. */
const asks: [who: string, body: string, change: RequestChange][] = [
  [
    "OpenAI, dify#33285",
    openai(
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
      { param: "max_tokens", code: "unsupported_parameter" },
    ),
    "max_tokens_field:max_completion_tokens",
  ],
  [
    "Azure's older deployments, litellm#8855",
    openai("Unrecognized request argument supplied: max_completion_tokens"),
    "max_tokens_field:max_tokens",
  ],
  [
    "a gateway that quotes OpenAI",
    JSON.stringify({
      error: {
        message: "Provider returned error",
        code: 400,
        metadata: {
          raw: openai(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
          ),
        },
      },
    }),
    "max_tokens_field:max_completion_tokens",
  ],
  [
    "OpenAI",
    openai(
      "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
      { param: "temperature" },
    ),
    "drop:temperature",
  ],
  [
    "OpenAI",
    openai("Unsupported parameter: 'top_p' is not supported with this model.", { param: "top_p" }),
    "drop:top_p",
  ],
  [
    "OpenAI",
    openai("Unknown parameter: 'thinking'.", { code: "unknown_parameter", param: "thinking" }),
    "drop:thinking",
  ],
  ["OpenAI", openai("Unrecognized request arguments supplied: stream_options, thinking"), "drop:stream_options"],
  [
    "OpenAI",
    openai("Unknown parameter: 'tools[0].function.strict'.", { param: "tools[0].function.strict" }),
    "drop:strict",
  ],
  ["OpenAI", openai("Unknown parameter: 'messages[2].reasoning_content'."), "reasoning:strip"],
  [
    "OpenAI",
    openai("Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."),
    "drop:response_format",
  ],
  ["DeepSeek", openai("This response_format type is unavailable now"), "drop:response_format"],
  [
    "LiteLLM",
    openai("litellm.UnsupportedParamsError: openai does not support parameters: ['thinking'], for model=gpt-4o."),
    "drop:thinking",
  ],
  [
    "LiteLLM",
    openai(
      "litellm.UnsupportedParamsError: gpt-5 models (including gpt-5-codex) don't support temperature=0.2. Only temperature=1 is supported.",
    ),
    "drop:temperature",
  ],
  ["Mistral", extra("stream_options"), "drop:stream_options"],
  ["Mistral", extra("user_id"), "drop:user_id"],
  ["Mistral, crush#1590", extra("messages", 31, "assistant", "reasoning_content"), "reasoning:strip"],
  [
    "Mistral, opencode#1680",
    openai("Tool call id was call_PTLP8xhu3uwZk4l3nlnrrJha but must be a-z, A-Z, 0-9, with a length of 9."),
    "ids:alnum9",
  ],
  ["Mistral, mistral-common#169", openai("Unexpected role 'user' after role 'tool'"), "order:bridged"],
  [
    "chat templates, crush#279",
    openai("After the optional system message, conversation roles must alternate user and assistant roles"),
    "order:alternating",
  ],
  [
    "Anthropic behind a gateway",
    openai("messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"),
    "ids:words",
  ],
  ["Groq", openai("property 'stream_options' is unsupported"), "drop:stream_options"],
  [
    "Groq",
    openai(
      "'messages.1' : for 'role:assistant' the following must be satisfied[('messages.1' : property 'reasoning_content' is unsupported)]",
    ),
    "reasoning:strip",
  ],
  [
    "Fireworks",
    openai("Extra inputs are not permitted, field: 'thinking', value: {'type': 'enabled'}"),
    "drop:thinking",
  ],
  ["xAI", openai("Model grok-4 does not support parameter frequency_penalty."), "drop:frequency_penalty"],
  [
    "Gemini",
    openai('Invalid JSON payload received. Unknown name "stream_options": Cannot find field.'),
    "drop:stream_options",
  ],
  [
    "serde",
    openai(
      "Failed to deserialize the JSON body into the target type: unknown field `user_id`, expected one of `model`",
    ),
    "drop:user_id",
  ],
  [
    "OpenAI's o1",
    openai("Unsupported value: 'messages[0].role' does not support 'system' with this model."),
    "role:developer",
  ],
  [
    "DeepSeek",
    openai(
      "Failed to deserialize the JSON body into the target type: messages[0].role: unknown variant `developer`, expected one of `system`",
    ),
    "role:user",
  ],
  [
    "DeepSeek V4",
    openai("The `reasoning_content` in the thinking mode must be passed back to the API."),
    "reasoning:replay",
  ],
  [
    "DeepSeek V3.2",
    openai("Missing `reasoning_content` field in the assistant message at message index 3. For more information"),
    "reasoning:replay",
  ],
  [
    "DeepSeek R1",
    openai("The reasoning_content field is not supported in input messages (messages[2])"),
    "reasoning:strip",
  ],
  ["nobody in particular", openai("Something about reasoning_content"), "reasoning:other"],
  ["DeepSeek", openai("Invalid max_tokens value, the valid range of max_tokens is [1, 4096]"), "max_tokens:4096"],
  [
    "OpenAI",
    openai(
      "max_tokens is too large: 65536. This model supports at most 16384 completion tokens, whereas you provided 65536.",
    ),
    "max_tokens:16384",
  ],
  [
    "vLLM, hermes-agent#42741",
    openai(
      "'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum context length is 8192 tokens and your request has 20 input tokens",
    ),
    "window:8192",
  ],
  [
    "Groq, opencode#1000",
    openai(
      "`max_tokens` must be less than or equal to `16384`, the maximum value for `max_tokens` is less than the `context_window` for this model",
    ),
    "max_tokens:16384",
  ],
  [
    "Groq, groq-moa#8",
    openai("max_tokens for `llama-3.1-8b-instant` must be less than or equal to 8000"),
    "max_tokens:8000",
  ],
  [
    "Groq, free-claude-code#955",
    openai(
      "max_completion_tokens must be less than or equal to 40960, the maximum value for max_completion_tokens is less than the context_window for this model",
    ),
    "max_tokens:40960",
  ],
  [
    "Ollama's cloud, hyper-grok-build#44",
    openai("max_tokens (384000) exceeds model's maximum output tokens (65536) for model deepseek-v4-flash:0731"),
    "max_tokens:65536",
  ],
  [
    "DashScope",
    openai("<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 8192]"),
    "max_tokens:8192",
  ],
  [
    "Anthropic behind a proxy",
    openai("max_tokens: 200000 > 64000, which is the maximum allowed number of output tokens for claude"),
    "max_tokens:64000",
  ],
  [
    "Bedrock",
    openai(
      "The maximum tokens you requested exceeds the model limit of 4096. Try again with a maximum tokens value that is lower than 4096.",
    ),
    "max_tokens:4096",
  ],
];

describe("requestChange", () => {
  it.each(asks)("[HOST-9] %s: %s", (_, body, change) => {
    expect(requestChange(400, body)).toBe(change);
    expect(requestChange(422, body)).toBe(change);
  });

  it.each([
    ["a wrong key", 401, asks[0]?.[1] ?? ""],
    ["too many requests", 429, openai("temperature= is not supported")],
    ["no such model", 404, openai("The model 'thinking' is not supported")],
    ["a content filter", 400, openai("Content Exists Risk")],
    ["a forced tool", 400, openai("Thinking mode does not support this tool_choice")],
    ["tools", 400, openai("Unrecognized request argument supplied: tools")],
    ["stop texts", 400, openai("Unsupported parameter: 'stop' is not supported with this model.", { param: "stop" })],
    ["a schema", 400, openai("Invalid schema for function 'x': 'format' is not permitted.")],
    ["a body that cannot be read", 400, openai("Failed to deserialize the JSON body: reasoning_content: invalid type")],
    [
      "a conversation that is too long by itself",
      400,
      openai(
        "This model's maximum context length is 131072 tokens. However, you requested 140000 tokens (131808 in the messages, 8192 in the completion).",
      ),
    ],
    ["a long conversation", 400, openai("This model's maximum context length is 131072 tokens.")],
  ])("[HOST-10] %s is no reason to write another request", (_, status, body) => {
    expect(requestChange(status, body)).toBeUndefined();
  });
});

it("[HOST-5] names of members in a client's schema are made legal, too", () => {
  const profile = profileFor({ modelId: "x", baseUrl: "https://gateway.test", demo: false });
  const parameters = { type: "object", properties: { "a\ud83d": { type: "string", description: "\u0000 \\u0000" } } };
  const head = serializeHead({ profile, tools: [{ name: "t", description: "", parameters }], instructions: "" });
  expect(head).toContain('"properties":{"a\\ufffd":{"type":"string","description":"\ufffd \\\\u0000"}}');
});

describe("withChanges", () => {
  const flash = profileFor({ modelId: "deepseek-flash", baseUrl: "https://api.deepseek.com", demo: false });
  const tool = { name: "t", description: "", parameters: { type: "object" } };
  const body = (...changes: RequestChange[]) => {
    const profile = withChanges(flash, changes);
    const head = {
      profile,
      tools: [tool],
      instructions: "Hi",
      thinking: "max" as const,
      userId: "a-1",
      responseFormat: { type: "json_object" as const },
    };
    const tail = serializeTail(head, { sampling: { temperature: 0.2, topP: 0.5, stop: ["x"] } });
    const reply = { role: "assistant" as const, content: "4", reasoning: "2+2", toolCalls: [] };
    return JSON.parse(requestBody(serializeHead(head), [serializeMessage(reply, profile)], { tail }));
  };

  it("[HOST-9] leaves out, renames or limits what the host asked for, and nothing else", () => {
    const whole = body();
    const without = (name: string) => Object.fromEntries(Object.entries(whole).filter(([key]) => key !== name));
    for (const name of ["temperature", "top_p", "stream_options", "reasoning_effort", "response_format"]) {
      expect(Object.keys(whole)).toContain(name);
      expect(body(`drop:${name}`)).toEqual(without(name));
    }
    const { max_tokens: most, ...rest } = whole;
    expect(body("max_tokens_field:max_completion_tokens")).toEqual({ ...rest, max_completion_tokens: most });
    expect(body("max_tokens:4096").max_tokens).toBe(4096);
    expect(body("role:developer").messages[0].role).toBe("developer");
    expect(body("role:developer", "role:user").messages[0].role).toBe("user");
    expect(body("reasoning:strip").messages[1]).not.toHaveProperty("reasoning_content");
    expect(body("drop:strict").tools[0].function).not.toHaveProperty("strict");
    expect(body("drop:thinking")).not.toHaveProperty("thinking");
    expect(whole).toMatchObject({ user_id: "a-1", reasoning_effort: "max", thinking: { type: "enabled" } });
  });

  it("[HOST-8] every reply of a turn with calls has reasoning where the host wants it, a blank when there was none", () => {
    const reply: AssistantMessage = { role: "assistant", content: "4", reasoning: "", toolCalls: [] };
    const calling = { ...reply, toolCalls: [{ id: "a", name: "t", arguments: "{}" }] };
    const sent = (message: AssistantMessage, afterCalls: boolean) =>
      JSON.parse(serializeMessage(message, flash, { afterCalls })).reasoning_content;
    expect([sent(calling, false), sent(reply, true), sent(reply, false)]).toEqual([" ", " ", undefined]);
    expect(sent({ ...reply, reasoning: "2+2" }, true)).toBe("2+2");
  });
});
