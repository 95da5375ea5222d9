/** Requests one answer from a provider and passes its events on as they come. Every failure of the provider or the network becomes an event; it never throws for it, and never retries. */
import { truncated } from "../core/assemble.ts";
import type { Failure, FailureCode } from "../core/errors.ts";
import type { ModelEvent } from "../core/model-event.ts";
import { classifyFailure } from "./classify-failure.ts";
import { type BatchRead, beginningOf, PayloadBatches, PayloadLines, payloadTooLong } from "./payloads.ts";
import { AnswerReader, type TextRules } from "./read-answer.ts";
import { ReadWatch } from "./read-watch.ts";
import { retryAfterMs } from "./retry.ts";
import { safeDetail } from "./safe-detail.ts";

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
/** After `[DONE]` nothing more is due: a frame with usage comes with it or at once. */
const usageAfterDoneMs = 250;
/** Of a refusal, enough to classify it: web pages of gateways are the longest. */
const longestRefusalChars = 256 * 1024;

/**
 * Sends `body` once its events are asked for: one array of them per upstream read that brought any. The last event is
 * `failure` when the answer failed: provider unreachable, refused, stalled, unreadable, or cut off before its finish reason.
 * Ends without a failure when `signal` is aborted. However it ends, the upstream body is cancelled.
 */
export function generate(request: GenerateRequest): GeneratedAnswer {
  return new GeneratedAnswer(request);
}

export class GeneratedAnswer implements AsyncIterable<ModelEvent[]> {
  readonly #request: GenerateRequest;
  readonly #own = new AbortController();
  #streamed: StreamedAnswer | undefined;

  constructor(request: GenerateRequest) {
    this.#request = request;
  }

  /** Hands the events to `take` as they come. An iterator would add eight promises to each read. */
  async each(take: (events: ModelEvent[]) => void): Promise<void> {
    try {
      for (const events of await this.#begun()) take(events);
      await this.#streamed?.each(take);
    } finally {
      this.#close();
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ModelEvent[]> {
    try {
      yield* await this.#begun();
      for (let events = await this.#streamed?.next(); events !== undefined; events = await this.#streamed?.next())
        yield events;
    } finally {
      this.#close();
    }
  }

  /** Sends the request. The events of what is no answer. */
  async #begun(): Promise<ModelEvent[][]> {
    const request = this.#request;
    if (request.signal.aborted) return [];
    request.signal.addEventListener("abort", this.#abort, { once: true });
    const posted = post(request, this.#own.signal);
    const answer = await within(posted, request.timeouts.firstByteMs, request.signal);
    if (answer.type !== "came") return brokenOff(answer, "model_unreachable", request.apiKey);
    // What is no refusal is read by its bytes: labels are wrong both ways (openclaw#96497, toolhive#6037).
    const { ok, body, headers } = answer.value;
    if (!ok || body === null) {
      const failure = await refused(answer.value, request);
      return failure === undefined ? [] : [[failure]];
    }
    this.#streamed = new StreamedAnswer(body, request, retryAfterMs(headers.get("retry-after"), Date.now()));
    return [];
  }

  readonly #abort = (): void => this.#own.abort();

  /** An answer that was read is cancelled by its body: to abort its request, too, takes 0.1 ms. */
  #close(): void {
    this.#request.signal.removeEventListener("abort", this.#abort);
    this.#streamed?.close();
    if (this.#streamed?.isRead !== true) this.#own.abort();
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

/** An answer that is read: one upstream read after another becomes events, in one plain loop. */
class StreamedAnswer {
  readonly #request: GenerateRequest;
  readonly #reader: AnswerReader;
  readonly #batches: PayloadBatches;
  readonly #watch: ReadWatch;
  /** How long the host wants to be left alone after a failure. */
  readonly #waitMs: number | undefined;
  #newsMs = Date.now();
  #doneMs: number | undefined;
  /** What is still to be passed on, once nothing more is read. */
  #rest: ModelEvent[][] | undefined;
  /** Receives the events of the read under way. A field, so that no function is made for each read. */
  #took: (events: ModelEvent[] | undefined) => void = () => {};
  #failed: (error: unknown) => void = () => {};

  constructor(body: ReadableStream<Uint8Array>, request: GenerateRequest, waitMs: number | undefined) {
    this.#request = request;
    this.#waitMs = waitMs;
    this.#reader = new AnswerReader(request.apiKey, request.text);
    this.#batches = new PayloadBatches(body);
    this.#watch = new ReadWatch(request.signal, () => this.#batches.stop());
  }

  /** The events of the next read that brought any; `undefined` at the end. */
  next(): Promise<ModelEvent[] | undefined> {
    return new Promise((resolve, reject) => this.#readTo(resolve, reject));
  }

  /** The same, all of them one after the other. Resolves at the end. */
  each(take: (events: ModelEvent[]) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const taken = (events: ModelEvent[] | undefined): void => {
        if (events === undefined) {
          resolve();
          return;
        }
        take(events);
        this.#readTo(taken, reject);
      };
      this.#readTo(taken, reject);
    });
  }

  /** It has come to its end by itself: no read is under way. */
  get isRead(): boolean {
    return this.#rest !== undefined && this.#watch.ended === undefined;
  }

  close(): void {
    this.#watch.close();
    this.#batches.stop();
  }

  #readTo(took: (events: ModelEvent[] | undefined) => void, failed: (error: unknown) => void): void {
    if (this.#rest === undefined && this.#reader.isOver) this.#rest = endOf(this.#reader, this.#whyNone());
    if (this.#rest !== undefined) {
      took(this.#timed(this.#rest.shift()));
      return;
    }
    this.#took = took;
    this.#failed = failed;
    this.#watch.began(this.#patienceMs);
    this.#batches.readTo(this.#came);
  }

  readonly #came = (payloads: BatchRead): void => {
    try {
      this.#watch.came();
      const events = this.#take(payloads);
      if (events.length > 0) this.#took(this.#timed(events));
      else this.#readTo(this.#took, this.#failed);
    } catch (error) {
      this.#failed(error);
    }
  };

  #timed(events: ModelEvent[] | undefined): ModelEvent[] | undefined {
    const waitMs = this.#waitMs;
    return waitMs === undefined ? events : events?.map((event) => afterWait(event, waitMs));
  }

  #take(payloads: BatchRead): ModelEvent[] {
    const { ended } = this.#watch;
    if (ended === undefined && Array.isArray(payloads)) return this.#events(payloads);
    this.#rest = ended === "aborted" ? [] : endOf(this.#reader, this.#whyNone(ended === "stalled", payloads));
    return [];
  }

  #events(payloads: string[]): ModelEvent[] {
    const reader = this.#reader;
    const events = reader.take(payloads);
    if (reader.hasNews) this.#newsMs = Date.now();
    if (reader.isDone) this.#doneMs ??= Date.now();
    if (events.length === 0) {
      if (payloads.some((payload) => payload.includes('"choices"'))) this.#request.onBegan?.();
    } else if (events.at(-1)?.type === "failure") this.#rest = [];
    return events;
  }

  /** Why the answer is none, where it has not finished. */
  #whyNone(isStalled = false, read?: BatchRead): ModelEvent[][] {
    if (!this.#reader.isDone) {
      if (isStalled) return [[stalled]];
      if (read !== undefined && !Array.isArray(read))
        return brokenOff({ type: "broke", error: read.error }, "model_truncated", this.#request.apiKey);
    }
    return [[this.#reader.isQuiet ? silent : cut]];
  }

  /** How long the next read may take, in ms. Without news (comments, empty chunks, the same finish again) no answer lasts for ever. */
  get #patienceMs(): number {
    const nowMs = Date.now();
    if (this.#doneMs !== undefined) return this.#doneMs + usageAfterDoneMs - nowMs;
    const { idleMs, dataMs, finishMs } = this.#request.timeouts;
    const sinceNewsMs = nowMs - this.#newsMs;
    if (!this.#reader.finished) return Math.min(idleMs, dataMs - sinceNewsMs);
    const restMs = this.#reader.hasUsage ? finishMs : Math.max(finishMs, lateUsageMs);
    return Math.min(idleMs, restMs, idleMs - sinceNewsMs);
  }
}

/** What is left when no more comes, and why the answer is none where it has not finished. */
function endOf(reader: AnswerReader, otherwise: ModelEvent[][]): ModelEvent[][] {
  const rest = reader.end();
  const isNone = !reader.finished && rest.at(-1)?.type !== "failure";
  return [...(rest.length > 0 ? [rest] : []), ...(isNone ? otherwise : [])];
}

/** Some gateways send, beside an error with status 200, how long to wait before the next request. */
function afterWait(event: ModelEvent, waitMs: number): ModelEvent {
  return event.type === "failure" ? failed({ ...event.failure, retryAfterMs: waitMs }) : event;
}

/** A refusal, or nothing at all. */
async function refused(response: Response, request: GenerateRequest): Promise<ModelEvent | undefined> {
  const { apiKey, signal } = request;
  const text = response.body === null ? Promise.resolve("") : beginningOf(response.body, longestRefusalChars);
  const read = await within(text, request.timeouts.idleMs, signal);
  if (read.type === "aborted") return undefined;
  const body = read.type === "came" ? read.value : "";
  const failure = classifyFailure({ status: response.status, body: firstPayload(body), apiKey });
  const waitMs = retryAfterMs(response.headers.get("retry-after"), Date.now());
  return failed(waitMs === undefined ? failure : { ...failure, retryAfterMs: waitMs });
}

/** Some gateways refuse with a stream of one event. */
function firstPayload(body: string): string {
  if (!/^\s*(?:data|event|id|:)/.test(body)) return body;
  const lines = new PayloadLines();
  return [...lines.feed(`${body}\n\n`), ...lines.end()][0] ?? body;
}

/** `code`: what a broken connection means at this point. A stall is reported as one, an abort not at all. */
function brokenOff(
  waited: Exclude<Waited<unknown>, { type: "came" }>,
  code: FailureCode,
  apiKey: string | undefined,
): ModelEvent[][] {
  switch (waited.type) {
    case "aborted":
      return [];
    case "stalled":
      return [[stalled]];
    case "broke": {
      if (reasonOf(waited.error) === payloadTooLong) return [[tooLong]];
      const detail = safeDetail(`The connection to the model provider failed: ${reasonOf(waited.error)}`, apiKey);
      return [[failed({ code, detail, retryable: true })]];
    }
  }
}

const stalled = failed({
  code: "model_stalled",
  detail: "The model provider went silent and was given up.",
  retryable: true,
});

const cut = failed(truncated);

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

/** Waits for one piece of work, but not for ever. Never throws: however the wait ends is a value. It does not stop the work. */
export type Waited<T> =
  | { type: "came"; value: T }
  | { type: "broke"; error: unknown }
  | { type: "stalled" }
  | { type: "aborted" };

/** How `work` ended: it came, it broke, `limitMs` passed first, or `signal` was aborted first. */
function within<T>(work: Promise<T>, limitMs: number, signal: AbortSignal): Promise<Waited<T>> {
  return new Promise((resolve) => {
    const settle = (waited: Waited<T>) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      resolve(signal.aborted ? { type: "aborted" } : waited);
    };
    const abort = () => settle({ type: "aborted" });
    const timer = setTimeout(() => settle({ type: "stalled" }), limitMs);
    signal.addEventListener("abort", abort, { once: true });
    work.then(
      (value) => settle({ type: "came", value }),
      (error: unknown) => settle({ type: "broke", error }),
    );
    if (signal.aborted) abort();
  });
}
