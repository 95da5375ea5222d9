import { expect, it } from "vitest";
import type { Entry } from "../../src/core/entry.ts";
import { turnLine, turnRecord } from "../../src/observe/turn-record.ts";
import { recordedTurn } from "./recorded-turn.ts";

const place = { account: "acme", session: "support-42" };
const endedAs = (more: object): Entry[] =>
  recordedTurn.map((entry) => ({ ...entry, ...(entry.type === "turn_ended" && more) }) as Entry);
const recordOf = (entries: Entry[]) => {
  const record = turnRecord(entries, "support");
  if (record === undefined) throw new Error("The turn is open.");
  return record;
};

it("[TRACE-10] the line of a turn has the fields of the list in their order, and nothing that anyone wrote", () => {
  expect(JSON.stringify(turnLine(recordOf(recordedTurn), place))).toBe(
    '{"level":"info","event":"turn","account":"acme","session":"support-42","turn":"turn_3","agent":"assistant","version":"v_3f9c2b7a10de","model":"local-model","reason":"completed","steps":2,"input_tokens":4500,"cached_tokens":800,"output_tokens":210,"cost_micros":560,"ms":76010}',
  );
  const failure = { code: "model_auth", detail: "canary", raw: "canary", retryable: false };
  const failed = turnLine(recordOf(endedAs({ reason: "failed", failure, note: "canary" })), {
    ...place,
    ...{ extra: "canary" },
  });
  expect(failed).toMatchObject({ level: "error", reason: "failed", code: "model_auth" });
  expect(JSON.stringify(failed)).not.toContain("canary");
});

it.each([
  ["completed", "info"],
  ["length", "info"],
  ["step_limit", "info"],
  ["cancelled", "warn"],
  ["interrupted", "warn"],
  ["budget_exhausted", "warn"],
  ["failed", "error"],
])("[TRACE-10] a turn that ended as %s has the level %s", (reason, level) => {
  expect(turnLine(recordOf(endedAs({ reason })), place).level).toBe(level);
});

it("[SEE-1] a turn's record has its agent and version, its model, its times, and what went wrong in it", () => {
  expect(turnRecord(recordedTurn, "support")).toEqual({
    ...{ seq: 15, turn: "turn_3", endedAtMs: 1_764_000_076_010, agent: "assistant", version: "v_3f9c2b7a10de" },
    ...{ model: "local-model", reason: "completed", steps: 2, costMicros: 560, ms: 76_010, firstEventMs: 7_250 },
    usage: { inputTokens: 4_500, cachedTokens: 800, outputTokens: 210, reasoningTokens: 20, estimated: true },
    ...{ toolErrors: 1, repairs: 0 },
  });
  const failure = { code: "model_auth", detail: `${"x".repeat(299)}👋👋`, retryable: false };
  const { error } = recordOf(endedAs({ reason: "failed", failure }));
  expect(error).toEqual({ code: "model_auth", detail: `${"x".repeat(299)}\ufffd` });
});

it("[SEE-1] an open turn has no record; one without a model call names no model, and one of before versions its session's agent", () => {
  expect(turnRecord(recordedTurn.slice(0, -1), "support")).toBeUndefined();
  expect(turnRecord([], "support")).toBeUndefined();
  const [first, last] = [recordedTurn[0], recordedTurn.at(-1)];
  const bare = { ...first, agent: undefined, agentVersion: undefined } as unknown as Entry;
  expect(recordOf([bare, ...(last ? [last] : [])])).toMatchObject({
    model: null,
    agent: "support",
    firstEventMs: null,
  });
  expect(recordOf([bare, ...(last ? [last] : [])])).not.toHaveProperty("version");
});
