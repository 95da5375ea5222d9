/** Takes in a conversation as a client tells it again whole: finds its session or makes one, and lets in what is new. Where the client has edited its copy, a fork goes on, and the transcript stays as it is. */
import { accountObject } from "../account/account.ts";
import { unwrap } from "../account/outcome.ts";
import { sha256Hex } from "../core/digest.ts";
import type { TurnOptions } from "../core/entry.ts";
import { AppError } from "../core/errors.ts";
import { handedOutText } from "../core/handed-out.ts";
import { entriesOfHistory, type HistoryItem, itemDigest } from "../core/history.ts";
import type { Comparison } from "../core/retold.ts";
import { sessionObject } from "../session/session-object.ts";
import type { InboxMessage, Receipt } from "../session/store/inbox.ts";
import type { ForkedFrom, SessionChoices } from "../session/store/session-record.ts";
import type { AgainWith } from "../session/submit/ask-again.ts";
import { allowedModels, mustHaveModel } from "./allowed-models.ts";
import { type Caller, sessionOf } from "./caller.ts";
import { choicesOf, loadFrom, makeOnce, pagesOf } from "./make-copy.ts";
import { mustKeepAgent } from "./named-agent.ts";
import { newName } from "./receipt-of.ts";
import { traceOf } from "./trace-of.ts";

/** A conversation as it was told. `items` are in legal order, and end with messages of persons or results. */
export interface SentConversation {
  items: readonly HistoryItem[];
  /** The session it belongs to; a new one when absent. */
  session?: string;
  /** The agent that the client named: a session that has another one refuses it. */
  agent?: string;
  /** What a new session is like. */
  choices: SessionChoices;
  /** The model that earlier answers are said to come from. */
  model: string;
  options: TurnOptions;
  metadata?: Record<string, string>;
  receipt: Receipt;
  /** The client reads the answer while it comes. */
  isStreamed?: boolean;
}

/** The turn that answers; with `afterSeq`, what comes in it behind that entry. */
export interface TakenTurn {
  session: string;
  turn: string;
  afterSeq?: number;
  /** The session whose transcript says something else than the client. */
  forkedFrom?: string;
}

export async function takeConversation(caller: Caller, sent: SentConversation): Promise<TakenTurn> {
  const parts = split(sent.items);
  const told = parts.results.length > 0 && (await areOurs(caller, sent)) ? await recognisable(sent) : sent;
  const name = told.session ?? (await newName(told.receipt, ""));
  const session = sessionOf(caller, name);
  const known = await session.describe();
  if (!known.ok) {
    if (known.code !== "not_found") unwrap(known);
    return seedAndSend(caller, { ...parts, told, name, choices: told.choices });
  }
  const before = await takenBefore(session, told);
  if (before !== undefined) return { session: name, ...before };
  mustKeepAgent(known.value.agent, told.agent);
  const compared = await compare(session, parts);
  if (compared.same) {
    // Calls that nobody has answered are given up: the person has gone on.
    const isLeft = known.value.status === "waiting";
    return letIn(caller, { ...parts, told, name, onBusy: isLeft ? "interrupt" : "queue" });
  }
  const { title: _, ...choices } = choicesOf({ ...known.value, model: known.value.chosenModel });
  const fork = await newName(told.receipt, name);
  const from = { session: name, afterSeq: compared.afterSeq };
  const rest = { ...parts, history: parts.history.slice(compared.items) };
  return { ...(await seedAndSend(caller, { ...rest, told, name: fork, choices, from })), forkedFrom: name };
}

/**
 * Whether the calls that the results answer were given out here, to one client alone. Ids of some models are the same in
 * each conversation (`call_0`, `functions.find:0`), so two clients whose conversations are equal are two all the same.
 */
async function areOurs(caller: Caller, { session, receipt, items }: SentConversation): Promise<boolean> {
  if (session !== undefined || receipt.key !== undefined) return false;
  const last = items.findLastIndex(({ role }) => role === "assistant");
  const asking = items[last];
  const question = items.slice(0, Math.max(last, 0)).findLast(({ role }) => role === "user");
  if (asking?.role !== "assistant" || question?.role !== "user") return false;
  const names = asking.calls.map(({ id, name }) => handedOutText({ question: question.content, id, name }));
  return accountObject(caller.bindings, caller.account).wereHandedOutOnce(await Promise.all(names.map(sha256Hex)));
}

/**
 * Results without a session and without a key get a key that the same request has again, so that it finds the session it
 * made. No header can hold the line break.
 */
async function recognisable(told: SentConversation): Promise<SentConversation> {
  const { session, receipt, items, model, options, choices, metadata } = told;
  if (session !== undefined || receipt.key !== undefined) return told;
  const bodyHash = await sha256Hex(JSON.stringify([items, model, options, choices, metadata ?? {}]));
  return { ...told, receipt: { key: `${resultsKey}${bodyHash}`, bodyHash } };
}

function againWith({ options, metadata }: SentConversation): AgainWith {
  return { options, ...(metadata && { metadata }) };
}

const resultsKey = "results\n";

/** What the same request, by its key, came to before in a session that exists. A key of its sender's answers for a turn that failed, too. */
async function takenBefore(
  session: ReturnType<typeof sessionObject>,
  told: SentConversation,
): Promise<Omit<TakenTurn, "session"> | undefined> {
  const { receipt } = told;
  if (receipt.key === undefined && !receipt.isRetry) return undefined;
  const again = receipt.key?.startsWith(resultsKey) ? againWith(told) : undefined;
  return unwrap(await session.taken(receipt, again)) ?? undefined;
}

/** Results that come a second time were answered by then. */
async function compare(session: ReturnType<typeof sessionObject>, { history, results }: Parts): Promise<Comparison> {
  if (history.length === 0) return { same: true };
  const compared = unwrap(await session.compare(history.map(itemDigest)));
  if (compared.same || results.length === 0) return compared;
  const again = unwrap(await session.compare([...history, ...results].map(itemDigest), { lacksAnswer: true }));
  return again.same ? again : compared;
}

interface Parts {
  /** Up to and with the last answer. */
  history: HistoryItem[];
  /** Results of its calls. */
  results: Extract<HistoryItem, { role: "tool" }>[];
  /** What persons said since. */
  messages: Extract<HistoryItem, { role: "user" }>[];
}

function split(items: readonly HistoryItem[]): Parts {
  const last = items.findLastIndex(({ role }) => role === "assistant");
  const rest = items.slice(last + 1);
  return {
    history: items.slice(0, last + 1),
    results: rest.filter((item) => item.role === "tool"),
    messages: rest.filter((item) => item.role === "user"),
  };
}

interface Work extends Parts {
  told: SentConversation;
  name: string;
}

/** Into a session whose transcript ends with `history`. */
async function letIn(caller: Caller, of: Work & { onBusy: "queue" | "interrupt" }): Promise<TakenTurn> {
  const { results, name, told, onBusy } = of;
  const address = { account: caller.account, name };
  const session = sessionObject(caller.bindings, address);
  const messages = of.messages.map((message) => ({ ...inboxMessage(message, told), ...traceOf(caller) }));
  if (results.length > 0) {
    const given = results.map(({ callId, content }) => ({ callId, content, isError: false }));
    const more = { also: messages, receipt: told.receipt, again: againWith(told) };
    return { session: name, ...unwrap(await session.giveResults(given, more)) };
  }
  const [message, ...also] = messages;
  if (message === undefined)
    throw new AppError("invalid_request", "There is nothing to answer.", { field: "messages" });
  const { receipt, choices, isStreamed = false } = told;
  const request = { message, also, receipt, onBusy, choices, reconciles: true, ...allowedModels(caller) };
  const sent = unwrap(await session.send(address, request, { isStreamed }));
  return { session: name, turn: sent.turn };
}

/** Into a session that is made for it, with what was said before: `from` another session's beginning, and `history`. */
export async function seedAndSend(
  caller: Caller,
  of: Work & { choices: SessionChoices; from?: ForkedFrom },
): Promise<TakenTurn> {
  const { history, results, messages, told, name, choices, from } = of;
  mustHaveModel(caller, told.options, choices);
  const items = [...history, ...results];
  if (items.length === 0 && from === undefined) return letIn(caller, { ...of, onBusy: "queue" });
  const goesOn = messages.length === 0;
  const plan = {
    address: { account: caller.account, name },
    choices,
    from: { kind: "seed", goesOn, ...(from && { forkedFrom: from }), receipt: told.receipt },
  } as const;
  let last = { turn: "", seq: 0 };
  const isNew = await makeOnce(caller, { plan, isNamed: told.receipt.key !== undefined }, async (load) => {
    const source = sessionOf(caller, from?.session ?? "");
    const turn = from === undefined ? undefined : await loadFrom(source, from.afterSeq, load);
    const seed = {
      firstSeq: (from?.afterSeq ?? 0) + 1,
      firstTurn: Number(turn?.replace("turn_", "") ?? 0) + 1,
      model: told.model,
      atMs: Date.now(),
      ...(goesOn && { open: told.options, ...(told.metadata && { metadata: told.metadata }) }),
    };
    const entries = entriesOfHistory(items, seed);
    for (const page of pagesOf(entries)) await load(page);
    last = { turn: entries.at(-1)?.turn ?? "", seq: entries.at(-1)?.seq ?? 0 };
  });
  const before = isNew ? undefined : await takenBefore(sessionObject(caller.bindings, plan.address), told);
  if (before !== undefined) return { session: name, ...before };
  if (!goesOn) return letIn(caller, { ...of, results: [], onBusy: "queue" });
  return { session: name, turn: last.turn, afterSeq: last.seq };
}

function inboxMessage(
  { content, speaker }: Parts["messages"][number],
  { options, metadata }: SentConversation,
): InboxMessage {
  return { content, ...(speaker !== undefined && { speaker }), ...(metadata && { metadata }), options };
}
