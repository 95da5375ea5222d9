/** Six providers that behave differently, each a small `fetch`. They answer the probe's questions from what stands in the request, and keep count. */

interface Wanted {
  path: string;
  key: string;
  body: {
    model: string;
    messages: { role: string; content: string; prefix?: boolean; reasoning_content?: string }[];
    tools?: { function: { name: string; strict?: boolean } }[];
    tool_choice?: object;
    thinking?: { type: string };
    response_format?: { type: string };
    max_tokens: number;
  };
}

/** What differs between providers that stream. */
interface Manner {
  reasoning?: { field: "reasoning_content" | "reasoning"; on: (wanted: Wanted) => boolean };
  enforcesSchema?: boolean;
  continues?: boolean;
  usage: (nth: number) => object;
  usageOnOwnChunk?: boolean;
  comment?: string;
}

/** The key every provider takes. */
export const goodKey = "sk-the-real-key-0123456789";

const refusal = (status: number, error: object) => Response.json({ error }, { status });
const openAiRefusal = (status: number, message: string, code: string | null = null) =>
  refusal(status, { message, type: "invalid_request_error", param: null, code });
const models = (...ids: string[]) =>
  Response.json({ object: "list", data: ids.map((id) => ({ id, object: "model", owned_by: "x" })) });

function provider(answer: (wanted: Wanted, nth: number) => Response) {
  const requests: Wanted[] = [];
  const fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const text = await request.text();
    const key = request.headers.get("authorization")?.replace("Bearer ", "") ?? "";
    requests.push({ path: new URL(request.url).pathname, key, body: text === "" ? {} : JSON.parse(text) });
    return answer(requests.at(-1) as Wanted, requests.length);
  };
  return { fetch: fetch as typeof globalThis.fetch, requests };
}

export type Provider = ReturnType<typeof provider>;

function streamed(wanted: Wanted, nth: number, manner: Manner): Response {
  const frame = (delta: object, end: string | null = null, usage: object | null = null) => ({
    choices: [{ index: 0, delta, finish_reason: end }],
    usage,
  });
  const { text, calls } = said(wanted, manner);
  const usage = manner.usage(nth);
  const chunks = [
    ...(manner.reasoning?.on(wanted) ? [frame({ [manner.reasoning.field]: "Hm." })] : []),
    ...(text === "" ? [] : [frame({ content: text })]),
    ...calls.map((name, index) =>
      frame({ tool_calls: [{ index, id: `call_${index}`, type: "function", function: { name, arguments: "{}" } }] }),
    ),
    frame({ content: "" }, calls.length > 0 ? "tool_calls" : "stop", manner.usageOnOwnChunk ? null : usage),
    ...(manner.usageOnOwnChunk ? [{ choices: [], usage }] : []),
  ];
  const frames = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("");
  const comment = manner.comment === undefined ? "" : `: ${manner.comment}\n\n`;
  return new Response(`${comment}${frames}data: [DONE]\n\n`, { headers: { "content-type": "text/event-stream" } });
}

function said({ body }: Wanted, manner: Manner): { text: string; calls: string[] } {
  const names = (body.tools ?? []).map((tool) => tool.function.name);
  const asks = body.messages.at(-1)?.role === "user";
  if (body.tool_choice !== undefined || (asks && names.length > 1)) return { text: "", calls: names };
  if (body.messages.at(-1)?.prefix) return { text: manner.continues ? "five, six, seven" : "one, two", calls: [] };
  if (body.response_format === undefined) return { text: "ok", calls: [] };
  const word = body.response_format.type === "json_schema" && manner.enforcesSchema ? "quokka" : "lake";
  return { text: JSON.stringify({ word }), calls: [] };
}

const tokens = { prompt_tokens: 340, completion_tokens: 8 };

/** DeepSeek's own V4: strict and continuation at `/beta`, both cache fields, one model that thinks unless told not to. `reasoningAllowed`: false for the models before V3.2. */
export function deepseekLike({ reasoningAllowed = true } = {}): Provider {
  const thinks = ({ body }: Wanted) => body.thinking?.type !== "disabled";
  const manner: Manner = {
    reasoning: { field: "reasoning_content", on: thinks },
    continues: true,
    comment: "keep-alive",
    usage: (nth) => {
      const hit = nth > 2 ? 256 : 0;
      const details = { prompt_tokens_details: { cached_tokens: hit } };
      return { ...tokens, prompt_cache_hit_tokens: hit, prompt_cache_miss_tokens: 340 - hit, ...details };
    },
  };
  return provider((wanted, nth) => {
    const { path, key, body } = wanted;
    if (key !== goodKey) {
      return refusal(401, { message: "Authentication Fails", type: "authentication_error", param: null, code: "x" });
    }
    if (path.endsWith("/models")) return models("deepseek-v4-flash", "deepseek-v4-pro");
    if (body.model !== "deepseek-v4-flash") {
      return openAiRefusal(400, `The supported API model names are deepseek-v4-flash, but you passed ${body.model}.`);
    }
    if (body.max_tokens > 393_216) {
      return openAiRefusal(400, "Invalid max_tokens value, the valid range of max_tokens is [1, 393216]");
    }
    if (body.response_format?.type === "json_schema") {
      return openAiRefusal(400, "This response_format type is unavailable now");
    }
    if (body.tool_choice !== undefined && thinks(wanted)) {
      return openAiRefusal(400, "Thinking mode does not support this tool_choice");
    }
    if (path.startsWith("/beta/") && body.tools?.some((tool) => tool.function.strict)) {
      return openAiRefusal(400, "An object with no properties is not allowed.");
    }
    if (!reasoningAllowed && body.messages.some((message) => message.reasoning_content !== undefined)) {
      return openAiRefusal(400, "The reasoning_content field is not supported in input messages");
    }
    return streamed(wanted, nth, manner);
  });
}

/** CometAPI: usage on a chunk of its own, statuses that mislead, nothing about a cache, strict taken and forgotten, its own web page at `/beta`. */
export function cometLike(): Provider {
  const comet = (status: number, code: string, message: string) =>
    refusal(status, { message: `${message} (request id: 1)`, type: "comet_api_error", param: "", code });
  return provider((wanted, nth) => {
    const { path, key, body } = wanted;
    if (!path.startsWith("/v1/")) return htmlPage();
    if (path.endsWith("/models")) return models("deepseek-v3.2-exp");
    if (key !== goodKey) return comet(401, "invalid_api_key", `invalid token ${key}`);
    if (body.model !== "deepseek-v3.2-exp") {
      return comet(503, "model_not_found", `no available channel for group default and model ${body.model}`);
    }
    if (body.max_tokens > 8192) return comet(500, "invalid_request", "max_tokens must be less than or equal to 8192");
    if (body.response_format?.type === "json_schema") return comet(429, "rate_limit_exceeded", "slow down");
    return streamed(wanted, nth, { usage: () => tokens, usageOnOwnChunk: true });
  });
}

/** OpenRouter: comments, the `reasoning` field whatever is asked, and hosts behind it that take anything. */
export function openRouterLike(): Provider {
  const manner: Manner = {
    reasoning: { field: "reasoning", on: () => true },
    comment: "OPENROUTER PROCESSING",
    usageOnOwnChunk: true,
    usage: (nth) => ({ ...tokens, prompt_tokens_details: { cached_tokens: nth > 4 ? 320 : 0 } }),
  };
  return provider((wanted, nth) => {
    const { path, key, body } = wanted;
    if (path.endsWith("/models")) return models("deepseek/deepseek-v3.2");
    if (path.startsWith("/api/beta/")) return new Response("Not Found", { status: 404 });
    if (key !== goodKey) return refusal(401, { message: "No auth credentials found", code: 401 });
    if (body.model !== "deepseek/deepseek-v3.2") {
      return refusal(400, { message: `${body.model} is not a valid model ID`, code: 400 });
    }
    if (body.tools?.some((tool) => tool.function.strict)) {
      return refusal(400, {
        message: "Provider returned error: An object with no properties is not allowed.",
        code: 400,
      });
    }
    return streamed(wanted, nth, manner);
  });
}

/** OpenAI: refuses what it does not know, enforces schemas, never shows reasoning. */
export function openAiLike(): Provider {
  const usage = () => ({ ...tokens, prompt_tokens_details: { cached_tokens: 0 } });
  return provider((wanted, nth) => {
    const { path, key, body } = wanted;
    if (!path.startsWith("/v1/")) return openAiRefusal(404, "Invalid URL (POST /beta/chat/completions)");
    if (key !== goodKey) return openAiRefusal(401, `Incorrect API key provided: ${key}`, "invalid_api_key");
    if (path.endsWith("/models")) return models("gpt-4o", "gpt-4o-mini");
    if (body.model !== "gpt-4o") return openAiRefusal(404, "The model does not exist", "model_not_found");
    if (body.thinking !== undefined) return openAiRefusal(400, "Unrecognized request argument supplied: thinking");
    if (body.max_tokens > 16_384) {
      return openAiRefusal(400, "max_tokens is too large. This model supports at most 16384 completion tokens.");
    }
    if (body.tools?.some((tool) => tool.function.strict)) {
      return openAiRefusal(400, "Invalid schema for function 'get_time': 'additionalProperties' must be false");
    }
    return streamed(wanted, nth, { usage, usageOnOwnChunk: true, enforcesSchema: true });
  });
}

/** A web page, whatever is asked; it quotes the key it was given. */
export function brokenLike(): Provider {
  return provider(({ key }) => htmlPage(`Welcome, ${key}`));
}

/** A small server of one's own: no list of models, no tools, no JSON modes, no keys; the wrong model is answered too. */
export function toollessLike(): Provider {
  return provider((wanted, nth) => {
    const { path, body } = wanted;
    if (path.endsWith("/models")) return new Response("404 page not found", { status: 404 });
    if (body.tools !== undefined) return openAiRefusal(400, `${body.model} does not support tools`);
    if (body.response_format !== undefined) return Response.json({ detail: "Unknown field" }, { status: 422 });
    if (body.max_tokens > 10_000) {
      return openAiRefusal(
        400,
        "This model's maximum context length is 32768 tokens. However, you requested 100000340.",
      );
    }
    return streamed(wanted, nth, { usage: () => tokens });
  });
}

function htmlPage(title = "CometAPI"): Response {
  return new Response(`<!doctype html><title>${title}</title>`, { headers: { "content-type": "text/html" } });
}
