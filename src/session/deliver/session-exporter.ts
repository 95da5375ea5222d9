/**
 * Sends what a session owes to the collector: in batches, from its rows, again after failures, and never while a turn
 * waits for it. What was sent and not confirmed is sent again with the same bytes. Only an app that lists `otel()` carries this.
 */
import type { Entry } from "../../core/entry.ts";
import type { Attributes } from "../../observe/names.ts";
import { otlpLogs, otlpTraces } from "../../observe/otlp-json.ts";
import { samplesOf } from "../../observe/samples.ts";
import { type Collector, type OtlpOutcome, sendOtlp } from "../../observe/send-otlp.ts";
import type { Span } from "../../observe/span.ts";
import type {
  ObservedSession,
  SessionTelemetry,
  TelemetryData,
  TelemetryEvent,
  TelemetryItem,
  TelemetryLetter,
  TurnSamples,
} from "../../observe/telemetry.ts";
import { spanBodies } from "../../observe/turn-spans.ts";
import { watchdogMs } from "../store/heartbeat.ts";
import { type ExportState, type OwedItem, OwedTelemetry } from "../store/owed-telemetry.ts";
import { warnOnce } from "../turn/warn-once.ts";
import { exportData } from "./export-data.ts";
import { telemetryId } from "./retry-delivery.ts";
import { LogTraces, type TraceSettings } from "./session-traces.ts";

export interface ExportSettings extends Omit<TraceSettings, "owe"> {
  collector: Collector;
}

/** Pauses before each further try, by their number; the last one for all after it. */
const retryMs = [5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000] as const;
/** How long a collector may take nothing before it is given up: shorter than a session that has expired is kept for what it owes. */
const giveUpMs = 48 * 3_600_000;
/**
 * Most turns, deliveries and events of one request, and about how long it may get, in UTF-16 units: collectors take 4 MiB and more
 * (NVIDIA-AI-Blueprints/rag#628). A turn that is longer goes in several.
 */
const batchLimits = { items: 50, units: 1_000_000 };
/** Further requests for one turn that a collector refuses, in search of the spans that it does not take. */
const mostSplits = 30;
/** Requests that one wake sends: the rest goes on in an alarm, with limits of its own. */
const mostBatches = 10;

interface Batch {
  ids: number[];
  spans: Span[];
  events: TelemetryEvent[];
}

export class SessionExporter implements SessionTelemetry {
  readonly #session: ObservedSession;
  readonly #settings: ExportSettings;
  readonly #owed: OwedTelemetry;
  readonly traces: LogTraces;
  #isBusy = false;
  /** Something was owed while it was at work. */
  #again = false;
  /** A request was too large: the next ones have at most so many items. */
  #mostItems = batchLimits.items;
  /** Dropped, and not yet in the count of the whole Worker. */
  #unreported = 0;
  /** The newest item of those that were tried: what is owed after it is not given up with them. */
  #triedId = 0;

  constructor(session: ObservedSession, settings: ExportSettings) {
    this.#session = session;
    this.#settings = settings;
    this.#owed = new OwedTelemetry(session.storage.sql);
    this.traces = new LogTraces(session, { ...settings, owe: (item) => this.owe(item) });
  }

  owe(item: TelemetryItem): void {
    this.#unreported += this.#owed.add(item);
  }

  samples(entries: readonly Entry[]): TurnSamples | undefined {
    return samplesOf(spanBodies(entries, { ...this.traces.facts(entries[0]?.seq ?? 0), content: undefined }));
  }

  forget(): void {
    this.#owed.forget();
  }

  get owes(): boolean {
    const { items, state } = this.#owed;
    const isLeft = state.letter !== "none" && state.deadId === 0 && items.length === 0;
    return this.#owed.live.length > 0 || state.letter === "owed" || isLeft;
  }

  dueMs(nowMs: number): number | undefined {
    if (!this.owes) return undefined;
    // It is sent at once; should this instance end before, the alarm begins anew.
    return this.#isBusy ? nowMs + watchdogMs : (this.#owed.state.nextAtMs ?? nowMs + watchdogMs);
  }

  retry(): boolean {
    if (this.#owed.state.deadId === 0) return false;
    this.#owed.change({ deadId: 0, attempts: 0, sinceMs: 0, nextAtMs: null });
    return true;
  }

  wake(): void {
    this.#again = true;
    if (this.#isBusy || this.#session.feed.closed || !this.owes) return;
    if ((this.#owed.state.nextAtMs ?? 0) > Date.now()) return;
    this.#isBusy = true;
    this.#session.hold(this.#work());
  }

  async #work(): Promise<void> {
    try {
      for (let sent = 0; this.#again && sent < mostBatches; ) {
        this.#again = false;
        while (sent < mostBatches && (await this.#sendNext())) sent++;
        await this.#notifyAccount();
      }
    } catch (error) {
      console.error("telemetry was not sent; it is tried again", error);
      if (!this.#session.feed.closed) this.#postpone("Longline failed; the cause is in the Worker's log.", undefined);
    } finally {
      this.#isBusy = false;
    }
    if (!this.#session.feed.closed) this.#session.rested();
  }

  /** False when there is nothing more to send now. */
  async #sendNext(): Promise<boolean> {
    const { nextAtMs } = this.#owed.state;
    if (this.#session.feed.closed || (nextAtMs ?? 0) > Date.now()) return false;
    const live = this.#owed.live;
    if (live.length === 0) return false;
    this.#triedId = live.at(-1)?.id ?? 0;
    const batch = await this.#batchOf(live);
    if (this.#session.feed.closed) return false;
    const { dropped } = this.#owed.state;
    const sent = await this.#send(batch, dropped);
    if (this.#session.feed.closed) return false;
    if (sent.kind === "taken") return this.#taken(batch, sent.rejected, dropped);
    if (sent.kind === "invalid" || sent.kind === "too_large") {
      // What is wrong is one of them; alone it would be refused for ever, and everything after it with it.
      if (batch.ids.length === 1) return this.#dropped(batch, sent.error);
      this.#mostItems = Math.ceil(batch.ids.length / 2);
      return true;
    }
    if (sent.kind === "refused") this.#giveUp(sent.error);
    else this.#postpone(sent.error, sent.afterMs);
    return false;
  }

  async #batchOf(live: readonly OwedItem[]): Promise<Batch> {
    const batch: Batch = { ids: [], spans: [], events: [] };
    let units = 0;
    for (const { id, item } of live.slice(0, this.#mostItems)) {
      const { spans, events } = await this.#read(item);
      batch.ids.push(id);
      batch.spans.push(...spans);
      batch.events.push(...events);
      units += JSON.stringify([spans, events]).length;
      if (units >= batchLimits.units) break;
    }
    return batch;
  }

  /** What cannot be read is left out: its turn may have been damaged, and the others can be sent. */
  async #read(item: TelemetryItem): Promise<TelemetryData> {
    try {
      return await exportData(item, this.traces, this.#session);
    } catch (error) {
      console.error(`the trace of ${item.kind} could not be made`, error);
      return { spans: [], events: [] };
    }
  }

  async #send({ ids, spans, events }: Batch, dropped: number): Promise<OtlpOutcome> {
    const { collector, serviceName } = this.#settings;
    const resource: Attributes = {
      "service.name": serviceName,
      ...(dropped > 0 && { "longline.telemetry.dropped": dropped }),
    };
    const splits = { left: ids.length === 1 ? mostSplits : 0 };
    let rejected = 0;
    for (const piece of piecesOf(spans)) {
      const sent = await this.#sendSpans(piece, resource, splits);
      if (sent.kind !== "taken") return sent;
      rejected += sent.rejected;
    }
    if (events.length === 0) return { kind: "taken", rejected };
    const sent = await sendOtlp(collector, "logs", JSON.stringify(otlpLogs(events, resource)));
    if (sent.kind === "taken") return { ...sent, rejected: rejected + sent.rejected };
    if (sent.kind !== "refused") return sent;
    // Backends of traces alone take no events.
    warnOnce(`${sent.error} Events, such as feedback, are not sent there.`);
    return { kind: "taken", rejected };
  }

  /** Of a turn alone those spans that the collector does not take are rejected, and the others arrive. */
  async #sendSpans(spans: readonly Span[], resource: Attributes, splits: { left: number }): Promise<OtlpOutcome> {
    const sent = await sendOtlp(this.#settings.collector, "traces", JSON.stringify(otlpTraces(spans, resource)));
    const isRefused = sent.kind === "invalid" || sent.kind === "too_large";
    if (!isRefused || splits.left === 0) return sent;
    if (spans.length === 1) return { kind: "taken", rejected: 1 };
    const middle = Math.ceil(spans.length / 2);
    let rejected = 0;
    for (const half of [spans.slice(0, middle), spans.slice(middle)]) {
      const outcome = splits.left-- > 0 ? await this.#sendSpans(half, resource, splits) : sent;
      if (outcome.kind === "invalid" || outcome.kind === "too_large") rejected += half.length;
      else if (outcome.kind === "taken") rejected += outcome.rejected;
      else return outcome;
    }
    return { kind: "taken", rejected };
  }

  #taken({ ids }: Batch, rejected: number, dropped: number): true {
    if (rejected > 0) warnOnce(`The collector took requests, but rejected some of what was in them: ${rejected}.`);
    this.#unreported += rejected;
    this.#mostItems = batchLimits.items;
    const { state } = this.#owed;
    this.#owed.remove(ids);
    this.#owed.change({
      ...{ attempts: 0, sinceMs: 0, nextAtMs: null, error: null, deadId: 0 },
      dropped: Math.max(0, state.dropped - dropped) + rejected,
    });
    return true;
  }

  #dropped({ ids }: Batch, error: string): true {
    warnOnce(`${error} What was refused is dropped, and counted.`);
    this.#unreported += ids.length;
    this.#owed.remove(ids);
    this.#owed.change({ dropped: this.#owed.state.dropped + ids.length, error });
    return true;
  }

  #postpone(error: string, afterMs: number | undefined): void {
    const { state } = this.#owed;
    const nowMs = Date.now();
    const sinceMs = state.attempts === 0 ? nowMs : state.sinceMs;
    if (nowMs - sinceMs >= giveUpMs) {
      this.#giveUp(error);
      return;
    }
    const standard = retryMs[Math.min(state.attempts, retryMs.length - 1)] ?? 0;
    // What failed together does not come back together.
    const delayMs = Math.max(afterMs ?? 0, standard) * (1 + Math.random() / 5);
    this.#owed.change({ attempts: state.attempts + 1, sinceMs, nextAtMs: Math.round(nowMs + delayMs), error });
  }

  #giveUp(error: string): void {
    const { state } = this.#owed;
    // An instance that has tried nothing yet may give up, too: what was given up before stays so.
    const deadId = Math.max(state.deadId, this.#triedId);
    const sinceMs = state.attempts === 0 ? Date.now() : state.sinceMs;
    this.#owed.change({ deadId, error, sinceMs, nextAtMs: null, letter: "owed", attempts: state.attempts + 1 });
  }

  #letter({ error, attempts, sinceMs }: ExportState): TelemetryLetter {
    const { name: session } = this.#session.record.read();
    const place = { session, turn: "", address: { channel: "otlp" } };
    return { id: this.#letterId, ...place, error: error ?? "", attempts, createdAtMs: sinceMs, diedAtMs: Date.now() };
  }

  get #letterId(): string {
    return telemetryId(this.#session.record.read());
  }

  /** Brings the account up to date about what was given up and what was dropped. */
  async #notifyAccount(): Promise<void> {
    const { state } = this.#owed;
    if (this.#unreported > 0) {
      const count = this.#unreported;
      await this.#session.dropped(count);
      this.#unreported -= count;
    }
    if (state.letter === "owed" && state.deadId > 0) {
      await this.#session.letters().addDeadLetter(this.#letter(state));
      if (!this.#session.feed.closed) this.#owed.change({ letter: "listed" });
    } else if (state.letter !== "none" && state.deadId === 0 && this.#owed.items.length === 0) {
      await this.#session.letters().removeDeadLetter(this.#letterId);
      if (!this.#session.feed.closed) this.#owed.change({ letter: "none" });
    }
  }
}

/** In their order, each about as long as one request may be. */
function piecesOf(spans: readonly Span[]): Span[][] {
  const pieces: Span[][] = [];
  let units = Number.POSITIVE_INFINITY;
  for (const span of spans) {
    const length = JSON.stringify(span).length;
    units += length;
    if (units > batchLimits.units) {
      pieces.push([]);
      units = length;
    }
    pieces.at(-1)?.push(span);
  }
  return pieces;
}
