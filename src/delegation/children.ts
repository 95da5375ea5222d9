/** The children of a session: which calls may be opened, what they ask of people, and what becomes of a call when its child has ended or is no longer waited for. What is owed to a child is a row, and `child-sender.ts` sends it. */
import type { Agent } from "../agent/agent.ts";
import {
  type AgentRequest,
  agentsOf,
  type CallToOpen,
  type ChildAsk,
  type ChildReport,
  type SessionChildren,
} from "../agent/delegation-feature.ts";
import type { ApprovalEntry, NewEntry, ToolEntry } from "../core/entry.ts";
import type { ToolCall } from "../core/message.ts";
import type { WaitingCall } from "../core/waits.ts";
import { agentRules, callsOf, handedTo, handoffOf, isForAgent } from "./agent-calls.ts";
import { childResult } from "./child-result.ts";
import { type ChildRow, ChildRows } from "./child-rows.ts";
import { ChildSender, deepestOf } from "./child-sender.ts";
import type { ChildrenHost } from "./children-host.ts";
import { reportGone } from "./parent-outlet.ts";

/** Unless the agent's limits say otherwise. */
const mostChildren = 20;

export class Children implements SessionChildren {
  readonly #host: ChildrenHost;
  readonly #rows: ChildRows;
  readonly #sender: ChildSender;

  constructor(host: ChildrenHost) {
    this.#host = host;
    this.#rows = new ChildRows(host.storage.sql);
    this.#sender = new ChildSender(host, this.#rows, (row, result) => this.#settle(row, result));
  }

  opened(): ReadonlySet<string> {
    const turn = this.#host.openTurn();
    const works = this.#rows.live.filter((row) => row.turn === turn && isAtWork(row));
    return new Set(works.map(({ callId }) => callId));
  }

  readonly isForAgent = isForAgent;
  readonly handoffOf = handoffOf;
  readonly handedTo = handedTo;

  rules(agent: Pick<Agent, "tools" | "limits">): ReturnType<typeof agentRules> {
    return agentRules(agent, () => this.#host.settings());
  }

  opens(agent: Agent, call: ToolCall, opening: Omit<CallToOpen, "call">): ((input: unknown) => void) | undefined {
    const calls = callsOf(agent, call.name);
    if (calls === undefined || opening.reply.children?.[call.id] === undefined) return undefined;
    return (input) => this.#open({ ...opening, call }, calls.request(input));
  }

  /** Writes down that the call is to be opened. Throws an Error that the model reads where it may not be. Does nothing for one that is opened already. */
  #open({ call, reply, traceparent }: CallToOpen, request: AgentRequest): void {
    const child = reply.children?.[call.id];
    if (child === undefined || this.#rows.get(reply.seq, call.id) !== undefined) return;
    if (request.agent !== child.agent)
      throw new Error(`Not called: the call named the agent "${child.agent}", and another one took its place.`);
    const { parent } = this.#host.settings();
    this.#mustBeAllowed(reply.turn, child.session);
    const { content, responseFormat, budgetMicros } = request;
    this.#rows.put({
      ...{ seq: reply.seq, callId: call.id, turn: reply.turn, session: child.session },
      ...{ state: "opening", nextAtMs: Date.now() },
      data: {
        ...{ name: call.name, agent: child.agent, step: reply.step, content, asks: [], answers: [], attempts: 0 },
        sinceMs: reply.atMs,
        untilMs: reply.atMs + this.#waitMs(call.name, reply.atMs),
        hasShare: budgetMicros !== undefined || parent?.hasShare === true,
        ...(responseFormat && { responseFormat }),
        ...(budgetMicros !== undefined && { budgetMicros }),
        ...(traceparent !== undefined && { traceparent }),
      },
    });
    this.#host.rested();
    this.wake();
  }

  wrote(entries: readonly NewEntry[]): void {
    for (const entry of entries) {
      if (entry.type === "tool" && entry.child === undefined) this.#stop(entry);
      if (entry.type === "approval" && entry.child !== undefined) this.#passOn(entry, entry.child);
    }
    // After the transaction: what was rolled back is not found any more.
    queueMicrotask(() => this.wake());
  }

  waiting(): WaitingCall[] {
    const turn = this.#host.openTurn();
    return this.#rows.live.flatMap(({ state, turn: own, session, callId, data }) => {
      if (state !== "open" || own !== turn) return [];
      const { agent, sinceMs } = data;
      return data.asks.flatMap(({ ref, name, arguments: text, state: asked }): WaitingCall[] => {
        const child = { session, agent, of: callId };
        return asked === "open" ? [{ id: ref, name, arguments: text, kind: "approval", sinceMs, child }] : [];
      });
    });
  }

  asked(turn: string): (ChildAsk & { step: number })[] {
    return this.#rows.ofTurn(turn).flatMap(({ state, data }) =>
      data.asks.map((ask) => {
        const isOver = ask.state === "open" && state !== "open";
        return { ...ask, ...(isOver && { state: "void" as const }), step: data.step };
      }),
    );
  }

  callOf(ref: string): string | undefined {
    const turn = this.#host.newestTurn();
    const rows = turn === undefined ? [] : this.#rows.ofTurn(turn);
    return rows.find(({ data }) => data.asks.some((ask) => ask.ref === ref))?.callId;
  }

  report(report: ChildReport): "taken" | "gone" {
    const rows = report.birth === this.#host.settings().birth ? this.#rows.ofSession(report.child) : [];
    if (rows.length === 0) return "gone";
    const { ended } = report;
    if (ended !== undefined) this.#end(rows, ended);
    else this.#show(rows, report);
    return "taken";
  }

  wake(): void {
    this.#sender.wake();
  }

  dueMs(): number | undefined {
    return this.#sender.dueMs();
  }

  get owes(): boolean {
    return this.#rows.live.some(({ nextAtMs }) => nextAtMs !== null);
  }

  erase(): Promise<void> {
    return this.#sender.erase();
  }

  leaveParent(): Promise<void> {
    return reportGone(this.#host);
  }

  forget(): void {
    this.#rows.forget();
  }

  /** Throws an Error that the model reads. */
  #mustBeAllowed(turn: string, child: string): void {
    const { parent } = this.#host.settings();
    const { limits } = this.#host.agent();
    const deepest = deepestOf(this.#host);
    if ((parent?.depth ?? 0) >= deepest)
      throw new Error(`Not called: agents may call one another ${deepest} deep, and this is the last. Do it yourself.`);
    const most = limits.maxChildren ?? mostChildren;
    const called = new Set(this.#rows.ofTurn(turn).map(({ session }) => session));
    if (!called.has(child) && called.size >= most)
      throw new Error(`Not called: one turn may call ${most} agents. Answer with what you have.`);
  }

  #waitMs(tool: string, sinceMs: number): number {
    const { limits, tools } = this.#host.agent();
    const own = agentsOf(tools.get(tool));
    const wanted = (own?.kind === "call" ? own.timeoutMs : undefined) ?? limits.waitSeconds * 1000;
    return Math.min(wanted, (this.#host.settings().parent?.untilMs ?? Number.POSITIVE_INFINITY) - sinceMs);
  }

  /** The call has a result that is not its child's: its time was over, or its turn. */
  #stop({ turn, callId, step }: Omit<ToolEntry, "seq">): void {
    const row = this.#rows.live.find(
      (each) => each.turn === turn && each.callId === callId && each.data.step === step && isAtWork(each),
    );
    if (row === undefined) return;
    const { name, agent } = row.data;
    this.#host.progress({ callId, name, agent: { session: row.session, agent } }, undefined);
    this.#rows.put({ ...row, state: "stopping", nextAtMs: Date.now() });
  }

  #passOn({ callId: ref, approve, reason, by }: Omit<ApprovalEntry, "seq">, child: string): void {
    const answer = { ref, approve, ...(reason !== undefined && { reason }), ...(by !== undefined && { by }) };
    for (const row of this.#rows.live.filter(({ session, state }) => session === child && state === "open")) {
      const state = approve ? ("approved" as const) : ("denied" as const);
      const asks = row.data.asks.map((ask) => (ask.ref === ref ? { ...ask, state } : ask));
      const data = { ...row.data, asks, answers: [...row.data.answers, answer] };
      this.#rows.put({ ...row, nextAtMs: Date.now(), data });
    }
  }

  #end(rows: readonly ChildRow[], ended: NonNullable<ChildReport["ended"]>): void {
    const { answer, why, ...facts } = ended;
    const open = rows.filter(({ state }) => state !== "ended");
    const [first] = open;
    if (first === undefined) return;
    const outcome = { ...facts, session: first.session, agent: first.data.agent };
    this.#host.storage.transactionSync(() => {
      for (const [place, row] of open.entries()) {
        // Equal calls of a reply have one child, which is paid once.
        const used = place === 0 ? outcome : { ...outcome, ...nothingUsed };
        const fault = ended.reason === "completed" ? this.#fault(row, answer) : undefined;
        if (this.#isWaited(row)) this.#append(row, { ...childResult(row.data.agent, ended, fault), child: used });
        this.#over(row);
      }
      this.#host.addUsage(outcome);
    });
    this.#host.goOn();
  }

  /** A call that could not be opened. */
  #settle(row: ChildRow, content: string): void {
    this.#host.storage.transactionSync(() => {
      if (this.#isWaited(row)) this.#append(row, { content, isError: true });
      this.#over(row);
    });
    this.#host.goOn();
  }

  #isWaited(row: ChildRow): boolean {
    return isAtWork(row) && this.#host.openTurn() === row.turn;
  }

  #append({ turn, callId, data }: ChildRow, result: Pick<ToolEntry, "content" | "isError" | "child">): void {
    const atMs = Date.now();
    const { step, name, sinceMs } = data;
    this.#host.append([{ type: "tool", turn, step, callId, name, ...result, durationMs: atMs - sinceMs, atMs }]);
  }

  #over(row: ChildRow): void {
    const { callId, session, data } = row;
    this.#host.progress({ callId, name: data.name, agent: { session, agent: data.agent } }, undefined);
    // The rest of its share is free again.
    const nextAtMs = row.data.hasShare ? Date.now() : null;
    this.#rows.put({ ...row, state: "ended", nextAtMs, data: { ...row.data, answers: [], attempts: 0 } });
  }

  #show(rows: readonly ChildRow[], { progress, asks }: ChildReport): void {
    let isNew = false;
    for (const row of rows) {
      const { callId, data, session } = row;
      // It goes on though it was stopped: the stop came before its task did.
      if (row.state === "stopped") this.#rows.put({ ...row, state: "stopping", nextAtMs: Date.now() });
      if (row.state !== "open" && row.state !== "opening") continue;
      const { name, agent } = data;
      const shown = asks.map((ask) => known(data.asks, ask));
      if (JSON.stringify(shown) !== JSON.stringify(data.asks)) {
        this.#rows.put({ ...row, data: { ...data, asks: shown } });
        isNew = true;
      }
      this.#host.progress({ callId, name, agent: { session, agent } }, progress);
    }
    this.wake();
    if (isNew) this.#host.changed();
  }

  #fault({ data }: ChildRow, answer: string): string | undefined {
    const own = agentsOf(this.#host.agent().tools.get(data.name));
    return own?.kind === "call" ? own.fault?.(answer) : undefined;
  }
}

const nothingUsed = {
  usage: { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 },
  costMicros: 0,
  steps: 0,
};

function isAtWork({ state }: ChildRow): boolean {
  return state === "opening" || state === "open";
}

/** What a person decided here is known here first. */
function known(before: readonly ChildAsk[], ask: ChildAsk): ChildAsk {
  const decided = before.find(({ ref, state }) => ref === ask.ref && state !== "open");
  return decided !== undefined && ask.state === "open" ? decided : ask;
}
