/** Asks a provider for one answer and hands on its events as they come. Whatever the world does becomes an event; it never throws for it, and never retries. */
import type { Failure, FailureCode } from "../core/errors.ts";
import type { ModelEvent } from "../core/model-event.ts";
import { classifyFailure } from "./classify-failure.ts";
import { joinRuns } from "./join-runs.ts";
import { retryAfterMs } from "./retry-after.ts";
import { safeDetail } from "./safe-detail.ts";
import { Salvage } from "./salvage.ts";
import { salvageEvents } from "./salvage-events.ts";
import { payloadBatches } from "./sse.ts";
import { createTranslator, type Translator } from "./translate.ts";
import { type Waited, within } from "./within.ts";

export interface GenerateRequest {
  /** Without `/chat/completions`, e.g. `https://api.cometapi.com/v1`. */
  baseUrl: string;
  apiKey?: string | undefined;
  /** From `requestBody`. */
  body: string;
  fetch: typeof fetch;
  /** Ends the answer quietly, and the provider's work with it. */
  signal: AbortSignal;
  timeouts: ModelTimeouts;
  /** Called once the provider has begun to answer, if only with an empty chunk: from then on the call is paid for. */
  onBegan?: () => void;
}

/** How long a provider may be silent, in ms. */
export interface ModelTimeouts {
  /** Until the response begins. */
  firstByteMs: number;
  /** For each read, comments included. */
  idleMs: number;
  /** Without data, however many comments come: they show that a request is queued, but not for ever. */
  dataMs: number;
  /** Once the model has finished: only usage and `[DONE]` are to come, and some proxies never send them. */
  finishMs: number;
}

/**
 * Sends `body` and yields one array of events per upstream read that brought any. The last event is `failure` when the
 * answer came to nothing: provider unreachable, refused, stalled, unreadable, or cut off before its finish reason.
 * Ends without a failure when `signal` is aborted. However it ends, the upstream body is cancelled.
 */
export async function* generate(request: GenerateRequest): AsyncGenerator<ModelEvent[]> {
  if (request.signal.aborted) return;
  const own = new AbortController();
  const upstream = AbortSignal.any([request.signal, own.signal]);
  try {
    const answer = await within(post(request, upstream), request.timeouts.firstByteMs, request.signal);
    if (answer.type !== "came") {
      yield* brokenOff(answer, "model_unreachable", request.apiKey);
    } else if (isStream(answer.value)) {
      yield* streamed(payloadBatches(answer.value.body, upstream), request);
    } else {
      yield* whole(answer.value, request);
    }
  } finally {
    own.abort();
  }
}

async function post(request: GenerateRequest, signal: AbortSignal): Promise<Response> {
  // Taken out of the object first: the runtime's own `fetch` refuses to be called as a method.
  const { fetch, apiKey, baseUrl, body } = request;
  return fetch(`${baseUrl.replace(/\/+$/, "")}/chat/completions`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "text/event-stream",
      "user-agent": "longline",
      ...(apiKey !== undefined && apiKey !== "" && { authorization: `Bearer ${apiKey}` }),
    },
    body,
    signal,
    // A redirect would make the POST a GET, and could carry the key to another host.
    redirect: "manual",
  });
}

/** Content types of streams vary, so anything goes that does not say it is something else. */
function isStream(response: Response): response is Response & { body: ReadableStream<Uint8Array> } {
  const type = response.headers.get("content-type") ?? "";
  return response.ok && response.body !== null && !/json|html/i.test(type);
}

async function* streamed(batches: AsyncGenerator<string[]>, request: GenerateRequest): AsyncGenerator<ModelEvent[]> {
  const translator = createTranslator(request.apiKey);
  const salvage = new Salvage();
  const { idleMs, dataMs, finishMs } = request.timeouts;
  let finished = false;
  let lastDataMs = Date.now();
  while (!translator.done) {
    const waitMs = Math.min(idleMs, lastDataMs + dataMs - Date.now());
    const read = await within(batches.next(), finished ? Math.min(waitMs, finishMs) : waitMs, request.signal);
    if (read.type !== "came") {
      if (!finished) yield* brokenOff(read, "model_truncated", request.apiKey);
      return;
    }
    if (read.value.done === true) break;
    if (read.value.value.length > 0) lastDataMs = Date.now();
    const events = eventsOf(read.value.value, translator, salvage);
    if (events.length === 0 && read.value.value.some((payload) => payload.includes('"choices"'))) request.onBegan?.();
    if (events.length > 0) yield events;
    if (events.at(-1)?.type === "failure") return;
    finished ||= events.some(({ type }) => type === "finish");
  }
  if (!finished && !request.signal.aborted) yield [truncated];
}

/** The events of one read, up to `[DONE]` or a failure. */
function eventsOf(payloads: readonly string[], translator: Translator, salvage: Salvage): ModelEvent[] {
  const events: ModelEvent[] = [];
  for (const payload of payloads) {
    events.push(...translator.translate(payload));
    if (translator.done || events.at(-1)?.type === "failure") break;
  }
  return upToFailure(joinRuns(salvageEvents(salvage, events)));
}

function upToFailure(events: ModelEvent[]): ModelEvent[] {
  const failure = events.findIndex(({ type }) => type === "failure");
  return failure < 0 ? events : events.slice(0, failure + 1);
}

/** An answer that is no stream: a refusal, or a provider that ignored `stream: true`. */
async function* whole(response: Response, request: GenerateRequest): AsyncGenerator<ModelEvent[]> {
  const { apiKey, signal } = request;
  const read = await within(response.text(), request.timeouts.idleMs, signal);
  if (read.type === "aborted") return;
  if (read.type !== "came" && response.ok) return yield* brokenOff(read, "model_truncated", apiKey);
  const body = read.type === "came" ? read.value : "";
  const events = response.ok ? eventsOf([body], createTranslator(apiKey), new Salvage()) : [];
  if (events.length === 0) {
    const failure = classifyFailure({ status: response.status, body, apiKey });
    const waitMs = retryAfterMs(response.headers.get("retry-after"), Date.now());
    yield [failed(waitMs === undefined ? failure : { ...failure, retryAfterMs: waitMs })];
    return;
  }
  const over = events.some(({ type }) => type === "finish" || type === "failure");
  yield over ? events : [...events, truncated];
}

/** `code`: what a broken connection means at this point. A stall is told as one; an abort not at all. */
function* brokenOff(
  waited: Exclude<Waited<unknown>, { type: "came" }>,
  code: FailureCode,
  apiKey: string | undefined,
): Generator<ModelEvent[]> {
  switch (waited.type) {
    case "aborted":
      return;
    case "stalled":
      yield [
        failed({ code: "model_stalled", detail: "The model provider went silent and was given up.", retryable: true }),
      ];
      return;
    case "broke": {
      const detail = safeDetail(`The connection to the model provider failed: ${reasonOf(waited.error)}`, apiKey);
      yield [failed({ code, detail, retryable: true })];
    }
  }
}

const truncated = failed({
  code: "model_truncated",
  detail: "The model's stream ended before it said that it was finished.",
  retryable: true,
});

function failed(failure: Failure): ModelEvent {
  return { type: "failure", failure };
}

/** Node hides the reason of a failed fetch in `cause`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
