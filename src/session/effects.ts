/** Does what the loop asks for: the one place where model, tools, log and feed meet. Decides nothing about the turn. */
import type { Agent } from "../agent.ts";
import type { Draft, StepTry } from "../core/assemble.ts";
import type { Prices } from "../core/cost.ts";
import { sha256Hex } from "../core/digest.ts";
import type { Effects } from "../core/effects.ts";
import type { FailedTry, NewEntry } from "../core/entry.ts";
import type { ToolCall, ToolResult } from "../core/message.ts";
import type { ModelEvent } from "../core/model-event.ts";
import type { Again, TurnView } from "../core/next-step.ts";
import { generate, type ModelTimeouts } from "../model/client.ts";
import { pricesAt } from "../model/profile.ts";
import { endpointOf, requestBody, serializeHead } from "../model/serialize.ts";
import { runTool } from "../tools/run-tool.ts";
import type { Waiting } from "./inbox.ts";
import type { SessionParts } from "./session-parts.ts";
import type { TurnModel } from "./turn-model.ts";

/** A session was erased under a running turn: nothing of it may be written any more. */
export class Erased extends Error {}

export interface TurnContext {
  agent: Agent;
  /** In the order in which they are asked. */
  models: readonly [TurnModel, ...TurnModel[]];
  timeouts: ModelTimeouts;
  turn: Waiting & { firstSeq: number };
  signal: AbortSignal;
}

export class SessionEffects implements Effects {
  readonly #parts: SessionParts;
  readonly #of: TurnContext;
  #model: TurnModel;

  constructor(parts: SessionParts, of: TurnContext) {
    this.#parts = parts;
    this.#of = of;
    this.#model = of.models[0];
  }

  get signal(): AbortSignal {
    return this.#of.signal;
  }

  now(): number {
    return Date.now();
  }

  look(): Omit<TurnView, "interrupted"> {
    this.#mustLive();
    const { turns, inbox, log, checkpoint } = this.#parts;
    const { turn, firstSeq } = this.#of.turn;
    return {
      entries: turns.entries(firstSeq),
      cancelRequested: inbox.byTurn(turn)?.cancelled ?? false,
      attempts: checkpoint.attempts(log.lastSeq + 1),
    };
  }

  async beginStep(
    { turn, step }: { turn: string; step: number },
    again?: Again,
    failed?: FailedTry,
  ): Promise<StepTry & { prices: Prices }> {
    this.#mustLive();
    const { log, checkpoint, storage, record, conversation } = this.#parts;
    if (again?.model !== undefined) {
      this.#model = this.#of.models.find(({ profile }) => profile.id === again.model) ?? this.#model;
      // The session stays with the model that took over: going back and forth would lose a warm cache each time.
      record.stickTo(again.model);
    }
    if (again?.otherReasoningRule) conversation.flipReasoningRule(this.#model.profile.id);
    const seq = log.lastSeq + 1;
    const attempt = again?.how === "continue" ? checkpoint.attempts(seq) : checkpoint.begin(seq);
    // Readers get ids that name this attempt: it must be on disk before the first of them leaves.
    await storage.sync();
    const { profile } = this.#model;
    const because = failed === undefined ? {} : { restartedBecause: failed.failure.detail };
    if (failed !== undefined) console.warn("model call tried again", { ...failed, next: profile.id, how: again?.how });
    return { seq, turn, step, attempt, model: profile.id, prices: pricesAt(profile, Date.now()), ...because };
  }

  generate(draft: Draft): AsyncIterable<ModelEvent[]> {
    const { baseUrl, apiKey, fetch } = this.#model;
    const { agent, signal, timeouts, turn } = this.#of;
    const { instructions } = this.#parts.record.read();
    const { profile, messages } = this.#parts.conversation.messages(this.#model.profile);
    const head = serializeHead({
      profile,
      thinking: turn.message.options.thinking,
      tools: agent.tools.declarations,
      instructions: instructions === null ? agent.instructions : `${agent.instructions}\n\n${instructions}`,
      responseFormat: turn.message.options.responseFormat,
    });
    const body = requestBody(head, messages, draft.text.toString());
    return generate({ baseUrl: endpointOf(profile, baseUrl), apiKey, body, fetch, signal, timeouts });
  }

  show(draft: Draft): void {
    this.#parts.feed.show(draft);
  }

  async runTool(call: ToolCall, { turn, step }: { turn: string; step: number }): Promise<ToolResult> {
    const { account, name } = this.#parts.record.read();
    const { search } = this.#parts;
    const beforeSeq = this.#of.turn.firstSeq;
    return runTool(this.#of.agent.tools, call, {
      sessionId: name,
      turn,
      callId: call.id,
      idempotencyKey: await sha256Hex(`${account}:${name} ${turn} ${step} ${call.id}`),
      signal: this.#of.signal,
      now: () => Date.now(),
      fetch: (input, init) => globalThis.fetch(input, init),
      transcript: { search: async (query, limit) => search.find(query, { limit, beforeSeq }) },
    });
  }

  async append(entries: NewEntry[]): Promise<void> {
    this.#mustLive();
    const { log, record, feed, storage } = this.#parts;
    storage.transactionSync(() => {
      log.append(entries);
      for (const entry of entries) if (entry.type === "turn_ended") record.settle(entry);
    });
    const seq = log.lastSeq;
    await storage.sync();
    feed.confirm(seq);
  }

  async pause(delayMs: number): Promise<void> {
    if (delayMs <= 0 || this.signal.aborted) return;
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(over.resolve, delayMs);
    this.signal.addEventListener("abort", () => over.resolve(), { once: true });
    await over.promise;
    clearTimeout(timer);
  }

  chance(): number {
    return Math.random();
  }

  #mustLive(): void {
    if (this.#parts.feed.closed) throw new Erased("The session was erased while its turn was running.");
  }
}
