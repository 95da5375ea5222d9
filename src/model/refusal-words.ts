/** The words by which hosts report why they do not answer: tables of error codes and phrases, each with an example in `test/support/refusals.ts`. Pure data and their match. */
import type { RefusalText } from "./read-refusal.ts";

export type RefusalReason =
  | "overflow"
  | "too_many_tokens_at_once"
  | "rate_limited"
  | "payment"
  | "no_model"
  | "filtered"
  | "bad_generation"
  | "auth";

interface Words {
  labels: readonly string[];
  phrases: readonly RegExp[];
}

const words: Record<Exclude<RefusalReason, "too_many_tokens_at_once">, Words> = {
  /** The model's own output could not be read by the host: another try may be better. */
  bad_generation: {
    labels: ["tool_use_failed", "tool_call_failed", "json_validate_failed", "output_parse_failed"],
    phrases: [
      /failed to (?:call a function|generate (?:a )?(?:valid )?(?:tool|function|json))/i,
      /tool call validation failed/i,
      /(?:error|failed|failure|unable|could not)\b.{0,12}\b(?:pars|extract|decod)\w+ (?:the |a )?(?:tool|function)[ _-]?calls?\b/i,
      /tool[ _]?(?:call )?pars(?:er|ing) (?:error|failed|failure)/i,
      /failed to parse input at pos/i,
      /harmonyerror|unexpected tokens? (?:\d+ while expecting|remaining in message header)/i,
      /model (?:generated|produced|returned) (?:an? )?(?:invalid|malformed) (?:tool|function|json|output)/i,
    ],
  },
  payment: {
    labels: [
      "insufficient_quota",
      "insufficient_user_quota",
      "exceeded_current_quota_error",
      "arrearage",
      "accountoverdueerror",
      "insufficient_balance",
      "insufficient_balance_error",
      "insufficient_credits",
      "billing_hard_limit_reached",
      "billing_not_active",
      "payment_required",
      // Zhipu, SiliconFlow (two), MiniMax.
      "1113",
      "30001",
      "30011",
      "1008",
    ],
    phrases: [
      /insufficient (?:account )?(?:balance|credits?|funds)/i,
      /balance (?:is )?(?:insufficient|not enough|too low|exhausted)/i,
      /(?:not|don't have) enough (?:balance|credits?)|requires? more credits|out of credits|no credits left/i,
      /overdue (?:balance|account|payment)|account is in good standing|in arrears/i,
      /余额不足|欠费|账户.{0,6}余额/,
      /please (?:recharge|top up)|payment required|spending limit/i,
    ],
  },
  rate_limited: {
    labels: ["rate_limit_error", "rate_limit_exceeded", "rate_limit_reached_error", "too_many_requests", "throttling"],
    phrases: [
      /rate[ -]?limit/i,
      /tokens per (?:minute|min|day|hour)|requests per (?:minute|min|day|second)|\b(?:TPM|RPM|TPD|RPD)\b/,
      /too many (?:concurrent )?requests|please wait before|throttl|allocated quota exceeded/i,
    ],
  },
  overflow: {
    labels: [
      "context_length_exceeded",
      "context_window_exceeded",
      "model_context_window_exceeded",
      "exceed_context_size_error",
      "request_too_large",
      "prompt_too_long",
      "contextwindowexceedederror",
      // Zhipu.
      "1261",
    ],
    phrases: [
      /max(?:imum)? (?:context|prompt) length/i,
      /(?:exceed(?:s|ed|ing)?|longer than|greater than|too large for|larger than|beyond|overflows?)\b.{0,60}\bcontext[ _](?:length|window|size|limit)/i,
      /context[ _](?:length|window|size|limit)\b.{0,40}\b(?:exceed|too (?:small|long)|overflow|of only)/i,
      /(?:prompt|input|request|conversation)(?: \([^)]*\))?(?: is)? too (?:long|large) ?(?:$|[.;:,]|and|for|in)/im,
      /(?:prompt|input)\b.{0,40}\blonger than the (?:maximum )?model/i,
      /prompt exceeds (?:the )?max(?:imum)? length/i,
      /input (?:length|tokens?|token count)\b.{0,40}\bexceeds?\b.{0,60}(?:\d|max|limit)/i,
      /(?:prompt )?token count\b.{0,40}\bexceeds (?:the )?(?:model|limit|max)/i,
      /range of input length should be/i,
      /(?:exceeded|exceeds) (?:the )?model(?:'s)? token limit|token limit exceeded/i,
      /reduce the length of the (?:messages|input|prompt)/i,
      /`?inputs`? tokens \+ `?max_new_tokens`?|`inputs` must have less than/i,
      /tokens in request more than max tokens allowed/i,
      /number of tokens in the prompt cannot exceed|number of input tokens exceeds/i,
      /prompt_tokens\b.{0,30}\bmust be less than max_seq_len/i,
      /reached context length of|context the overflows|context shift is disabled/i,
      /prompt tokens too long|prompt 超长|输入(?:长度|内容)?(?:超|过长)|超(?:过|出).{0,12}(?:上下文|最大长度)/i,
      /上下文.{0,8}(?:超|过长)|(?:tokens?|token ?数).{0,8}超(?:过|出|限)/i,
      // LiteLLM names the kind in front of the provider's text.
      /ContextWindowExceeded/,
      /request entity too large|payload too large/i,
    ],
  },
  no_model: {
    labels: [
      "model_not_found",
      "model_not_found_error",
      "model_not_exist",
      "modelnotfound",
      "modelnotopen",
      "model_decommissioned",
      "unknown_model",
      "invalid_model",
      "deploymentnotfound",
      "invalidendpointormodel.notfound",
      "invalidendpointormodel",
      // Zhipu, SiliconFlow.
      "1211",
      "20012",
    ],
    phrases: [
      /model not exist|supported api model names|模型不存在/i,
      /\bmodels?\b[\s:]*(?:with identifier |named |id )?[`'"“]?[^\s`'"”]{0,200}[`'"”]?,?\s*(?:is |was |could )?(?:not (?:be )?found|does not exist|doesn't exist|has been decommissioned)/i,
      /not found the model|unknown model|no such model|invalid model(?: name| identifier|:)|is not a valid model/i,
      /model identifier is invalid|no models? loaded|unable to access model|could not find real modelid/i,
      /no endpoints found for (?!.*data policy)/i,
      /api deployment for this resource does not exist/i,
    ],
  },
  filtered: {
    labels: [
      "content_filter",
      "contentfilter",
      "data_inspection_failed",
      "datainspectionfailed",
      "responsibleaipolicyviolation",
      "content_policy_violation",
      "sensitivecontentdetected",
      "inputtextsensitivecontentdetected",
      "outputtextsensitivecontentdetected",
      "moderation_blocked",
      // OpenAI, by subject.
      "bio_policy",
      "cyber_policy",
      "misalignment_policy_violation",
      // Zhipu, MiniMax (input, output).
      "1301",
      "1026",
      "1027",
    ],
    phrases: [
      /content exists risk|considered high risk|violates? (?:our )?usage (?:guidelines|polic)/i,
      /content management policy|content[ _]?(?:safety )?policy violation|responsible ai/i,
      /inappropriate content|sensitive content|敏感内容/i,
      /(?:requires|flagged by|failed) (?:content )?moderation|flagged (?:as|for)|content filter/i,
    ],
  },
  auth: {
    labels: [
      "permission_denied",
      "authentication_error",
      "authenticationerror",
      "invalid_authentication_error",
      "invalid_api_key",
      "incorrect_api_key_error",
      "unauthorized",
      // MiniMax.
      "1004",
      "2049",
    ],
    phrases: [/(?:invalid|incorrect) api[- ]?key/i],
  },
};

/** `max_tokens` itself is wrong: no summary would help. OpenAI's, DeepSeek's, DashScope's, Groq's, Bedrock's and vLLM's words. */
const maxTokensFault = [
  /(?:invalid|range of|range for) [`'"]?max_(?:completion_|output_|new_)?tokens/i,
  /max_(?:completion_|output_|new_)?tokens[`'"]?\)? (?:is too large|must be (?:less|at most|between|<)|cannot be (?:greater|larger)|should be|exceeds)/i,
  /max_(?:completion_|output_|new_)?tokens=\d+ cannot be/i,
  /supports at most \d+ completion tokens|maximum tokens you requested exceeds/i,
];
/** vLLM names both numbers: what was sent is too long only where it takes most of the window itself. */
const vllmShare =
  /is too large: \d+\.? this model's maximum context length is (\d+) tokens and your request has (\d+) input tokens/i;

/** A hostile body must not hold the instance: phrases are looked for in so many characters. */
const longestRead = 6_000;

/** Why the host does not answer, by its words alone; `undefined` when they can be meant in several ways. */
export function reasonOf(refusal: RefusalText): RefusalReason | undefined {
  const text = refusal.texts.join("\n").slice(0, longestRead);
  const is = (reason: keyof typeof words) => {
    const { labels, phrases } = words[reason];
    return labels.some((label) => refusal.labels.includes(label)) || phrases.some((phrase) => phrase.test(text));
  };
  if (refusal.hasGeneration || is("bad_generation")) return "bad_generation";
  if (is("payment") || isQuota(refusal, text)) return "payment";
  if (is("rate_limited") || refusal.labels.some((label) => label.startsWith("throttling")))
    return isMoreThanAllowed(text) ? "too_many_tokens_at_once" : "rate_limited";
  if (is("filtered")) return "filtered";
  if (!isMaxTokensFault(text) && is("overflow")) return "overflow";
  if (is("no_model")) return "no_model";
  return is("auth") ? "auth" : undefined;
}

/** Gemini uses the same sentence for a rate limit, with a status of its own. */
function isQuota({ labels }: RefusalText, text: string): boolean {
  return /exceeded your current quota/i.test(text) && !labels.includes("resource_exhausted");
}

/** One request has more tokens than a whole minute may: waiting does not help. */
function isMoreThanAllowed(text: string): boolean {
  const [, limit, requested] = /limit:? (\d+), requested:? (\d+)/i.exec(text) ?? [];
  return Number(requested ?? 0) > Number(limit ?? Number.POSITIVE_INFINITY);
}

function isMaxTokensFault(text: string): boolean {
  const share = vllmShare.exec(text);
  if (share !== null) return Number(share[2]) < Number(share[1]) / 2;
  if (/inputs`? tokens \+/i.test(text)) return false;
  return maxTokensFault.some((phrase) => phrase.test(text));
}
