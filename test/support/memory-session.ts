/** A session without its database: the real loop, client, retry, tools and request rules over a log in memory. For tests, and for comparing models. */
import type { Draft } from "../../src/core/assemble.ts";
import type { Effects } from "../../src/core/effects.ts";
import type { Entry, NewEntry, TurnEndedEntry, TurnOptions } from "../../src/core/entry.ts";
import type { ToolCall, ToolResult } from "../../src/core/message.ts";
import type { ModelEvent } from "../../src/core/model-event.ts";
import type { TurnView } from "../../src/core/next-step.ts";
import { messagesOf } from "../../src/core/request.ts";
import { runTurn } from "../../src/core/run-turn.ts";
import { generate, type ModelTimeouts } from "../../src/model/client.ts";
import { judgeAnswer } from "../../src/model/judge-answer.ts";
import { type Profile, pricesAt } from "../../src/model/profile.ts";
import { afterFailure, type RetryPolicy } from "../../src/model/retry.ts";
import { endpointOf, requestBody, serializeHead, serializeMessage } from "../../src/model/serialize.ts";
import { runTool } from "../../src/tools/run-tool.ts";
import type { Toolbox } from "../../src/tools/tool.ts";
import { MemoryLog } from "./memory-log.ts";

export const timeouts: ModelTimeouts = { firstByteMs: 120_000, idleMs: 60_000, dataMs: 300_000, finishMs: 5_000 };
export const policy: RetryPolicy = {
  retriesPerModel: 2,
  baseMs: 500,
  longestPauseMs: 10_000,
  longestRetryAfterMs: 60_000,
};

export interface MemorySetup {
  profile: Profile;
  baseUrl: string;
  apiKey?: string | undefined;
  fetch: typeof fetch;
  tools: Toolbox;
  instructions: string;
  /** How failed calls are tried again; `policy` when absent. */
  retry?: RetryPolicy;
}

const nothing = { search: async () => [], read: async () => undefined };

export class MemorySession implements Effects {
  readonly log = new MemoryLog();
  readonly signal = new AbortController().signal;
  readonly #setup: MemorySetup;
  #attempt = 0;
  #turns = 0;

  constructor(setup: MemorySetup) {
    this.#setup = setup;
  }

  /** Runs a message to its end and returns how the turn ended. */
  async ask(content: string, options: TurnOptions = {}): Promise<TurnEndedEntry> {
    this.log.append([{ type: "user", turn: `turn_${++this.#turns}`, content, options, atMs: this.now() }]);
    const { profile, retry = policy } = this.#setup;
    await runTurn(this, {
      maxSteps: 6,
      maxBarrenTries: 10,
      maxBarrenMs: 0,
      maxTurnMs: 3_600_000,
      maxWaitMs: 3_600_000,
      effectOf: () => "none",
      waitOf: () => undefined,
      afterFailure: (tries, chance) => afterFailure(tries, { models: [profile], policy: retry, chance }),
      complaint: judgeAnswer,
    });
    return this.log.last as TurnEndedEntry;
  }

  get entries(): Entry[] {
    return this.log.read({ after: 0 });
  }

  look(): TurnView {
    const { entries } = this;
    return {
      entries: entries.slice(entries.findLastIndex(({ type }) => type === "user")),
      barren: { tries: 0, sinceMs: 0 },
      intents: new Set(),
      joining: false,
      windowFull: false,
      nowMs: this.now(),
    };
  }

  async beginStep(step: { turn: string; step: number }) {
    const { profile } = this.#setup;
    const prices = pricesAt(profile, Date.now());
    return { seq: this.log.lastSeq + 1, ...step, attempt: ++this.#attempt, model: profile.id, prices };
  }

  generate(draft: Draft): AsyncIterable<ModelEvent[]> {
    const { profile, baseUrl, apiKey, fetch, tools, instructions } = this.#setup;
    const { entries } = this;
    const asked = entries.findLast((entry) => entry.type === "user");
    const options = asked?.type === "user" ? asked.options : {};
    const head = serializeHead({
      profile,
      tools: tools.declarations,
      instructions,
      thinking: options.thinking,
      responseFormat: options.responseFormat,
    });
    const messages = messagesOf(entries).map((message) => serializeMessage(message, profile));
    const body = requestBody(head, messages, { begun: draft.text.toString() });
    return generate({ baseUrl: endpointOf(profile, baseUrl), apiKey, body, fetch, signal: this.signal, timeouts });
  }

  show() {}

  runTool(call: ToolCall, { turn }: { turn: string }): Promise<ToolResult> {
    const of = {
      sessionId: "memory",
      turn,
      callId: call.id,
      idempotencyKey: call.id,
      signal: this.signal,
      now: () => Date.now(),
    };
    return runTool(this.#setup.tools, call, { ...of, fetch: globalThis.fetch, transcript: nothing });
  }

  async append(entries: NewEntry[]) {
    this.log.append(entries);
  }

  async afford() {
    return true;
  }

  async takeIn() {}

  cutOff() {
    return undefined;
  }

  cut() {
    return undefined;
  }

  summarize(): never {
    throw new Error("Nothing is cut here, so no summary is asked for.");
  }

  now() {
    return Date.now();
  }

  pause(delayMs: number) {
    return new Promise<void>((resolve) => setTimeout(resolve, delayMs));
  }

  chance() {
    return 0.5;
  }
}
