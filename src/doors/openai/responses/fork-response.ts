/** Continues after a response that is not the newest thing in its session: in a fork that knows the conversation up to there, and nothing of what came since. */
import { unwrap } from "../../../account/outcome.ts";
import { approvalEntry, resultEntry } from "../../../core/answer-entries.ts";
import { type Branch, branchAt } from "../../../core/branch.ts";
import { defined } from "../../../core/defined.ts";
import type { ApprovalEntry, Entry } from "../../../core/entry.ts";
import { AppError } from "../../../core/errors.ts";
import { splitHistory } from "../../../core/history.ts";
import type { sessionObject } from "../../../session/session-object.ts";
import type { Receipt } from "../../../session/store/inbox.ts";
import type { SessionChoices } from "../../../session/store/session-record.ts";
import { type OpenTurn, refIn } from "../../../session/submit/asking-reply.ts";
import type { ClientResult } from "../../../session/submit/submit-rows.ts";
import { mismatch } from "../../../session/submit/take-answers.ts";
import type { AnswerPlace } from "../../../wire/answer-id.ts";
import { mustHaveModel } from "../../allowed-models.ts";
import { type Caller, sessionOf } from "../../caller.ts";
import { choicesOf, entriesInOneGo, loadFrom, makeOnce } from "../../make-copy.ts";
import { mustKeepAgent } from "../../named-agent.ts";
import { newName } from "../../receipt-of.ts";
import { takenBy } from "../../refusal-words.ts";
import { seedAndSend, type TakenTurn } from "../../take-conversation.ts";
import { inputFault } from "./read-input.ts";
import { responseWords } from "./response-refusals.ts";
import { mustBe, type WantedResponse } from "./wanted-response.ts";

/** `fork`: the name of the one session in which the request's approvals count. */
export async function forkAfter(
  caller: Caller,
  wanted: WantedResponse,
  { from, fork }: { from: AnswerPlace; fork?: string },
): Promise<AnswerPlace> {
  const source = sessionOf(caller, from.session);
  const of = unwrap(await source.describe());
  const { title: _, metadata: __, ...kept } = choicesOf({ ...of, model: of.chosenModel });
  mustKeepAgent(kept.agent, wanted.agent);
  const work = { wanted, from, source, choices: { ...kept, ...wanted.choices } };
  mustHaveModel(caller, wanted.options, work.choices);
  const branch = branchAt(await turnOf(source, from), from.afterSeq);
  switch (branch.type) {
    case "open": {
      const detail = "The previous response is not whole yet. Wait until it is, or continue from an earlier one.";
      throw new AppError("conflict", detail, { field: "previous_response_id" });
    }
    case "ended":
      return placeOf(await afterTurn(caller, { ...work, seq: branch.seq }));
    case "calls":
      return afterCalls(caller, { ...work, branch, birth: of.birth, ...defined({ fork }) });
  }
}

interface ForkWork {
  wanted: WantedResponse;
  from: AnswerPlace;
  source: ReturnType<typeof sessionObject>;
  choices: SessionChoices;
}

async function afterTurn(
  caller: Caller,
  { wanted, from, choices, seq }: ForkWork & { seq: number },
): Promise<TakenTurn> {
  const { items, approvals, receipt } = wanted;
  mustBe(approvals[0] && `No approval request found with id ${approvals[0].id}.`);
  mustBe(inputFault(items));
  return seedAndSend(caller, {
    ...splitHistory(items),
    sent: { ...wanted, choices },
    name: await newName(receipt, from.session),
    choices,
    from: { session: from.session, afterSeq: seq },
  });
}

/** Within a turn: its client answers the same calls once more, and the turn goes on in the fork. */
async function afterCalls(
  caller: Caller,
  { wanted, from, source, choices, branch, birth, fork }: CallsWork,
): Promise<AnswerPlace> {
  const { items, approvals, receipt } = wanted;
  const { kept, waiting, step } = branch;
  const results = items.flatMap((item) => (item.role === "tool" ? [{ ...item, isError: false }] : []));
  const given = approvals.map(({ ref, id, ...decided }) => ({ call: { ref }, as: id, ...decided }));
  const open = { birth, turn: from.turn, step, waiting };
  const fault = mismatch(open, { results, approvals: given });
  if (fault !== undefined) throw responseWords(from.session)(fault);
  mustBe(items.length > results.length ? onlyOutputs : undefined);
  const answers = answersOf(open, { results, approvals, metadata: wanted.metadata }, kept.at(-1)?.seq ?? 0);
  const entries = [...kept.map((entry) => withOptions(entry, wanted)), ...answers];
  const forkedFrom = { session: from.session, afterSeq: kept.at(-1)?.seq ?? 0 };
  const name = fork ?? (await newName(receipt, from.session));
  const plan = {
    address: { account: caller.account, name },
    choices,
    from: { kind: "seed", goesOn: true, forkedFrom, receipt },
  } as const;
  const isNamed = fork !== undefined || receipt.key !== undefined;
  const isNew = await makeOnce(caller, { plan, isNamed }, async ({ load }) => {
    await loadFrom(source, (kept[0]?.seq ?? 1) - 1, load);
    await load(entries.map((entry) => ({ line: entry.seq, entry })));
  });
  if (!isNew) return madeBefore(caller, { name, from, receipt, answers });
  return { session: name, turn: from.turn, afterSeq: entries.at(-1)?.seq ?? 0 };
}

interface CallsWork extends ForkWork {
  branch: Extract<Branch, { type: "calls" }>;
  /** Of the source. */
  birth: string | null;
  fork?: string;
}

/** The answer in a fork that an earlier request made. Throws a conflict when that request decided otherwise. */
async function madeBefore(
  caller: Caller,
  { name, from, receipt, answers }: { name: string; from: AnswerPlace; receipt: Receipt; answers: readonly Entry[] },
): Promise<AnswerPlace> {
  const session = sessionOf(caller, name);
  const { turn, afterSeq } = from;
  const place = { turn, ...defined({ afterSeq }) };
  const given = {
    approvals: answers.flatMap((entry) => (entry.type === "approval" ? [answerIn(entry)] : [])),
    results: answers.flatMap((entry) => (entry.type === "tool" ? [entry] : [])),
    messages: [],
  };
  const before = takenBy(await session.taken(receipt, { place, answers: given }));
  if (before !== null) return { session: name, ...before };
  const detail = `These calls were answered otherwise already, in the session ${name}.`;
  throw new AppError("conflict", detail, { field: "input" });
}

function answerIn({ callId, approve, reason }: ApprovalEntry) {
  return { callId, approve, ...defined({ reason }) };
}

const onlyOutputs =
  "After calls of a response that was continued already, send their outputs alone, and messages with the next request.";

/** The entries of the answers, after entry `lastSeq`. All of them are about calls that wait. */
function answersOf(
  open: OpenTurn,
  { results, approvals, metadata }: Pick<WantedResponse, "approvals" | "metadata"> & { results: ClientResult[] },
  lastSeq: number,
): Entry[] {
  const at = { ...open, atMs: Date.now() };
  const callOf = (isIt: (id: string) => boolean) => open.waiting.find(({ id }) => isIt(id)) ?? { id: "", name: "" };
  const decided = approvals.map(({ ref, approve, reason }) => {
    const decision = { approve, ...defined({ reason }), metadata };
    return approvalEntry(
      at,
      callOf((id) => refIn(open, id) === ref),
      decision,
    );
  });
  const returned = results.map((result) => {
    const call = callOf((id) => id === result.callId);
    return resultEntry(at, { ...call, sinceMs: at.atMs }, { ...result, metadata });
  });
  return [...decided, ...returned].map((entry, place) => ({ ...entry, seq: lastSeq + 1 + place }));
}

/** The turn goes on by the choices of who goes on with it; the form of its answer stays as it was asked for. */
function withOptions(entry: Entry, { options }: WantedResponse): Entry {
  if (entry.type !== "user" || entry.joined) return entry;
  const { responseFormat } = entry.options;
  return { ...entry, options: { ...options, ...(responseFormat && { responseFormat }) } };
}

async function turnOf(source: ForkWork["source"], { turn }: AnswerPlace): Promise<Entry[]> {
  const state = unwrap(await source.wait(turn, 0));
  const entries: Entry[] = [];
  if (state.status === "queued") return entries;
  for (let after = state.firstSeq - 1; ; ) {
    const page = unwrap(await source.entries({ after, limit: entriesInOneGo })).entries;
    const own = page.filter((entry) => entry.turn === turn);
    entries.push(...own);
    after = page.at(-1)?.seq ?? after;
    if (own.length === 0 || own.length < page.length) return entries;
  }
}

function placeOf({ session, turn, afterSeq }: TakenTurn): AnswerPlace {
  return { session, turn, ...defined({ afterSeq }) };
}
