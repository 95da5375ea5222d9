/** WHAT traces and an exporter of telemetry are to sessions and accounts: what `traces()` or `otel()` makes of its settings. The native door knows these shapes alone, and carries no exporter. */
import type { Usage } from "../core/cost.ts";
import type { Entry, RolloutMark } from "../core/entry.ts";
import type { SettingDeclarations } from "../core/settings.ts";
import type { Provider } from "./chat-spans.ts";
import type { Attributes, EventName } from "./names.ts";
import type { Span } from "./span.ts";
import type { EndedStep } from "./tool-spans.ts";
import type { TraceHeaders } from "./traceparent.ts";
import type { TurnRecord } from "./turn-record.ts";

/** What an app lists: `traces()` or `otel()`. */
export interface TelemetrySource {
  readonly settings: SettingDeclarations;
  configure(values: Readonly<Record<string, unknown>>): Telemetry;
}

/** What was decided once, for the whole Worker. */
export interface Telemetry {
  /** There is an endpoint. */
  isExported: boolean;
  /** For one session object, once its database has its tables. `telemetry` is absent where there is no endpoint: then nothing is exported. */
  session(session: ObservedSession): { traces: SessionTraces; telemetry?: SessionTelemetry };
  /** For one account object: metrics of all its turns, where there is an endpoint. */
  account?(host: AccountJobHost): AccountJob | undefined;
}

/** What `traces()` and `otel()` find of a session: its rows, and how it is held and reached. */
export interface ObservedSession {
  storage: DurableObjectStorage;
  /** `birth` tells a session from an erased one of the same name; null in sessions made before it was recorded. */
  record: { read(): { account: string; name: string; birth: string | null } };
  log: {
    readonly lastSeq: number;
    read(range: { after: number; limit: number; maxUnits?: number }): Entry[];
    newest(type: "compaction", beforeSeq: number): { seq: number }[];
  };
  /** Where a turn begins; `undefined` while it waits. */
  turns: { firstSeq(turn: string): number | undefined };
  steps: { ofReply(replySeq: number): readonly EndedStep[] };
  feedback: { of(turn: string): GivenScore | undefined };
  /** Closed once the session was erased. */
  feed: { readonly closed: boolean };
  /** Name of the session's agent. */
  agent: string;
  /** Who answers for a model now: the log has its id alone. */
  provider(model: string): Provider;
  /** Keeps the object awake until the promise settles. */
  hold(work: Promise<void>): void;
  /** Called whenever sending has come to rest: the alarm may have to be set anew. */
  rested(): void;
  /** Its account's list of what was given up. */
  letters(): {
    addDeadLetter(letter: TelemetryLetter): Promise<void>;
    removeDeadLetter(id: string): Promise<void>;
  };
  /** Counts what was dropped, for `/health`. */
  dropped(count: number): Promise<void>;
}

/** What a person thinks of a turn's answer. */
export interface GivenScore {
  /** -1 to 1. */
  score: number;
  label?: string;
  comment?: string;
  by?: string;
  atMs: number;
}

/** What could not be sent, as it is listed among dead deliveries. */
export interface TelemetryLetter {
  id: string;
  session: string;
  turn: string;
  address: { channel: string };
  error: string;
  attempts: number;
  createdAtMs: number;
  diedAtMs: number;
}

/** A delivery that is over. `startMs`: in ms since 1970; `failures`: tries of it that failed. */
export interface EndedDelivery {
  id: string;
  turn: string;
  channel: string;
  startMs: number;
  failures: number;
  /** It was given up. */
  isDead: boolean;
}

export interface SessionTraces {
  /** An OTLP request in JSON; without spans while the turn waits for its begin. */
  trace(turn: string): Promise<string>;
  /** The headers for what a call asks of the outside, and for the receiver of an answer. */
  callParent(turn: string, call: { replySeq: number; callId: string }): Promise<TraceHeaders | undefined>;
  deliveryParent(turn: string, id: string): Promise<TraceHeaders | undefined>;
  /** Keeps what became of a delivery. Runs in the transaction that ends it. */
  deliveryOver(delivery: EndedDelivery): void;
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
  name: EventName;
  atMs: number;
  traceId: string;
  spanId: string;
  attributes: Attributes;
}

/** What an item comes to. */
export interface TelemetryData {
  spans: Span[];
  events: TelemetryEvent[];
}

/** What a session owes to the collector, in rows. */
export interface SessionTelemetry {
  /** Runs in the caller's transaction. */
  owe(item: TelemetryItem): void;
  /** What metrics need of a turn. `entries`: all of it. */
  samples(entries: readonly Entry[]): TurnSamples | undefined;
  /** Sends what is due. Returns at once. */
  wake(): void;
  /** When it must be looked after, in ms since 1970. */
  dueMs(nowMs: number): number | undefined;
  /** Something is still to be sent, and is tried. */
  readonly owes: boolean;
  /** From now on what was given up is tried again; false when nothing was. Runs in the caller's transaction. */
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
  /** Id of the account. */
  account(): string;
  /** The account is being erased: nothing of it begins any more. */
  isClosing(): boolean;
}

/** Work that an account's object does beside requests, by its alarm. Its rows are its own. */
export interface AccountJob {
  /** By which `ask` finds it, and the log names it. */
  readonly name?: string;
  /** Answers a call of a door: the name of a method, and its arguments. Throws an AppError for what is refused. */
  ask?(method: string, args: readonly unknown[]): unknown;
  /** Turns that were not reported before. Runs in the transaction that records them. */
  turnsEnded(turns: readonly ReportedTurn[]): void;
  /** Feedback that was given, and what it takes the place of. Runs in the transaction that records it. */
  feedbackGiven(given: ReportedFeedback, before: ReportedFeedback | undefined): void;
  /** A session was erased. Runs in the transaction that takes it out of the account. */
  sessionErased?(session: string): void;
  /** When it must run next, in ms since 1970; `undefined` when there is nothing to do. */
  dueMs(): number | undefined;
  /** Does what is due. It may fail: `forget` is called, and it is run again later. */
  run(nowMs: number): Promise<void>;
  /** The rows may differ from what is known of them. */
  forget(): void;
}

/** A text that is to be delivered, once for each `id`. */
export interface Notice {
  id: string;
  /** What it is about. */
  subject: string;
  text: string;
  /** What a program gets beside the text. */
  data: Record<string, unknown>;
  /** An address of a channel, or of a callback. */
  to: { readonly channel: string };
}

/** What an app lists: `alerts([…])`. */
export interface AlertSource {
  /** Where each goes, and which agent's turns it is about. */
  readonly rules: readonly { metric: string; to: { readonly channel: string }; agent?: string }[];
  /** `send` rejects when the notice could not be handed over. */
  job(host: AccountJobHost, send: (notice: Notice) => Promise<void>): AccountJob;
}
