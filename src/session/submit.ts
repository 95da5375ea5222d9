/** The one way into a session: messages, approvals, results, and the history that a client believes in. Checks them against the rows, and takes all of it in one transaction, or none. What a turn does then is decided in core. */

import type { App } from "../agent/app.ts";
import { AppError } from "../core/errors.ts";
import { entriesOfHistory, type HistoryItem } from "../core/history.ts";
import type { Bindings } from "../env.ts";
import { pace, toolsWorkMs } from "../http/pace.ts";
import type { Notice } from "../observe/telemetry.ts";
import type { AliveSession, SessionLifecycle } from "./lifecycle.ts";
import type { AnswerPart } from "./read/answer-request.ts";
import { historyOf } from "./read/reconcile.ts";
import { SubmitRefused } from "./refusal.ts";
import type { Outbox } from "./store/outbox.ts";
import type { SessionAddress, SessionChoices } from "./store/session-record.ts";
import { attemptAfter, untilStopped, withoutUnanswered } from "./submit/attempts.ts";
import type { Submission, SubmitRows, Submitted } from "./submit/submit-rows.ts";
import { type TakenAnswers, takeAll, takeEach, takeResent } from "./submit/take-answers.ts";
import { refusedModels } from "./turn/turn-model.ts";

/** The object that something is submitted to. */
export interface SubmitTarget {
  lifecycle: SessionLifecycle;
  app: App;
  bindings: Bindings;
  /** Makes the session. */
  create(address: SessionAddress, choices: SessionChoices): AliveSession;
  /** Keeps the object awake until the promise settles. */
  hold(work: Promise<void>): void;
}

/** `isStreamed`: the answer begins at once, and a new session is listed a moment later. Throws `SubmitRefused`. */
export async function submit(
  target: SubmitTarget,
  address: SessionAddress,
  given: Submission & { isStreamed?: boolean },
): Promise<Submitted> {
  const { lifecycle } = target;
  // Taking a megabyte of tools over from the caller was a piece of work; writing them is another.
  const { tools } = given.messages?.[0]?.options ?? {};
  if (tools !== undefined) await pace(toolsWorkMs(tools));
  await lifecycle.settled();
  const found = lifecycle.ifAlive;
  if (found === undefined) {
    if (given.create === undefined) throw new SubmitRefused({ code: "no_session" });
    if ((given.history?.before.length ?? 0) > 0) return { type: "absent" };
    if (!given.beginsAnew) await lifecycle.refuseErased(address);
  } else {
    const sent = historyIn(given);
    if (sent !== undefined) await historyOf(found.session).readAhead(sent);
    if (given.receipt?.isDerived) await untilStopped(found.session, given.receipt);
  }
  const isNew = lifecycle.ifAlive === undefined;
  const alive = lifecycle.ifAlive ?? made(target, address, given);
  const checks = checksOf(target, alive, given, isNew);
  await alive.version?.choose(given.messages?.[0]?.speaker);
  // The session may have been erased while the account was asked: the message is taken as one that comes after that.
  if (lifecycle.ifAlive !== alive) return submit(target, address, given);
  const submitted = alive.session.storage.transactionSync(() => takeSubmission(alive.session, given, checks));
  if (submitted.type === "accepted") await begin(alive, target, { ...given, isNew });
  return submitted;
}

/** Without any earlier message there is nothing to compare. */
function historyIn({ history }: Submission): Submission["history"] {
  return history?.before.length === 0 ? undefined : history;
}

/** A session that is made for a message. What refuses the message is found before anything is written. */
function made(target: SubmitTarget, address: SessionAddress, given: Submission): AliveSession {
  if (given.create === undefined) throw new SubmitRefused({ code: "no_session" });
  const agent = target.app.agents.of(given.create.agent ?? null);
  mustBeAllowed(target, { agent, sessionModel: given.create.model ?? null }, given);
  return target.create(address, given.create);
}

/** What is checked and written, all at once. */
type Checks = (phase: "agent" | "model") => void;

/** Takes all of it, or throws. `mustBe` refuses for what is not in the rows: who answers. Runs in the caller's transaction. */
export function takeSubmission(
  rows: SubmitRows & Parameters<typeof historyOf>[0],
  given: Submission,
  mustBe: Checks,
): Submitted {
  const before = submittedBefore(rows, given);
  if (before !== undefined) return accepted(rows, before, { repeated: true });
  mustBe("agent");
  const sent = historyIn(given);
  const compared = sent && historyOf(rows).compare(sent);
  if (compared?.same === false) return { type: "edited", items: compared.items, afterSeq: compared.afterSeq };
  mustBe("model");
  const taken = takeAnswers(rows, given);
  if (taken.type === "moved_on") return taken;
  if (taken.type === "no_answers") return accepted(rows, { turn: takeMessages(rows, given) }, { repeated: false });
  if (given.replyTo !== undefined) rows.outbox.freshen(taken.place.turn, given.replyTo);
  return accepted(rows, taken.place, taken);
}

/** Nothing goes on in a session whose agent is gone, and none changes its agent. What was taken before is answered as it was then. */
function checksOf(target: SubmitTarget, { session, agent }: AliveSession, given: Submission, isNew: boolean): Checks {
  return (phase) => {
    if (isNew) return;
    if (phase === "model") return mustBeAllowed(target, { agent, sessionModel: session.record.read().model }, given);
    if (given.agent !== undefined && given.agent !== agent.name) {
      throw new SubmitRefused({ code: "other_agent", agent: agent.name, named: given.agent });
    }
    target.app.agents.mustBeThere(agent);
  };
}

/** Where the same request was taken before: by a name of its message, or by its receipt. Throws when that came with another body. */
function submittedBefore(rows: SubmitRows, given: Submission): AnswerPart | undefined {
  const { receipt = {}, claims = [], continuation } = given;
  const claimed = rows.inbox.claimed(claims);
  const place = claimed === undefined ? rows.turns.taken(receipt) : { turn: claimed };
  if (place === undefined) return undefined;
  rows.inbox.claim(claims, place.turn);
  // A key of the sender's names one answer, also one that failed.
  return receipt.isDerived && continuation !== undefined ? attemptAfter(rows, place, continuation) : place;
}

function takeAnswers(rows: SubmitRows, given: Submission): TakenAnswers {
  const { approvals = [], results = [], messages = [], receipt = {}, answers = "each" } = given;
  const all = { ...given, approvals, results, messages, receipt };
  if (answers === "all") return takeAll(rows, all);
  if (approvals.length + results.length === 0) return { type: "no_answers" };
  return answers === "resent" ? takeResent(rows, all) : takeEach(rows, all);
}

/** The turn of the first message: a new one with what is owed for it, or the open one that it joins. */
function takeMessages(rows: SubmitRows, given: Submission): string {
  const { turns, inbox, outbox } = rows;
  const { messages = [], receipt = {}, claims = [], replyTo, onBusy = "queue" } = given;
  const [message, ...also] = given.history === undefined ? messages : withoutUnanswered(rows, messages);
  if (message === undefined) throw new SubmitRefused({ code: "nothing_submitted" });
  const atMs = Date.now();
  const ifWaiting = turns.waitingFor.length > 0 ? "interrupt" : "queue";
  const turn = turns.accept({ message, receipt, onBusy: onBusy === "interrupt_wait" ? ifWaiting : onBusy }, atMs);
  inbox.claim(claims, turn);
  for (const each of also) inbox.add(each, { atMs, joins: turn });
  if (replyTo !== undefined) outbox.add({ turn, address: replyTo, atMs });
  return turn;
}

function accepted({ turns }: SubmitRows, place: AnswerPart, { repeated }: { repeated: boolean }): Submitted {
  return { type: "accepted", ...place, repeated, state: turns.state(place.turn) ?? { status: "queued" } };
}

/** What was taken is worked at. A new session is listed in its account before its answer is plain. */
async function begin(
  { session, work }: AliveSession,
  { hold }: SubmitTarget,
  { isNew, isStreamed }: { isNew: boolean; isStreamed?: boolean },
): Promise<void> {
  const { open } = session.turns;
  if (open?.stop !== undefined) work.abort(open.turn);
  work.start();
  if (isNew && isStreamed) hold(work.listSoon());
  else if (isNew) await work.report();
}

/** Throws when the account may use none of the models that would answer. */
function mustBeAllowed(
  { app, bindings }: SubmitTarget,
  of: Pick<AliveSession, "agent"> & { sessionModel: string | null },
  { models, messages, continuation }: Submission,
): void {
  const options = continuation?.options ?? messages?.[0]?.options ?? {};
  const names = refusedModels({ ...of, settings: app.settings, bindings, options }, models);
  if (names !== undefined)
    throw new SubmitRefused({ code: "models_not_allowed", models: names, allowed: [...(models ?? [])] });
}

/** Adds messages of a conversation from elsewhere, as turns that have ended. No model is called. `model`: recorded as the model of the answers. Returns where the first entry is. Runs in the caller's transaction. */
export function addHistory(
  { log, inbox, turns }: Pick<SubmitRows, "log" | "inbox" | "turns">,
  items: readonly HistoryItem[],
  model: string,
): { firstSeq: number } {
  if (turns.busy) {
    throw new AppError("session_busy", "A turn is open in this conversation. Wait until it has ended, or cancel it.");
  }
  const firstSeq = log.lastSeq + 1;
  const entries = entriesOfHistory(items, { firstSeq, firstTurn: inbox.lastId + 1, model, atMs: Date.now() });
  for (const entry of entries) {
    log.append([entry]);
    if (entry.type === "user" && !entry.joined) inbox.restore(entry.turn, { firstSeq: entry.seq, atMs: entry.atMs });
  }
  return { firstSeq };
}

type NoticeRows = Parameters<typeof addHistory>[0] & { outbox: Outbox };

/** Takes a notice that no model wrote, such as an alert: a turn that has ended, whose answer is owed to an address. Runs in the caller's transaction. Returns its turn; the same notice comes in once. Throws `session_busy` while a turn is open. */
export function takeNotice(rows: NoticeRows, { id, subject, text, data, to }: Notice): string {
  const { inbox, log, outbox } = rows;
  const name = `notice ${id}`;
  const earlier = inbox.claimed([name]);
  if (earlier !== undefined) return earlier;
  const answer = { role: "assistant" as const, content: text, reasoning: "", calls: [] };
  addHistory(rows, [{ role: "user", content: subject }, answer], "longline");
  const turn = log.last?.turn ?? "";
  const atMs = Date.now();
  inbox.claim([name], turn);
  const address = { ...to, alert: data };
  outbox.add({ turn, address, atMs });
  outbox.turnEnded(turn, atMs);
  return turn;
}
