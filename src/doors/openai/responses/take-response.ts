/** Takes in a request for a response: into a new session, into a conversation, or after an earlier response, in a fork where something else follows it already. */
import { unwrap } from "../../../account/outcome.ts";
import { defined } from "../../../core/defined.ts";
import { AppError } from "../../../core/errors.ts";
import { itemDigest, splitHistory } from "../../../core/history.ts";
import { parseBody } from "../../../http/parse-body.ts";
import type { AnswerPart } from "../../../session/read/answer-request.ts";
import { sessionObject } from "../../../session/session-object.ts";
import type { Submission } from "../../../session/submit/submit-rows.ts";
import type { AnswerPlace } from "../../../wire/answer-id.ts";
import { allowedModels } from "../../allowed-models.ts";
import { type Caller, sessionOf } from "../../caller.ts";
import { mustKeepAgent } from "../../named-agent.ts";
import { accepted, takenBy } from "../../refusal-words.ts";
import { sessionName } from "../../session-fields.ts";
import { takeConversation } from "../../take-conversation.ts";
import type { CreateRequest } from "./create-request.ts";
import { forkAfter } from "./fork-response.ts";
import { storedItems } from "./item-references.ts";
import { inputFault } from "./read-input.ts";
import { findResponse } from "./read-response.ts";
import { responseWords } from "./response-refusals.ts";
import { placeOfItem } from "./transcript-items.ts";
import { mustBe, type WantedResponse, wantedOf } from "./wanted-response.ts";

/** Where the response is. */
export async function takeRequest(caller: Caller, request: CreateRequest): Promise<AnswerPlace> {
  const wanted = await wantedOf(caller, request);
  const { previous_response_id: previous, conversation, store } = request;
  if (previous !== undefined) return after(caller, wanted, { id: previous, mustFork: store === false });
  if (conversation === undefined && store !== false) {
    const referred = await afterReferences(caller, wanted);
    if (referred !== undefined) return referred;
  }
  if (conversation !== undefined) {
    const id = typeof conversation === "string" ? conversation : conversation.id;
    return inConversation(caller, wanted, parseBody(sessionName, id, "conversation"));
  }
  return inNewSession(caller, wanted);
}

async function inNewSession(caller: Caller, wanted: WantedResponse, session?: string): Promise<AnswerPlace> {
  const { items, approvals } = wanted;
  const [approval] = approvals;
  const fault = approval && `No approval request found with id ${approval.id}.`;
  mustBe(fault ?? inputFault(items));
  const { choices, ...rest } = wanted;
  const { agent } = choices;
  // A conversation that a client names is its own, and is not erased with a response.
  const made = session === undefined ? { choices } : { choices: agent === undefined ? {} : { agent }, session };
  return takeConversation(caller, { ...rest, ...made });
}

/**
 * A conversation that is sent as references goes on in the session where its newest item is; where that says something
 * else by now, in a fork. `undefined` when nothing leads to a session.
 */
async function afterReferences(caller: Caller, wanted: WantedResponse): Promise<AnswerPlace | undefined> {
  const [approval] = wanted.approvals;
  if (approval !== undefined) return afterApproval(caller, wanted, approval);
  if (wanted.referred === undefined) return undefined;
  const items = wanted.items.filter(isCompared);
  mustBe(inputFault(items));
  return takeConversation(caller, { ...wanted, items, session: wanted.referred });
}

/** The answer about a call leads to the response that asked for it: what is before it in the input is known there. */
async function afterApproval(
  caller: Caller,
  wanted: WantedResponse,
  approval: WantedResponse["approvals"][number],
): Promise<AnswerPlace | undefined> {
  const name = placeOfItem(approval.id)?.session;
  if (name === undefined) return undefined;
  const asked = (await storedItems(caller, name))?.find(({ item }) => item.id === approval.id);
  if (asked === undefined) mustBe(`No approval request found with id ${approval.id}.`);
  const last = wanted.items.findLastIndex((item) => item.role === "assistant" && isCompared(item));
  const history = wanted.items.slice(0, last + 1).filter(isCompared);
  const session = sessionOf(caller, name);
  const { same } = unwrap(await session.compare(history.map(itemDigest)));
  if (history.length > 0 && !same) mustBe(`The approval request ${approval.id} was made in another conversation.`);
  const isNew = (at: number) => at > last && (wanted.items[at]?.role === "tool" || at >= approval.at);
  const items = wanted.items.filter((item, at) => isNew(at) && item.role !== "assistant");
  return after(caller, { ...wanted, items }, { id: asked?.response ?? "", mustFork: false });
}

/** Reasoning alone is no part of a conversation as it is compared. */
function isCompared(item: WantedResponse["items"][number]): boolean {
  return item.role !== "assistant" || item.content !== "" || item.calls.length > 0;
}

async function inConversation(caller: Caller, wanted: WantedResponse, name: string): Promise<AnswerPlace> {
  if (wanted.items.some(({ role }) => role === "assistant")) {
    const known = await sessionOf(caller, name).agent();
    if (!known.ok && known.code === "not_found") return inNewSession(caller, wanted, name);
    mustKeepAgent(unwrap(known), wanted.agent);
    mustBe("With conversation send what is new only: it has the model's answers.");
  }
  const answer = await submitTo(caller, wanted, { name });
  if (!answer.ok && "refusal" in answer && answer.refusal.code === "no_session") {
    return inNewSession(caller, wanted, name);
  }
  return placeIn(name, accepted(answer, responseWords(name)));
}

/** Answers to all calls that wait, or a new message: only `after` an answer, where one is named. */
function submitTo(caller: Caller, wanted: WantedResponse, { name, after }: { name: string; after?: AnswerPart }) {
  const { items, approvals, options, metadata, receipt, agent } = wanted;
  const { results, messages } = splitHistory(items);
  const address = { account: caller.account, name };
  const submission: Submission = {
    answers: "all",
    results: results.map(({ callId, content }) => ({ callId, content, isError: false, metadata })),
    approvals: approvals.map(({ ref, id, approve, reason }) => {
      return { call: { ref }, as: id, approve, ...defined({ reason }), metadata };
    }),
    messages: messages.map(({ content, speaker }) => {
      return { content, ...defined({ speaker }), metadata, options };
    }),
    continuation: { options, metadata },
    receipt,
    ...(after && { after }),
    ...defined({ agent }),
    ...allowedModels(caller),
  };
  return sessionObject(caller.bindings, address).submit(address, submission);
}

function placeIn(session: string, { turn, afterSeq }: AnswerPart): AnswerPlace {
  return { session, turn, ...defined({ afterSeq }) };
}

async function after(
  caller: Caller,
  wanted: WantedResponse,
  { id, mustFork }: { id: string; mustFork: boolean },
): Promise<AnswerPlace> {
  const { place } = await previousResponse(caller, id);
  const adds = wanted.items.some(({ role }) => role === "assistant");
  if (wanted.approvals.length > 0) mustBeAnsweredThere({ adds, mustFork });
  if (mustFork || adds) return forkAfter(caller, wanted, { from: place });
  const { turn, afterSeq } = place;
  const at = { turn, ...defined({ afterSeq }) };
  const submitted = takenBy(
    await submitTo(caller, wanted, { name: place.session, after: at }),
    responseWords(place.session),
  );
  if (submitted.type === "accepted") return placeIn(place.session, submitted);
  const fork = submitted.type === "moved_on" ? submitted.fork : undefined;
  return forkAfter(caller, wanted, { from: place, ...defined({ fork }) });
}

/** An approval is recorded in the session that asked for it: a fork beside it could run the call a second time. */
function mustBeAnsweredThere({ adds, mustFork }: { adds: boolean; mustFork: boolean }): void {
  if (mustFork) {
    const detail = "store: must not be false with an mcp_approval_response: the approval is recorded with the request.";
    throw new AppError("invalid_request", detail, { field: "store" });
  }
  mustBe(adds ? "Send an mcp_approval_response without messages of the assistant." : undefined);
}

async function previousResponse(caller: Caller, id: string): ReturnType<typeof findResponse> {
  try {
    return await findResponse(caller, id);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "not_found") throw error;
    const detail = `Previous response with id '${id.slice(0, 200)}' not found.`;
    throw new AppError("previous_response_not_found", detail, { field: "previous_response_id" });
  }
}
