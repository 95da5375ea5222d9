import { describe, expect, it } from "vitest";
import type { AssistantEntry, FailedTry } from "../../../src/core/entry.ts";
import { stepRecords } from "../../../src/session/turn/step-records.ts";
import { assistant } from "../../support/entries.ts";

const failure = { code: "model_unavailable", detail: "It has a problem.", retryable: true } as const;
const tried = (model: string, used?: number): FailedTry => {
  const usage = { inputTokens: used ?? 0, cachedTokens: 0, outputTokens: 1, reasoningTokens: 0 };
  return { model, failure, textChars: 0, ...(used !== undefined && { usage, costMicros: used * 2, paid: true }) };
};
const recordOf = (model: string, tries: FailedTry[]) =>
  stepRecords([{ ...assistant({ tries }), seq: 2, model } as AssistantEntry])[0];

describe("the tries of a step", () => {
  it.each<[name: string, model: string, tries: FailedTry[], others: object[] | undefined]>([
    ["none", "a", [], undefined],
    ["at the same model", "a", [tried("a", 5), tried("a")], undefined],
    [
      "at one that always fails",
      "b",
      [tried("a"), tried("a")],
      [{ model: "a", tries: 2, inputTokens: 0, costMicros: 0 }],
    ],
    [
      "at two others, one of them paid",
      "c",
      [tried("a", 5), tried("a", 6), tried("b"), tried("c", 9)],
      [
        { model: "a", tries: 2, inputTokens: 11, outputTokens: 2, costMicros: 22 },
        { model: "b", tries: 1, inputTokens: 0, costMicros: 0 },
      ],
    ],
  ])("[LEDGER-5] %s are told by model", (_, model, tries, others) => {
    const record = recordOf(model, tries);
    expect(record?.retries).toBe(tries.length);
    if (others === undefined) expect(record).not.toHaveProperty("others");
    else expect(record?.others).toMatchObject(others);
  });
});
