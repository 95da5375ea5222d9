/** Decides what a provider's refusal means, by status and by the text of the body: gateways answer 503 for a model that does not exist, and 200 for anything. Never retries, and words nothing for people: that is `core/failure-words.ts`. */

import { defined } from "../core/defined.ts";
import type { Failure, FailureCause, FailureCode } from "../core/errors.ts";
import { type RefusalText, readRefusal } from "./read-refusal.ts";
import { type RefusalReason, reasonOf } from "./refusal-words.ts";
import { requestChange } from "./request-change.ts";
import { safeDetail } from "./safe-detail.ts";

/** `body`: the raw text, or a payload already parsed. */
interface HostRefusal {
  status: number;
  body: string | object;
  apiKey?: string | undefined;
}

/** The failure that a refusal or an error body means; `raw` quotes the host, for the log. */
export function classifyFailure({ status, body, apiKey }: HostRefusal): Failure {
  const refusal = readRefusal(body);
  const kind = kindOf(refusal, status);
  const quote = refusal.texts.join(" / ").slice(0, 20_000) || "(nothing)";
  const raw = safeDetail(`HTTP ${status}: ${quote}`, apiKey);
  const change = requestChange(status, typeof body === "string" ? body : JSON.stringify(body));
  const { code, retryable, detail, cause } = kind;
  return { code, detail, retryable, ...(cause && { cause }), raw, ...defined({ change }) };
}

interface Kind {
  code: FailureCode;
  retryable: boolean;
  detail: string;
  cause?: FailureCause;
}

const kinds = {
  auth: { code: "model_auth", retryable: false, detail: "The provider did not accept the API key." },
  payment: { code: "model_payment", retryable: false, detail: "The account at the provider has no credit left." },
  noModel: { code: "model_not_found", retryable: false, detail: "The provider does not have this model." },
  unclear: { code: "model_refused", retryable: false, detail: "The provider refused the request.", cause: "unclear" },
  wrongAddress: { code: "model_refused", retryable: false, detail: "No model API is there.", cause: "address" },
  reasoningRule: {
    code: "model_reasoning_rule",
    retryable: false,
    detail: "The provider has another rule for earlier reasoning than its profile says.",
  },
  overflow: { code: "context_overflow", retryable: false, detail: "The request is longer than the model's window." },
  filtered: { code: "content_filter", retryable: false, detail: "The provider's content filter refused the request." },
  rateLimited: { code: "model_rate_limited", retryable: true, detail: "The provider was called too often." },
  tooMuchAtOnce: {
    code: "model_rate_limited",
    retryable: false,
    detail: "The request has more tokens than the provider allows in a minute.",
    cause: "tokens_per_minute",
  },
  unavailable: { code: "model_unavailable", retryable: true, detail: "The provider has a problem of its own." },
  webPage: { code: "model_malformed", retryable: false, detail: "A web page answered.", cause: "address" },
  malformed: { code: "model_malformed", retryable: true, detail: "The provider sent something unreadable." },
  badGeneration: {
    code: "model_malformed",
    retryable: true,
    detail: "The provider could not read the model's own output.",
  },
} satisfies Record<string, Kind>;

const kindByReason: Record<RefusalReason, Kind> = {
  overflow: kinds.overflow,
  too_many_tokens_at_once: kinds.tooMuchAtOnce,
  rate_limited: kinds.rateLimited,
  payment: kinds.payment,
  no_model: kinds.noModel,
  filtered: kinds.filtered,
  bad_generation: kinds.badGeneration,
  auth: kinds.auth,
};

/** What the body says outweighs the status, but only in words that cannot be meant otherwise. */
function kindOf(refusal: RefusalText, httpStatus: number): Kind {
  const text = refusal.texts.join("\n");
  if (httpStatus === 400 && /reasoning_content/.test(text) && !/deserialize/i.test(text)) return kinds.reasoningRule;
  const reason = refusal.shape === "web_page" ? undefined : reasonOf(refusal);
  if (reason !== undefined) return kindByReason[reason];
  // CometAPI's word, with status 500. DeepSeek's `invalid_request_error` says nothing: it is in its every error.
  const isBad = refusal.labels.includes("invalid_request");
  if (isBad || (httpStatus === 200 && refusal.labels.includes("invalid_request_error"))) return kinds.unclear;
  const inner = httpStatus === 200 || httpStatus === 500 ? refusal.status : 0;
  return kindByStatus(inner === 0 ? httpStatus : inner, refusal) ?? kindOfNonsense(refusal);
}

/** A path that is not there, in the words of OpenAI, Groq, Azure and FastAPI. */
const noSuchPath = /\b(?:url|route|path)\b|resource not found|^not found\.?$/im;

function kindByStatus(status: number, { shape, texts }: RefusalText): Kind | undefined {
  switch (status) {
    case 401:
    case 403:
      return kinds.auth;
    case 402:
      return kinds.payment;
    case 404:
      return shape === "error" && !noSuchPath.test(texts.join("\n")) ? kinds.unclear : kinds.wrongAddress;
    case 405:
      return kinds.wrongAddress;
    case 408:
    case 425:
      return kinds.unavailable;
    case 413:
      return kinds.overflow;
    case 429:
      return kinds.rateLimited;
    case 451:
      return kinds.filtered;
  }
  if (status >= 300 && status < 400) return kinds.wrongAddress;
  if (status >= 500) return kinds.unavailable;
  return status >= 400 ? kinds.unclear : undefined;
}

/** No status to go by: an error inside an answer that began well is the provider's trouble. */
function kindOfNonsense({ shape }: RefusalText): Kind {
  switch (shape) {
    case "error":
      return kinds.unavailable;
    case "web_page":
      return kinds.webPage;
    case "other":
      return kinds.malformed;
  }
}
