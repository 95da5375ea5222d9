/** Makes the traces of one session from its log, whenever they are asked for: for the trace route, for requests that go out, and for the exporter. Only an app that lists `traces()` or `otel()` carries this. Reads, and keeps how deliveries ended; sends nothing. */
import type { Entry } from "../../core/entry.ts";
import { pace } from "../../http/pace.ts";
import type { ContentWriter } from "../../observe/content.ts";
import { deliveryKey, deliverySpans } from "../../observe/delivery-spans.ts";
import { otlpTraces } from "../../observe/otlp-json.ts";
import { headersOf, type SpanKey, spanIdOf, turnTrace } from "../../observe/span.ts";
import type { EndedDelivery, ObservedSession, SessionTraces, TelemetryItem } from "../../observe/telemetry.ts";
import { callKey } from "../../observe/tool-spans.ts";
import type { TraceHeaders } from "../../observe/traceparent.ts";
import { type TraceFacts, turnSpans } from "../../observe/turn-spans.ts";
import { DeliveriesMade } from "../store/owed-telemetry.ts";

export interface TraceSettings {
  serviceName: string;
  /** Absent: spans hold nothing of what people, models and tools wrote. */
  content: ContentWriter | undefined;
  /** Called with what is to be sent; absent where there is no endpoint. */
  owe?(item: TelemetryItem): void;
}

/** Entries, and UTF-16 units of them, that are read in one go, and about how long an entry takes, in ms. */
const batch = { limit: 200, maxUnits: 1_000_000 };
const entryMs = 0.06;

export class LogTraces implements SessionTraces {
  readonly #session: ObservedSession;
  readonly #settings: TraceSettings;
  /** How deliveries ended. */
  readonly deliveries: DeliveriesMade;

  constructor(session: ObservedSession, settings: TraceSettings) {
    this.#session = session;
    this.#settings = settings;
    this.deliveries = new DeliveriesMade(session.storage.sql);
  }

  async trace(turn: string): Promise<string> {
    const firstSeq = this.#session.turns.firstSeq(turn);
    const entries = firstSeq === undefined ? [] : await this.entries(firstSeq);
    const [first] = entries;
    const resource = { "service.name": this.#settings.serviceName };
    if (first === undefined) return JSON.stringify(otlpTraces([], resource));
    const facts = this.facts(first.seq);
    const made = await deliverySpans(this.deliveries.ofTurn(first.turn), { ...facts, turn: first.turn }, first);
    return JSON.stringify(otlpTraces([...(await turnSpans(entries, facts)), ...made], resource));
  }

  callParent(
    turn: string,
    { replySeq, callId }: { replySeq: number; callId: string },
  ): Promise<TraceHeaders | undefined> {
    return this.#parent(turn, () => callKey(replySeq, callId));
  }

  deliveryParent(turn: string, id: string): Promise<TraceHeaders | undefined> {
    return this.#parent(turn, ({ seq }) => deliveryKey(seq, id));
  }

  /** One that was given up and is tried again has a span for each time. */
  deliveryOver({ id, isDead, ...delivery }: EndedDelivery): void {
    const endMs = Date.now();
    const made = { ...delivery, endMs, id: isDead ? `${id} ${endMs}` : id };
    this.deliveries.put({ ...made, ...(isDead && { isDead }) });
    this.#settings.owe?.({ kind: "delivery", id: made.id });
  }

  async #parent(turn: string, keyOf: (first: Entry) => SpanKey): Promise<TraceHeaders | undefined> {
    const first = this.first(turn);
    if (first === undefined) return undefined;
    const place = { ...this.#place, turn: first.turn };
    const [trace, spanId] = await Promise.all([turnTrace(place, first), spanIdOf(place, keyOf(first))]);
    return headersOf(trace, spanId);
  }

  /** The entry that begins a turn. */
  first(turn: string): Entry | undefined {
    const firstSeq = this.#session.turns.firstSeq(turn);
    return firstSeq === undefined ? undefined : this.#session.log.read({ after: firstSeq - 1, limit: 1 })[0];
  }

  /** All entries of the turn that begins there, whole. */
  async entries(firstSeq: number): Promise<Entry[]> {
    const { log } = this.#session;
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

  /** What the spans of the turn that begins there need beside its entries. */
  facts(firstSeq: number): TraceFacts {
    const { agent, log } = this.#session;
    const compactions = log.newest("compaction", Number.MAX_SAFE_INTEGER);
    return {
      ...{ ...this.#place, agent, content: this.#settings.content },
      steps: (replySeq) => this.#session.steps.ofReply(replySeq),
      provider: (model) => this.#session.provider(model),
      isCompacted: compactions.some(({ seq }) => seq < firstSeq),
    };
  }

  get #place() {
    const { account, name: session, birth } = this.#session.record.read();
    return { account, session, birth };
  }
}
