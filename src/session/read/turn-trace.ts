/** The trace of a turn, made of its entries whenever it is asked for: for the trace route, and for the exporter. Reads; stores and sends nothing. */
import type { Agent } from "../../agent/agent.ts";
import type { Entry } from "../../core/entry.ts";
import type { Bindings, Settings } from "../../env.ts";
import { pace } from "../../http/pace.ts";
import type { Provider } from "../../observe/chat-spans.ts";
import { deliveryKey, deliverySpans } from "../../observe/delivery-spans.ts";
import { feedbackEvent } from "../../observe/feedback-event.ts";
import { otlpTraces } from "../../observe/otlp-json.ts";
import { samplesOf } from "../../observe/samples.ts";
import type { Span } from "../../observe/span.ts";
import type { Telemetry, TelemetryData, TelemetryItem, TurnSamples } from "../../observe/telemetry.ts";
import { spanBodies, type TraceFacts, traceparentOfSpan, turnSpans } from "../../observe/turn-spans.ts";

import type { SessionParts } from "../session-parts.ts";
import type { TranscriptLog } from "../store/transcript-log.ts";
import { turnModels } from "../turn/turn-model.ts";
import { noSuchTurn } from "../turn/turns.ts";

export interface TraceSetup {
  agent: Agent;
  settings: Settings;
  bindings: Bindings;
  telemetry: Telemetry;
}

/** Entries, and UTF-16 units of them, that are read in one go, and about how long an entry takes, in ms. */
const batch = { limit: 200, maxUnits: 1_000_000 };
const entryMs = 0.06;

/** An OTLP request in JSON. Throws `not_found` for a turn that never was; one that waits for its begin has no spans yet. */
export async function turnTrace(parts: SessionParts, setup: TraceSetup, turn: string): Promise<string> {
  if (parts.turns.state(turn) === undefined) throw noSuchTurn(turn);
  const firstSeq = parts.turns.firstSeq(turn);
  const spans = firstSeq === undefined ? [] : await wholeTrace(parts, setup, firstSeq);
  return JSON.stringify(otlpTraces(spans, { "service.name": setup.telemetry.serviceName }));
}

/** What an item comes to, for the exporter. */
export async function telemetryData(
  parts: SessionParts,
  setup: TraceSetup,
  item: TelemetryItem,
): Promise<TelemetryData> {
  const nothing = { spans: [], events: [] };
  if (item.kind === "turn") {
    const entries = await entriesOf(parts.log, item.firstSeq);
    return { ...nothing, spans: await turnSpans(entries, factsOf(parts, setup, item.firstSeq)) };
  }
  const turn = item.kind === "feedback" ? item.turn : parts.deliveries.byId(item.id)?.turn;
  const firstSeq = turn === undefined ? undefined : parts.turns.firstSeq(turn);
  const [first] = firstSeq === undefined ? [] : parts.log.read({ after: firstSeq - 1, limit: 1 });
  if (first === undefined) return nothing;
  const place = { ...factsOf(parts, setup, first.seq), turn: first.turn };
  if (item.kind === "delivery") {
    const made = parts.deliveries.byId(item.id);
    return { ...nothing, spans: made === undefined ? [] : await deliverySpans([made], place, first) };
  }
  const feedback = parts.feedback.of(item.turn);
  // What took its place has an item of its own.
  if (feedback?.atMs !== item.atMs) return nothing;
  return { ...nothing, events: [await feedbackEvent(feedback, place, first)] };
}

/** The header for the receiver of a turn's answer. */
export async function deliveryTraceparent(
  { turns, record, log }: SessionParts,
  turn: string,
  id: string,
): Promise<string | undefined> {
  const firstSeq = turns.firstSeq(turn);
  const [first] = firstSeq === undefined ? [] : log.read({ after: firstSeq - 1, limit: 1 });
  if (first === undefined) return undefined;
  const { account, name: session, birth } = record.read();
  return traceparentOfSpan({ account, session, birth, turn: first.turn }, first, deliveryKey(first.seq, id));
}

/** What metrics need of a turn. `entries`: all of it. */
export function turnSamples(
  parts: SessionParts,
  setup: TraceSetup,
  entries: readonly Entry[],
): TurnSamples | undefined {
  return samplesOf(spanBodies(entries, { ...factsOf(parts, setup, entries[0]?.seq ?? 0), content: undefined }));
}

async function wholeTrace(parts: SessionParts, setup: TraceSetup, firstSeq: number): Promise<Span[]> {
  const entries = await entriesOf(parts.log, firstSeq);
  const [first] = entries;
  if (first === undefined) return [];
  const facts = factsOf(parts, setup, firstSeq);
  const deliveries = parts.deliveries.ofTurn(first.turn);
  const made = await deliverySpans(deliveries, { ...facts, turn: first.turn }, first);
  return [...(await turnSpans(entries, facts)), ...made];
}

function factsOf({ record, log }: SessionParts, setup: TraceSetup, firstSeq: number): TraceFacts {
  const { account, name: session, birth } = record.read();
  return {
    account,
    session,
    birth,
    agent: setup.agent.name,
    isCompacted: log.newest("compaction", Number.MAX_SAFE_INTEGER).some(({ seq }) => seq < firstSeq),
    content: setup.telemetry.content,
    provider: providers(setup),
  };
}

/** All entries of the turn that begins at `firstSeq`, whole. */
async function entriesOf(log: TranscriptLog, firstSeq: number): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (let after = firstSeq - 1; ; ) {
    const some = log.read({ after, ...batch });
    const end = some.findIndex(({ type }) => type === "turn_ended");
    entries.push(...(end < 0 ? some : some.slice(0, end + 1)));
    after = some.at(-1)?.seq ?? log.lastSeq;
    if (end >= 0 || after >= log.lastSeq) return entries;
    await pace(batch.limit * entryMs);
  }
}

/** Who answers for a model now: the log has its id alone. */
function providers({ agent, settings, bindings }: TraceSetup): (model: string) => Provider {
  const known = new Map<string, Provider>();
  return (model) => {
    const found = known.get(model) ?? providerOf(model, { agent, settings, bindings });
    known.set(model, found);
    return found;
  };
}

function providerOf(model: string, setup: Omit<TraceSetup, "telemetry">): Provider {
  const [{ profile, baseUrl }] = turnModels({
    ...setup,
    sessionModel: null,
    sticky: null,
    options: { model },
    chance: 0,
  });
  // The conventions' spelling (`gen_ai.provider.name` in client-inference.md).
  const name = profile.provider === "mistral" ? "mistral_ai" : profile.provider;
  if (setup.settings.model.kind === "demo") return { name };
  const { hostname, port, protocol } = new URL(baseUrl);
  return { name, address: hostname, port: port === "" ? (protocol === "http:" ? 80 : 443) : Number(port) };
}
