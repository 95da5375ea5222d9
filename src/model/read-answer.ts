/** Turns the payloads of one answer into events: translated, without leaked markup, neighbours joined. Without I/O and without time; keeps count of what brought nothing new. */
import type { ModelEvent } from "../core/model-event.ts";
import { type TextReader, type TextRules, textReader } from "./read-text.ts";
import { createTranslator } from "./translate.ts";

/** So many payloads in a row may bring nothing new: more than any host was seen to send, and less than a second of work. */
const mostQuiet = 150_000;
/** The same after the finish reason, where only usage and an end are due. */
const mostQuietAfterFinish = 10_000;

/** One per answer. `apiKey` is kept out of failure details; `rules`: what is done with its text. */
export class AnswerReader {
  readonly #translator;
  readonly #readText: TextReader;
  #finish: string | undefined;
  #hasUsage = false;
  #hasNews = false;
  #quiet = 0;
  #failed = false;

  constructor(apiKey?: string, rules?: TextRules) {
    this.#translator = createTranslator(apiKey);
    this.#readText = textReader(rules);
  }

  /** A finish reason has come. More may come. */
  get finished(): boolean {
    return this.#finish !== undefined;
  }

  get hasUsage(): boolean {
    return this.#hasUsage;
  }

  /** The last batch brought something new. */
  get hasNews(): boolean {
    return this.#hasNews;
  }

  /** It sends without end, and nothing new. */
  get isQuiet(): boolean {
    return this.#quiet > (this.finished ? mostQuietAfterFinish : mostQuiet);
  }

  /** `[DONE]` has come. Only usage counts from now on, which some proxies add after it. */
  get isDone(): boolean {
    return this.#translator.done;
  }

  /** Nothing more is to be read: the provider is done and its usage known, it has failed, or repeats itself for ever. */
  get isOver(): boolean {
    return (this.isDone && (this.#hasUsage || !this.finished)) || this.#failed || this.isQuiet;
  }

  /** The events of one batch, up to a failure; after `[DONE]` usage alone. */
  take(payloads: readonly string[]): ModelEvent[] {
    const events: ModelEvent[] = [];
    this.#hasNews = false;
    for (const payload of payloads) {
      const some = this.isDone ? usageAfterDone(payload) : this.#translator.translate(payload);
      this.#quiet = some.length > 0 ? 0 : this.#quiet + 1;
      events.push(...some);
      if (some.at(-1)?.type === "failure" || this.#failed || this.isQuiet) break;
    }
    this.#hasNews = events.length > 0;
    return this.#upToFailure(joinRuns(this.#withoutMarkup(joinRuns(events))));
  }

  /** To be called once, when no more comes. Without a finish reason what was held back is part of what was cut, and only a failure counts. */
  end(): ModelEvent[] {
    const rest = this.#translator.end();
    if (this.#finish === undefined) return rest.filter(({ type }) => type === "failure");
    // Only now: calls and text may come after the finish reason.
    const events = this.#readText([...rest, { type: "finish", reason: this.#finish }]);
    return this.#upToFailure(joinRuns(events.filter(({ type }) => type !== "finish")));
  }

  /** The finish goes round the reader of the text, which would end at it. */
  #withoutMarkup(events: ModelEvent[]): ModelEvent[] {
    this.#hasUsage ||= events.some(({ type }) => type === "usage");
    const at = events.findIndex(({ type }) => type === "finish");
    const finish = events[at];
    if (finish?.type !== "finish") return this.#readText(events);
    this.#finish = finish.reason;
    const before = this.#readText(events.slice(0, at));
    return [...before, finish, ...this.#readText(events.slice(at + 1))];
  }

  #upToFailure(events: ModelEvent[]): ModelEvent[] {
    const failure = events.findIndex(({ type }) => type === "failure");
    if (failure < 0) return events;
    this.#failed = true;
    return events.slice(0, failure + 1);
  }
}

/** Read apart from the answer, which is over: nothing of it may change. */
function usageAfterDone(payload: string): ModelEvent[] {
  return createTranslator()
    .translate(payload)
    .filter(({ type }) => type === "usage");
}

/** The same events in the same order, with consecutive `text` (or `reasoning`) events made one. */
export function joinRuns(events: readonly ModelEvent[]): ModelEvent[] {
  const joined: ModelEvent[] = [];
  for (const event of events) {
    const last = joined.at(-1);
    if (event.type === "text" && last?.type === "text") {
      joined[joined.length - 1] = { type: "text", text: last.text + event.text };
    } else if (event.type === "reasoning" && last?.type === "reasoning") {
      joined[joined.length - 1] = { type: "reasoning", text: last.text + event.text };
    } else {
      joined.push(event);
    }
  }
  return joined;
}
