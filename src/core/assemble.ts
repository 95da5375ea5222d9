/** Gathers what a model streams into one entry. Judges only when the stream is over: a call is never believed because a part of it already parses. */
import { costMicros, noUsage, type Prices, type Usage } from "./cost.ts";
import type { AssistantEntry, PrefixRecord, StepFailedEntry } from "./entry.ts";
import type { Failure } from "./errors.ts";
import { estimatedUsage, type Received, type Sent } from "./estimate-usage.ts";
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
}

/** What a model has said of a reply. */
export interface Said {
  reasoning: string;
  text: string;
}

/** A reply while it arrives. Readers may look at `reasoning` and `text` at any time. */
export class Draft {
  readonly of: StepTry;
  readonly reasoning = new TextParts();
  readonly text = new TextParts();
  #calls = new Map<number, { id: string; name: string; pieces: string[] }>();
  #usage: Usage = noUsage;
  #finish: string | undefined;
  #failure: Failure | undefined;
  readonly #repairs: string[] = [];
  #replayed = false;
  #began = false;
  /** Characters that an earlier call brought, and that were paid for with it. */
  readonly #begun: { reasoning: number; text: number };

  /** `begun`: what a try that broke off had said, and that this one goes on with. */
  constructor(of: StepTry, begun?: Said) {
    this.of = of;
    this.reasoning.add(begun?.reasoning ?? "");
    this.text.add(begun?.text ?? "");
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

  /** What came of the answer, as one text: equal texts are equal answers. */
  get fingerprint(): string {
    const { reasoning, text, calls } = this.#received();
    return JSON.stringify([this.#finish, reasoning, text, calls, this.#failure?.raw]);
  }

  /** What it has said so far. */
  get said(): Said {
    return { reasoning: this.reasoning.toString(), text: this.text.toString() };
  }

  /** Whether the model has begun to ask for a tool: such a reply cannot be continued by its text. */
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
  finish(how: HowFinished): Reply {
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
    const calls = this.#toolCalls();
    const failure = this.#failure ?? verdict(this.#finish, common.content, calls);
    if (failure !== undefined && !(how.cutIsAnswer && isCutByWindow(failure, common.content))) {
      return { type: "step_failed", ...common, failure: worded(failure, how.place) };
    }
    const repairs = { ...prefix, ...(this.#repairs.length > 0 && { repairs: this.#repairs }) };
    if (this.#finish === "length" || failure !== undefined)
      return { ...assistant(common, "length", []), ...repairs, ...cut(calls) };
    return { ...assistant(common, calls.length > 0 ? "tool_calls" : "stop", calls), ...repairs };
  }

  /** The provider's counts; ours where it began to answer and did not say, or said it long before the answer broke off. */
  #used(sent: HowFinished["sent"]): Usage {
    const said = this.#usage;
    const isCounted = said.inputTokens + said.cachedTokens + said.outputTokens > 0;
    if (sent === undefined || !this.#began || this.#replayed) return said;
    if (isCounted && this.#finish !== undefined) return said;
    const ours = estimatedUsage(sent(), this.#received());
    if (!isCounted) return ours;
    if (said.outputTokens * 2 >= ours.outputTokens) return said;
    const { outputTokens, reasoningTokens } = ours;
    return { ...said, outputTokens, reasoningTokens, estimated: true };
  }

  #received(): Received {
    const calls = [...this.#calls.values()].map(({ name, pieces }) => `${name}${pieces.join("")}`).join("");
    return {
      reasoning: this.reasoning.toString().slice(this.#begun.reasoning),
      text: this.text.toString().slice(this.#begun.text),
      calls,
    };
  }

  #addCall(event: Extract<ModelEvent, { type: "tool_call" }>): void {
    const call = this.#calls.get(event.index);
    if (call === undefined) {
      this.#calls.set(event.index, { id: event.id ?? "", name: event.name ?? "", pieces: [event.arguments] });
      return;
    }
    if (call.id === "") call.id = event.id ?? "";
    if (call.name === "") call.name = event.name ?? "";
    call.pieces.push(event.arguments);
  }

  /** Calls in the order of their index. Blank or repeated ids get one of ours, the same after every replay. */
  #toolCalls(): ToolCall[] {
    const taken = new Set<string>();
    const ordered = [...this.#calls].sort(([a], [b]) => a - b);
    return ordered.map(([, { id, name, pieces }], place) => {
      const own = id !== "" && !taken.has(id) ? id : `call_${this.of.seq}_${place}`;
      taken.add(own);
      return { id: own, name, arguments: pieces.join("") || "{}" };
    });
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

/** What a model call comes to. */
export type Reply = Omit<AssistantEntry, "seq"> | Omit<StepFailedEntry, "seq">;

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
      if (calls.some((call) => call.name === "")) {
        return { code: "model_malformed", detail: "The model asked for a tool without naming it.", retryable: true };
      }
      if (content === "" && calls.length === 0) {
        return { code: "model_empty", detail: "The model ended without an answer or a call.", retryable: true };
      }
      return undefined;
    case undefined:
      return {
        code: "model_truncated",
        detail: "The model's stream ended before it said that it was finished.",
        retryable: true,
      };
    default:
      return failedFinish(finish);
  }
}

/** Finish reasons by which hosts say that the answer failed. */
function failedFinish(finish: string): Failure {
  switch (finish) {
    case "content_filter":
    case "sensitive":
      return { code: "content_filter", detail: "The provider's content filter stopped the answer.", retryable: false };
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
