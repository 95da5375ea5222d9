/** Takes in a conversation that a client sends whole each time: finds its session or makes one, and submits what is new. Where the client has edited its copy, a fork goes on, and the transcript stays as it is. */
import { accountObject } from "../account/account-object.ts";
import { unwrap } from "../account/outcome.ts";
import { defined } from "../core/defined.ts";
import { sha256Hex } from "../core/digest.ts";
import type { TurnOptions } from "../core/entry.ts";
import type { AppError } from "../core/errors.ts";
import { handedOutText } from "../core/handed-out.ts";
import {
  digestUnits,
  entriesOfHistory,
  type HistoryItem,
  itemDigest,
  itemDigestInPieces,
  type SplitHistory,
  splitHistory,
} from "../core/history.ts";
import { inPieces, pace, toolsWorkMs } from "../http/pace.ts";
import type { AnswerPart } from "../session/read/answer-request.ts";
import type { SubmitRefusal } from "../session/refusal.ts";
import { sessionObject } from "../session/session-object.ts";
import type { Receipt } from "../session/store/inbox.ts";
import type { ForkedFrom, SessionChoices } from "../session/store/session-record.ts";
import type { Submission, Submitted } from "../session/submit/submit-rows.ts";
import { allowedModels, mustHaveModel } from "./allowed-models.ts";
import { type Caller, sessionOf } from "./caller.ts";
import { choicesOf, loadFrom, makeOnce, pagesOf } from "./make-copy.ts";
import { otherAgent } from "./named-agent.ts";
import { newName } from "./receipt-of.ts";
import { mustBeAccepted, nativeWords, takenBy } from "./refusal-words.ts";
import { traceOf } from "./trace-of.ts";

/** A conversation as it was sent. `items` are in legal order, and end with messages of persons or results. */
export interface SentConversation {
  items: readonly HistoryItem[];
  /** The session it belongs to; a new one when absent. */
  session?: string;
  /** The agent that the client named: a session that has another one refuses it. */
  agent?: string;
  /** What a new session is like. */
  choices: SessionChoices;
  /** The model that earlier answers are recorded with. */
  model: string;
  options: TurnOptions;
  metadata?: Record<string, string>;
  receipt: Receipt;
  /** The client reads the answer while it comes. */
  isStreamed?: boolean;
}

/** The turn that answers; with `afterSeq`, what comes in it after that entry. */
export interface TakenTurn {
  session: string;
  turn: string;
  afterSeq?: number;
  /** The session whose transcript says something else than the client. */
  forkedFrom?: string;
}

/** A history that was sent is compared with the transcript and taken in by one call; only a session that is to be made, or a fork, needs more. */
export async function takeConversation(caller: Caller, given: SentConversation): Promise<TakenTurn> {
  const parts = splitHistory(given.items);
  const sent = parts.results.length > 0 && (await areOurs(caller, given)) ? await recognisable(given) : given;
  const name = sent.session ?? (await newName(sent.receipt, ""));
  const submitted = await submitParts(caller, { ...parts, sent, name });
  switch (submitted.type) {
    case "accepted":
    // Refused as a fault of ours: only a request that names an earlier answer can find that the session has moved on.
    case "moved_on":
      return acceptedIn(name, submitted);
    case "absent":
      return seedAndSend(caller, { ...parts, sent, name, choices: sent.choices });
    case "edited": {
      const { items, afterSeq } = submitted;
      const known = unwrap(await sessionOf(caller, name).describe());
      const { title: _, ...choices } = choicesOf({ ...known, model: known.chosenModel });
      const fork = await newName(sent.receipt, name);
      const rest = { ...parts, history: parts.history.slice(items) };
      const from = { session: name, afterSeq };
      return { ...(await seedAndSend(caller, { ...rest, sent, name: fork, choices, from })), forkedFrom: name };
    }
  }
}

/** As the doors say it whose clients name agents by `model`. */
export function conversationWords(refusal: SubmitRefusal): AppError {
  return refusal.code === "other_agent" ? otherAgent(refusal.agent, refusal.named) : nativeWords(refusal);
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
  if (asking.calls.length * question.content.length > mostHashed) return false;
  const digests: string[] = [];
  const pieces = inPieces();
  for (const { id, name } of asking.calls) {
    await pieces(callMs + question.content.length / digestUnitsPerMs);
    digests.push(await sha256Hex(handedOutText({ question: question.content, id, name })));
  }
  return accountObject(caller.bindings, caller.account).wereHandedOutOnce(digests);
}

/**
 * Results without a session and without a key get a key that the same request has again, so that it finds the session it
 * made. No header can hold the line break.
 */
async function recognisable(sent: SentConversation): Promise<SentConversation> {
  const { session, receipt, items, model, options, choices, metadata } = sent;
  if (session !== undefined || receipt.key !== undefined) return sent;
  const bodyHash = await sha256Hex(JSON.stringify([items, model, options, choices, metadata ?? {}]));
  return { ...sent, receipt: { key: `results\n${bodyHash}`, bodyHash, isDerived: true } };
}

/** A conversation of which `history` is known to its client. */
interface ConversationParts extends SplitHistory {
  sent: SentConversation;
  /** Of the session. */
  name: string;
}

async function submitParts(
  caller: Caller,
  { history, results, messages, sent, name }: ConversationParts,
): Promise<Submitted> {
  const { receipt, options, metadata, choices, agent, isStreamed = false } = sent;
  const digests = { before: await digestsOf(history), results: await digestsOf(results) };
  const address = { account: caller.account, name };
  const noted = metadata && { metadata };
  const submission: Submission = {
    messages: messages.map(({ content, speaker }) => {
      return { content, ...defined({ speaker }), ...noted, ...traceOf(caller), options };
    }),
    results: results.map(({ callId, content }) => ({ callId, content, isError: false })),
    history: digests,
    receipt,
    // Calls that no one has answered are given up: the person has gone on.
    onBusy: "interrupt_wait",
    continuation: { options, ...noted },
    create: choices,
    ...defined({ agent }),
    // A turn that goes on was allowed when it began, and is checked when it runs.
    ...(results.length === 0 && allowedModels(caller)),
  };
  await pace(toolsWorkMs(sent.options.tools));
  const answer = await sessionObject(caller.bindings, address).submit(address, submission, { isStreamed });
  return takenBy(answer, conversationWords);
}

/** About how long it takes to name an item, and a call that was given out, by its digest, in ms (`npm run bench -- health`). */
const itemMs = 0.004;
const callMs = 0.01;
const digestUnitsPerMs = 200_000;
/** A piece of a long text: it may be full of escapes. */
const longPieceMs = 5;
/** UTF-16 units that are hashed for one request at most: the question is a part of each call's name. */
const mostHashed = 20_000_000;

async function digestsOf(items: readonly HistoryItem[]): Promise<string[]> {
  const digests: string[] = [];
  const pieces = inPieces();
  for (const item of items) {
    if (item.content.length > digestUnits) {
      digests.push(await itemDigestInPieces(item, () => pieces(longPieceMs)));
      continue;
    }
    await pieces(itemMs + item.content.length / digestUnitsPerMs);
    digests.push(itemDigest(item));
  }
  return digests;
}

function placeIn(session: string, { turn, afterSeq }: AnswerPart): TakenTurn {
  return { session, turn, ...defined({ afterSeq }) };
}

/** Into a session that is made for it, with the earlier conversation: `from` another session's beginning, and `history`. */
export async function seedAndSend(
  caller: Caller,
  of: ConversationParts & { choices: SessionChoices; from?: ForkedFrom },
): Promise<TakenTurn> {
  const { history, results, messages, sent, name, choices, from } = of;
  mustHaveModel(caller, sent.options, choices);
  const items = [...history, ...results];
  const goesOn = messages.length === 0;
  const rest = { name, sent: { ...sent, choices }, history: [], results: [], messages };
  if (items.length === 0 && from === undefined) return acceptedIn(name, await submitParts(caller, rest));
  const plan = {
    address: { account: caller.account, name },
    choices,
    from: { kind: "seed", goesOn, ...(from && { forkedFrom: from }), receipt: sent.receipt },
  } as const;
  let last = { turn: "", seq: 0 };
  const isNew = await makeOnce(caller, { plan, isNamed: sent.receipt.key !== undefined }, async ({ load }) => {
    const turn = from && (await loadFrom(sessionOf(caller, from.session), from.afterSeq, load));
    const seed = {
      firstSeq: (from?.afterSeq ?? 0) + 1,
      firstTurn: Number(turn?.replace("turn_", "") ?? 0) + 1,
      model: sent.model,
      atMs: Date.now(),
      ...(goesOn && { open: sent.options, ...(sent.metadata && { metadata: sent.metadata }) }),
    };
    await pace(items.length * itemMs);
    const entries = entriesOfHistory(items, seed);
    for (const page of pagesOf(entries)) await load(page);
    last = { turn: entries.at(-1)?.turn ?? "", seq: entries.at(-1)?.seq ?? 0 };
  });
  // The same request may have made it before: its receipt names the answer.
  if (!isNew || !goesOn) return acceptedIn(name, await submitParts(caller, rest));
  return { session: name, turn: last.turn, afterSeq: last.seq };
}

function acceptedIn(session: string, submitted: Submitted): TakenTurn {
  return placeIn(session, mustBeAccepted(submitted));
}
