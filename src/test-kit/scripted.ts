/** A model that answers what a test specifies, in the wire format of chat completions, so that everything between it and the agent is real. */

/** A call that the model makes. `input`: what JSON can express, or the raw text of the arguments where they are to be wrong. */
export interface ScriptedCall {
  name: string;
  input?: unknown;
  /** By default `call_1`, `call_2` and so on, over the whole script. */
  id?: string;
}

/** One answer: its text alone, or its parts; `status` in their place: the provider refuses with it. */
export type ScriptedStep =
  | string
  | {
      text?: string;
      reasoning?: string;
      calls?: readonly ScriptedCall[];
      /** `stop`, or `tool_calls` where there are calls. */
      finish?: "stop" | "length" | "content_filter";
      usage?: { inputTokens: number; cachedTokens?: number; outputTokens: number };
    }
  | { status: number; body?: unknown };

/** A request as the model got it: `messages` and `tools` of chat completions, and whatever else was sent. */
export interface ScriptedRequest {
  model: string;
  messages: { role: string; content?: string | null; tool_calls?: unknown[]; tool_call_id?: string }[];
  tools?: { type: "function"; function: { name: string; description: string; parameters: object; strict?: boolean } }[];
  [field: string]: unknown;
}

export interface ScriptedModel {
  /** Replaces the provider. */
  fetch: typeof fetch;
  /** The requests so far, oldest first. */
  requests: ScriptedRequest[];
  /** How many steps of the script are left. */
  readonly left: number;
  /** What is wrong with the script, once there were too many requests. */
  readonly fault: string | undefined;
}

/**
 * A model that gives these answers, one for each request; a function gets the request and makes its answer.
 * A request more than there are answers fails the test with an explanation.
 *
 * @example
 * const model = scripted([{ calls: [{ name: "find_order", input: { number: "17" } }] }, "It is on its way."]);
 * const { text } = await runAgent(assistant, "Where is order 17?", { model });
 */
export function scripted(
  steps: readonly (ScriptedStep | ((request: ScriptedRequest) => ScriptedStep))[],
): ScriptedModel {
  const requests: ScriptedRequest[] = [];
  let requested = 0;
  let calls = 0;
  let fault: string | undefined;
  const answer = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = (await new Request(input, init).json()) as ScriptedRequest;
    requests.push(request);
    const step = steps[requested++];
    if (step === undefined) {
      fault = `The script has ${steps.length} answers, and one more was requested. Add one to scripted([…]).`;
      return Response.json({ error: { message: fault } }, { status: 400 });
    }
    const answer = typeof step === "function" ? step(request) : step;
    if (typeof answer === "object" && "status" in answer) {
      return Response.json(answer.body ?? { error: { message: "refused by the script" } }, { status: answer.status });
    }
    return stream(typeof answer === "string" ? { text: answer } : answer, () => `call_${++calls}`);
  };
  return {
    fetch: answer as typeof fetch,
    requests,
    get left() {
      return Math.max(0, steps.length - requested);
    },
    get fault() {
      return fault;
    },
  };
}

type ScriptedParts = Exclude<ScriptedStep, string | { status: number }>;

function stream({ text, reasoning, calls = [], finish, usage }: ScriptedParts, nextId: () => string): Response {
  const deltas = [
    ...(reasoning === undefined ? [] : [{ reasoning_content: reasoning }]),
    ...(text === undefined ? [] : [{ content: text }]),
    ...calls.map(({ name, input = {}, id = nextId() }, index) => {
      const written = typeof input === "string" ? input : JSON.stringify(input);
      return { tool_calls: [{ index, id, type: "function", function: { name, arguments: written } }] };
    }),
  ];
  const { inputTokens = 100, cachedTokens = 0, outputTokens = 10 } = usage ?? {};
  const counts = {
    prompt_tokens: inputTokens + cachedTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + cachedTokens + outputTokens,
    prompt_cache_hit_tokens: cachedTokens,
    prompt_cache_miss_tokens: inputTokens,
  };
  const end = { index: 0, delta: {}, finish_reason: finish ?? (calls.length > 0 ? "tool_calls" : "stop") };
  const chunks = [
    ...deltas.map((delta) => ({
      choices: [{ index: 0, delta: { role: "assistant", ...delta }, finish_reason: null }],
    })),
    { choices: [end], usage: counts },
  ];
  const body = `${chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("")}data: [DONE]\n\n`;
  return new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
}
