/** Does what the loop asks for: the one place where model, tools, log and feed meet. Decides nothing about the turn. */
import type { Agent } from "../agent.ts";
import type { Draft, StepTry } from "../core/assemble.ts";
import type { Prices } from "../core/cost.ts";
import { sha256Hex } from "../core/digest.ts";
import type { NewEntry } from "../core/entry.ts";
import type { ToolCall, ToolResult } from "../core/message.ts";
import type { ModelEvent } from "../core/model-event.ts";
import type { TurnView } from "../core/next-step.ts";
import type { Effects } from "../core/run-turn.ts";
import { generate } from "../model/client.ts";
import { requestBody, serializeHead } from "../model/serialize.ts";
import { runTool } from "../tools/run-tool.ts";
import type { Waiting } from "./inbox.ts";
import type { SessionParts } from "./session-parts.ts";
import type { TurnModel } from "./turn-model.ts";

/** A session was erased under a running turn: nothing of it may be written any more. */
export class Erased extends Error {}

export interface TurnContext {
  agent: Agent;
  model: TurnModel;
  turn: Waiting & { firstSeq: number };
  signal: AbortSignal;
}

export class SessionEffects implements Effects {
  readonly #parts: SessionParts;
  readonly #of: TurnContext;

  constructor(parts: SessionParts, of: TurnContext) {
    this.#parts = parts;
    this.#of = of;
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

  async beginStep({ turn, step }: { turn: string; step: number }): Promise<StepTry & { prices: Prices }> {
    this.#mustLive();
    const { log, checkpoint, storage } = this.#parts;
    const seq = log.lastSeq + 1;
    const attempt = checkpoint.begin(seq);
    // Readers get ids that name this attempt: it must be on disk before the first of them leaves.
    await storage.sync();
    const { id, prices } = this.#of.model.profile;
    return { seq, turn, step, attempt, model: id, prices };
  }

  generate(): AsyncIterable<ModelEvent[]> {
    const { profile, thinking, baseUrl, apiKey, fetch } = this.#of.model;
    const { agent, signal } = this.#of;
    const { instructions } = this.#parts.record.read();
    const head = serializeHead({
      profile,
      ...(thinking !== undefined && { thinking }),
      tools: agent.tools.declarations,
      instructions: instructions === null ? agent.instructions : `${agent.instructions}\n\n${instructions}`,
    });
    const body = requestBody(head, this.#parts.conversation.messages(profile));
    return generate({ baseUrl, ...(apiKey !== undefined && { apiKey }), body, fetch, signal });
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

  #mustLive(): void {
    if (this.#parts.feed.closed) throw new Erased("The session was erased while its turn was running.");
  }
}
