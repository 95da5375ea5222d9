/** The spans of a turn's trace, from OTLP JSON, as the rows of a waterfall. Pure; knows the attribute names that `src/observe` writes, and shows any other span by its name. */

type OtlpValue = Partial<Record<"stringValue" | "intValue", string>> & {
  doubleValue?: number;
  boolValue?: boolean;
  arrayValue?: { values?: OtlpValue[] };
};
interface KeyValue {
  key: string;
  value: OtlpValue;
}
interface OtlpSpan {
  spanId: string;
  parentSpanId?: string;
  name: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes?: KeyValue[];
  events?: { timeUnixNano: string; name: string; attributes?: KeyValue[] }[];
  status?: { code?: number; message?: string };
}

/** `GET /v1/sessions/:id/turns/:turn/trace`. */
export interface OtlpTrace {
  resourceSpans?: { scopeSpans?: { spans?: OtlpSpan[] }[] }[];
}

/** `agent`: the turn of an agent that was called. `other`: of a later version. */
export type SpanKind = "turn" | "agent" | "model" | "tool" | "summary" | "delivery" | "other";

export interface TraceRow {
  id: string;
  /** How far it is inside of others; 0 for the turn. */
  depth: number;
  kind: SpanKind;
  /** The model, the tool, the channel or the agent. */
  name: string;
  /** From the beginning of the trace. */
  fromMs: number;
  durationMs: number;
  /** A model's first event, after its beginning. */
  firstMs?: number;
  /** Times in it in which a person or a client was waited for. */
  waits: { fromMs: number; toMs: number; kind: string; outcome: string }[];
  /** Durable steps of a tool that are over. */
  steps: { atMs: number; name: string; kind: string; outcome: string }[];
  failed: boolean;
  /** Why, as the trace has it. */
  fault?: string;
  step?: number;
  attempt?: number;
  callId?: string;
  /** The session that it is of: an agent that was called works in one of its own. */
  session?: string;
  /** Of the turn, or of an agent's. */
  turn?: string;
  /** Of a model call. `cached` and `fresh` are disjoint. */
  tokens?: { cached: number; fresh: number; reasoning: number; output: number };
  costMicros?: number;
  attributes: readonly (readonly [string, string])[];
}

export interface TraceView {
  rows: readonly TraceRow[];
  /** From the first beginning to the last end. */
  totalMs: number;
  /** Whether the turn has ended: its own span is there. */
  isWhole: boolean;
}

/** Rows in the order of a tree: each span after its parent, those of one parent by their beginning. */
export function traceView(trace: OtlpTrace): TraceView {
  const spans = spansOf(trace);
  const beganMs = Math.min(...spans.map(({ startTimeUnixNano }) => msOf(startTimeUnixNano)));
  const rows = inTree(spans).map(({ span, depth }) => rowOf(span, depth, beganMs));
  const totalMs = Math.max(1, ...rows.map(({ fromMs, durationMs }) => fromMs + durationMs));
  return { rows, totalMs, isWhole: rows.some(({ kind }) => kind === "turn") };
}

/** The sessions in which called agents worked, by the calls that the trace has. */
export function childSessions(trace: OtlpTrace): string[] {
  const found = spansOf(trace).flatMap(({ attributes = [] }) =>
    attributes.flatMap(({ key, value }) => (key === "longline.child" ? [textOf(value)] : [])),
  );
  return [...new Set(found)];
}

function spansOf({ resourceSpans = [] }: OtlpTrace): OtlpSpan[] {
  return resourceSpans.flatMap(({ scopeSpans = [] }) => scopeSpans.flatMap(({ spans = [] }) => spans));
}

function inTree(spans: readonly OtlpSpan[]): { span: OtlpSpan; depth: number }[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const byParent = Map.groupBy(spans, ({ parentSpanId, spanId }) =>
    parentSpanId !== undefined && parentSpanId !== spanId && ids.has(parentSpanId) ? parentSpanId : "",
  );
  const found: { span: OtlpSpan; depth: number }[] = [];
  const seen = new Set<string>();
  const visit = (parent: string, depth: number) => {
    const children = byParent.get(parent) ?? [];
    for (const span of children.toSorted((a, b) => msOf(a.startTimeUnixNano) - msOf(b.startTimeUnixNano))) {
      if (seen.has(span.spanId)) continue;
      seen.add(span.spanId);
      found.push({ span, depth });
      visit(span.spanId, depth + 1);
    }
  };
  visit("", 0);
  return found;
}

const kinds: Readonly<Record<string, SpanKind>> = {
  invoke_agent: "turn",
  chat: "model",
  execute_tool: "tool",
  compact: "summary",
  deliver: "delivery",
};

function rowOf(span: OtlpSpan, depth: number, beganMs: number): TraceRow {
  const values = new Map((span.attributes ?? []).map(({ key, value }) => [key, textOf(value)]));
  const numberOf = (key: string) => (values.has(key) ? Number(values.get(key)) : undefined);
  const operation = values.get("gen_ai.operation.name") ?? "";
  const kind = operation === "invoke_agent" && depth > 0 ? "agent" : (kinds[operation] ?? "other");
  const startMs = msOf(span.startTimeUnixNano);
  const first = numberOf("gen_ai.response.time_to_first_chunk");
  const texts = {
    callId: values.get("gen_ai.tool.call.id"),
    session: values.get("gen_ai.conversation.id"),
    turn: values.get("longline.turn.id"),
    fault: span.status?.message ?? values.get("error.type"),
  };
  return {
    id: span.spanId,
    depth,
    kind,
    name: operation === "" ? span.name : span.name.replace(new RegExp(`^${operation} `), ""),
    fromMs: startMs - beganMs,
    durationMs: Math.max(0, msOf(span.endTimeUnixNano) - startMs),
    ...(first !== undefined && { firstMs: first * 1_000 }),
    waits: waitsOf(span, beganMs),
    steps: stepsOf(span, beganMs),
    failed: span.status?.code === 2,
    ...given(texts),
    ...given({
      step: numberOf("longline.step"),
      attempt: numberOf("longline.attempt"),
      costMicros: numberOf("longline.cost_micros"),
    }),
    ...(values.has("gen_ai.usage.cache_read.input_tokens") && { tokens: tokensOf(numberOf) }),
    attributes: [...values],
  };
}

/** The trace counts cached tokens with the input, and reasoning with the output. */
function tokensOf(numberOf: (key: string) => number | undefined): NonNullable<TraceRow["tokens"]> {
  const cached = numberOf("gen_ai.usage.cache_read.input_tokens") ?? 0;
  const reasoning = numberOf("gen_ai.usage.reasoning.output_tokens") ?? 0;
  return {
    cached,
    fresh: Math.max(0, (numberOf("gen_ai.usage.input_tokens") ?? 0) - cached),
    reasoning,
    output: Math.max(0, (numberOf("gen_ai.usage.output_tokens") ?? 0) - reasoning),
  };
}

function waitsOf({ events = [] }: OtlpSpan, beganMs: number): TraceRow["waits"] {
  return events.flatMap((event, place) => {
    if (event.name !== "longline.wait.started") return [];
    const ended = events.slice(place).find(({ name }) => name === "longline.wait.ended");
    if (ended === undefined) return [];
    const about = new Map((ended.attributes ?? []).map(({ key, value }) => [key, textOf(value)]));
    return [
      {
        fromMs: msOf(event.timeUnixNano) - beganMs,
        toMs: msOf(ended.timeUnixNano) - beganMs,
        kind: about.get("longline.wait.kind") ?? "",
        outcome: about.get("longline.wait.outcome") ?? "",
      },
    ];
  });
}

function stepsOf({ events = [] }: OtlpSpan, beganMs: number): TraceRow["steps"] {
  return events.flatMap(({ name, timeUnixNano, attributes = [] }) => {
    if (name !== "longline.tool_step.ended") return [];
    const about = new Map(attributes.map(({ key, value }) => [key, textOf(value)]));
    const given = (of: string) => about.get(`longline.tool_step.${of}`) ?? "";
    return [
      { atMs: msOf(timeUnixNano) - beganMs, name: given("name"), kind: given("kind"), outcome: given("outcome") },
    ];
  });
}

/** A double holds the milliseconds, not the nanoseconds. */
function msOf(nanos: string): number {
  return Number(nanos.slice(0, -6)) || 0;
}

function textOf(value: OtlpValue): string {
  if (value.arrayValue) return (value.arrayValue.values ?? []).map(textOf).join(", ");
  return String(value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue ?? "");
}

function given<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as { [K in keyof T]?: NonNullable<T[K]> };
}
