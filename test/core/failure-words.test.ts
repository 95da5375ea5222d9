import { describe, expect, it } from "vitest";
import type { Failure, FailureCause, FailureCode } from "../../src/core/errors.ts";
import { type ModelPlace, worded } from "../../src/core/failure-words.ts";
import { causes, codes } from "../support/failure-codes.ts";

const names = ["modelSetting", "keySetting", "addressSetting", "windowSetting"] as const;
const place = (isSet: boolean): ModelPlace => ({
  model: "deepseek-v3.2-exp",
  host: "api.cometapi.com",
  modelSetting: { name: "MODEL", isSet },
  keySetting: { name: "MODEL_API_KEY", isSet },
  addressSetting: { name: "MODEL_BASE_URL", isSet },
  windowSetting: { name: "MODEL_CONTEXT_TOKENS", isSet },
});
const raw = "HTTP 400: <b>upstream said sk-0123456789</b>";
const all: Failure[] = [
  ...Object.keys(codes).map((code) => ({ code: code as FailureCode, detail: "x", raw, retryable: false })),
  ...Object.entries(causes).map(([cause, code]) => {
    return { code, cause: cause as FailureCause, detail: "x", raw, retryable: false };
  }),
  { code: "model_malformed", cause: "address", detail: "x", raw, retryable: false },
];
const sentences = (text: string) => text.split(/(?<=[.!?])\s+/);

describe("the words of failures", () => {
  it.each(all.map((failure) => [`${failure.code} ${failure.cause ?? ""}`, failure] as const))(
    "[WORDS-1] %s: two sentences that name the model and its host, and nothing of what the host sent",
    (_, failure) => {
      for (const isSet of [true, false]) {
        const { detail, raw: kept } = worded(failure, place(isSet));
        expect(sentences(detail)).toHaveLength(2);
        expect(detail).toMatch(/deepseek-v3\.2-exp/);
        expect(detail).toMatch(/api\.cometapi\.com/);
        expect(detail).toMatch(/^\S.*\.$/);
        expect(detail).not.toMatch(/upstream|sk-|HTTP \d|</);
        expect(detail.length).toBeLessThanOrEqual(300);
        expect(kept).toBe(raw);
      }
    },
  );

  it.each(all.map((failure) => [`${failure.code} ${failure.cause ?? ""}`, failure] as const))(
    "[WORDS-2] %s: no setting is advised that is set already",
    (_, failure) => {
      const detail = worded(failure, place(true)).detail;
      expect(detail).not.toMatch(/\bset (?:MODEL|COMET)/i);
      expect(detail).not.toContain("MODEL_CONTEXT_TOKENS");
    },
  );

  it("[WORDS-2] a setting that is missing is named", () => {
    const missing = (failure: Partial<Failure>) => {
      return worded({ code: "internal", detail: "x", retryable: false, ...failure }, place(false)).detail;
    };
    expect(missing({ code: "model_auth" })).toContain("Set MODEL_API_KEY");
    expect(missing({ code: "model_not_found" })).toContain("Set MODEL ");
    expect(missing({ code: "context_overflow" })).toContain("set MODEL_CONTEXT_TOKENS");
    const allowed = { ...place(false), allowedModels: ["deepseek-flash", "deepseek-pro"] };
    const refused = { code: "model_refused", cause: "not_allowed", detail: "", retryable: false } as const;
    expect(worded(refused, allowed).detail).toBe(
      "This account may use deepseek-flash, deepseek-pro, and not deepseek-v3.2-exp at api.cometapi.com. Name a model that it may use.",
    );
    expect(missing({ code: "model_refused", cause: "address" })).toContain("Set MODEL_BASE_URL");
    expect(names.length).toBe(4);
  });

  it("[WORDS-3] what a failure said before is kept for the log, and a failure without a place is left alone", () => {
    const failure = { code: "model_malformed", detail: "A tool without a name.", retryable: true } as const;
    expect(worded(failure, place(true)).raw).toBe("A tool without a name.");
    expect(worded(failure, undefined)).toBe(failure);
  });
});
