/** Gathers what a model streams into one entry. Judges only when the stream is over: a call is never believed because a part of it already parses. */
import { costMicros, noUsage, type Prices, type Usage } from "./cost.ts";
import { fingerprint } from "./digest.ts";
import type { AssistantEntry, PrefixRecord, StepFailedEntry } from "./entry.ts";
import type { Failure } from "./errors.ts";
import { estimatedUsage, type ReceivedAnswer, type Sent } from "./estimate-usage.ts";
import { type ModelPlace, worded } from "./failure-words.ts";
import type { ToolCall } from "./message.ts";
import type { ModelEvent } from "./model-event.ts";
import { TextParts } from "./text-parts.ts";

/** Which try of which step a draft is, and the place its entry will get. */
export interface StepTry {
  seq: number;
  turn: string;
  step: number;
  attempt: number;
  model: string;
  /** What its request began with. */
  prefix?: PrefixRecord;
  /** Why what readers saw of an earlier attempt is void. */
  restartedBecause?: string;
  /** Ids of earlier calls that a person or a client was to answer: an answer that comes late must not meet a newer call. */
  answeredIds?: ReadonlySet<string>;
}

/** The part of a reply that has arrived. */
export interface PartialReply {
  reasoning: string;
  text: string;
  /** Where in the text a refusal to answer begins. */
  refusalFrom?: number;
}

/** A reply while it arrives. Readers may look at `reasoning` and `text` at any time. */
export class Draft {
  readonly of: StepTry;
  readonly reasoning = new TextParts();
  readonly text = new TextParts();
  #calls = new Map<number, CallPieces>();
  #usage: Usage = noUsage;
  #finish: string | undefined;
  #failure: Failure | undefined;
  readonly #repairs: string[] = [];
  #replayed = false;
  #brokenCall = false;
  #fromReasoning = false;
  #refusalFrom: number | undefined;
  #began = false;
  /** Characters that an earlier call brought, and that were paid for with it. */
  readonly #begun: { reasoning: number; text: number };

  /** `begun`: the text of a try that broke off, which this try continues. */
  constructor(of: StepTry, begun?: PartialReply) {
    this.of = of;
    this.reasoning.add(begun?.reasoning ?? "");
    this.text.add(begun?.text ?? "");
    this.#refusalFrom = begun?.refusalFrom;
    this.#begun = { reasoning: this.reasoning.length, text: this.text.length };
  }

  /** Whether the provider has begun to answer: from then on the call is paid for. */
  get hasBegun(): boolean {
    return this.#began;
  }

  /** The provider has begun to answer, if only with an empty chunk. */
  begin(): void {
    this.#began = true;
  }

  /** How much of it an earlier call brought, in UTF-16 units. */
  get begun(): { reasoning: number; text: number } {
    return this.#begun;
  }

  /** A short text that is equal for equal answers; the answer itself may have millions of characters. `undefined` when a part of it was left out. */
  get fingerprint(): string | undefined {
    if (this.#brokenCall) return undefined;
    const { reasoning, text, calls } = this.#received();
    const parts = [reasoning, text, calls].map((part) => [part.length, fingerprint(part)]);
    return JSON.stringify([this.#finish, parts, this.#failure?.raw]);
  }

  /** The reply so far. */
  get soFar(): PartialReply {
    const refusal = this.#refusalFrom !== undefined && { refusalFrom: this.#refusalFrom };
    return { reasoning: this.reasoning.toString(), text: this.text.toString(), ...refusal };
  }

  /** Where in the text a refusal to answer begins; absent while there is none. */
  get refusalFrom(): number | undefined {
    return this.#refusalFrom;
  }

  /** Whether the model has begun a tool call: such a reply cannot be continued by its text. */
  get hasCalls(): boolean {
    return this.#calls.size > 0;
  }

  add(event: ModelEvent): void {
    if (event.type !== "failure" && event.type !== "replayed") this.#began = true;
    switch (event.type) {
      case "reasoning":
        this.reasoning.add(event.text);
        return;
      case "text":
        this.text.add(event.text);
        return;
      case "tool_call":
        this.#addCall(event);
        return;
      case "broken_call":
        this.#brokenCall = true;
        return;
      case "refusal":
        this.#refusalFrom ??= this.text.length;
        return;
      case "repair":
        this.#repairs.push(event.what);
        return;
      case "replayed":
        this.#replayed = true;
        return;
      case "usage":
        this.#usage = event.usage;
        return;
      case "finish":
        this.#finish ??= event.reason;
        return;
      case "failure":
        this.#failure ??= event.failure;
    }
  }

  /** The entry of the call. */
  finish(how: HowFinished): ModelReply {
    const usage = this.#used(how.sent);
    const common = {
      turn: this.of.turn,
      step: this.of.step,
      attempt: this.of.attempt,
      model: this.of.model,
      content: this.text.toString(),
      reasoning: this.reasoning.toString(),
      usage,
      costMicros: costMicros(usage, how.prices),
      atMs: how.atMs,
    };
    const prefix = this.#replayed ? { replayed: true as const } : this.of.prefix && { prefix: this.of.prefix };
    if (how.cancelled) return { ...assistant(common, "cancelled", []), ...prefix };
    const { calls, salvaged } = this.#toolCalls();
    // Whatever word the host ends a refusal with (OpenAI: `stop`, others: `content_filter`), it is the model's answer.
    const refusalFrom = refusalWords.has(this.#finish ?? "") ? this.#refusalFrom : undefined;
    const failure =
      this.#failure ??
      (refusalFrom === undefined
        ? (this.#brokenCallFailure(calls) ?? verdict(this.#finish, common.content, calls))
        : undefined);
    if (failure !== undefined && !(how.cutIsAnswer && isCutByWindow(failure, common.content))) {
      return { type: "step_failed", ...common, failure: worded(failure, how.place) };
    }
    const facts = {
      ...prefix,
      ...(this.#repairs.length > 0 && { repairs: this.#repairs }),
      ...(this.#fromReasoning && { fromReasoning: true as const }),
    };
    if (refusalFrom !== undefined) return { ...assistant(common, "refusal", []), ...facts, refusalFrom };
    if (this.#finish === "length" || failure !== undefined)
      return { ...assistant(common, "length", []), ...facts, ...cut(calls) };
    if (calls.length > 0) {
      return { ...assistant(common, "tool_calls", calls), ...facts, ...(salvaged.length > 0 && { salvaged }) };
    }
    return { ...assistant(common, "stop", []), ...facts, ...(wantsCall(this.#finish) && { noCall: true as const }) };
  }

  /** The provider's counts; ours where it began to answer and sent none, or sent them long before the answer broke off. */
  #used(sent: HowFinished["sent"]): Usage {
    const counted = this.#usage;
    const isCounted = counted.inputTokens + counted.cachedTokens + counted.outputTokens > 0;
    if (sent === undefined || !this.#began || this.#replayed) return counted;
    if (isCounted && this.#finish !== undefined) return counted;
    const ours = estimatedUsage(sent(), this.#received());
    if (!isCounted) return ours;
    if (counted.outputTokens * 2 >= ours.outputTokens) return counted;
    const { outputTokens, reasoningTokens } = ours;
    return { ...counted, outputTokens, reasoningTokens, estimated: true };
  }

  #received(): ReceivedAnswer {
    const calls = [...this.#calls.values()].map(({ name, pieces }) => `${name}${pieces.join("")}`).join("");
    return {
      reasoning: this.reasoning.toString().slice(this.#begun.reasoning),
      text: this.text.toString().slice(this.#begun.text),
      calls,
    };
  }

  /** What a try that failed leaves as an answer where another one does not help; `undefined` when there is nothing. */
  get lastResort(): string | undefined {
    if (this.#failure !== undefined || this.#calls.size > 0 || this.#finish !== "stop") return undefined;
    const text = this.text.toString();
    if (this.#brokenCall) return text.trim() === "" ? undefined : text;
    const reasoning = this.reasoning.toString();
    return reasoning.trim() === "" ? undefined : text + reasoning;
  }

  /** Makes `lastResort` the answer. */
  takeLastResort(): void {
    if (this.#brokenCall) {
      this.#brokenCall = false;
      return;
    }
    this.text.add(this.reasoning.toString());
    this.#fromReasoning = true;
    this.#repairs.push("the model gave its answer as reasoning alone; the reasoning is the answer");
  }

  #brokenCallFailure(calls: readonly ToolCall[]): Failure | undefined {
    return this.#brokenCall && calls.length === 0 && this.#finish === "stop" ? brokenCall : undefined;
  }

  #addCall({ index, id = "", name = "", arguments: piece, salvaged }: ToolCallEvent): void {
    const call = this.#calls.get(index);
    if (call === undefined) {
      this.#calls.set(index, { id, name, pieces: [piece], salvaged: salvaged === true });
      return;
    }
    if (call.id === "") call.id = id;
    if (call.name === "") call.name = name;
    call.pieces.push(piece);
  }

  /**
   * Calls in the order of their index. Ids that are repeated, or that no client could send back, get one of ours, the same
   * after every replay. A fragment
   * without a name and without arguments is no call (gateways send such ones).
   */
  #toolCalls(): { calls: ToolCall[]; salvaged: string[] } {
    const taken = new Set<string>(this.of.answeredIds);
    const salvaged: string[] = [];
    const ordered = [...this.#calls].sort(([a], [b]) => a - b).filter(([, call]) => !isEmpty(call));
    const calls = ordered.map(([, call], place) => {
      const own = canBeSentBack(call.id) && !taken.has(call.id) ? call.id : `call_${this.of.seq}_${place}`;
      taken.add(own);
      if (call.salvaged) salvaged.push(own);
      return { id: own, name: call.name, arguments: call.pieces.join("") || "{}" };
    });
    return { calls, salvaged };
  }
}

/** How a call ended, and what is known about it beside what was streamed. */
export interface HowFinished {
  /** It was stopped, so what is there is the answer. */
  cancelled: boolean;
  prices: Prices;
  atMs: number;
  /** What was sent; absent: nothing is estimated. */
  sent?: () => Sent;
  place?: ModelPlace;
  /** An answer that the window cut is one that is too long: nothing can leave the window. */
  cutIsAnswer?: boolean;
}

function isCutByWindow({ code }: Failure, content: string): boolean {
  return code === "context_overflow" && content !== "";
}

type ToolCallEvent = Extract<ModelEvent, { type: "tool_call" }>;

interface CallPieces {
  id: string;
  name: string;
  pieces: string[];
  salvaged: boolean;
}

function isEmpty({ name, pieces }: CallPieces): boolean {
  return name === "" && /^(?:\{\s*\}|null)?$/.test(pieces.join("").trim());
}

/** Call ids are part of URLs, where `.` and `..` mean something else, and of requests, which bound them. */
function canBeSentBack(id: string): boolean {
  return /^[\x21-\x7e]{1,200}$/.test(id) && id !== "." && id !== "..";
}

/** How the stream of a refusal ends. Calls beside one are not run: the model refused. */
const refusalWords = new Set(["stop", "tool_calls", "content_filter"]);

/** The result of a model call. */
export type ModelReply = Omit<AssistantEntry, "seq"> | Omit<StepFailedEntry, "seq">;

type Common = Omit<StepFailedEntry, "seq" | "type" | "failure" | "tries">;

function assistant(
  common: Common,
  finishReason: AssistantEntry["finishReason"],
  toolCalls: ToolCall[],
): Omit<AssistantEntry, "seq"> {
  return { type: "assistant", ...common, finishReason, toolCalls };
}

/** A reply cut by `length` may end inside a call: none of them is trusted, their number is kept. */
function cut(calls: ToolCall[]): { cutCalls?: number } {
  return calls.length > 0 ? { cutCalls: calls.length } : {};
}

/** Why a stream that ended without an error is no answer all the same; `undefined` when it is one. */
function verdict(finish: string | undefined, content: string, calls: ToolCall[]): Failure | undefined {
  switch (finish) {
    case "length":
      return undefined;
    case "stop":
    case "tool_calls":
    case "function_call":
      if (calls.some((call) => call.name === "")) {
        return {
          code: "model_malformed",
          detail: "The model requested a tool call without naming the tool.",
          retryable: true,
        };
      }
      if (content.trim() !== "" || calls.length > 0) return undefined;
      return wantsCall(finish) ? noCallFailure : empty;
    case undefined:
      return truncated;
    default:
      return failedFinish(finish);
  }
}

/** Finish reasons by which hosts report that the answer failed. */
function failedFinish(finish: string): Failure {
  switch (finish) {
    case "content_filter":
    case "sensitive":
      return {
        code: "content_filter",
        cause: "answer",
        detail: "The provider's content filter stopped the answer.",
        retryable: false,
      };
    // Z.ai's and Anthropic's `model_context_window_exceeded`, and gateways' `context_length_exceeded`.
    case "model_context_window_exceeded":
    case "context_window_exceeded":
    case "context_length_exceeded":
      return { code: "context_overflow", detail: "The answer reached the end of the window.", retryable: false };
    case "error":
    case "network_error":
    case "error_finish":
    case "insufficient_system_resource":
      return { code: "model_unavailable", detail: `The provider ended the answer with "${finish}".`, retryable: true };
    default: {
      const detail = `The model ended with the unknown finish_reason ${JSON.stringify(finish.slice(0, 100))}.`;
      return { code: "model_malformed", detail, retryable: true };
    }
  }
}

/** Whether a finish reason says that tools are to be called; `function_call` is OpenAI's older word. */
function wantsCall(finish: string | undefined): boolean {
  return finish === "tool_calls" || finish === "function_call";
}

export const truncated: Failure = {
  code: "model_truncated",
  detail: "The model's stream ended before a finish reason arrived.",
  retryable: true,
};

const empty: Failure = {
  code: "model_empty",
  detail: "The model ended without an answer or a call.",
  retryable: true,
};

/** The model ended to call a tool, and no call came: first by an empty reply, or again after a note. */
export const noCallFailure: Failure = {
  code: "model_no_call",
  detail: "The model ended its reply to call a tool, but sent no call. Send the message again, or use another model.",
  retryable: true,
};

const brokenCall: Failure = {
  code: "model_malformed",
  detail: "The model's host leaked tool markup into the text, and it makes no whole call.",
  retryable: true,
};
