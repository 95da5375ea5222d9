import { describe, expect, it } from "vitest";
import type { FailureCause, FailureCode } from "../../src/core/errors.ts";
import { userWords } from "../../src/core/user-words.ts";
import { causes, codes } from "../support/failure-codes.ts";

const all: { code: FailureCode; cause?: FailureCause }[] = [
  ...Object.keys(codes).map((code) => ({ code: code as FailureCode })),
  ...Object.entries(causes).map(([cause, code]) => ({ code, cause: cause as FailureCause })),
];

describe("the words for the person who wrote", () => {
  it.each(all)(
    "[WORDS-4] $code $cause: one sentence with what to do, without settings, figures, models and hosts",
    (of) => {
      const words = userWords(of);
      expect(words).toMatch(/^[A-Z][a-z ,]+; please [a-z ]+\.$/);
      expect(words.length).toBeLessThanOrEqual(140);
      expect(words).not.toMatch(/Worker|Longline|model|token|budget|key|setting|log/i);
    },
  );

  it("[WORDS-4] a turn of an earlier version, which does not say what failed, has words too", () => {
    expect(userWords(undefined)).toBe(userWords({ code: "internal" }));
  });

  it("[WORDS-4] says what differs for a person: to wait, to send again, to ask, to write otherwise, to begin anew", () => {
    const words = (code: FailureCode, cause?: FailureCause) => userWords({ code, ...(cause && { cause }) });
    expect(words("model_unavailable")).toMatch(/try again in a few minutes/);
    expect(words("model_truncated")).toMatch(/send the message again/);
    expect(words("model_auth")).toMatch(/ask the people who run it/);
    expect(words("content_filter")).toMatch(/in other words/);
    expect(words("model_rate_limited", "tokens_per_minute")).toBe(words("context_overflow"));
    expect(words("model_malformed", "address")).toBe(words("model_auth"));
  });
});
