import { expect, it } from "vitest";
import type { Entry } from "../../src/core/entry.ts";
import { refOf } from "../../src/core/waits.ts";
import { answeredAsks } from "../../src/delegation/answered-asks.ts";

const approval = (seq: number, callId: string, more: object = {}): Entry =>
  ({
    ...{ seq, type: "approval", turn: "turn_1", step: 1, callId, approve: true, child: "agent_1" },
    ...more,
  }) as Entry;
const entries = [
  approval(4, "a"),
  approval(5, "b", { approve: false, reason: "No", by: "Ann" }),
  approval(6, "own", { child: undefined }),
];
const given = (callId: string, approve = true, reason?: string) => ({
  call: { ref: refOf({ birth: "b", turn: "turn_1", step: 1, callId }) },
  approve,
  reason,
});
const looked = (...approvals: Parameters<typeof answeredAsks>[0]) => answeredAsks(approvals, { entries, birth: "b" });

it("[DELEG-21] an answer that was given before is known by its ref, decision and reason", () => {
  const before = { turn: "turn_1", afterSeq: 5 };
  expect(looked(given("a"), given("b", false, "No"))).toEqual({ left: [], before });
  expect(looked(given("c"), given("b", false, "No"))).toEqual({ left: [given("c")], before });
  expect(looked(given("c"))).toEqual({ left: [given("c")] });
  // Those of the session's own calls are known by their replies.
  expect(looked(given("own"), { call: { id: "a" }, approve: true }).left).toHaveLength(2);
});

it.each([
  ["a", false, undefined, { kind: "approved", since: "running" }],
  ["b", true, undefined, { kind: "denied", by: "Ann" }],
  ["b", false, "Never", { kind: "denied", by: "Ann" }],
])("[DELEG-21] one of %s that says otherwise (%s, %s) is a conflict", (callId, approve, reason, outcome) => {
  const other = given(callId, approve, reason);
  expect(looked(given("c"), other).other).toEqual({ given: other, outcome });
});
