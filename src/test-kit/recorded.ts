/**
 * Records requests to the outside, and answers them from the recording later: no network, the same bytes each time. A request that
 * was not recorded fails with the difference to the most similar one.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { canonicalJson } from "../agent/version.ts";
import {
  canonicalRequest,
  type RecordedCall,
  type RecordedExchange,
  type RecordedKind,
  type RecordedLine,
  readRecording,
  recordedResponse,
  requestKey,
  responseOf,
  secretRemover,
} from "./recording.ts";
import { nearestRequest, requestDifference } from "./request-difference.ts";

/** `record`: every request is sent, and the recording is made anew. `replay`: a request that is not recorded is sent and added. `strict`: nothing is sent. */
export type RecordingMode = "record" | "replay" | "strict";

export interface RecordedOptions {
  /** By default the value of the variable `LONGLINE_CASSETTE`, else `strict`. */
  mode?: RecordingMode;
  /** Sends requests outside; the global one when absent. */
  fetch?: typeof fetch;
  /** The provider, for recording. `baseUrl` also decides whose request rules hold. */
  baseUrl?: string;
  apiKey?: string;
  /** Values that must not be in the recording, by name; the key is removed in any case. */
  secrets?: Readonly<Record<string, string>>;
}

export interface Recording {
  readonly mode: RecordingMode;
  /** For `runAgent`, which throws `fault`: what was requested and not recorded. */
  readonly model: { fetch: typeof fetch; baseUrl?: string; readonly fault: string | undefined };
  /** For tools that are not replaced. */
  readonly fetch: typeof fetch;
  /** A `fetch` for MCP servers or channels. `ask`: the `fetch` that sends outside, where it is another one. */
  fetchAs(kind: RecordedKind, ask?: typeof fetch): typeof fetch;
  /** Of a recording that was made from a session: tools that give what they gave there. For `runAgent`. */
  readonly tools: Record<string, (input: unknown) => unknown>;
  /** Requests that were recorded and not made since, as method and address. */
  readonly unused: string[];
}

/**
 * A recording in a file, such as `test/recordings/refund.jsonl`; `undefined`: in memory alone.
 *
 * @example
 * const recording = recorded("test/recordings/refund.jsonl", { apiKey: process.env.MODEL_API_KEY });
 * const run = await runAgent(support, "Refund order 17", { model: recording.model, fetch: recording.fetch });
 */
export function recorded(path: string | undefined, options: RecordedOptions = {}): Recording {
  const mode = options.mode ?? modeFromEnvironment();
  const tape = new Tape(path, mode, options);
  const { baseUrl } = options;
  return {
    mode,
    model: {
      fetch: tape.fetchAs("model"),
      ...(baseUrl !== undefined && { baseUrl }),
      get fault() {
        return tape.fault;
      },
    },
    fetch: tape.fetchAs("tool"),
    fetchAs: (kind, ask) => tape.fetchAs(kind, ask),
    tools: tape.tools,
    get unused() {
      return tape.unused;
    },
  };
}

/** Throws an Error for a value that is none. */
export function modeFromEnvironment(value = process.env.LONGLINE_CASSETTE): RecordingMode {
  if (value === undefined || value === "") return "strict";
  if (value === "record" || value === "replay" || value === "strict") return value;
  throw new Error(`LONGLINE_CASSETTE is "${value}": it must be record, replay or strict.`);
}

/** Recorded answers to one request, in the order in which they came. */
interface RecordedAnswers {
  exchanges: RecordedExchange[];
  given: number;
}

class Tape {
  readonly tools: Record<string, (input: unknown) => unknown> = {};
  readonly #path: string | undefined;
  readonly #mode: RecordingMode;
  readonly #options: RecordedOptions;
  readonly #clean: (text: string) => string;
  readonly #byKey = new Map<string, RecordedAnswers>();
  readonly #calls: { call: RecordedCall; isGiven: boolean }[] = [];
  /** What was requested and not recorded, in strict mode. */
  fault: string | undefined;

  constructor(path: string | undefined, mode: RecordingMode, options: RecordedOptions) {
    this.#path = path;
    this.#mode = mode;
    this.#options = options;
    const { apiKey, secrets = {} } = options;
    this.#clean = secretRemover({ ...secrets, ...(apiKey !== undefined && { MODEL_API_KEY: apiKey }) });
    if (mode === "record") this.#begin();
    else this.#load();
  }

  get unused(): string[] {
    const left = [...this.#byKey.values()].filter(({ exchanges, given }) => given < exchanges.length);
    return left.flatMap(({ exchanges, given }) => exchanges.slice(given).map(({ request }) => request.target));
  }

  fetchAs(kind: RecordedKind, ask = this.#options.fetch): typeof fetch {
    return async (input, init) => {
      const sent = new Request(input, init);
      const body = sent.body === null ? "" : await sent.clone().text();
      const request = canonicalRequest(kind, { method: sent.method, url: sent.url, body }, this.#clean);
      const found = this.#mode === "record" ? undefined : this.#answer(requestKey(kind, request));
      if (found !== undefined) return responseOf(found.response);
      if (this.#mode === "strict") return this.#refuse(kind, request);
      const response = await recordedResponse(await this.#send(kind, sent, ask), this.#clean);
      this.#keep({ kind, request, response });
      return responseOf(response);
    };
  }

  /** A model client gets a refusal that is not tried again; every other caller gets the error of a host that cannot be reached. */
  #refuse(kind: RecordedKind, request: RecordedExchange["request"]): Response {
    this.fault ??= this.#missing(kind, request);
    if (kind !== "model") throw new TypeError(this.fault);
    return Response.json({ error: { message: this.fault } }, { status: 400 });
  }

  /** The provider's own address and key are put in here: nothing else knows them. */
  #send(kind: RecordedKind, request: Request, fetch = globalThis.fetch): Promise<Response> {
    const { baseUrl, apiKey } = this.#options;
    if (kind !== "model" || baseUrl === undefined) return fetch(request);
    const path = new URL(request.url).pathname.replace(/^.*?(?=\/(?:chat\/completions|models)$)/, "");
    const moved = new Request(`${baseUrl.replace(/\/+$/, "")}${path}`, request);
    if (apiKey !== undefined) moved.headers.set("authorization", `Bearer ${apiKey}`);
    return fetch(moved);
  }

  /** When requested more often than recorded, the last answer is given again, but not in strict mode. */
  #answer(key: string): RecordedExchange | undefined {
    const answers = this.#byKey.get(key);
    if (answers === undefined) return undefined;
    const at = this.#mode === "strict" ? answers.given : Math.min(answers.given, answers.exchanges.length - 1);
    answers.given++;
    return answers.exchanges[at];
  }

  #missing(kind: RecordedKind, request: RecordedExchange["request"]): string {
    const again = "Record it again with LONGLINE_CASSETTE=record, or add it with LONGLINE_CASSETTE=replay.";
    const where = this.#path === undefined ? "" : ` in ${this.#path}`;
    const known = this.#byKey.get(requestKey(kind, request));
    if (known !== undefined)
      return `${request.target} is recorded ${known.exchanges.length} times${where}, and was requested once more. ${again}`;
    const all = [...this.#byKey.values()].flatMap(({ exchanges }) => exchanges.filter((each) => each.kind === kind));
    const nearest = nearestRequest(
      request,
      all.map((each) => each.request),
    );
    if (nearest === undefined) return `${request.target} is not recorded${where}. ${again}`;
    const { byte, segment, before, now } = requestDifference(nearest.body, request.body);
    return `${request.target} is not recorded${where}. It differs from the one that is most like it at byte ${byte}: ${segment}. Recorded: …${before}…, now: …${now}… ${again}`;
  }

  #begin(): void {
    if (this.#path === undefined) return;
    mkdirSync(dirname(this.#path), { recursive: true });
    writeFileSync(this.#path, "");
  }

  #load(): void {
    if (this.#path === undefined || !existsSync(this.#path)) return;
    for (const line of readRecording(readFileSync(this.#path, "utf8"), this.#path)) this.#take(line);
  }

  #take(line: RecordedLine): void {
    if (line.kind === "call") {
      this.#takeCall(line);
      return;
    }
    const key = requestKey(line.kind, line.request);
    const answers = this.#byKey.get(key) ?? { exchanges: [], given: 0 };
    answers.exchanges.push(line);
    this.#byKey.set(key, answers);
  }

  #takeCall(call: RecordedCall): void {
    this.#calls.push({ call, isGiven: false });
    this.tools[call.name] ??= (input) => this.#result(call.name, canonicalJson(input));
  }

  #result(name: string, written: string): string {
    const same = this.#calls.filter(({ call }) => call.name === name && call.arguments === written);
    const found = same.find(({ isGiven }) => !isGiven) ?? (this.#mode === "strict" ? undefined : same.at(-1));
    if (found === undefined) throw new Error(`This call of ${name} was not recorded: ${written}`);
    found.isGiven = true;
    if (found.call.isError) throw new Error(found.call.content);
    return found.call.content;
  }

  #keep(exchange: RecordedExchange): void {
    this.#take(exchange);
    const answers = this.#byKey.get(requestKey(exchange.kind, exchange.request));
    if (answers !== undefined) answers.given++;
    if (this.#path === undefined) return;
    mkdirSync(dirname(this.#path), { recursive: true });
    appendFileSync(this.#path, `${JSON.stringify(exchange)}\n`);
  }
}
