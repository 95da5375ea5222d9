/** WHAT an exporter of telemetry is to sessions and accounts: what `otel()` makes of its settings. The native door knows these shapes alone, and carries no exporter. */
import type { Usage } from "../core/cost.ts";
import type { RolloutMark } from "../core/entry.ts";
import type { SettingDeclarations } from "../core/settings.ts";
import type { ContentWriter } from "./content.ts";
import type { Attributes } from "./names.ts";
import type { Span } from "./span.ts";
import type { TurnRecord } from "./turn-record.ts";

/** What an app lists: `otel()`. */
export interface TelemetrySource {
  readonly settings: SettingDeclarations;
  configure(values: Readonly<Record<string, unknown>>): Telemetry;
}

/** What was decided once, for the whole Worker. */
export interface Telemetry {
  serviceName: string;
  /** Absent: spans hold nothing of what people, models and tools wrote. */
  content: ContentWriter | undefined;
  /** The rest is absent where there is no endpoint: then nothing is exported. */
  exporter: TelemetryExporter | undefined;
}

export interface TelemetryExporter {
  /** For one session object, once its database has its tables. */
  session(host: SessionTelemetryHost): SessionTelemetry;
  /** For one account object: metrics of all its turns. */
  account(host: AccountJobHost): AccountJob;
}

/** Something that a session has to send, as its row holds it. */
export type TelemetryItem =
  /** A turn that has ended, by the number of its first entry. */
  | { kind: "turn"; firstSeq: number }
  /** A delivery that is over. */
  | { kind: "delivery"; id: string }
  /** What a person thinks of a turn's answer, as it was given at that time. */
  | { kind: "feedback"; turn: string; atMs: number };

/** An event, sent as a log record. `traceId` and `spanId`: what it is about. */
export interface TelemetryEvent {
  name: "gen_ai.evaluation.result" | "feature_flag.evaluation";
  atMs: number;
  traceId: string;
  spanId: string;
  attributes: Attributes;
}

/** What an item comes to. Nothing of it: what it is about was erased. */
export interface TelemetryData {
  spans: Span[];
  events: TelemetryEvent[];
}

export interface SessionTelemetryHost {
  storage: DurableObjectStorage;
  /** The same bytes whenever it is called. */
  read(item: TelemetryItem): Promise<TelemetryData>;
  /** The session was erased. */
  isClosed(): boolean;
  /** Keeps the object awake until the promise settles. */
  hold(work: Promise<void>): void;
  /** Called whenever it has come to rest: the alarm may have to be set anew. */
  rested(): void;
  /** Lists what could not be sent with the account's dead deliveries. */
  giveUp(letter: { error: string; attempts: number; sinceMs: number }): Promise<void>;
  /** It was sent after all. */
  recovered(): Promise<void>;
  /** Counts what was dropped, for `/health`. */
  dropped(count: number): Promise<void>;
}

/** What a session owes to the collector, in rows. */
export interface SessionTelemetry {
  /** Runs in the caller's transaction. */
  owe(item: TelemetryItem): void;
  /** Sends what is due. Returns at once. */
  wake(): void;
  /** When it must be looked after, in ms since 1970. */
  dueMs(nowMs: number): number | undefined;
  /** Something is still to be sent, and is tried. */
  readonly owes: boolean;
  /** Tries again what was given up; false when nothing was. */
  retry(): boolean;
  /** The rows may differ from what is known of them, since a transaction was rolled back. */
  forget(): void;
}

/** What metrics are made of: a turn without anything that anyone wrote. */
export interface TurnSamples {
  agent: string;
  seconds: number;
  errorType?: string;
  costMicros: number;
  calls: ModelCallSample[];
  tools: { name: string; seconds: number; errorType?: string }[];
}

export interface ModelCallSample {
  /** As the conventions want it: provider, model, server, and the error where there was one. */
  attributes: Attributes;
  seconds: number;
  firstChunkSeconds?: number;
  usage?: Usage;
}

/** A turn as its session reports it to the account. */
export interface ReportedTurn extends TurnRecord {
  samples?: TurnSamples;
}

/** What a person thinks of a turn, as its session reports it. */
export interface ReportedFeedback {
  /** Of the turn's version. */
  rollout?: RolloutMark;
  turn: string;
  /** -1 to 1. */
  score: number;
  atMs: number;
  agent: string;
  version?: string;
  model: string | null;
}

export interface AccountJobHost {
  storage: DurableObjectStorage;
  /** Id of the account; empty until a session has reported. */
  account(): string;
}

/** Work that an account's object does beside requests, by its alarm. Its rows are its own. */
export interface AccountJob {
  /** By which `ask` finds it. */
  readonly name?: string;
  /** Answers a call of a door: the name of a method, and its arguments. Throws an AppError for what is refused. */
  ask?(method: string, args: readonly unknown[]): unknown;
  /** Turns that were not reported before. Runs in the transaction that records them. */
  turnsEnded(turns: readonly ReportedTurn[]): void;
  /** Feedback that was given, and what it takes the place of. Runs in the transaction that records it. */
  feedbackGiven(given: ReportedFeedback, before: ReportedFeedback | undefined): void;
  /** When it must run next, in ms since 1970; `undefined` when there is nothing to do. */
  dueMs(): number | undefined;
  /** Does what is due. It may fail: it is called again later. */
  run(nowMs: number): Promise<void>;
  /** The rows may differ from what is known of them. */
  forget(): void;
}
