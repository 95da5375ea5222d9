/** Translates payloads of the chat-completions wire into model events. A state machine without I/O; it judges nothing, and never believes a field's type. */

import { noUsage, type Usage } from "../core/cost.ts";
import type { Failure } from "../core/errors.ts";
import type { ModelEvent } from "../core/model-event.ts";
import { parsed } from "../core/parsed.ts";
import { AnswerText } from "./answer-text.ts";
import { CallSlots } from "./call-slots.ts";
import { classifyFailure } from "./classify-failure.ts";
import { ReasoningSource, wordsOf } from "./content-parts.ts";
import { RepeatedText } from "./repeated-text.ts";
import { TextTemplate } from "./text-template.ts";
import { filled, isObject, member, type WireCallFragment, type WireChunk, type WireDelta } from "./wire.ts";
import { errorIn } from "./wire-error.ts";
import { largerUsage, usageIn } from "./wire-usage.ts";

/** More than the longest answer of any model (384,000 tokens), and little enough for the isolate's 128 MB. */
const longestAnswerChars = 16 * 1024 * 1024;
/** OpenAI takes back at most 128 calls in a message: a session with more could never be sent again. */
export const mostCalls = 128;
/** Of what is no chunk, enough to show what it was. */
const longestOtherChars = 64 * 1024;
/** What hosts send in `data` to keep a connection open: does not explain why no answer came. */
const signOfLife = /^(?:$|:|"?\[?(?:ping|pong|heart-?beat|keep-?alive|processing|null|true|\d+)\b)/i;

export interface Translator {
  /**
   * The events of one payload, in the order reasoning, text, calls, finish, usage; of one that brings text and nothing else,
   * as nearly all do, the text alone. After a `failure` nothing is to be fed any more. Without events it brought nothing new.
   */
  translate(payload: string): ModelEvent[] | string;
  /** To be called once, when no more comes: what was held back; a failure when nothing came but what is no answer. */
  end(): ModelEvent[];
  /** Whether the provider has sent `[DONE]`. */
  readonly done: boolean;
}

/** One translator per answer. `apiKey` is kept out of failure details. Whole (unstreamed) answers are one payload. */
export function createTranslator(apiKey?: string): Translator {
  return new WireTranslator(apiKey);
}

class WireTranslator implements Translator {
  readonly #apiKey: string | undefined;
  readonly #words = { reasoning: new RepeatedText(), text: new RepeatedText(), refusal: new RepeatedText() };
  readonly #source = new ReasoningSource();
  readonly #shown = new AnswerText();
  readonly #calls = new CallSlots();
  readonly #template = new TextTemplate();
  #usage: Usage = noUsage;
  #chars = 0;
  #done = false;
  #finished = false;
  #refused = false;
  /** Deltas have come: a message is everything once more. */
  #streams = false;
  /** The first payload that was no chunk. */
  #other = "";

  constructor(apiKey: string | undefined) {
    this.#apiKey = apiKey;
  }

  get done(): boolean {
    return this.#done;
  }

  translate(payload: string): ModelEvent[] | string {
    const known = this.#shown.isPlain ? this.#template.textIn(payload) : undefined;
    if (known !== undefined) return this.#plain(known);
    const read = readPayload(payload);
    switch (read.type) {
      case "done":
        this.#done = true;
        return [];
      case "other":
        this.#remember(payload);
        return [];
      case "damaged":
        return this.#isWhole ? [] : [this.#failed(payload)];
      case "chunks": {
        const [chunk, second] = read.chunks;
        const text = second === undefined && this.#shown.isPlain ? plainText(chunk) : undefined;
        if (text === undefined) return this.#bounded(read.chunks);
        this.#template.learn(payload, text, textOf);
        return this.#plain(text);
      }
    }
  }

  end(): ModelEvent[] {
    const words = {
      reasoning: this.#words.reasoning.end(),
      text: this.#words.text.end() + this.#words.refusal.end(),
    };
    const rest = [...this.#shown.say(words), ...this.#shown.end()];
    const isNothing = this.#chars === 0 && rest.length === 0 && !this.#finished;
    return isNothing && this.#other !== "" ? [this.#failed(this.#other)] : rest;
  }

  /** It has finished with some content: an error from now on does not concern the answer. */
  get #isWhole(): boolean {
    return this.#finished && this.#chars > 0;
  }

  #chunk(chunk: WireChunk): ModelEvent[] {
    const choice = Array.isArray(chunk.choices) ? chunk.choices[0] : undefined;
    const error = errorIn(chunk, choice);
    if (error !== undefined) return this.#isWhole ? [] : [this.#failed(error)];
    const usage = this.#usageEvents(usageIn(chunk, choice));
    if (!isObject(choice)) {
      const inner = enveloped(chunk);
      if (inner !== undefined) return this.#chunk(inner);
      if (!Array.isArray(chunk.choices) && usage.length === 0) this.#remember(JSON.stringify(chunk));
      return usage;
    }
    const finish = finishWord(filled(choice.finish_reason));
    const { delta, message } = choice;
    const text = delta || message ? undefined : filled(choice.text);
    return [
      ...(text === undefined ? [] : this.#delta({ content: text }, finish !== undefined)),
      ...(isObject(delta) ? this.#delta(delta, finish !== undefined) : []),
      ...(isObject(message) ? this.#message(message, finish !== undefined) : []),
      ...this.#finishEvents(finish),
      ...usage,
    ];
  }

  #delta(delta: WireDelta, isLast: boolean): ModelEvent[] {
    const { reasoning, text, refusal } = this.#read(delta);
    const fragments = fragmentsOf(delta);
    this.#streams ||= reasoning !== "" || text !== "" || refusal !== "" || fragments.length > 0;
    const fresh = {
      reasoning: this.#words.reasoning.delta(reasoning, isLast),
      text: this.#words.text.delta(text, isLast),
      refusal: this.#words.refusal.delta(refusal, isLast),
    };
    // A last frame with all text once more has all calls once more, too.
    const isRepetition = isLast && text + reasoning !== "" && fresh.text + fresh.reasoning === "";
    const calls = isRepetition
      ? this.#calls.eventsOfRepetition(fragments)
      : fragments.flatMap((fragment) => this.#calls.eventOf(fragment) ?? []);
    const legacy = isObject(delta.function_call) ? this.#calls.eventOfLegacy(delta.function_call) : undefined;
    return [...this.#say(fresh), ...calls, ...(legacy === undefined ? [] : [legacy])];
  }

  /** Some hosts call a delta a message: then it is one. */
  #message(message: WireDelta, isLast: boolean): ModelEvent[] {
    if (!this.#streams && this.#calls.count === 0) {
      const events = this.#delta(message, isLast);
      this.#streams = false;
      return events;
    }
    const { reasoning, text, refusal } = this.#read(message);
    const { reasoning: thoughts, text: texts, refusal: refusals } = this.#words;
    const fresh = this.#streams
      ? { reasoning: thoughts.whole(reasoning), text: texts.whole(text), refusal: refusals.whole(refusal) }
      : {
          reasoning: thoughts.delta(reasoning, isLast),
          text: texts.delta(text, isLast),
          refusal: refusals.delta(refusal, isLast),
        };
    const legacy =
      isObject(message.function_call) && this.#calls.count === 0
        ? this.#calls.eventOfLegacy(message.function_call)
        : undefined;
    const calls = this.#calls.eventsOfRepetition(fragmentsOf(message));
    return [...this.#say(fresh), ...calls, ...(legacy === undefined ? [] : [legacy])];
  }

  /** The words of a delta or message. Those of a spoken answer are beside its sound. */
  #read(delta: WireDelta): { reasoning: string; text: string; refusal: string } {
    const words = wordsOf(delta.content);
    return {
      reasoning: this.#source.of(delta, words.reasoning),
      text: words.text || (filled(member(delta.audio, "transcript")) ?? ""),
      refusal: words.refusal || (isObject(delta.refusal) ? wordsOf(delta.refusal).text : (filled(delta.refusal) ?? "")),
    };
  }

  #say({ reasoning, text, refusal }: { reasoning: string; text: string; refusal: string }): ModelEvent[] {
    const events = this.#shown.say({ reasoning, text });
    if (refusal === "") return events;
    const rest = this.#refused ? [] : [...this.#shown.end(), { type: "refusal" } as const];
    this.#refused = true;
    return [...events, ...rest, ...this.#shown.say({ reasoning: "", text: refusal })];
  }

  #finishEvents(reason: string | undefined): ModelEvent[] {
    if (reason === undefined || this.#finished) return [];
    this.#finished = true;
    return [{ type: "finish", reason }];
  }

  /** Hosts send counts more than once, and the same ones again: only more of them is news. */
  #usageEvents(found: Usage | undefined): ModelEvent[] {
    if (found === undefined) return [];
    const usage = largerUsage(this.#usage, found);
    if (JSON.stringify(usage) === JSON.stringify(this.#usage)) return [];
    this.#usage = usage;
    return [{ type: "usage", usage }];
  }

  /** What `#bounded` makes of a chunk that has this text and nothing else. */
  #plain(text: string): ModelEvent[] | string {
    if (text === "") return "";
    this.#streams = true;
    const shown = this.#shown.text(this.#words.text.delta(text));
    this.#chars += shown.length;
    return this.#chars > longestAnswerChars ? tooLong() : shown;
  }

  #bounded(chunks: readonly WireChunk[]): ModelEvent[] {
    const events = chunks.flatMap((chunk) => this.#chunk(chunk));
    for (const event of events) {
      if (event.type === "text" || event.type === "reasoning") this.#chars += event.text.length;
      if (event.type === "tool_call") this.#chars += event.arguments.length + 1;
    }
    if (this.#calls.count > mostCalls) return [tooMuch(`more than ${mostCalls} tool calls in one reply`)];
    return this.#chars > longestAnswerChars ? tooLong() : events;
  }

  #remember(payload: string): void {
    if (this.#other === "" && !signOfLife.test(payload.trim())) this.#other = payload.slice(0, longestOtherChars);
  }

  #failed(body: string | object): ModelEvent {
    return failure(classifyFailure({ status: 200, body, apiKey: this.#apiKey }));
  }
}

const none: readonly WireCallFragment[] = [];

/** Ends an answer that would not fit. */
export function tooMuch(what: string): ModelEvent {
  const detail = `The model sent ${what}, so nothing of it was used. Ask for less at once, or use another model.`;
  return failure({ code: "model_malformed", detail, retryable: true });
}

function tooLong(): ModelEvent[] {
  return [tooMuch("an answer of more than 16 million characters")];
}

function failure(of: Failure): ModelEvent {
  return { type: "failure", failure: of };
}

function fragmentsOf({ tool_calls: calls }: WireDelta): readonly WireCallFragment[] {
  if (!isObject(calls)) return none;
  return (Array.isArray(calls) ? calls : [calls]).filter(isObject);
}

/** The text of a chunk that brings text and nothing else; `undefined` where there may be something else in it. */
function plainText(chunk: WireChunk | undefined): string | undefined {
  if (!chunk || chunk.error || chunk.usage || chunk.x_groq || chunk.timings || member(chunk, "base_resp"))
    return undefined;
  const choice = Array.isArray(chunk.choices) ? chunk.choices[0] : undefined;
  const delta = choice?.delta;
  if (!isObject(delta) || choice?.finish_reason || choice?.message || choice?.error || choice?.usage) return undefined;
  // Any other field may hold words, a call or a refusal, by many names: only a field that is surely empty is ignored.
  for (const name in delta) {
    if (name === "content" || name === "role") continue;
    const value = member(delta, name);
    if (value !== null && value !== "") return undefined;
  }
  return typeof delta.content === "string" ? delta.content : undefined;
}

/** The text of a payload that is one JSON object, and brings text and nothing else. */
function textOf(payload: string): string | undefined {
  return plainText(parsed(payload) as WireChunk | undefined);
}

/** The answer inside an envelope of a gateway (cline#13348; Cloudflare's REST API). */
function enveloped(chunk: WireChunk): WireChunk | undefined {
  if (Array.isArray(chunk.choices)) return undefined;
  return [member(chunk, "data"), member(chunk, "result")].find(
    (inner) => isObject(inner) && Array.isArray(member(inner, "choices")),
  ) as WireChunk | undefined;
}

/** Other hosts' words for the reasons that the chat-completions wire knows; what is not among them is passed on as it came. */
const finishWords: Record<string, string> = {
  function_call: "tool_calls",
  tool_call: "tool_calls",
  tool_use: "tool_calls",
  end_turn: "stop",
  stop_sequence: "stop",
  eos: "stop",
  eos_token: "stop",
  max_tokens: "length",
  max_output_tokens: "length",
  // Mistral: the answer has reached the end of the window.
  model_length: "length",
  "content-filter": "content_filter",
  refusal: "content_filter",
  safety: "content_filter",
  sensitive: "content_filter",
  // Gemini's.
  recitation: "content_filter",
  blocklist: "content_filter",
  prohibited_content: "content_filter",
  spii: "content_filter",
  image_safety: "content_filter",
  // Bedrock's.
  guardrail_intervened: "content_filter",
  content_filtered: "content_filter",
};

const knownWords = new Set(["stop", "length", "tool_calls", "content_filter", "insufficient_system_resource"]);

function finishWord(reason: string | undefined): string | undefined {
  if (reason === undefined) return undefined;
  const word = reason.toLowerCase();
  return Object.hasOwn(finishWords, word) ? finishWords[word] : knownWords.has(word) ? word : reason;
}

/** Reads one payload of a stream as the chunks that it holds, or reports that it holds none. Parses each payload once, unless it is no JSON as a whole. Pure. */
export type ReadPayload =
  | { type: "chunks"; chunks: WireChunk[] }
  | { type: "done" }
  /** No JSON object, and nothing that was to be one: a sign of life, or an error in plain words. */
  | { type: "other" }
  /** Was to be a chunk and is not whole: a part of the answer is lost. */
  | { type: "damaged" };

function readPayload(payload: string): ReadPayload {
  // Nearly every payload is one object: nothing else is checked.
  const chunk = payload.startsWith("{") ? parsed(payload) : undefined;
  return chunk === undefined ? readOther(payload.trim()) : { type: "chunks", chunks: [chunk as WireChunk] };
}

function readOther(text: string): ReadPayload {
  if (/^"?\[DONE\]"?$/i.test(text)) return { type: "done" };
  // Written by a gateway around an event that was one already (openclaw#97474).
  if (/^data:/i.test(text)) return readPayload(text.slice("data:".length).trim());
  if (!/^(?:\{|\[[\s{\]])/.test(text)) return { type: "other" };
  const value = parsed(text);
  if (value !== undefined) return ofValue(value);
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.length < 2 ? { type: "damaged" } : ofLines(lines);
}

/** An event without a blank line after it, and the next one in its `data` (sub2api#1471). */
function ofLines(lines: readonly string[]): ReadPayload {
  const chunks: WireChunk[] = [];
  for (const line of lines) {
    if (/^\s*\[DONE\]\s*$/.test(line)) continue;
    const value = parsed(line);
    if (value === undefined) return { type: "damaged" };
    const read = ofValue(value);
    if (read.type === "chunks") chunks.push(...read.chunks);
  }
  return { type: "chunks", chunks };
}

function ofValue(value: unknown): ReadPayload {
  const chunks = (Array.isArray(value) ? value : [value]).filter((each) => isObject(each) && !Array.isArray(each));
  return chunks.length === 0 ? { type: "other" } : { type: "chunks", chunks };
}
