/** Gathers what a model streams into one entry. Judges only when the stream is over: a call is never believed because a part of it already parses. */
import { costMicros, noUsage, type Prices, type Usage } from "./cost.ts";
import type { AssistantEntry, PrefixRecord, StepFailedEntry } from "./entry.ts";
import type { Failure } from "./errors.ts";
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
  /** Where in the text the model began to say why it will not answer. */
  refusalFrom?: number;
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
  #refusalFrom: number | undefined;

  /** `begun`: what a try that broke off had said, and that this one goes on with. */
  constructor(of: StepTry, begun?: Said) {
    this.of = of;
    this.reasoning.add(begun?.reasoning ?? "");
    this.text.add(begun?.text ?? "");
    this.#refusalFrom = begun?.refusalFrom;
  }

  /** What it has said so far. */
  get said(): Said {
    const refusal = this.#refusalFrom !== undefined && { refusalFrom: this.#refusalFrom };
    return { reasoning: this.reasoning.toString(), text: this.text.toString(), ...refusal };
  }

  /** Where in the text the model began to say why it will not answer; absent while it has not. */
  get refusalFrom(): number | undefined {
    return this.#refusalFrom;
  }

  /** Whether the model has begun to ask for a tool: such a reply cannot be continued by its text. */
  get hasCalls(): boolean {
    return this.#calls.size > 0;
  }

  add(event: ModelEvent): void {
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

  /** The entry it came to. `cancelled`: a person stopped it, so what is there is the answer. */
  finish(how: { cancelled: boolean; prices: Prices; atMs: number }): Reply {
    const common = {
      turn: this.of.turn,
      step: this.of.step,
      attempt: this.of.attempt,
      model: this.of.model,
      content: this.text.toString(),
      reasoning: this.reasoning.toString(),
      usage: this.#usage,
      costMicros: costMicros(this.#usage, how.prices),
      atMs: how.atMs,
    };
    const prefix = this.#replayed ? { replayed: true as const } : this.of.prefix && { prefix: this.of.prefix };
    if (how.cancelled) return { ...assistant(common, "cancelled", []), ...prefix };
    const calls = this.#toolCalls();
    // Whatever word the host ends a refusal with (OpenAI: `stop`, others: `content_filter`), it is the model's answer.
    const refusalFrom = refusalWords.has(this.#finish ?? "") ? this.#refusalFrom : undefined;
    const failure =
      this.#failure ?? (refusalFrom === undefined ? verdict(this.#finish, common.content, calls) : undefined);
    if (failure !== undefined) return { type: "step_failed", ...common, failure };
    const repairs = { ...prefix, ...(this.#repairs.length > 0 && { repairs: this.#repairs }) };
    if (refusalFrom !== undefined) return { ...assistant(common, "refusal", []), ...repairs, refusalFrom };
    if (this.#finish === "length") return { ...assistant(common, "length", []), ...repairs, ...cut(calls) };
    return { ...assistant(common, calls.length > 0 ? "tool_calls" : "stop", calls), ...repairs };
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

/** How the stream of a refusal ends. Calls beside one are not run: the model said that it would not do it. */
const refusalWords = new Set(["stop", "tool_calls", "content_filter"]);

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
    case "content_filter":
      return { code: "content_filter", detail: "The provider's content filter stopped the answer.", retryable: false };
    case "insufficient_system_resource":
      return {
        code: "model_unavailable",
        detail: "The provider ran out of resources while it answered.",
        retryable: true,
      };
    default:
      return {
        code: "model_malformed",
        detail: `The model ended with the unknown finish_reason "${finish}".`,
        retryable: true,
      };
  }
}
