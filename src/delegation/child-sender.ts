/** Sends children what their rows owe them: the task, a person's answer, the stop; and the account the end of a share. What fails is sent again, later each time; each of it counts once at the child. */
import { accountObject } from "../account/account-object.ts";
import { refusalOf, unwrap } from "../account/outcome.ts";
import type { ParentCall } from "../agent/delegation-feature.ts";
import { type BackoffRange, backoffMs } from "../core/backoff.ts";
import { AppError } from "../core/errors.ts";
import { sessionObject } from "../session/session-object.ts";
import type { ChildRow, ChildRows } from "./child-rows.ts";
import type { ChildrenHost } from "./children-host.ts";
import { agentsChannel, type ParentAddress, reportLate } from "./parent-outlet.ts";

/** From half a second to five minutes: mostly another object is being moved or deployed. */
const pauses: BackoffRange = { baseMs: 500, longestMs: 300_000 };
/** While something is being sent, it is looked at again by then. */
const patienceMs = 10_000;
const erasedAtOnce = 5;

export class ChildSender {
  readonly #host: ChildrenHost;
  readonly #rows: ChildRows;
  readonly #settle: (row: ChildRow, result: string) => void;
  readonly #busy = new Set<string>();
  readonly #sending = new Set<Promise<void>>();

  /** `settle`: the call gets this result, because its child cannot begin. */
  constructor(host: ChildrenHost, rows: ChildRows, settle: (row: ChildRow, result: string) => void) {
    this.#host = host;
    this.#rows = rows;
    this.#settle = settle;
  }

  wake(): void {
    const nowMs = Date.now();
    for (const row of this.#rows.live) {
      if (row.nextAtMs === null || row.nextAtMs > nowMs || this.#busy.has(row.session)) continue;
      this.#busy.add(row.session);
      const sending = this.#lookAfter(row).finally(() => this.#sending.delete(sending));
      this.#sending.add(sending);
      this.#host.hold(sending);
    }
  }

  dueMs(): number | undefined {
    const dues = this.#rows.live.flatMap(({ nextAtMs, session }) => {
      if (nextAtMs === null) return [];
      return [this.#busy.has(session) ? Date.now() + patienceMs : nextAtMs];
    });
    return dues.length === 0 ? undefined : Math.min(...dues);
  }

  async erase(): Promise<void> {
    // A task on its way would begin the child again.
    await Promise.allSettled(this.#sending);
    const left = this.#rows.sessions();
    const eraseSome = async () => {
      for (let child = left.shift(); child !== undefined; child = left.shift()) await this.#erase(child);
    };
    await Promise.all(Array.from({ length: erasedAtOnce }, eraseSome));
  }

  async #lookAfter(row: ChildRow): Promise<void> {
    try {
      await this.#send(row);
    } catch (error) {
      console.error("a child could not be reached; it is tried again", error);
      this.#postpone(row);
    } finally {
      this.#busy.delete(row.session);
    }
    this.#host.rested();
    this.wake();
  }

  async #send(row: ChildRow): Promise<void> {
    if (row.data.owesLate) await this.#reportLate(row);
    switch (row.state) {
      case "opening":
        return this.#open(row);
      case "open":
        return this.#answer(row);
      case "stopping":
        return this.#stop(row);
      case "stopped":
      case "ended":
        return this.#closeShare(row);
    }
  }

  /** The row as it is now, where it is still there and in the state in which it was sent for. */
  #same({ seq, callId, state }: ChildRow): ChildRow | undefined {
    const now = this.#rows.get(seq, callId);
    return now?.state === state ? now : undefined;
  }

  #postpone({ seq, callId }: ChildRow): void {
    const now = this.#rows.get(seq, callId);
    if (now === undefined || now.nextAtMs === null) return;
    const attempts = now.data.attempts + 1;
    const nextAtMs = Date.now() + backoffMs(attempts, pauses, Math.random());
    this.#rows.put({ ...now, nextAtMs, data: { ...now.data, attempts } });
  }

  async #open(row: ChildRow): Promise<void> {
    const { data, session } = row;
    const { account, name } = this.#host.settings();
    if (data.hasShare && !(await this.#openShare(row))) return;
    // It may have been stopped meanwhile: then it never begins.
    if (this.#same(row) === undefined) return;
    const { content, responseFormat, traceparent, agent } = data;
    const parent = this.#parentCall(row);
    const replyTo: ParentAddress = { channel: agentsChannel, parent: name, birth: parent.birth };
    const message = { content, options: responseFormat === undefined ? {} : { responseFormat } };
    const answer = await sessionObject(this.#host.bindings, { account, name: session }).submit(
      { account, name: session },
      {
        create: { agent, title: `${agent}: ${content.slice(0, 80).toWellFormed()}`, parent },
        messages: [{ ...message, ...(traceparent !== undefined && { traceparent }) }],
        claims: [taskClaim],
        replyTo,
      },
    );
    const same = this.#same(row);
    if (answer.ok && answer.value.type === "accepted") {
      const { turn } = answer.value;
      // It may have been stopped meanwhile: then the stop names this turn.
      const now = same ?? this.#rows.get(row.seq, row.callId);
      if (now === undefined) return;
      // The child may have asked for an approval already, and its answer may be waiting here.
      const nextAtMs = now.data.answers.length === 0 ? null : Date.now();
      const to = same === undefined ? {} : { state: "open" as const, nextAtMs };
      return this.#rows.put({ ...now, ...to, data: { ...now.data, turn, attempts: 0 } });
    }
    if (same === undefined) return;
    const refused = answer.ok || "refusal" in answer ? undefined : refusalOf(answer);
    if (refused?.code === "unavailable") throw refused;
    const why = answer.ok ? answer.value.type : (refused?.message ?? ("refusal" in answer ? answer.refusal.code : ""));
    this.#settle(same, `Not called: the agent "${agent}" could not begin. ${why}`);
  }

  #parentCall({ callId, turn, data }: ChildRow): ParentCall {
    const { name, birth, parent } = this.#host.settings();
    const { untilMs, hasShare } = data;
    return {
      ...{ session: name, birth, turn, callId, untilMs, hasShare },
      depth: (parent?.depth ?? 0) + 1,
      root: parent?.root ?? name,
      maxDepth: deepestOf(this.#host),
    };
  }

  /** False when the call was settled because there is not so much money. */
  async #openShare(row: ChildRow): Promise<boolean> {
    const { account, name: parent } = this.#host.settings();
    const { budgetMicros: micros, agent } = row.data;
    const share = { session: row.session, parent, ...(micros !== undefined && { micros }) };
    const answer = await accountObject(this.#host.bindings, account).share(share);
    if (answer) return true;
    const same = this.#same(row);
    const why = `Less than $${((micros ?? 0) / 1e6).toFixed(6)} of the budget is left.`;
    if (same !== undefined) this.#settle(same, `Not called: the agent "${agent}" has a price limit. ${why}`);
    return false;
  }

  /** The child takes each answer once; one that it does not wait for any more changes nothing. */
  async #answer(row: ChildRow): Promise<void> {
    const { account } = this.#host.settings();
    const address = { account, name: row.session };
    for (const { ref, ...decision } of row.data.answers) {
      const approvals = [{ call: { ref }, ...decision }];
      const answer = await sessionObject(this.#host.bindings, address).submit(address, { approvals });
      if (!answer.ok && !("refusal" in answer) && answer.code === "unavailable") throw refusalOf(answer);
    }
    const now = this.#same(row);
    if (now === undefined) return;
    const answers = now.data.answers.slice(row.data.answers.length);
    const nextAtMs = answers.length === 0 ? null : Date.now();
    this.#rows.put({ ...now, nextAtMs, data: { ...now.data, answers, attempts: 0 } });
  }

  async #stop(row: ChildRow): Promise<void> {
    const { account } = this.#host.settings();
    const child = sessionObject(this.#host.bindings, { account, name: row.session });
    mayBeGone(await child.cancel(row.data.turn));
    const hasBegun = row.data.turn !== undefined || (await hasTurn(child));
    const now = this.#same(row);
    if (now === undefined) return;
    // The rest of its share stays until it says that it has ended. One that never began never says so.
    if (hasBegun) this.#rows.put({ ...now, state: "stopped", nextAtMs: null });
    else this.#settle({ ...now, data: { ...now.data, neverBegan: true } }, "");
  }

  async #closeShare(row: ChildRow): Promise<void> {
    const { account } = this.#host.settings();
    if (row.data.hasShare) await accountObject(this.#host.bindings, account).share({ over: row.session });
    const now = this.#same(row);
    if (now !== undefined && !now.data.owesLate) this.#rows.put({ ...now, nextAtMs: null });
  }

  /** What comes meanwhile is sent with the next. */
  async #reportLate(row: ChildRow): Promise<void> {
    await reportLate(this.#host, this.#rows.late(this.#host.firstTurn()));
    const now = this.#rows.get(row.seq, row.callId);
    if (now === undefined || JSON.stringify(now.data.late) !== JSON.stringify(row.data.late)) return;
    const { owesLate: _, ...data } = now.data;
    this.#rows.put({ ...now, data });
  }

  async #erase(child: string): Promise<void> {
    const { account } = this.#host.settings();
    const address = { account, name: child };
    mayBeGone(await sessionObject(this.#host.bindings, address).erase(address));
    this.#rows.remove(child);
  }
}

/** Names the one message that a child is made for. */
const taskClaim = "agent-call";

/** Unless the agents' limits say otherwise. */
const mostDeep = 4;

/** How deep a call may be, by the limits of the session's agent and of all above it. */
export function deepestOf({ agent, settings }: ChildrenHost): number {
  return Math.min(agent().limits.maxDepth ?? mostDeep, settings().parent?.maxDepth ?? Number.POSITIVE_INFINITY);
}

async function hasTurn(child: ReturnType<typeof sessionObject>): Promise<boolean> {
  const newest = await child.newest();
  mayBeGone(newest);
  return newest.ok && newest.value !== null;
}

function mayBeGone(answer: Parameters<typeof unwrap>[0]): void {
  try {
    unwrap(answer);
  } catch (error) {
    if (!(error instanceof AppError && error.code === "not_found")) throw error;
  }
}
