/** What hosts answer in place of an answer: status and body as their documentation or a public report shows them, and what they mean. Written from the sources, not from our classifier. */
import type { FailureCode } from "../../src/core/errors.ts";

export interface RefusalRow {
  host: string;
  status: number;
  body: unknown;
  code: FailureCode;
  /** A public thread, or the host's own documentation. */
  source: string;
}

const row =
  (code: FailureCode, source: string) =>
  (host: string, status: number, body: unknown): RefusalRow => {
    return { host, status, body, code, source };
  };
const openai = (message: string, more: object = {}) => ({
  error: { message, type: "invalid_request_error", param: null, ...more },
});

const pi = row("context_overflow", "earendil-works/pi packages/ai/src/utils/overflow.ts");
const pi129 = row("context_overflow", "pi#129");
const overflow = (source: string) => row("context_overflow", source);

export const overflows: RefusalRow[] = [
  overflow("smol-ai/developer#7")(
    "OpenAI",
    400,
    openai(
      "This model's maximum context length is 4097 tokens. However, your messages resulted in 7575 tokens. Please reduce the length of the messages.",
      { code: "context_length_exceeded" },
    ),
  ),
  pi(
    "OpenAI, newer",
    400,
    openai("Your input exceeds the context window of this model. Please adjust your input and try again.", {
      code: "context_length_exceeded",
    }),
  ),
  overflow("OpenAI error of 2026: configured limit")(
    "OpenAI, configured limit",
    400,
    openai(
      "Input tokens exceed the configured limit of 922000 tokens. Your messages resulted in 1200007 tokens. Please reduce the length of the messages.",
      { code: "context_length_exceeded" },
    ),
  ),
  overflow("learn.microsoft.com, Azure OpenAI errors")(
    "Azure",
    400,
    openai(
      "This model's maximum context length is 16384 tokens. However, your messages resulted in 20000 tokens. Please reduce the length of the messages.",
      { param: "messages", code: "context_length_exceeded" },
    ),
  ),
  overflow("fast-agent#621")(
    "DeepSeek",
    400,
    openai(
      "This model's maximum context length is 131072 tokens. However, you requested 131134 tokens (122942 in the messages, 8192 in the completion). Please reduce the length of the messages or completion.",
      { code: "invalid_request_error" },
    ),
  ),
  overflow("litellm exceptions: the kind in front, other words behind")("LiteLLM", 400, {
    error: { message: "litellm.ContextWindowExceededError: litellm.BadRequestError: BedrockException - ", code: "400" },
  }),
  overflow("octo-agent#2124")("a host in China", 400, openai("输入错误：上下文长度超过模型限制")),
  overflow("octo-agent#2124")("a host in China, tokens", 400, openai("请求的 token 数超出上限")),
  overflow("evalscope#1368")("vLLM", 400, {
    error: {
      message:
        "This model's maximum context length is 196608 tokens. However, your request has 264175 input tokens. Please reduce the length of the input messages. (parameter=input_tokens, value=264175)",
      type: "BadRequestError",
      param: "input_tokens",
      code: 400,
    },
  }),
  overflow("opencode#36481")("vLLM 0.8 and later", 400, {
    error: {
      message:
        "This model's maximum context length is 262144 tokens. However, you requested 32000 output tokens and your prompt contains at least 230145 input tokens, for a total of at least 262145 tokens.",
      type: "BadRequestError",
      code: 400,
    },
  }),
  overflow("vLLM 0.4 error object")("vLLM, old body", 400, {
    object: "error",
    message:
      "This model's maximum context length is 16384 tokens. However, you requested 20000 tokens. Please reduce the length of the messages or completion.",
    type: "BadRequestError",
    param: null,
    code: 400,
  }),
  overflow("vLLM 0.9, serving_engine.py")("vLLM, decoder prompt", 400, {
    object: "error",
    message:
      "The decoder prompt (length 263000) is longer than the maximum model length of 262144. Make sure that `max_model_len` is no smaller than the number of text tokens.",
    type: "BadRequestError",
    code: 400,
  }),
  overflow("finetunelab.ai, docs/MAX_TOKENS_CONTEXT_OVERFLOW_FIX.md")("vLLM, the input fills the window", 400, {
    error: {
      message:
        "'max_tokens' or 'max_completion_tokens' is too large: 2000. This model's maximum context length is 4096 tokens and your request has 3900 input tokens (2000 > 4096 - 3900).",
      type: "BadRequestError",
      code: 400,
    },
  }),
  overflow("SGLang, tokenizer_manager.py")("SGLang", 400, {
    object: "error",
    message: "The input (263000 tokens) is longer than the model's context length (262144 tokens).",
    type: "BadRequestError",
    param: null,
    code: 400,
  }),
  overflow("sglang#4048")("SGLang, scheduler", 400, {
    object: "error",
    message:
      "Input length (160062 tokens) exceeds the maximum allowed length (59862 tokens). Use a shorter input or enable --allow-auto-truncate.",
    type: "BadRequestError",
    code: 400,
  }),
  pi("SGLang, total", 400, {
    object: "error",
    message:
      "Requested token count exceeds the model's maximum context length of 131072 tokens. You requested a total of 140000 tokens.",
    code: 400,
  }),
  pi129(
    "Groq",
    400,
    openai("Please reduce the length of the messages or completion.", {
      param: "messages",
      code: "context_length_exceeded",
    }),
  ),
  overflow("qwen-code#98")("Alibaba", 400, {
    error: {
      code: "invalid_parameter_error",
      param: null,
      message: "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 204800]",
      type: "invalid_request_error",
    },
  }),
  pi129("Gemini, as a list", 400, [
    {
      error: {
        code: 400,
        message: "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).",
        status: "INVALID_ARGUMENT",
      },
    },
  ]),
  pi129("xAI", 400, {
    code: "Client specified an invalid argument",
    error: "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
  }),
  overflow("llama.cpp tools/server/README.md")("llama.cpp", 400, {
    error: {
      code: 400,
      message: "request (34000 tokens) exceeds the available context size (32768 tokens), try increasing it",
      type: "exceed_context_size_error",
      n_prompt_tokens: 34000,
      n_ctx: 32768,
    },
  }),
  overflow("llama.cpp server.cpp, context shift off")("llama.cpp, in mid-answer", 500, {
    error: { code: 500, message: "Context size has been exceeded.", type: "server_error" },
  }),
  overflow("LmStudioToCursor, context_safe_configs.md")("LM Studio", 400, {
    error:
      "The number of tokens to keep from the initial prompt is greater than the context length. Try to load the model with a larger context length, or provide a shorter input",
  }),
  overflow("lmstudio-bug-tracker, context overflow policy")("LM Studio, newer", 400, {
    error:
      "Trying to keep the first 5011 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough.",
  }),
  pi("Moonshot", 400, openai("Invalid request: Your request exceeded model token limit: 262144 (requested: 300000)")),
  overflow("MiniMax-M2#119")("MiniMax", 400, {
    type: "error",
    error: {
      type: "bad_request_error",
      message: "invalid params, context window exceeds limit (2013)",
      http_code: "400",
    },
  }),
  overflow("MiniMax error codes")("MiniMax, its own body under 200", 200, {
    id: "x",
    choices: null,
    base_resp: { status_code: 2013, status_msg: "invalid params, context window exceeds limit" },
  }),
  overflow("docs.bigmodel.cn, error codes: 1261")("Zhipu", 400, { error: { code: "1261", message: "Prompt 超长" } }),
  overflow("opencode#35920")("GLM elsewhere", 400, openai("tokens in request more than max tokens allowed")),
  pi("Together", 400, openai("The input (150000 tokens) is longer than the model's context length (131072 tokens).")),
  overflow("text-generation-inference, validation.rs")("Together, old; Hugging Face", 422, {
    error:
      "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 32769. Given: 40000 `inputs` tokens and 512 `max_new_tokens`",
    error_type: "validation",
  }),
  overflow("langchain#37457")(
    "Fireworks",
    400,
    openai("The prompt is too long: 140000, model maximum context length: 131071"),
  ),
  pi("Ollama", 400, openai("prompt too long; exceeded max context length by 4096 tokens")),
  overflow("ollama server/routes.go")("Ollama, embeddings' words", 400, {
    error: "the input length exceeds the context length",
  }),
  pi129("Mistral", 400, {
    object: "error",
    message: "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
    type: "invalid_request_error",
    param: null,
    code: "3051",
  }),
  overflow("docs.cohere.com/reference/errors")("Cohere", 400, {
    message:
      "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4292. Try using a shorter prompt",
  }),
  overflow("bedrock-chat#95")("Bedrock", 400, { message: "Input is too long for requested model." }),
  overflow("Bedrock ValidationException")("Bedrock, Titan", 400, {
    message:
      "The model returned the following errors: Input Tokens Exceeded: Number of input tokens exceeds maximum length. Please update the input to try again.",
  }),
  overflow("hermes-agent#68451")("Venice, inside a 200 stream", 200, {
    error_type: "context_length_exceeded",
    error_message: "This model's maximum context length is 163840 tokens. However, you requested 170000 tokens.",
  }),
  overflow("hermes-agent#65631")("DeepInfra, inside a 200 stream", 200, {
    choices: null,
    error_type: "BadRequestError",
    error_message: "The prompt is longer than the maximum model length of 24576",
  }),
  overflow("LibreChat, TOKEN-LIMITS-ISSUE.md")("OpenRouter", 400, {
    error: {
      message:
        "This endpoint's maximum context length is 131072 tokens. However, you requested about 132463 tokens (1463 of text input, 131000 in the output). Please reduce the length of either one.",
      code: 400,
    },
  }),
  overflow("pi#4943")("OpenRouter, Poolside, wrapped", 400, {
    error: {
      message: "Provider returned error",
      code: 400,
      metadata: {
        raw: '{"error":{"message":"Input length 131393 exceeds the maximum allowed input length of 131040 tokens.","type":"invalid_request_error"}}',
        provider_name: "Poolside",
      },
    },
  }),
  overflow("pi#4943")("OpenRouter, wrapped twice, in a stream", 200, {
    id: "gen",
    choices: [],
    error: {
      message: "Provider returned error",
      code: 400,
      metadata: {
        raw: JSON.stringify({
          detail: JSON.stringify({
            error: { message: "The input (263000 tokens) is longer than the model's context length (262144 tokens)." },
          }),
        }),
      },
    },
  }),
  overflow("LiteLLM, exception_mapping_utils.py")("LiteLLM", 400, {
    error: {
      message:
        'litellm.ContextWindowExceededError: litellm.BadRequestError: OpenAIException - {"error":{"message":"prompt is too long: 213462 tokens > 200000 maximum"}}',
      type: null,
      code: "400",
    },
  }),
  pi("Anthropic, compatible", 413, {
    type: "error",
    error: { type: "request_too_large", message: "Request exceeds the maximum size" },
  }),
  overflow("continue#6080")("Anthropic, with the answer's share", 400, {
    type: "error",
    error: {
      type: "invalid_request_error",
      message:
        "input length and `max_tokens` exceed context limit: 199759 + 8192 > 200000, decrease input length or `max_tokens` and try again",
    },
  }),
  pi(
    "GitHub Copilot",
    400,
    openai("prompt token count of 140000 exceeds the limit of 128000", { code: "model_max_prompt_tokens_exceeded" }),
  ),
  overflow("siliconflow error 20015")("SiliconFlow", 400, {
    code: 20015,
    message: "length of prompt_tokens (140000) must be less than max_seq_len (131072).",
    data: null,
  }),
  overflow("Volcengine Ark, InvalidParameter")("Ark", 400, {
    error: {
      code: "InvalidParameter",
      message: "Input length 240000 exceeds the maximum length 229376",
      param: "",
      type: "BadRequest",
    },
  }),
  overflow("Workers AI error 5021")("Workers AI", 413, {
    errors: [
      {
        message:
          "AiError: The estimated number of input and maximum output tokens (140000) exceeded this model context window limit (128000).",
        code: 5021,
      },
    ],
    success: false,
  }),
  overflow("RFC 9110, 15.5.14")(
    "a proxy in front",
    413,
    "<html><head><title>413 Request Entity Too Large</title></head></html>",
  ),
  overflow("pi, overflow.ts: Cerebras")("Cerebras, no body", 413, ""),
  overflow("FastAPI's HTTPException")("a server of one's own", 400, { detail: "Prompt is too long for this model" }),
  overflow("JSON:API errors")("a gateway with a list", 400, {
    errors: [{ status: "400", title: "context window exceeded", detail: "context length 9000 exceeds 8192" }],
  }),
  overflow("a gateway's {code, msg}")("a gateway in a stream", 200, {
    code: 400,
    msg: "the request exceeds the available context size",
  }),
];

const refusal = row;
/** Bodies that speak of tokens and limits and are no overflow. */
export const notOverflows: RefusalRow[] = [
  refusal("model_rate_limited", "continue#10218")("Groq, tokens per minute", 413, {
    error: {
      message:
        "Request too large for model `llama-3.3-70b-versatile` in organization `org_x` service tier `on_demand` on tokens per minute (TPM): Limit 12000, Requested 14137, please reduce your message size and try again.",
      type: "tokens",
      code: "rate_limit_exceeded",
    },
  }),
  refusal("model_rate_limited", "vanna-flask#11")("OpenAI, tokens per minute", 429, {
    error: {
      message:
        "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 342389. The input or output tokens must be reduced in order to run successfully.",
      type: "tokens",
      code: "rate_limit_exceeded",
    },
  }),
  refusal("model_rate_limited", "elizaOS#4040")("Groq, rate limit", 429, {
    error: {
      message:
        "Rate limit reached for model `llama-3.1-8b-instant` on tokens per minute (TPM): Limit 6000, Used 5034, Requested 1443. Please try again in 4.77s. Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing",
      type: "tokens",
      code: "rate_limit_exceeded",
    },
  }),
  refusal("model_rate_limited", "pi, overflow.ts: Bedrock")("Bedrock, throttling", 429, {
    message: "Too many tokens, please wait before trying again.",
  }),
  refusal("model_rate_limited", "hermes-agent#58017")("DashScope, inside a 200 stream", 200, {
    code: "Throttling.AllocationQuota",
    message: "Allocated quota exceeded, please increase your quota limit.",
  }),
  refusal("model_rate_limited", "ai.google.dev, rate limits")("Gemini, quota of a minute", 429, [
    {
      error: {
        code: 429,
        message: "You exceeded your current quota, please check your plan and billing details.",
        status: "RESOURCE_EXHAUSTED",
      },
    },
  ]),
  refusal("model_rate_limited", "open-webui/computer#293")("OpenRouter, upstream", 429, {
    error: {
      message: "Provider returned error",
      code: 429,
      metadata: {
        raw: "z-ai/glm-5.3-flash is temporarily rate-limited upstream. Please retry shortly, or add your own key to accumulate your rate limits",
        provider_name: "BaseTen",
      },
    },
  }),
  refusal("model_refused", "DeepSeek, max_tokens")(
    "DeepSeek, max_tokens",
    400,
    openai("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", { code: "invalid_request_error" }),
  ),
  refusal("model_refused", "OpenAI, max_tokens")(
    "OpenAI, max_tokens",
    400,
    openai(
      "max_tokens is too large: 100000. This model supports at most 16384 completion tokens, whereas you provided 100000.",
      { param: "max_tokens", code: "invalid_value" },
    ),
  ),
  refusal("model_refused", "DashScope, max_tokens")(
    "DashScope, max_tokens",
    400,
    openai("<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 8192]", {
      code: "invalid_parameter_error",
    }),
  ),
  refusal("model_refused", "Groq, max_tokens")(
    "Groq, max_tokens",
    400,
    openai(
      "`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the `context_window` for this model",
      { param: "max_tokens" },
    ),
  ),
  refusal("model_refused", "bedrock-access-gateway#41")("Bedrock, max_tokens", 400, {
    message:
      "The maximum tokens you requested exceeds the model limit of 2048. Try again with a maximum tokens value that is lower than 2048.",
  }),
  refusal("model_refused", "vLLM, max_model_len")("vLLM, max_tokens", 400, {
    object: "error",
    message:
      "max_tokens=16000 cannot be greater than max_model_len=max_total_tokens=8192. Please request fewer output tokens.",
    code: 400,
  }),
  refusal("model_refused", "finetunelab.ai, docs/MAX_TOKENS_CONTEXT_OVERFLOW_FIX.md")("vLLM, a short input", 400, {
    error: {
      message:
        "'max_tokens' or 'max_completion_tokens' is too large: 4000. This model's maximum context length is 4096 tokens and your request has 104 input tokens (4000 > 4096 - 104).",
      code: 400,
    },
  }),
];

export const generations: RefusalRow[] = [
  refusal("model_malformed", "groq-typescript#28")("Groq", 400, {
    error: {
      message: "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.",
      type: "invalid_request_error",
      code: "tool_use_failed",
      failed_generation: "<function=calculator>{",
    },
  }),
  refusal("model_malformed", "ha-groq-cloud-api#20")("Groq, schema", 400, {
    error: {
      message:
        "tool call validation failed: parameters for tool HassTurnOff did not match schema: errors: [`/domain`: expected array, but got string]",
      type: "invalid_request_error",
      param: "",
      code: "tool_use_failed",
    },
  }),
  refusal("model_malformed", "opencode#1018")("Groq, inside a 200 stream", 200, {
    error: {
      message: "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.",
      type: "invalid_request_error",
      code: "tool_use_failed",
      failed_generation: "x",
      status_code: 400,
    },
  }),
  refusal("model_malformed", "smolagents#1119")("Groq behind LiteLLM", 400, {
    error: {
      message:
        'litellm.BadRequestError: GroqException - {"error":{"message":"Failed to call a function. Please adjust your prompt.","type":"invalid_request_error","code":"tool_use_failed","failed_generation":"web_search{}"}}',
      code: "400",
    },
  }),
  refusal("model_malformed", "console.groq.com/docs/errors, JSON mode")("Groq, JSON mode", 400, {
    error: {
      message: "Failed to generate JSON. Please adjust your prompt.",
      type: "invalid_request_error",
      code: "json_validate_failed",
      failed_generation: "{",
    },
  }),
  refusal("model_malformed", "vllm#51977")("vLLM, Harmony", 500, {
    error: {
      message: 'unexpected tokens remaining in message header: Some("to=functions.web-browsing")',
      type: "InternalServerError",
      code: 500,
    },
  }),
  refusal("model_malformed", "harmony#60")("SGLang, Harmony", 200, {
    error: {
      message: "openai_harmony.HarmonyError: Unexpected token 12606 while expecting start token 200006",
      type: "InternalServerError",
    },
  }),
  refusal("model_malformed", "ollama#11781")(
    "Ollama",
    500,
    openai("error parsing tool call: raw='{\"a\":', err=unexpected end of JSON input", { type: "api_error" }),
  ),
  refusal("model_malformed", "ollama#11781")("Ollama 0.11, in a stream", 200, {
    "error parsing tool call": "raw='{', err=unexpected end of JSON input",
  }),
  refusal("model_malformed", "lmstudio-bug-tracker#942")("LM Studio", 500, {
    error: "Failed to parse tool call: Unexpected end of content.",
  }),
  refusal("model_malformed", "llama.cpp, chat.cpp")("llama.cpp", 500, {
    error: { code: 500, message: "Failed to parse input at pos 12: <tool_call>{", type: "server_error" },
  }),
  refusal("model_malformed", "fireworks and together, tool parsers")("a gateway", 400, {
    error: { message: "Failed to parse the tool call generated by the model", type: "invalid_request_error" },
  }),
];

export const unknownModels: RefusalRow[] = [
  refusal("model_not_found", "vLLM, serving_models.py")("vLLM", 404, {
    object: "error",
    message: "The model `deepseek-v3.2-exp` does not exist.",
    type: "NotFoundError",
    param: null,
    code: 404,
  }),
  refusal("model_not_found", "OmniRoute#2203")(
    "Ollama",
    404,
    openai('model "gpt-oss-120b" not found, try pulling it first', { type: "api_error" }),
  ),
  refusal("model_not_found", "nodejs-api-boilerplate#16")("OpenRouter", 404, {
    error: { message: "No endpoints found for deepseek/deepseek-v3.9.", code: 404 },
  }),
  refusal("model_not_found", "openrouter.ai/docs, errors")("OpenRouter, no id", 400, {
    error: { message: "deepseek/nonsense is not a valid model ID", code: 400 },
  }),
  refusal("model_not_found", "gpt-researcher#1556")(
    "LM Studio",
    400,
    openai('Invalid model identifier "o4-mini". Please specify a valid downloaded model (e.g., qwen3-vl-8b).', {
      param: "model",
      code: "model_not_found",
    }),
  ),
  refusal("model_not_found", "lmstudio-bug-tracker#814")("LM Studio, older", 404, {
    error: "Model with identifier 'test' not found",
  }),
  refusal("model_not_found", "gpt-researcher#1556")("LM Studio, nothing loaded", 400, {
    error: "No models loaded. Please load a model in the developer page or use the 'lms load' command.",
  }),
  refusal("model_not_found", "recorded body of CometAPI")("CometAPI", 503, {
    error: {
      message: "no available channel for group default and model X (distributor)",
      type: "comet_api_error",
      param: "",
      code: "model_not_found",
    },
  }),
  refusal("model_not_found", "chatbox#646")("Azure", 404, {
    error: {
      code: "DeploymentNotFound",
      message:
        "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.",
    },
  }),
  refusal("model_not_found", "platform.openai.com/docs/guides/error-codes")(
    "OpenAI",
    404,
    openai("The model `gpt-9` does not exist or you do not have access to it.", { code: "model_not_found" }),
  ),
  refusal("model_not_found", "console.groq.com/docs/deprecations")(
    "Groq, withdrawn",
    400,
    openai("The model `llama-3.1-70b-versatile` has been decommissioned and is no longer supported.", {
      code: "model_decommissioned",
    }),
  ),
  refusal("model_not_found", "ai.google.dev")("Gemini", 404, [
    {
      error: {
        code: 404,
        message: "models/gemini-9 is not found for API version v1main, or is not supported for generateContent.",
        status: "NOT_FOUND",
      },
    },
  ]),
  refusal("model_not_found", "docs.mistral.ai")("Mistral", 400, {
    object: "error",
    message: "Invalid model: mistral-9",
    type: "invalid_model",
    param: null,
    code: "1500",
  }),
  refusal("model_not_found", "docs.siliconflow.cn, error codes")("SiliconFlow", 400, {
    code: 20012,
    message: "Model does not exist. Please check it carefully.",
    data: null,
  }),
  refusal("model_not_found", "docs.bigmodel.cn, error codes")("Zhipu", 400, {
    error: { code: "1211", message: "模型不存在，请检查模型代码。" },
  }),
  refusal("model_not_found", "platform.moonshot.cn, error codes")("Moonshot", 404, {
    error: { message: "Not found the model kimi-9 or Permission denied", type: "resource_not_found_error" },
  }),
  refusal("model_not_found", "Fireworks")("Fireworks", 404, {
    error: {
      object: "error",
      type: "invalid_request_error",
      code: "NOT_FOUND",
      message: "Model not found, inaccessible, and/or not deployed",
    },
  }),
  refusal("model_not_found", "Volcengine Ark, error codes")("Ark", 404, {
    error: {
      code: "InvalidEndpointOrModel.NotFound",
      message: "The model or endpoint ep-x does not exist or you do not have access to it.",
      type: "Not Found",
    },
  }),
];

/** A 404 that is not about the model's name. */
export const wrongAddresses: RefusalRow[] = [
  refusal("model_refused", "mcp-agent#237")("OpenRouter, no tools", 404, {
    error: {
      message:
        "No endpoints found that support tool use. To learn more about provider routing, visit: https://openrouter.ai/docs/provider-routing",
      code: 404,
    },
  }),
  refusal("model_refused", "FastAPI")("FastAPI", 404, { detail: "Not Found" }),
  refusal("model_refused", "console.groq.com")("Groq", 404, {
    error: {
      message: "Unknown request URL: POST /openai/chat/completions. Please check the URL for typos.",
      type: "invalid_request_error",
      code: "unknown_url",
    },
  }),
  refusal("model_refused", "Qwen3-Coder#438")("Azure", 404, { error: { code: "404", message: "Resource not found" } }),
];

export const payments: RefusalRow[] = [
  refusal("model_payment", "api-docs.deepseek.com/quick_start/error_codes")(
    "DeepSeek",
    402,
    openai("Insufficient Balance", { code: "invalid_request_error" }),
  ),
  refusal("model_payment", "siliconflow.cn error 30001")("SiliconFlow", 403, {
    code: 30001,
    message: "Sorry, your account balance is insufficient",
    data: null,
  }),
  refusal("model_payment", "OpenManus#438")("SiliconFlow, paid balance", 403, {
    code: 30011,
    message:
      "The selected model requires paid balance. Your paid balance is insufficient. Please top up and try again.",
    data: null,
  }),
  refusal("model_payment", "coze-studio#2195")("Ark", 403, {
    error: {
      code: "AccountOverdueError",
      message: "The request failed because your account has an overdue balance. Request id: 0217",
      param: "",
      type: "Forbidden",
    },
  }),
  refusal("model_payment", "continue#11823")("Zhipu", 429, {
    error: { code: "1113", message: "余额不足或无可用资源包,请充值。" },
  }),
  refusal("model_payment", "GLM-5#148")("Z.ai", 429, {
    error: { code: "1113", message: "Insufficient balance or no resource package. Please recharge." },
  }),
  refusal("model_payment", "claude-code#9201")("Z.ai, the other door", 429, {
    type: "error",
    error: { type: "1113", message: "Insufficient balance or no resource package. Please recharge." },
  }),
  refusal("model_payment", "continue#11443")("Moonshot", 429, {
    error: {
      message:
        "Your account org-x <ak-y> is suspended due to insufficient balance, please recharge your account or check your plan and billing details",
      type: "exceeded_current_quota_error",
    },
  }),
  refusal("model_payment", "opencode#24462")("Moonshot behind a gateway", 429, {
    error: {
      message: "Error from provider: Provider returned error",
      code: 429,
      metadata: {
        raw: '{"error":{"message":"Your account org-x <ak-y> is suspended due to insufficient balance, please recharge your account","type":"exceeded_current_quota_error"}}',
      },
    },
  }),
  refusal("model_payment", "gpt_academic#1000")("OpenAI", 429, {
    error: {
      message: "You exceeded your current quota, please check your plan and billing details.",
      type: "insufficient_quota",
      param: null,
      code: "insufficient_quota",
    },
  }),
  refusal("model_payment", "openrouter.ai/docs, errors")("OpenRouter", 402, {
    error: {
      message:
        "This request requires more credits, or fewer max_tokens. You requested up to 32000 tokens, but can only afford 1234.",
      code: 402,
    },
  }),
  refusal("model_payment", "TradingAgents-CN#170")("DashScope", 400, {
    error: {
      code: "Arrearage",
      param: null,
      message: "Access denied, please make sure your account is in good standing.",
      type: "Arrearage",
    },
    id: "chatcmpl-x",
  }),
  refusal("model_payment", "Roo-Code#12309")("DashScope abroad", 403, {
    error: { message: "Access denied due to overdue account", code: "access_denied" },
  }),
  refusal("model_payment", "MiniMax error codes")("MiniMax, under 200", 200, {
    choices: null,
    base_resp: { status_code: 1008, status_msg: "insufficient balance" },
  }),
  refusal("model_payment", "toolhive#6037")(
    "DeepSeek, under 200",
    200,
    openai("Insufficient Balance", { code: "invalid_request_error" }),
  ),
];

export const filters: RefusalRow[] = [
  refusal("content_filter", "openai-python#331")("Azure", 400, {
    error: {
      message:
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry.",
      type: null,
      param: "prompt",
      code: "content_filter",
      status: 400,
      innererror: { code: "ResponsibleAIPolicyViolation" },
    },
  }),
  refusal("content_filter", "pal-mcp-server#178")("OpenAI", 400, {
    error: {
      message:
        "Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please try again with a different prompt: https://platform.openai.com/docs/guides/reasoning#advice-on-prompting",
      type: "invalid_request_error",
      param: null,
      code: "invalid_prompt",
    },
  }),
  refusal("content_filter", "inspect_ai#3607")("OpenAI, cyber", 400, {
    error: { message: "This request is not possible.", type: "invalid_request", param: null, code: "cyber_policy" },
  }),
  refusal("content_filter", "PyRIT#2714")("OpenAI, bio", 400, {
    error: { message: "This request is not possible.", type: "invalid_request", param: null, code: "bio_policy" },
  }),
  refusal("content_filter", "ResponseError, OpenAI's document 2.3.0")("OpenAI, misalignment", 400, {
    error: { message: "This request is not possible.", param: null, code: "misalignment_policy_violation" },
  }),
  refusal("content_filter", "one-api#737")("OpenAI, safety system", 400, {
    error: {
      code: "content_policy_violation",
      message: "Your request was rejected as a result of our safety system.",
      param: null,
      type: "invalid_request_error",
    },
  }),
  refusal("content_filter", "help.aliyun.com, error codes")("DashScope", 400, {
    error: {
      code: "data_inspection_failed",
      param: null,
      message: "Input data may contain inappropriate content.",
      type: "data_inspection_failed",
    },
  }),
  refusal("content_filter", "docs.bigmodel.cn, error codes")("Zhipu", 400, {
    contentFilter: [{ level: 1, role: "user" }],
    error: {
      code: "1301",
      message: "系统检测到输入或生成内容可能包含不安全或敏感内容，请您避免输入易产生敏感内容的提示语，感谢您的配合。",
    },
  }),
  refusal("content_filter", "DeepSeek-V3, Content Exists Risk")(
    "DeepSeek",
    400,
    openai("Content Exists Risk", { code: "invalid_request_error" }),
  ),
  refusal("content_filter", "platform.moonshot.cn, error codes")("Moonshot", 400, {
    error: { message: "The request was rejected because it was considered high risk", type: "content_filter" },
  }),
  refusal("content_filter", "openrouter.ai/docs, errors")("OpenRouter", 403, {
    error: {
      code: 403,
      message: "Your input was flagged by moderation",
      metadata: { reasons: ["violence"], flagged_input: "x" },
    },
  }),
  refusal("content_filter", "MiniMax error codes")("MiniMax, under 200", 200, {
    choices: null,
    base_resp: { status_code: 1026, status_msg: "input new_sensitive" },
  }),
];
