/** The children of a session: which calls may be opened, what they ask of people, and what becomes of a call when its child has ended or is no longer waited for. What is owed to a child is a row, and `child-sender.ts` sends it. */
import type { Agent } from "../agent/agent.ts";
import {
  type AgentRequest,
  type AnsweredAsks,
  agentsOf,
  type CallToOpen,
  type ChildAnswer,
  type ChildAsk,
  type ChildReport,
  type ChildUse,
  type GivenAsk,
  type SessionChildren,
} from "../agent/delegation-feature.ts";
import type { ApprovalEntry, NewEntry, ToolEntry } from "../core/entry.ts";
import type { ToolCall } from "../core/message.ts";
import type { WaitingCall } from "../core/waits.ts";
import { agentRules, callsOf, handedTo, handoffOf, isForAgent } from "./agent-calls.ts";
import { answeredAsks } from "./answered-asks.ts";
import { type ChildEnd, childResult } from "./child-result.ts";
import { type ChildRow, ChildRows, isAtWork, isOpen } from "./child-rows.ts";
import { ChildSender, deepestOf } from "./child-sender.ts";
import { grownBy, noUse, plusUse } from "./child-use.ts";
import type { ChildrenHost } from "./children-host.ts";
import { reportGone } from "./parent-outlet.ts";

/** Unless the agent's limits say otherwise. */
const mostChildren = 20;

export class Children implements SessionChildren {
  readonly #host: ChildrenHost;
  readonly #rows: ChildRows;
  readonly #sender: ChildSender;
  readonly #held = new HeldAnswers();
  #isErasing = false;

  constructor(host: ChildrenHost) {
    this.#host = host;
    this.#rows = new ChildRows(host.storage.sql);
    this.#sender = new ChildSender(host, this.#rows, (row, result) => this.#settle(row, result));
  }

  opened(): ReadonlySet<string> {
    const turn = this.#host.openTurn();
    const works = this.#rows.live.filter((row) => row.turn === turn && this.#isAtWork(row));
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
    // What `before` made of the arguments is for `after` to read.
    const kept = (input: unknown) => (agent.hooks.after === undefined ? {} : { input });
    return (input) => this.#open({ ...opening, call }, { ...calls.request(input), ...kept(input) });
  }

  answerOf({ id }: ToolCall, replySeq: number): ChildAnswer | undefined {
    const row = this.#rows.get(replySeq, id);
    const ended = row && this.#held.of(row.session);
    if (row === undefined || ended === undefined || !isAtWork(row)) return undefined;
    const settle: ChildAnswer["settle"] = ({ content, isError }) => {
      this.#end(this.#rows.ofSession(row.session), ended, { callId: id, result: { content, isError } });
    };
    return { input: row.data.input, ...this.#resultOf(row, ended), settle };
  }

  /** Writes down that the call is to be opened. Throws an Error that the model reads where it may not be. Does nothing for one that is opened already. */
  #open({ call, reply, traceparent }: CallToOpen, request: AgentRequest & { input?: unknown }): void {
    const child = reply.children?.[call.id];
    if (child === undefined || this.#rows.get(reply.seq, call.id) !== undefined) return;
    if (request.agent !== child.agent)
      throw new Error(`Not called: the call named the agent "${child.agent}", and another one took its place.`);
    const { parent } = this.#host.settings();
    this.#mustBeAllowed(reply.turn, child.session);
    const { content, responseFormat, budgetMicros, input } = request;
    this.#rows.put({
      ...{ seq: reply.seq, callId: call.id, turn: reply.turn, session: child.session },
      ...{ state: "opening", nextAtMs: Date.now() },
      data: {
        ...{ name: call.name, agent: child.agent, step: reply.step, content, asks: [], answers: [], attempts: 0 },
        sinceMs: reply.atMs,
        untilMs: reply.atMs + this.#waitMs(call.name, reply.atMs),
        hasShare: budgetMicros !== undefined || parent?.hasShare === true,
        ...(responseFormat && { responseFormat }),
        ...(input !== undefined && { input }),
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
    queueMicrotask(() => {
      this.#release();
      this.wake();
    });
  }

  waiting(): WaitingCall[] {
    const turn = this.#host.openTurn();
    return this.#rows.live.flatMap((row) => {
      const { turn: own, session, callId, data } = row;
      // A child that asks has begun, even if the call that began it has not been answered yet.
      if (own !== turn || !this.#isAtWork(row)) return [];
      const { agent, sinceMs } = data;
      return data.asks.flatMap(({ ref, name, arguments: text, state: asked }): WaitingCall[] => {
        const child = { session, agent, of: callId };
        return asked === "open" ? [{ id: ref, name, arguments: text, kind: "approval", sinceMs, child }] : [];
      });
    });
  }

  asked(turn: string): (ChildAsk & { step: number; agent: string })[] {
    return this.#rows.ofTurn(turn).flatMap((row) =>
      row.data.asks.map((ask) => {
        const isOver = ask.state === "open" && !this.#isAtWork(row);
        const { step, agent } = row.data;
        return { ...ask, ...(isOver && { state: "void" as const }), step, agent };
      }),
    );
  }

  callOf(ref: string): string | undefined {
    const turn = this.#host.newestTurn();
    const rows = turn === undefined ? [] : this.#rows.ofTurn(turn);
    return rows.find(({ data }) => data.asks.some((ask) => ask.ref === ref))?.callId;
  }

  answered<Given extends GivenAsk>(approvals: readonly Given[]): AnsweredAsks<Given> {
    return answeredAsks(approvals, { entries: this.#host.newestEntries(), birth: this.#host.settings().birth });
  }

  async report(report: ChildReport): Promise<"taken" | "gone"> {
    const rows = report.birth === this.#host.settings().birth ? this.#rows.ofSession(report.child) : [];
    if (rows.length === 0) return "gone";
    const { ended, late } = report;
    if (late !== undefined) this.#addLate(rows, late);
    if (ended !== undefined) await this.#takeEnd(rows, ended);
    else if (late === undefined) this.#show(rows, report);
    return "taken";
  }

  wake(): void {
    if (!this.#isErasing) this.#sender.wake();
  }

  dueMs(): number | undefined {
    return this.#sender.dueMs();
  }

  get owes(): boolean {
    return this.#rows.live.some(({ nextAtMs }) => nextAtMs !== null);
  }

  erase(): Promise<void> {
    this.#isErasing = true;
    this.#held.release(() => true);
    return this.#sender.erase();
  }

  leaveParent(): Promise<void> {
    return reportGone(this.#host, this.#rows.late(this.#host.firstTurn()));
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
    const ended = this.#held.of(row.session);
    if (ended !== undefined) this.#record(this.#rows.ofSession(row.session), ended, { callId });
  }

  #passOn({ callId: ref, approve, reason, by }: Omit<ApprovalEntry, "seq">, child: string): void {
    const answer = { ref, approve, ...(reason !== undefined && { reason }), ...(by !== undefined && { by }) };
    for (const row of this.#rows.live.filter((each) => each.session === child && isAtWork(each))) {
      const state = approve ? ("approved" as const) : ("denied" as const);
      const asks = row.data.asks.map((ask) => (ask.ref === ref ? { ...ask, state } : ask));
      const data = { ...row.data, asks, answers: [...row.data.answers, answer] };
      this.#rows.put({ ...row, nextAtMs: Date.now(), data });
    }
  }

  /** An answer that a hook is to see is written when the turn has called it. */
  async #takeEnd(rows: readonly ChildRow[], ended: ChildEnd): Promise<void> {
    const [first] = rows.filter((row) => this.#isWaited(row) || this.#held.of(row.session) !== undefined);
    if (first === undefined || this.#host.agent().hooks.after === undefined) return this.#end(rows, ended);
    const taken = this.#held.keep(first.session, ended);
    this.#host.goOn();
    return taken;
  }

  #end(rows: readonly ChildRow[], ended: ChildEnd, one?: OneCall): void {
    this.#host.storage.transactionSync(() => this.#record(rows, ended, one));
    this.#release();
    this.#host.goOn();
  }

  /** `rows`: all of the child. `one`: only this call of them. Runs in the caller's transaction. */
  #record(rows: readonly ChildRow[], ended: ChildEnd, one?: OneCall): void {
    const { answer: _, why: __, ...facts } = ended;
    const open = rows.filter((row) => isOpen(row) && (one === undefined || row.callId === one.callId));
    const [first] = open;
    if (first === undefined) return;
    const outcome = { ...facts, session: first.session, agent: first.data.agent };
    const isCounted = rows.some(({ data }) => data.isCounted);
    const payer = isCounted ? undefined : (open.find((row) => this.#isWaited(row)) ?? first);
    for (const row of open) {
      const used = row === payer ? outcome : { ...outcome, ...noUse };
      const isWaited = this.#isWaited(row);
      if (isWaited) this.#append(row, { ...(one?.result ?? this.#resultOf(row, ended)), child: used });
      this.#over(
        row,
        row === payer ? { isCounted: true, ...(!isWaited && { late: plusUse(row.data.late ?? noUse, outcome) }) } : {},
      );
    }
    if (payer !== undefined) this.#host.addUsage(outcome, 1);
  }

  #resultOf(row: ChildRow, ended: ChildEnd): Pick<ToolEntry, "content" | "isError"> {
    return childResult(
      row.data.agent,
      ended,
      ended.reason === "completed" ? this.#fault(row, ended.answer) : undefined,
    );
  }

  /** What sessions below a child used after it had ended, or after it had stopped waiting for them. */
  #addLate([first]: readonly ChildRow[], all: ChildUse): void {
    if (first === undefined) return;
    const { lateOfChild = noUse, late = noUse } = first.data;
    const more = grownBy(all, lateOfChild);
    if (more.costMicros + more.steps === 0) return;
    this.#host.storage.transactionSync(() => {
      const data = { ...first.data, late: plusUse(late, more), lateOfChild: plusUse(lateOfChild, more) };
      this.#rows.put(this.#owing({ ...first, data }));
      this.#host.addUsage(more, 0);
    });
    this.wake();
  }

  /** The row with what it owes to the session's own parent. */
  #owing(row: ChildRow): ChildRow {
    if (this.#host.settings().parent === null) return row;
    return { ...row, nextAtMs: Date.now(), data: { ...row.data, owesLate: true } };
  }

  #release(): void {
    this.#held.release((child) => this.#rows.ofSession(child).every(({ state }) => state === "ended"));
  }

  /** A call that could not be opened. */
  #settle(row: ChildRow, content: string): void {
    this.#host.storage.transactionSync(() => {
      if (this.#isWaited(row)) this.#append(row, { content, isError: true });
      this.#over(row, {});
    });
    this.#host.goOn();
  }

  #isWaited(row: ChildRow): boolean {
    return !this.#isErasing && isAtWork(row) && this.#host.openTurn() === row.turn;
  }

  /** Not one whose answer is to be seen by a hook: the turn has that to do. */
  #isAtWork(row: ChildRow): boolean {
    return isAtWork(row) && this.#held.of(row.session) === undefined;
  }

  #append({ turn, callId, data }: ChildRow, result: Pick<ToolEntry, "content" | "isError" | "child">): void {
    const atMs = Date.now();
    const { step, name, sinceMs } = data;
    this.#host.append([{ type: "tool", turn, step, callId, name, ...result, durationMs: atMs - sinceMs, atMs }]);
  }

  #over(row: ChildRow, more: Pick<ChildRow["data"], "isCounted" | "late">): void {
    const { callId, session, data } = row;
    this.#host.progress({ callId, name: data.name, agent: { session, agent: data.agent } }, undefined);
    // The rest of its share is free again.
    const nextAtMs = row.data.hasShare ? Date.now() : null;
    const { input: _, ...kept } = data;
    const over = { ...row, state: "ended" as const, nextAtMs, data: { ...kept, ...more, answers: [], attempts: 0 } };
    this.#rows.put(more.late === undefined ? over : this.#owing(over));
  }

  #show(rows: readonly ChildRow[], { progress, asks }: ChildReport): void {
    let isNew = false;
    for (const row of rows) {
      const { callId, data, session } = row;
      // It goes on though it was stopped: the stop came before its task did.
      if (row.state === "stopped" || (row.state === "ended" && data.neverBegan))
        this.#rows.put({ ...row, state: "stopping", nextAtMs: Date.now() });
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

interface HeldAnswer {
  ended: ChildEnd;
  taken: PromiseWithResolvers<void>;
}

/** Answers of children that the agent's `after` hook is to see before they are written. They are kept by this instance alone: the child's delivery waits for it, and comes again where the instance is lost. */
class HeldAnswers {
  readonly #held = new Map<string, HeldAnswer>();

  /** Of the child of that name. */
  of(child: string): ChildEnd | undefined {
    return this.#held.get(child)?.ended;
  }

  /** Resolves once the answer is written. One that comes again waits for the first. */
  keep(child: string, ended: ChildEnd): Promise<void> {
    const held = this.#held.get(child) ?? { ended, taken: Promise.withResolvers<void>() };
    this.#held.set(child, held);
    return held.taken.promise;
  }

  /** Lets go of those of which nothing is open any more. */
  release(isOver: (child: string) => boolean): void {
    for (const [child, { taken }] of this.#held) {
      if (!isOver(child)) continue;
      this.#held.delete(child);
      taken.resolve();
    }
  }
}

/** One of the calls at which a child works; `result`: what a hook made of its answer. */
interface OneCall {
  callId: string;
  result?: Pick<ToolEntry, "content" | "isError">;
}

/** What a person decided here is known here first. */
function known(before: readonly ChildAsk[], ask: ChildAsk): ChildAsk {
  const decided = before.find(({ ref, state }) => ref === ask.ref && state !== "open");
  return decided !== undefined && ask.state === "open" ? decided : ask;
}
