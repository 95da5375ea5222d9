import { describe, expect, it } from "vitest";
import type { AssistantEntry, Entry } from "../../src/core/entry.ts";
import { notRun } from "../../src/core/not-run.ts";
import { contentWriter } from "../../src/observe/content.ts";
import { deliverySpans } from "../../src/observe/delivery-spans.ts";
import {
  type AttributeName,
  attributeNames,
  doubles,
  eventNames,
  metricNames,
  operationNames,
  spanEventNames,
} from "../../src/observe/names.ts";
import { samplesOf } from "../../src/observe/samples.ts";
import type { Span } from "../../src/observe/span.ts";
import { rolloutEvents } from "../../src/observe/turn-events.ts";
import { spanBodies, turnSpans } from "../../src/observe/turn-spans.ts";
import { randomOf } from "../support/random.ts";
import { facts, parentHeader, recordedTurn } from "./recorded-turn.ts";

const named = (spans: Span[], name: string) => spans.filter((span) => span.name.startsWith(name));
const captured = { ...facts, content: contentWriter };
/** The recorded turn with some of its entries changed, by `seq`. */
const changed = (changes: Record<number, object>): Entry[] =>
  recordedTurn.map((entry) => ({ ...entry, ...changes[entry.seq] }) as Entry);

/** Two of the recorded turn's answer: one that was made, one that was given up. */
function deliveries(): Promise<Span[]> {
  const times = { turn: "turn_3", startMs: 1_764_000_000_000, endMs: 1_764_000_077_000 };
  const [first] = recordedTurn;
  if (first === undefined) throw new Error("The recorded turn is empty.");
  const made = { ...times, id: "dlv_1", channel: "slack", failures: 0 };
  const dead = { ...times, id: "dlv_2", channel: "callback", failures: 7, isDead: true as const };
  return deliverySpans([made, dead], { ...facts, turn: "turn_3" }, first);
}

describe("spans of a turn", () => {
  it("[TRACE-1] one per turn, attempt, result and compaction, and siblings where a call was tried again", async () => {
    const spans = await turnSpans(recordedTurn, facts);
    const [root] = spans;
    const place = new Map(spans.map(({ spanId, name }) => [spanId, name]));
    expect(spans.map(({ name, parentSpanId }) => [name, place.get(parentSpanId ?? "")])).toEqual([
      ["invoke_agent assistant", undefined],
      ["chat deepseek-v3.2-exp", "invoke_agent assistant"],
      ["chat deepseek-v3.2-exp", "invoke_agent assistant"],
      ["chat deepseek-v3.2-exp", "invoke_agent assistant"],
      ["execute_tool order_status", "invoke_agent assistant"],
      ["execute_tool refund", "invoke_agent assistant"],
      ["compact", "invoke_agent assistant"],
      ["chat deepseek-v3.2-exp", "compact"],
      ["chat local-model", "invoke_agent assistant"],
    ]);
    expect(spans.map(({ attributes }) => attributes["error.type"])).toEqual([
      ...[undefined, "model_unavailable", "crash", undefined],
      ...[undefined, "tool_error", undefined, undefined, undefined],
    ]);
    expect(spans.map(({ failed }) => failed !== undefined).filter(Boolean)).toHaveLength(3);
    const step = named(spans, "chat").filter(({ attributes }) => attributes["longline.step"] === 1);
    const sum = (name: AttributeName) =>
      step.reduce((total, { attributes }) => total + Number(attributes[name] ?? 0), 0);
    expect([sum("gen_ai.usage.input_tokens"), sum("gen_ai.usage.output_tokens")]).toEqual([1_800, 110]);
    expect(sum("longline.cost_micros")).toBe(200);
    expect(root?.attributes).toMatchObject({ "gen_ai.usage.input_tokens": 5_300, "longline.turn.reason": "completed" });
    expect(named(spans, "chat local")[0]?.attributes).toMatchObject({ "gen_ai.conversation.compacted": true });
  });

  it.each([
    ["completed", undefined, undefined],
    ["length", undefined, undefined],
    ["step_limit", undefined, undefined],
    ["cancelled", undefined, "cancelled"],
    ["interrupted", undefined, "interrupted"],
    ["budget_exhausted", { code: "budget_exhausted", detail: "No money.", retryable: false }, "budget_exhausted"],
    ["failed", { code: "turn_timeout", detail: "Too long.", retryable: false }, "turn_timeout"],
    ["failed", undefined, "failed"],
  ])("[TRACE-1] a turn that ends as %s is failed where it has no answer", async (reason, failure, type) => {
    const [root] = await turnSpans(changed({ 15: { reason, ...(failure && { failure }) } }), facts);
    expect(root?.attributes["error.type"]).toBe(type);
    expect(root?.failed).toEqual(type === undefined ? undefined : failure ? { message: failure.detail } : {});
  });

  it("[TRACE-1] a step that failed, a replayed answer and a compaction without a model are told apart", async () => {
    const failure = { code: "model_auth", detail: "Refused.", retryable: false } as const;
    const spans = await turnSpans(
      changed({ 14: { type: "step_failed", failure }, 12: { model: undefined, failure }, 8: { replayed: true } }),
      facts,
    );
    const [compact] = named(spans, "compact");
    expect(spans.find(({ parentSpanId }) => parentSpanId === compact?.spanId)).toBeUndefined();
    expect(compact).toMatchObject({ attributes: { "error.type": "model_auth", "longline.cost_micros": 300 } });
    expect(compact?.failed).toBeUndefined();
    expect(named(spans, "chat local")[0]).toMatchObject({ failed: { message: "Refused." } });
    expect(named(spans, "chat deep")[2]).toMatchObject({ kind: "internal", attributes: { "longline.replayed": true } });
  });

  it("[TRACE-2] the same log gives the same spans, however far it is, and no two of anything share an id", async () => {
    const whole = await turnSpans(recordedTurn, facts);
    expect(await turnSpans(structuredClone(recordedTurn), facts)).toEqual(whole);
    for (let upTo = 1; upTo < recordedTurn.length; upTo++) {
      const open = await turnSpans(recordedTurn.slice(0, upTo), facts);
      // The turn's own span comes with its end; the others are already what they will be.
      expect(open).toEqual(whole.slice(1, open.length + 1));
    }
    const others = await Promise.all([
      turnSpans(recordedTurn, { ...facts, account: "other" }),
      turnSpans(recordedTurn, { ...facts, session: "other" }),
      turnSpans(recordedTurn, { ...facts, birth: null }),
      turnSpans(changed(Object.fromEntries(recordedTurn.map(({ seq }) => [seq, { turn: "turn_4" }]))), facts),
    ]);
    const all = [whole, ...others].flat().map(({ spanId }) => spanId);
    expect(new Set(all).size).toBe(whole.length * 5);
    expect(all.every((id) => /^[0-9a-f]{16}$/.test(id))).toBe(true);
    const traceOf = async (more: object) =>
      (await turnSpans(changed({ 7: { traceparent: undefined } }), { ...facts, ...more }))[0]?.traceId;
    const traces = [await traceOf({}), await traceOf({ account: "other" }), await traceOf({ birth: null })];
    expect(new Set(traces).size).toBe(3);
    expect(traces[0]).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each([[1], [20_261_125]])(
    "[TRACE-3] seed %i: spans lie within their turn whatever the log's times are",
    async (seed) => {
      const random = randomOf(seed);
      for (let round = 0; round < 200; round++) {
        let atMs = 1_764_000_000_000;
        const entries = recordedTurn.map((entry) => {
          // Now and then the clock is set back.
          atMs += Math.floor(random() * 5_000) - (random() < 0.1 ? 20_000 : 0);
          const durationMs = random() < 0.2 ? undefined : Math.floor(random() * 20_000) - 5_000;
          return {
            ...entry,
            atMs,
            ...("durationMs" in entry && { durationMs: durationMs ?? (entry.type === "assistant" ? undefined : 0) }),
          };
        }) as Entry[];
        const spans = await turnSpans(entries, facts);
        const root = spans[0];
        for (const span of spans) {
          expect(span.startMs, `${span.name}, round ${round}`).toBeLessThanOrEqual(span.endMs);
          expect(span.startMs).toBeGreaterThanOrEqual(root?.startMs ?? 0);
          expect(span.endMs).toBeLessThanOrEqual(root?.endMs ?? 0);
          for (const { atMs: eventMs } of span.events) {
            expect(eventMs).toBeGreaterThanOrEqual(span.startMs);
            expect(eventMs).toBeLessThanOrEqual(span.endMs);
          }
        }
      }
    },
  );

  it("[TRACE-3] attempts have their recorded times; those without share what is left, and say that it is derived", async () => {
    const [, first, second, last] = await turnSpans(recordedTurn, facts);
    const at = (span: Span | undefined) => [span?.startMs, span?.endMs].map((ms) => (ms ?? 0) - 1_764_000_000_000);
    expect([at(first), at(second), at(last)]).toEqual([
      [100, 1_500],
      [1_500, 7_000],
      [7_000, 9_000],
    ]);
    expect([first, second, last].map((span) => span?.attributes["longline.time.derived"])).toEqual([
      undefined,
      true,
      undefined,
    ]);
    const tries = (recordedTurn[1] as AssistantEntry).tries?.map(({ atMs: _, durationMs: __, ...one }) => one);
    const [, older, second2] = await turnSpans(changed({ 8: { tries } }), facts);
    expect([at(older), at(second2)]).toEqual([
      [0, 3_500],
      [3_500, 7_000],
    ]);
    expect(last?.attributes["gen_ai.response.time_to_first_chunk"]).toBe(0.25);
  });

  it("[TRACE-4] a call that waited begins with the reply, and its wait is two events", async () => {
    const began = 1_764_000_000_000;
    const refund = named(await turnSpans(recordedTurn, facts), "execute_tool refund")[0];
    expect([refund?.startMs, refund?.endMs]).toEqual([began + 9_000, began + 70_000]);
    expect(refund?.events).toEqual([
      { name: "longline.wait.started", atMs: began + 9_000, attributes: { "longline.wait.kind": "approval" } },
      {
        name: "longline.wait.ended",
        atMs: began + 69_000,
        attributes: { "longline.wait.kind": "approval", "longline.wait.outcome": "approved" },
      },
    ]);
    expect(named(await turnSpans(recordedTurn, facts), "execute_tool order")[0]?.events).toEqual([]);
  });

  it("[TRACE-4] a durable step that was over before the result is an event of its call, a signal that came later none", async () => {
    const began = 1_764_000_000_000;
    const [reply] = recordedTurn.filter(({ type }) => type === "assistant");
    const step = { callId: "call_b", kind: "do" as const, outcome: { type: "done" } };
    const steps = (seq: number) =>
      seq === reply?.seq
        ? [
            { ...step, name: "book", endedMs: began + 69_500 },
            { ...step, name: "other", callId: "call_a", endedMs: began + 69_500 },
            { ...step, name: "parcel", kind: "signal" as const, endedMs: began + 80_000 },
            { callId: "call_b", name: "waits", kind: "sleep" as const },
          ]
        : [];
    const refund = named(await turnSpans(recordedTurn, { ...facts, steps }), "execute_tool refund")[0];
    expect(refund?.events.slice(2)).toEqual([
      {
        name: "longline.tool_step.ended",
        atMs: began + 69_500,
        attributes: {
          "longline.tool_step.name": "book",
          "longline.tool_step.kind": "do",
          "longline.tool_step.outcome": "done",
        },
      },
    ]);
  });

  it.each([
    ["denied", { 10: { approve: false }, 11: { content: notRun.denied("no") } }, "denied", "not_run"],
    [
      "not answered in time",
      { 10: { type: "note" }, 11: { content: notRun.expired("approval") } },
      "unanswered",
      "not_run",
    ],
    ["given up", { 10: { type: "note" }, 11: { content: notRun.turnOver } }, "unanswered", "not_run"],
    ["cut off by a crash", { 11: { content: notRun.unknown } }, "approved", "outcome_unknown"],
    [
      "run at a client",
      { 8: { waits: { call_b: "client" } }, 10: { type: "note" }, 11: { isError: false } },
      "result",
      undefined,
    ],
    [
      "left by a client",
      { 8: { waits: { call_b: "client" } }, 10: { type: "note" }, 11: { content: notRun.expired("client") } },
      ...(["unanswered", "no_result"] as const),
    ],
  ])("[TRACE-4] says of a call that was %s how its wait ended", async (_, changes, outcome, type) => {
    const [refund] = named(await turnSpans(changed(changes), facts), "execute_tool refund");
    expect(refund?.events[1]?.attributes["longline.wait.outcome"]).toBe(outcome);
    expect(refund?.attributes["error.type"]).toBe(type);
  });

  it("[TRACE-7] [METRIC-3] a tool's name that the model made up is content, and those of clients' tools are no series", async () => {
    const made = {
      name: "canary_tool",
      isError: true,
      content: 'There is no tool "canary_tool". The tools are: none.',
    };
    const [span] = (await turnSpans(changed({ 9: made }), facts)).filter(({ name }) =>
      name.startsWith("execute_tool _"),
    );
    expect(span?.attributes).toMatchObject({ "gen_ai.tool.name": "_OTHER", "error.type": "unknown_tool" });
    expect(JSON.stringify(await turnSpans(changed({ 9: made }), facts))).not.toContain("canary_tool");
    expect(named(await turnSpans(changed({ 9: made }), captured), "execute_tool canary_tool")).toHaveLength(1);
    const client = { 8: { waits: { call_b: "client" } }, 10: { type: "note" } };
    const names = (changes: Record<number, object>) =>
      samplesOf(spanBodies(changed(changes), facts))?.tools.map(({ name }) => name);
    expect([names({}), names(client), names({ 9: made })]).toEqual([
      ["order_status", "refund"],
      ["order_status", "_OTHER"],
      ["_OTHER", "refund"],
    ]);
  });

  it("[TRACE-5] a traceparent is the parent, those that join are links, and a malformed one is nothing", async () => {
    const spans = await turnSpans(recordedTurn, facts);
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([parentHeader.split("-")[1]]));
    expect(spans[0]).toMatchObject({ parentSpanId: "00f067aa0ba902b7", isParentRemote: true });
    expect(spans[0]?.links).toEqual([{ traceId: "aaaabbbbccccddddaaaabbbbccccdddd", spanId: "1111222233334444" }]);
    const [alone] = await turnSpans(changed({ 7: { traceparent: "00-0" }, 13: { traceparent: "x" } }), facts);
    expect(alone?.parentSpanId).toBeUndefined();
    expect(alone?.links).toEqual([]);
  });

  it("[TRACE-6] emits names of the table alone, each with its type, and none that the conventions gave up", async () => {
    const spans = [...(await turnSpans(recordedTurn, captured)), ...(await deliveries())];
    const emitted = spans.flatMap(({ attributes, events }) => [attributes, ...events.map((event) => event.attributes)]);
    for (const [name, value] of emitted.flatMap((attributes) => Object.entries(attributes))) {
      const { type } = attributeNames[name as AttributeName] ?? {};
      const is = Array.isArray(value) ? "string[]" : typeof value;
      expect([name, is]).toEqual([name, type === "int" || type === "double" ? "number" : type]);
      if (type === "int") expect(Number.isSafeInteger(value), name).toBe(true);
    }
    for (const { attributes, events } of spans) {
      expect(Object.keys(operationNames)).toContain(attributes["gen_ai.operation.name"]);
      for (const { name } of events) expect(Object.keys(spanEventNames)).toContain(name);
    }
    // semantic-conventions-genai: docs/gen-ai/non-normative/migration.md, #322, #440.
    const gone =
      /^gen_ai\.(?:system|prompt|completion|agent\.(?:id|version)|token\.type|usage\.(?:prompt_tokens|completion_tokens|cache_creation\..*)|response\.finish_reason|openai\..*)$|invoke_workflow/;
    const tables = [attributeNames, operationNames, spanEventNames, eventNames, metricNames];
    const names = tables.flatMap((table) => Object.keys(table));
    expect(names.filter((name) => gone.test(name))).toEqual([]);
    expect(gone.test("gen_ai.usage.cache_creation.input_tokens")).toBe(true);
    expect([...doubles].sort()).toEqual(
      Object.entries(attributeNames)
        .flatMap(([name, { type }]) => (type === "double" ? [name] : []))
        .sort(),
    );
    // What is ours is in our namespace, and nothing else is.
    for (const [name, { source }] of Object.entries(attributeNames)) {
      expect(name.startsWith("longline."), name).toBe(source === "longline");
    }
    // Of the agent's own span: not the provider, and no cache usage (#322).
    expect(
      Object.keys(spans[0]?.attributes ?? {}).filter((name) => /provider|cache|request\.model/.test(name)),
    ).toEqual([]);
  });

  it("[EXPORT-11] which version a rollout chose is an event about the turn's span; a speaker is named by a digest", async () => {
    const first = (rollout?: object) => ({ ...recordedTurn[0], ...(rollout && { rollout }) }) as Entry;
    const place = { ...facts, turn: "turn_3" };
    expect(await rolloutEvents(place, first())).toEqual([]);
    const mark = { id: "rol_1", arm: "candidate", stage: 2, key: "support-42" };
    const [event] = await rolloutEvents(place, first(mark));
    const [root] = await turnSpans(recordedTurn, facts);
    expect(event).toMatchObject({ name: "feature_flag.evaluation", traceId: root?.traceId, spanId: root?.spanId });
    expect(event?.attributes).toMatchObject({
      "feature_flag.key": "assistant",
      "feature_flag.result.variant": "candidate",
      "feature_flag.result.reason": "split",
      "feature_flag.version": "rol_1.2",
      "feature_flag.context.id": "support-42",
    });
    const byRule = await Promise.all(
      ["ann@example.com", "ann@example.com", "bob@example.com"].map((key) =>
        rolloutEvents(place, first({ ...mark, key })),
      ),
    );
    const ids = byRule.map(([each]) => each?.attributes["feature_flag.context.id"]);
    expect([ids[0] === ids[1], ids[0] === ids[2], /^[0-9a-f]{16}$/.test(ids[0] ?? "")]).toEqual([true, false, true]);
    for (const name of Object.keys(event?.attributes ?? {})) expect(Object.keys(attributeNames)).toContain(name);
  });

  it("[TRACE-11] a delivery is a span under its turn, also after its end, and changes no other", async () => {
    const [root] = await turnSpans(recordedTurn, facts);
    const [slack, callback] = await deliveries();
    expect(slack).toMatchObject({
      ...{ traceId: root?.traceId, parentSpanId: root?.spanId, name: "deliver slack", kind: "producer" },
      attributes: { "longline.delivery.failures": 0 },
    });
    expect(slack?.failed).toBeUndefined();
    expect(callback).toMatchObject({ failed: {}, attributes: { "error.type": "delivery_failed" } });
    expect(slack?.spanId).not.toBe(callback?.spanId);
    expect(await deliveries()).toEqual([slack, callback]);
  });

  it("[TRACE-7] holds content only when it is to, without credentials", async () => {
    const isContent = (name: string) => "isContent" in attributeNames[name as AttributeName];
    const without = await turnSpans(recordedTurn, facts);
    expect(without.flatMap(({ attributes }) => Object.keys(attributes)).filter(isContent)).toEqual([]);
    expect(JSON.stringify(without)).not.toMatch(/1017|canary|refused it|customer/);
    const spans = await turnSpans(recordedTurn, captured);
    expect(JSON.parse(spans[0]?.attributes["gen_ai.input.messages"] ?? "")).toEqual([
      {
        role: "user",
        parts: [{ type: "text", content: "Refund order 1017, please. My key is authorization: Bearer [secret]" }],
      },
      { role: "user", parts: [{ type: "text", content: "And tell me when." }] },
    ]);
    expect(JSON.parse(spans[3]?.attributes["gen_ai.output.messages"] ?? "")).toMatchObject([
      {
        role: "assistant",
        finish_reason: "tool_call",
        parts: [{ type: "reasoning" }, { id: "call_a" }, { id: "call_b" }],
      },
    ]);
    expect(spans[5]?.attributes).toMatchObject({
      "gen_ai.tool.call.arguments": '{"order":"1017","cents":4200}',
      "gen_ai.tool.call.result": "The payment provider refused it.",
    });
    expect(JSON.stringify(spans)).not.toContain("canary");
  });

  it.each([
    ["ASCII", "x".repeat(300_000)],
    ["three bytes a character", "界".repeat(100_000)],
    ["surrogate pairs", "👋".repeat(100_000)],
    ["what JSON escapes", '\u0001"\\'.repeat(100_000)],
    ["half a pair", "\ud83d".repeat(100_000)],
  ])("[TRACE-7] cuts content at 64 KiB an attribute: %s", async (_, content) => {
    const toolCalls = Array.from({ length: 300 }, (_, n) => ({
      id: `c${n}`,
      name: "t",
      arguments: content.slice(0, 9_000),
    }));
    const spans = await turnSpans(
      changed({ 7: { content }, 8: { toolCalls }, 11: { content }, 14: { content } }),
      captured,
    );
    const bytes = (text: string) => new TextEncoder().encode(text).length;
    const texts = spans
      .flatMap(({ attributes }) => Object.entries(attributes))
      .filter(([name]) => /messages|call\.result/.test(name));
    expect(texts.length).toBeGreaterThan(5);
    for (const [name, text] of texts) {
      expect(bytes(String(text)), name).toBeLessThanOrEqual(65_536);
      expect(String(text).isWellFormed()).toBe(true);
      if (name.includes("messages")) expect(JSON.parse(String(text)).length, name).toBeGreaterThan(0);
    }
    // As much as may be is kept, and it is no less than a quarter.
    expect(bytes(spans[5]?.attributes["gen_ai.tool.call.result"] ?? "")).toBeGreaterThan(65_000);
    expect(bytes(spans[0]?.attributes["gen_ai.input.messages"] ?? "")).toBeGreaterThan(16_000);
  });
});
