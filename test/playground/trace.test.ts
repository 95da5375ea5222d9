import { describe, expect, it } from "vitest";
import type { Entry } from "../../src/core/entry.ts";
import { deliverySpans } from "../../src/observe/delivery-spans.ts";
import { otlpTraces } from "../../src/observe/otlp-json.ts";
import { turnSpans } from "../../src/observe/turn-spans.ts";
import { childSessions, type OtlpTrace, traceView } from "../../src/playground/trace/spans.ts";
import { facts, recordedTurn } from "../observe/recorded-turn.ts";
import { assistant, ended, user } from "../support/entries.ts";

/** What the server answers for the recorded turn, as the page reads it. */
async function served(entries = recordedTurn): Promise<OtlpTrace> {
  const [first] = recordedTurn;
  if (first === undefined) throw new Error("The recorded turn is empty.");
  const delivery = { id: "dlv_1", turn: first.turn, channel: "slack", failures: 2, isDead: true as const };
  const made = { ...delivery, startMs: first.atMs + 90_000, endMs: first.atMs + 95_000 };
  const deliveries = await deliverySpans([made], { ...facts, turn: first.turn }, first);
  const request = otlpTraces([...(await turnSpans(entries, facts)), ...deliveries], { "service.name": "longline" });
  return JSON.parse(JSON.stringify(request));
}

/** An agent that was called worked for `order_status`: the trace of the turn, and the one of the agent. */
async function withChild(): Promise<[OtlpTrace, OtlpTrace]> {
  const used = { inputTokens: 1, cachedTokens: 2, outputTokens: 3, reasoningTokens: 0 };
  const worked = {
    session: "ag_1",
    agent: "finder",
    reason: "completed",
    usage: used,
    steps: 1,
    costMicros: 5,
  } as const;
  const isOfChild = (entry: Entry) => entry.type === "tool" && entry.name === "order_status";
  const entries = recordedTurn.map((entry) => (isOfChild(entry) ? ({ ...entry, child: worked } as Entry) : entry));
  const own = await served(entries);
  const call = own.resourceSpans?.[0]?.scopeSpans?.[0]?.spans?.find(({ name }) => name.includes("order_status"));
  const { traceId, spanId } = call as unknown as { traceId: string; spanId: string };
  const at = { turn: "turn_1", atMs: (recordedTurn[0]?.atMs ?? 0) + 9_500 };
  const traceparent = `00-${traceId}-${spanId}-01`;
  const theirs = [user({ ...at, traceparent }), assistant({ ...at, atMs: at.atMs + 300 }), ended(at)];
  const numbered = theirs.map((entry, place) => ({ ...entry, seq: place + 1 }) as Entry);
  const spans = await turnSpans(numbered, { ...facts, session: "ag_1", agent: "finder" });
  return [own, JSON.parse(JSON.stringify(otlpTraces(spans, {})))];
}

describe("the rows of a trace", () => {
  it("[PAGE-28] have the turn of a called agent below its call, with its session", async () => {
    const [own, theirs] = await withChild();
    expect(childSessions(own)).toEqual(["ag_1"]);
    expect(childSessions(theirs)).toEqual([]);
    const resourceSpans = [own, theirs].flatMap((each) => each.resourceSpans ?? []);
    const { rows } = traceView({ resourceSpans });
    const at = rows.findIndex(({ name }) => name === "order_status");
    expect(rows.slice(at, at + 3).map(({ kind, name, depth }) => `${depth} ${kind} ${name}`)).toEqual([
      "1 tool order_status",
      "2 agent finder",
      "3 model m",
    ]);
    expect(rows[at + 1]).toMatchObject({ session: "ag_1", turn: "turn_1" });
    expect(rows[at + 2]).toMatchObject({ session: "ag_1" });
    expect(rows[at]).toMatchObject({ session: facts.session });
  });

  it("[PAGE-17] are all spans that the server writes: each after its parent, by their beginning, with what they are", async () => {
    const { rows, totalMs, isWhole } = traceView(await served());
    expect(isWhole).toBe(true);
    expect(rows.map(({ kind, name, depth }) => `${depth} ${kind} ${name}`)).toEqual([
      "0 turn assistant",
      "1 model deepseek-v3.2-exp",
      "1 model deepseek-v3.2-exp",
      "1 model deepseek-v3.2-exp",
      // It waited for a person from its beginning on.
      "1 tool refund",
      "1 tool order_status",
      "1 summary compact",
      "2 model deepseek-v3.2-exp",
      "1 model local-model",
      "1 delivery slack",
    ]);
    for (const row of rows) {
      expect(row.fromMs).toBeGreaterThanOrEqual(0);
      expect(row.fromMs + row.durationMs).toBeLessThanOrEqual(totalMs);
    }
    expect(rows.filter(({ kind }) => kind === "model").map(({ attempt, failed }) => [attempt, failed])).toEqual([
      [1, true],
      [2, true],
      [3, false],
      [undefined, false],
      [1, false],
    ]);
    expect(rows.at(-1)).toMatchObject({ failed: true, fault: "delivery_failed" });
  });

  it("[PAGE-17] have the durable steps of a call, with their times", () => {
    const value = (stringValue: string) => ({ stringValue });
    const attributes = [
      { key: "longline.tool_step.name", value: value("book") },
      { key: "longline.tool_step.kind", value: value("do") },
      { key: "longline.tool_step.outcome", value: value("done") },
    ];
    const times = { startTimeUnixNano: "1000000000", endTimeUnixNano: "9000000000" };
    const events = [{ timeUnixNano: "3000000000", name: "longline.tool_step.ended", attributes }];
    const span = { ...times, traceId: "t", spanId: "s", name: "execute_tool long", events };
    const [row] = traceView({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }).rows;
    expect(row?.steps).toEqual([{ atMs: 2_000, name: "book", kind: "do", outcome: "done" }]);
  });

  it("[PAGE-17] have the wait for a person inside of its call, and cached tokens apart from fresh ones", async () => {
    const { rows } = traceView(await served());
    const refund = rows.find(({ name }) => name === "refund");
    const [wait] = refund?.waits ?? [];
    expect(refund?.waits).toHaveLength(1);
    expect(wait).toMatchObject({ kind: "approval", outcome: "approved" });
    expect(wait?.fromMs).toBeGreaterThanOrEqual(refund?.fromMs ?? 0);
    expect(wait?.toMs).toBeLessThanOrEqual((refund?.fromMs ?? 0) + (refund?.durationMs ?? 0));
    const [root] = rows;
    const sum = (name: "cached" | "fresh" | "output" | "reasoning") =>
      rows.reduce((total, { tokens }) => total + (tokens?.[name] ?? 0), 0);
    const attribute = (name: string) => Number(root?.attributes.find(([key]) => key === name)?.[1]);
    const compaction = rows.find(({ depth }) => depth === 2)?.tokens;
    const own = (compaction?.cached ?? 0) + (compaction?.fresh ?? 0);
    expect(sum("cached") + sum("fresh") - own).toBeLessThanOrEqual(attribute("gen_ai.usage.input_tokens"));
    expect(sum("cached")).toBeGreaterThan(0);
  });

  it("[PAGE-17] of an open turn have no turn around them yet, and a strange trace does no harm", async () => {
    const open = traceView(await served(recordedTurn.slice(0, 3)));
    expect(open.isWhole).toBe(false);
    expect(open.rows.every(({ depth }) => depth === 0)).toBe(true);
    for (const strange of [
      {},
      { resourceSpans: [] },
      { resourceSpans: [{}] },
      { resourceSpans: [{ scopeSpans: [{}] }] },
    ])
      expect(traceView(strange)).toEqual({ rows: [], totalMs: 1, isWhole: false });
    const times = { startTimeUnixNano: "1000000000", endTimeUnixNano: "500000000" };
    const spans = [
      { spanId: "a", parentSpanId: "a", name: "own parent", ...times },
      { spanId: "b", parentSpanId: "c", name: "round", ...times },
      { spanId: "c", parentSpanId: "gone", name: "later kind", ...times },
    ];
    const { rows } = traceView({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
    expect(rows.map(({ name, kind, durationMs }) => [name, kind, durationMs])).toEqual([
      ["own parent", "other", 0],
      ["later kind", "other", 0],
      ["round", "other", 0],
    ]);
  });
});
