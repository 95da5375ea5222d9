import { describe, expect, it } from "vitest";
import type { FailureCode } from "../../src/core/errors.ts";
import { classifyFailure } from "../../src/model/classify-failure.ts";

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
    expect(classifyFailure({ status, body })).toEqual({ code, retryable, detail: expect.any(String) });
  });

  it("[STREAM-13] says what the provider said, and what to do", () => {
    const body = error({ message: "Authentication Fails", type: "authentication_error" });
    expect(classifyFailure({ status: 401, body }).detail).toBe(
      "The model provider refused the API key: set MODEL_API_KEY to a valid one. It answered HTTP 401: Authentication Fails",
    );
  });

  it("[STREAM-13] shows a page's title, not its markup", () => {
    expect(classifyFailure({ status: 502, body: "<html><title>Bad\n gateway</title><p>x</p></html>" }).detail).toBe(
      "The model provider has a problem of its own. It answered HTTP 502: Bad gateway",
    );
  });

  it("[STREAM-13] cuts a long detail, and leaves no part of the API key in it", () => {
    const apiKey = "sk-0123456789";
    for (let padding = 360; padding < 460; padding++) {
      const { detail } = classifyFailure({
        status: 401,
        body: `${"x".repeat(padding)}${apiKey}${"y".repeat(900)}`,
        apiKey,
      });
      expect(detail.length).toBeLessThanOrEqual(500);
      expect(detail).not.toContain("sk-");
    }
  });
});
