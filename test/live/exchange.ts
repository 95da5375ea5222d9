/** Puts one question to a live provider and keeps everything that came back. Judges nothing, never throws for what a provider does, and never keeps the key. */
import type { Failure } from "../../src/core/errors.ts";
import type { ModelEvent } from "../../src/core/model-event.ts";
import { classifyFailure } from "../../src/model/classify-failure.ts";
import { safeDetail } from "../../src/model/safe-detail.ts";
import { createTranslator } from "../../src/model/translate.ts";
import { eventsIn } from "../model/wire-tape.ts";
import { payloadBatches } from "../support/payload-batches.ts";

/** What came back for one question. */
export interface Exchange {
  /** 0 when no answer came. */
  status: number;
  /** The answer as it came. May quote the key, so it is never to be printed. */
  body: string;
  /** The payloads in order, without `[DONE]`; an answer that was not streamed is one payload. */
  payloads: string[];
  events: ModelEvent[];
  streamed: boolean;
  /** Whether `[DONE]` came. */
  done: boolean;
  /** Whether the stream had comments (`: keep-alive`). */
  comments: boolean;
  /** Why it came to nothing, as Longline would see it in a real turn. */
  failure: Failure | undefined;
}

export interface Question {
  url: string;
  apiKey?: string | undefined;
  /** Sent by POST as JSON; without it the question is a GET. */
  body?: object;
  fetch: typeof fetch;
}

const timeoutMs = 30_000;

/** One request, 30 s at most. A provider out of reach is an exchange with status 0. */
export async function ask(question: Question): Promise<Exchange> {
  const { apiKey } = question;
  try {
    const response = await send(question);
    const body = await response.text();
    return await readExchange(response, body, apiKey);
  } catch (error) {
    const detail = safeDetail(`The provider is out of reach: ${reasonOf(error)}`, apiKey);
    const failure: Failure = { code: "model_unreachable", detail, retryable: true };
    return { status: 0, body: "", payloads: [], events: [], streamed: false, done: false, comments: false, failure };
  }
}

function send({ url, apiKey, body, fetch }: Question): Promise<Response> {
  return fetch(url, {
    method: body === undefined ? "GET" : "POST",
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(apiKey !== undefined && apiKey !== "" && { authorization: `Bearer ${apiKey}` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
    // A redirect could carry the key to another host.
    redirect: "manual",
  });
}

async function readExchange(response: Response, body: string, apiKey: string | undefined): Promise<Exchange> {
  const { status, ok } = response;
  const streamed = ok && /^data:/m.test(body);
  const all = streamed ? (await Array.fromAsync(payloadBatches(new Blob([body]).stream()))).flat() : [body];
  const payloads = all.filter((payload) => payload.trim() !== "[DONE]");
  const translator = createTranslator(apiKey);
  const events = ok
    ? [...payloads.flatMap((payload) => eventsIn(translator.translate(payload))), ...translator.end()]
    : [];
  const failed = events.find((event) => event.type === "failure")?.failure;
  const failure = ok && events.length > 0 ? failed : classifyFailure({ status, body, apiKey });
  const done = payloads.length < all.length;
  return { status, body, payloads, events, streamed, done, comments: streamed && /^:/m.test(body), failure };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
