/** Decides what a provider's refusal means, by status and by what the body says: gateways answer 503 for a model that does not exist, and 200 for anything. Never retries. */
import type { Failure, FailureCode } from "../core/errors.ts";
import { textIsDeeper } from "../core/nesting.ts";
import { requestChange } from "./request-change.ts";
import { safeDetail } from "./safe-detail.ts";

/** `body`: the raw text, or a payload already parsed. Its content type is not asked: DeepSeek sends JSON errors as `application/octet-stream`. */
interface Refusal {
  status: number;
  body: string | object;
  apiKey?: string | undefined;
}

/** The failure behind an answer that is none. Error shapes: DeepSeek's and CometAPI's recorded bodies, else any `message`. */
export function classifyFailure({ status, body, apiKey }: Refusal): Failure {
  const said = read(body);
  const kind = kindByWords(said, status) ?? kindByStatus(status === 200 ? said.status : status) ?? kindOfNonsense(said);
  const quote = `It answered HTTP ${status}: ${said.message || "(nothing)"}`;
  const change = requestChange(status, typeof body === "string" ? body : JSON.stringify(body));
  const detail = safeDetail(`${kind.lead} ${quote}`, apiKey);
  return { code: kind.code, detail, retryable: kind.retryable, ...(change !== undefined && { change }) };
}

interface Kind {
  code: FailureCode;
  retryable: boolean;
  lead: string;
}

const kinds = {
  auth: {
    code: "model_auth",
    retryable: false,
    lead: "The model provider refused the API key: set MODEL_API_KEY to a valid one.",
  },
  payment: {
    code: "model_payment",
    retryable: false,
    lead: "The account at the model provider has no credit left: top it up.",
  },
  noModel: {
    code: "model_not_found",
    retryable: false,
    lead: "The model provider does not have this model: set MODEL.",
  },
  refused: { code: "model_refused", retryable: false, lead: "The model provider refused the request." },
  wrongAddress: {
    code: "model_refused",
    retryable: false,
    lead: "Nothing answers model calls at this address: check MODEL_BASE_URL.",
  },
  reasoningRule: {
    code: "model_reasoning_rule",
    retryable: false,
    lead: "The model provider has another rule for earlier reasoning than its profile says.",
  },
  overflow: {
    code: "context_overflow",
    retryable: false,
    lead: "The conversation is longer than the model's window: shorten the message, or set MODEL_CONTEXT_TOKENS.",
  },
  filtered: { code: "content_filter", retryable: false, lead: "The provider's content filter refused the request." },
  rateLimited: { code: "model_rate_limited", retryable: true, lead: "The model provider is asked too often." },
  unavailable: { code: "model_unavailable", retryable: true, lead: "The model provider has a problem of its own." },
  webPage: {
    code: "model_malformed",
    retryable: false,
    lead: "A web page answered instead of a model: check MODEL_BASE_URL.",
  },
  malformed: { code: "model_malformed", retryable: true, lead: "The model provider sent something unreadable." },
} satisfies Record<string, Kind>;

interface Said {
  message: string;
  /** The error's own `code` and `type`, lower case. */
  labels: string[];
  /** An HTTP status given inside the body, else 0. */
  status: number;
  shape: "error" | "other" | "web_page";
}

/** DeepSeek's words (facts of its own error bodies), OpenAI's, Anthropic's and vLLM's for a request that does not fit. */
const tooLong =
  /maximum context length|context (?:length|window) (?:is )?exceeded|exceeds? the (?:model'?s )?(?:maximum )?context|prompt is too long|input is too long/i;

/** What the body says outweighs the status, but only in words that cannot be meant otherwise. */
function kindByWords({ labels, message }: Said, status: number): Kind | undefined {
  const has = (...words: string[]) => words.some((word) => labels.includes(word));
  if (status === 400 && /reasoning_content/.test(message) && !/deserialize/i.test(message)) return kinds.reasoningRule;
  if (has("context_length_exceeded") || tooLong.test(message)) return kinds.overflow;
  if (has("model_not_found") || /model not exist|supported api model names/i.test(message)) return kinds.noModel;
  if (has("insufficient_quota", "insufficient_user_quota") || /insufficient balance/i.test(message)) {
    return kinds.payment;
  }
  if (has("permission_denied", "authentication_error", "invalid_api_key")) return kinds.auth;
  if (has("content_filter", "data_inspection_failed") || /content exists risk/i.test(message)) return kinds.filtered;
  // CometAPI's word, with status 500. DeepSeek's `invalid_request_error` says nothing: it stands in its every error.
  if (has("invalid_request") || (status === 200 && has("invalid_request_error"))) return kinds.refused;
  if (has("rate_limit_error", "rate_limit_exceeded")) return kinds.rateLimited;
  return undefined;
}

function kindByStatus(status: number): Kind | undefined {
  if (status === 401 || status === 403) return kinds.auth;
  if (status === 402) return kinds.payment;
  if (status === 404 || status === 405 || (status >= 300 && status < 400)) return kinds.wrongAddress;
  if (status === 429) return kinds.rateLimited;
  if (status === 408 || status === 425 || status >= 500) return kinds.unavailable;
  return status >= 400 ? kinds.refused : undefined;
}

/** No status to go by: an error inside an answer that began well is the provider's trouble. */
function kindOfNonsense({ shape }: Said): Kind {
  switch (shape) {
    case "error":
      return kinds.unavailable;
    case "web_page":
      return kinds.webPage;
    case "other":
      return kinds.malformed;
  }
}

function read(body: string | object): Said {
  const value = typeof body === "string" ? parsed(body) : body;
  if (value === undefined) return readText(String(body));
  const error = field(value, "error") ?? undefined;
  const of = typeof error === "object" ? error : value;
  const message = typeof error === "string" ? error : (field(of, "message") ?? field(of, "detail"));
  const labels = [field(of, "code"), field(of, "type")].map((label) => String(label ?? "").toLowerCase());
  return {
    message: typeof message === "string" ? message : JSON.stringify(value),
    labels,
    status: Number(labels.find((label) => /^[45]\d\d$/.test(label)) ?? 0),
    shape: error === undefined ? "other" : "error",
  };
}

function readText(text: string): Said {
  const isPage = text.trimStart().startsWith("<");
  const message = isPage ? (titleOf(text) ?? "(a web page)") : text.trim();
  return { message, labels: [], status: 0, shape: isPage ? "web_page" : "other" };
}

/** By the first `<title` alone: a page can have as many as it likes. */
function titleOf(page: string): string | undefined {
  const from = /<title[\s>]/i.exec(page)?.index;
  if (from === undefined) return undefined;
  return /^<title[^>]{0,1000}>([^<]{0,1000})<\/title>/i.exec(page.slice(from, from + 2_100))?.[1];
}

function parsed(text: string): object | undefined {
  if (textIsDeeper(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function field(value: object, name: string): unknown {
  return (value as Record<string, unknown>)[name];
}
