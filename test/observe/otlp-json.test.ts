import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { contentWriter } from "../../src/observe/content.ts";
import { otlpTraces } from "../../src/observe/otlp-json.ts";
import type { Span } from "../../src/observe/span.ts";
import { turnSpans } from "../../src/observe/turn-spans.ts";
import { throughSchema } from "./otlp-schema.ts";
import { facts, recordedTurn } from "./recorded-turn.ts";

const golden = "test/observe/golden/recorded-turn.json";
const service = { "service.name": "longline" };

it("[TRACE-8] a recorded turn with retries, a crash, a wait and a compaction is encoded as before, to the byte", async () => {
  const request = otlpTraces(await turnSpans(recordedTurn, facts), service);
  if (process.env.UPDATE_GOLDEN === "1") writeFileSync(golden, `${JSON.stringify(request, null, 2)}\n`);
  expect(JSON.stringify(request)).toBe(JSON.stringify(JSON.parse(readFileSync(golden, "utf8"))));
});

it("[TRACE-13] tracestate is on every span and link, and the flag of a random id on every span", async () => {
  const tracestate = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";
  const entries = recordedTurn.map((entry) =>
    entry.type === "user"
      ? { ...entry, tracestate, traceparent: entry.traceparent?.replace(/-01$/, "-03") ?? "" }
      : entry,
  );
  const request = otlpTraces(await turnSpans(entries, facts), service);
  expect(throughSchema(request)).toEqual(request);
  const [resource] = request.resourceSpans as { scopeSpans: { spans: Record<string, unknown>[] }[] }[];
  const spans = resource?.scopeSpans[0]?.spans ?? [];
  expect(spans.length).toBeGreaterThan(5);
  for (const span of spans) expect(span).toMatchObject({ traceState: tracestate, flags: expect.any(Number) });
  expect(spans.map(({ flags }) => Number(flags) & 0xff)).toEqual(spans.map(() => 3));
  expect(spans[0]?.links).toEqual([expect.objectContaining({ traceState: tracestate })]);
});

it.each([[false], [true]])("[TRACE-8] the official schema reads everything back (content: %s)", async (captures) => {
  const more = captures ? { content: contentWriter } : {};
  const request = otlpTraces(await turnSpans(recordedTurn, { ...facts, ...more }), service);
  expect(throughSchema(request)).toEqual(request);
});

it("[TRACE-8] a field that the schema does not know, or knows by another type, would be noticed", async () => {
  const request = JSON.stringify(otlpTraces(await turnSpans(recordedTurn, facts), service));
  for (const [right, wrong] of [
    ['"traceId"', '"trace_id"'],
    ['"startTimeUnixNano"', '"startTime"'],
    ['"intValue":"', '"intValue":"x'],
    ['"kind":3', '"kind":"CLIENT"'],
  ] as const) {
    const changed = JSON.parse(request.replaceAll(right, wrong));
    let read: unknown;
    try {
      read = throughSchema(changed);
    } catch {
      continue;
    }
    expect(read, wrong).not.toEqual(changed);
  }
});

it("[TRACE-8] whole doubles stay doubles, long times stay exact, and no text is too odd", () => {
  const span: Span = {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    name: "chat \ud83d",
    kind: "client",
    startMs: 1_764_000_000_123,
    endMs: 8_640_000_000_000,
    attributes: {
      "gen_ai.request.temperature": 1,
      "gen_ai.request.max_tokens": 2 ** 53 - 1,
      "gen_ai.request.stream": false,
      "gen_ai.response.finish_reasons": ["stop", ""],
      "gen_ai.tool.name": "\ud83d\u0000",
    },
    events: [],
    links: [],
    failed: {},
  };
  const request = otlpTraces([span], service);
  expect(throughSchema(request)).toEqual(request);
  expect(JSON.stringify(request)).toContain('"startTimeUnixNano":"1764000000123000000"');
  expect(JSON.stringify(request)).toContain('{"key":"gen_ai.request.temperature","value":{"doubleValue":1}}');
  expect(JSON.stringify(request)).toContain('{"intValue":"9007199254740991"}');
  expect(otlpTraces([], service)).toEqual({ resourceSpans: [] });
});
