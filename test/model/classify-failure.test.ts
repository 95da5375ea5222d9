import { describe, expect, it } from "vitest";
import type { FailureCode } from "../../src/core/errors.ts";
import { classifyFailure } from "../../src/model/classify-failure.ts";
import { isErrorPayload } from "../../src/model/wire-error.ts";
import {
  filters,
  generations,
  notOverflows,
  overflows,
  payments,
  type RefusalRow,
  unknownModels,
  wrongAddresses,
} from "../support/refusals.ts";

const error = (fields: object) => JSON.stringify({ error: fields });
const deepseek = (message: string) =>
  error({ message, type: "invalid_request_error", param: null, code: "invalid_request_error" });
const comet = (message: string, code: string) => error({ message, type: "comet_api_error", param: "", code });

const table: [what: string, status: number, body: string, code: FailureCode, retryable: boolean][] = [
  ["DeepSeek's bad request", 400, deepseek("Thinking mode does not support this tool_choice"), "model_refused", false],
  ["invalid parameters", 422, deepseek("Invalid max_tokens value"), "model_refused", false],
  [
    "DeepSeek's bad key",
    401,
    error({ code: "invalid_request_error", message: "Authentication Fails", type: "authentication_error" }),
    "model_auth",
    false,
  ],
  ["a firewall's page", 403, "<html><title>Forbidden</title></html>", "model_auth", false],
  ["no balance", 402, deepseek("Insufficient Balance"), "model_payment", false],
  [
    "no quota, told as too many requests",
    429,
    error({ message: "You exceeded your quota", code: "insufficient_quota" }),
    "model_payment",
    false,
  ],
  ["too many requests", 429, deepseek("Too many concurrent requests"), "model_rate_limited", true],
  ["too many requests, empty", 429, "", "model_rate_limited", true],
  ["DeepSeek's unknown model", 400, deepseek("Model Not Exist"), "model_not_found", false],
  [
    "DeepSeek's unknown model, later",
    400,
    deepseek("The supported API model names are a or b, but you passed c."),
    "model_not_found",
    false,
  ],
  [
    "DeepSeek's too long request",
    400,
    deepseek("This model's maximum context length is 131072 tokens. However, you requested 140000 tokens."),
    "context_overflow",
    false,
  ],
  [
    "OpenAI's too long request",
    400,
    error({ code: "context_length_exceeded", message: "x" }),
    "context_overflow",
    false,
  ],
  [
    "CometAPI's unknown model",
    503,
    comet("no available channel for group default and model X (distributor)", "model_not_found"),
    "model_not_found",
    false,
  ],
  ["CometAPI's bad request", 500, comet("messages is required", "invalid_request"), "model_refused", false],
  ["CometAPI's permission", 500, comet("not allowed", "permission_denied"), "model_auth", false],
  ["a server error in DeepSeek's usual words", 500, deepseek("Internal error"), "model_unavailable", true],
  ["overload", 503, comet("overloaded", "server_busy"), "model_unavailable", true],
  ["a slow upstream's page", 504, "<!DOCTYPE html><title>504 Gateway Time-out</title>", "model_unavailable", true],
  ["an empty server error", 502, "", "model_unavailable", true],
  ["moderation", 400, deepseek("Content Exists Risk"), "content_filter", false],
  ["a wrong path", 404, "404 page not found", "model_refused", false],
  ["a redirect", 301, "", "model_refused", false],
  ["an error object under 200", 200, error({ message: "Overloaded", type: "server_error" }), "model_unavailable", true],
  ["an error string under 200", 200, '{"error":"out of memory"}', "model_unavailable", true],
  [
    "an error with a status of its own under 200",
    200,
    error({ message: "slow down", code: 429 }),
    "model_rate_limited",
    true,
  ],
  ["a bad request under 200", 200, deepseek("messages: too long"), "model_refused", false],
  ["a web page under 200", 200, "\n<html><title>Welcome</title></html>", "model_malformed", false],
  ["nothing under 200", 200, "", "model_malformed", true],
  ["other JSON under 200", 200, '{"success":false,"message":"no"}', "model_malformed", true],
];

describe("classifyFailure", () => {
  it.each(table)("[STREAM-14] %s (%i)", (_what, status, body, code, retryable) => {
    expect(classifyFailure({ status, body })).toMatchObject({ code, retryable });
  });

  const rows = (rule: string, all: RefusalRow[]) => all.map((row) => [rule, row.host, row.status, row] as const);
  it.each([
    ...rows("[STREAM-34]", overflows),
    ...rows("[STREAM-35]", notOverflows),
    ...rows("[STREAM-36]", generations),
    ...rows("[STREAM-37]", [...unknownModels, ...wrongAddresses]),
    ...rows("[STREAM-38]", payments),
    ...rows("[STREAM-39]", filters),
  ])("%s %s (%i)", (_rule, _host, _status, { status, body, code }) => {
    const retryable = code === "model_malformed";
    const said = typeof body === "string" ? body : JSON.stringify(body);
    const failure = classifyFailure({ status, body: said });
    expect([failure.code, failure.raw]).toEqual([code, expect.stringMatching(/^HTTP \d+: ./)]);
    if (code !== "model_rate_limited") expect(failure.retryable).toBe(retryable);
    // The same inside a stream, where the payload is parsed already.
    if (typeof body === "object" && body !== null && status !== 404 && status !== 413) {
      expect(isErrorPayload(body) || status !== 200).toBe(true);
    }
  });

  it("[STREAM-35] a request with more tokens than a minute may have is not sent again", () => {
    const retryable = notOverflows.map(({ status, body }) => {
      const { code, retryable } = classifyFailure({ status, body: body as object });
      return code === "model_rate_limited" ? retryable : undefined;
    });
    expect(retryable.filter((each) => each !== undefined)).toEqual([false, false, true, true, true, true, true]);
  });

  it("[STREAM-13] keeps what the provider said for the log, on one line", () => {
    const body = error({ message: "Authentication\n Fails", type: "authentication_error" });
    expect(classifyFailure({ status: 401, body }).raw).toBe("HTTP 401: Authentication Fails");
    const page = "<html><title>Bad\n gateway</title><p>x</p></html>";
    expect(classifyFailure({ status: 502, body: page }).raw).toBe("HTTP 502: Bad gateway");
  });

  it("[STREAM-13] cuts what it keeps, and leaves no part of a key in it", () => {
    const apiKey = "sk-0123456789";
    for (let padding = 360; padding < 520; padding++) {
      const body = `${"x".repeat(padding)}${apiKey}${"y".repeat(900)}`;
      const { raw = "" } = classifyFailure({ status: 401, body, apiKey });
      expect(raw.length).toBeLessThanOrEqual(500);
      expect(raw).not.toContain("sk-");
    }
    const others =
      "Incorrect API key provided: sk-proj-ab12****************wxyz. Authorization: Bearer abcdef0123456789";
    expect(classifyFailure({ status: 401, body: error({ message: others }), apiKey }).raw).toBe(
      "HTTP 401: Incorrect API key provided: [API key] Authorization: [API key]",
    );
  });

  it("[STREAM-34] the words of a quoted message are no reason", () => {
    const detail = [
      { loc: ["body", "messages"], msg: "field required", type: "missing", input: "context length exceeded" },
    ];
    expect(classifyFailure({ status: 422, body: { detail } }).code).toBe("model_refused");
  });

  it("[STREAM-13] a hostile body is read in work that does not grow with its square", () => {
    const deep = `${'{"error":'.repeat(3_000)}1${"}".repeat(3_000)}`;
    const wide = JSON.stringify({
      error: Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`k${n}`, { message: "x" }])),
    });
    const nested = JSON.stringify({ message: "{[".repeat(200_000) });
    for (const body of [deep, wide, nested, "model ".repeat(200_000), "exceeds ".repeat(100_000)]) {
      // Work that grows with the square would not end within the test's time.
      expect(classifyFailure({ status: 400, body }).code).toMatch(/^model_/);
    }
  });
});
