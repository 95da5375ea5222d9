/** Turns the payloads of one answer into events: translated, without leaked markup, neighbours joined. Without I/O and without time; keeps count of what brought nothing new. */
import type { ModelEvent } from "../core/model-event.ts";
import { jsonAnswerEvents } from "./json-answer.ts";
import type { LeakedCall } from "./leaked-calls.ts";
import { Salvage, type SalvageRules } from "./salvage.ts";
import { createTranslator, mostCalls, tooMuch } from "./translate.ts";

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
    let text = "";
    for (const payload of payloads) {
      const news = this.isDone ? usageAfterDone(payload) : this.#translator.translate(payload);
      this.#quiet = news.length > 0 ? 0 : this.#quiet + 1;
      if (typeof news === "string") text += news;
      else {
        if (text !== "") events.push({ type: "text", text });
        text = "";
        events.push(...news);
        if (news.at(-1)?.type === "failure") break;
      }
      if (this.isQuiet) break;
    }
    const isPlain = events.length === 0;
    if (text !== "") events.push({ type: "text", text });
    this.#hasNews = events.length > 0;
    return isPlain ? this.#readText(events) : this.#upToFailure(joinRuns(this.#withoutMarkup(events)));
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
    return events.flatMap((event) => {
      if (event.type === "usage") this.#hasUsage = true;
      if (event.type !== "finish") return this.#readText([event]);
      this.#finish = event.reason;
      return [event];
    });
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
  const news = createTranslator().translate(payload);
  return typeof news === "string" ? [] : news.filter(({ type }) => type === "usage");
}

/** The same events in the same order, with consecutive `text` (or `reasoning`) events made one. */
export function joinRuns(events: readonly ModelEvent[]): ModelEvent[] {
  const joined: ModelEvent[] = [];
  for (const event of events) {
    const last = joined.at(-1);
    const isText = event.type === "text" || event.type === "reasoning";
    if (isText && last?.type === event.type) joined[joined.length - 1] = { ...event, text: last.text + event.text };
    else joined.push(event);
  }
  return joined;
}

/** What is done with the text of an answer before it is shown. */
export interface TextRules {
  /** From the profile: calls that were leaked into the text are taken out of it. */
  leaksCalls: boolean;
  /** The answer must be JSON: a code fence around it is taken off. */
  isJson: boolean;
  /** Text of the answer from before it was cut, which the model continues. */
  begun: string;
}

/** For one answer: events in their order, `finish` included, in pieces of any size. What was held back comes with `finish`. */
export type TextReader = (events: readonly ModelEvent[]) => ModelEvent[];

const noRules: TextRules = { leaksCalls: false, isJson: false, begun: "" };

/** Makes calls of leaked markup, then removes the text around a JSON answer. */
function textReader({ leaksCalls, isJson, begun }: TextRules = noRules): TextReader {
  const salvage = salvageEvents({ leaksCalls, begun });
  if (!isJson) return salvage;
  const json = jsonAnswerEvents(begun);
  return (events) => json(salvage(events));
}

/** Leaked calls are numbered after any that came as calls. */
const firstIndex = 10_000_000;

/** One per reply; returns the events of one read without markup, and at the finish the calls that were leaked. */
export function salvageEvents(rules: SalvageRules): (events: readonly ModelEvent[]) => ModelEvent[] {
  const salvage = new Salvage(rules);
  const structured = new Set<number>();
  const atFinish = (reason: string): ModelEvent[] => {
    const hasCalls = structured.size > 0;
    const { text, calls: leaked, dropped, attempted } = salvage.end(hasCalls);
    if (!hasCalls && leaked.length > mostCalls) return [tooMuch(`more than ${mostCalls} tool calls in one reply`)];
    // Beside so many calls that came as such, the leaked ones can only be copies, or too much.
    const calls = structured.size + leaked.length > mostCalls ? [] : leaked;
    return [
      ...(text === "" ? [] : [{ type: "text", text } as const]),
      ...calls.flatMap(callEvents),
      ...(dropped ? [{ type: "repair", what: "tool markup that makes no call left out of the text" } as const] : []),
      // A reply cut by length has no calls anyway; half a markup is just a part of what was cut.
      ...(attempted && !hasCalls && reason !== "length" ? [{ type: "broken_call" } as const] : []),
    ];
  };
  return (events) =>
    events.flatMap((event): ModelEvent[] => {
      switch (event.type) {
        case "text": {
          const text = salvage.text(event.text);
          return text === "" ? [] : [{ type: "text", text }];
        }
        case "tool_call":
          structured.add(event.index);
          return [event];
        case "finish":
          return [...atFinish(event.reason), event];
        default:
          return [event];
      }
    });
}

function callEvents({ name, arguments: args }: LeakedCall, n: number): ModelEvent[] {
  return [
    { type: "tool_call", index: firstIndex + n, name, arguments: args, salvaged: true },
    { type: "repair", what: `call of ${name} taken out of leaked markup` },
  ];
}
