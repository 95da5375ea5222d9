/** Adds up an account's turns and sends the sums to the collector once a minute while there is something new. Sums are cumulative rows: none is lost, and none counts twice. Only an app that lists `otel()` carries this. */
import { backoffMs } from "../core/backoff.ts";
import { addTurn, type MetricState } from "../observe/metrics.ts";
import { otlpMetrics } from "../observe/otlp-metrics.ts";
import { type Collector, sendOtlp } from "../observe/send-otlp.ts";
import type { AccountJob, AccountJobHost, ReportedTurn } from "../observe/telemetry.ts";
import { keepWatched, readWatched } from "./watched.ts";

export interface MetricSettings {
  collector: Collector;
  serviceName: string;
}

/** As often as the SDKs export (OTEL_METRIC_EXPORT_INTERVAL). */
const everyMs = 60_000;
const retry = { baseMs: 60_000, longestMs: 3_600_000 };

interface KeptMetrics {
  metrics: MetricState;
  /** When the next export is due; absent: nothing is new. */
  dueMs?: number;
  failures: number;
}

export class MetricsJob implements AccountJob {
  readonly name = "metrics";
  readonly #host: AccountJobHost;
  readonly #settings: MetricSettings;
  #copy: KeptMetrics | undefined;

  constructor(host: AccountJobHost, settings: MetricSettings) {
    this.#host = host;
    this.#settings = settings;
  }

  forget(): void {
    this.#copy = undefined;
  }

  turnsEnded(turns: readonly ReportedTurn[]): void {
    const sampled = turns.flatMap(({ samples }) => samples ?? []);
    if (sampled.length === 0) return;
    const { metrics, dueMs = Date.now() + everyMs, failures } = structuredClone(this.#read);
    for (const samples of sampled) addTurn(metrics, samples);
    this.#keep({ metrics, dueMs, failures });
  }

  feedbackGiven(): void {}

  dueMs(): number | undefined {
    return this.#read.dueMs;
  }

  async run(nowMs: number): Promise<void> {
    const { metrics, dueMs } = this.#read;
    if (dueMs === undefined || dueMs > nowMs) return;
    const { collector, serviceName } = this.#settings;
    // One writer for each account, so that a backend that adds up series finds one of each.
    const resource = { "service.name": serviceName, "service.instance.id": `account:${this.#host.account()}` };
    const sent = await sendOtlp(collector, "metrics", JSON.stringify(otlpMetrics(metrics, nowMs, resource)));
    const { metrics: newest, failures } = this.#read;
    if (sent.kind === "taken") {
      const isNew = newest !== metrics;
      return this.#keep({ metrics: newest, failures: 0, ...(isNew && { dueMs: nowMs + everyMs }) });
    }
    // The next one holds everything; a backend without metrics is asked once an hour while there is something new.
    const delayMs = sent.kind === "retry" ? backoffMs(failures + 1, retry, Math.random()) : retry.longestMs;
    this.#keep({ metrics: newest, failures: failures + 1, dueMs: nowMs + Math.max(delayMs, sent.afterMs ?? 0) });
  }

  get #read(): KeptMetrics {
    const { sql } = this.#host.storage;
    this.#copy ??= readWatched(sql, this.name) ?? { metrics: { sinceMs: Date.now(), series: {} }, failures: 0 };
    return this.#copy;
  }

  #keep(kept: KeptMetrics): void {
    keepWatched(this.#host.storage.sql, this.name, kept);
    this.#copy = kept;
  }
}
