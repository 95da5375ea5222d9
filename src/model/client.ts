/** Asks a provider for one answer and hands on its events as they come. Whatever the world does becomes an event; it never throws for it, and never retries. */
import type { Failure, FailureCode } from "../core/errors.ts";
import type { ModelEvent } from "../core/model-event.ts";
import { classifyFailure } from "./classify-failure.ts";
import { PayloadLines, payloadTooLong } from "./payload-lines.ts";
import { AnswerReader } from "./read-answer.ts";
import type { TextRules } from "./read-text.ts";
import { retryAfterMs } from "./retry-after.ts";
import { safeDetail } from "./safe-detail.ts";
import { beginningOf, payloadBatches } from "./sse.ts";
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
  /** What the text of the answer may hold; nothing special when absent. */
  text?: TextRules;
}

/** How long a provider may be silent, in ms. */
export interface ModelTimeouts {
  /** Until the response begins. */
  firstByteMs: number;
  /** For each read, comments included. */
  idleMs: number;
  /** Without anything new, however many comments, keep-alives or empty chunks come: they show that a request is queued, but not for ever. */
  dataMs: number;
  /** Once the model has finished and its usage has come: only `[DONE]` is due, and some proxies never send it. */
  finishMs: number;
}

/** Usage, and with some hosts text (open-webui#16377), comes seconds after the finish reason; hosts that never send usage nor end the body are not waited for longer. */
const lateUsageMs = 15_000;
/** Behind `[DONE]` nothing is due: a frame with usage comes with it or at once. */
const usageBehindDoneMs = 250;
/** Of a refusal, enough to classify it: web pages of gateways are the longest. */
const longestRefusalChars = 256 * 1024;

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
    } else if (hasAnswer(answer.value)) {
      const waitMs = retryAfterMs(answer.value.headers.get("retry-after"), Date.now());
      for await (const events of streamed(payloadBatches(answer.value.body, upstream), request)) {
        yield waitMs === undefined ? events : events.map((event) => afterWait(event, waitMs));
      }
    } else {
      yield* refused(answer.value, request);
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

/** What is no refusal is read by its bytes: labels are wrong both ways (openclaw#96497, toolhive#6037). */
function hasAnswer(response: Response): response is Response & { body: ReadableStream<Uint8Array> } {
  return response.ok && response.body !== null;
}

async function* streamed(batches: AsyncGenerator<string[]>, request: GenerateRequest): AsyncGenerator<ModelEvent[]> {
  const reader = new AnswerReader(request.apiKey, request.text);
  let newsMs = Date.now();
  let doneMs: number | undefined;
  while (!reader.isOver) {
    const restMs =
      doneMs === undefined ? patienceMs(reader, newsMs, request.timeouts) : doneMs + usageBehindDoneMs - Date.now();
    const read = await within(batches.next(), restMs, request.signal);
    if (read.type === "aborted") return;
    if (read.type !== "came" && reader.isDone) break;
    if (read.type !== "came") return yield* endOf(reader, brokenOff(read, "model_truncated", request.apiKey));
    if (read.value.done === true) break;
    const events = reader.take(read.value.value);
    if (reader.hasNews) newsMs = Date.now();
    if (reader.isDone) doneMs ??= Date.now();
    if (events.length === 0 && read.value.value.some((payload) => payload.includes('"choices"'))) request.onBegan?.();
    if (events.length > 0) yield events;
    if (events.at(-1)?.type === "failure") return;
  }
  if (!request.signal.aborted) yield* endOf(reader, [[reader.isQuiet ? silent : truncated]]);
}

/** How long the next read may take, in ms. Without news (comments, empty chunks, the same finish again) no answer lasts for ever. */
function patienceMs(reader: AnswerReader, newsMs: number, { idleMs, dataMs, finishMs }: ModelTimeouts): number {
  const sinceNewsMs = Date.now() - newsMs;
  if (!reader.finished) return Math.min(idleMs, dataMs - sinceNewsMs);
  const restMs = reader.hasUsage ? finishMs : Math.max(finishMs, lateUsageMs);
  return Math.min(idleMs, restMs, idleMs - sinceNewsMs);
}

/** What is left when no more comes, and why the answer is none where it has not finished. */
function* endOf(reader: AnswerReader, otherwise: Iterable<ModelEvent[]>): Generator<ModelEvent[]> {
  const rest = reader.end();
  if (rest.length > 0) yield rest;
  if (!reader.finished && rest.at(-1)?.type !== "failure") yield* otherwise;
}

/** Some gateways say beside an error under 200 how long to leave them alone. */
function afterWait(event: ModelEvent, waitMs: number): ModelEvent {
  return event.type === "failure" ? failed({ ...event.failure, retryAfterMs: waitMs }) : event;
}

/** A refusal, or nothing at all. */
async function* refused(response: Response, request: GenerateRequest): AsyncGenerator<ModelEvent[]> {
  const { apiKey, signal } = request;
  const text = response.body === null ? Promise.resolve("") : beginningOf(response.body, longestRefusalChars);
  const read = await within(text, request.timeouts.idleMs, signal);
  if (read.type === "aborted") return;
  const body = read.type === "came" ? read.value : "";
  const failure = classifyFailure({ status: response.status, body: firstPayload(body), apiKey });
  const waitMs = retryAfterMs(response.headers.get("retry-after"), Date.now());
  yield [failed(waitMs === undefined ? failure : { ...failure, retryAfterMs: waitMs })];
}

/** Some gateways refuse with a stream of one event. */
function firstPayload(body: string): string {
  if (!/^\s*(?:data|event|id|:)/.test(body)) return body;
  const lines = new PayloadLines();
  return [...lines.feed(`${body}\n\n`), ...lines.end()][0] ?? body;
}

/** `code`: what a broken connection means at this point. A stall is reported as one, an abort not at all. */
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
      if (reasonOf(waited.error) === payloadTooLong) return yield [tooLong];
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

const silent = failed({
  code: "model_stalled",
  detail: "The model provider sent data without end and nothing of an answer in it, and was given up.",
  retryable: true,
});

const tooLong = failed({
  code: "model_malformed",
  detail: "The model provider sent a single line or event of more than 16 MB, which is no part of an answer.",
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
