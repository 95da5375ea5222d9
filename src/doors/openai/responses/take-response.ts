/** Takes in a request for a response: into a new session, into a conversation, or behind an earlier response, in a fork where something else stands there already. */
import { unwrap } from "../../../account/outcome.ts";
import { AppError } from "../../../core/errors.ts";
import { itemDigest } from "../../../core/history.ts";
import { parseBody } from "../../../http/parse-body.ts";
import type { GoOn } from "../../../session/submit/go-on.ts";
import type { AnswerPlace } from "../../../wire/answer-id.ts";
import { allowedModels } from "../../allowed-models.ts";
import { type Caller, sessionOf } from "../../caller.ts";
import { mustKeepAgent } from "../../named-agent.ts";
import { sessionName } from "../../session-fields.ts";
import { takeConversation } from "../../take-conversation.ts";
import type { CreateRequest } from "./create-request.ts";
import { forkBehind } from "./fork-response.ts";
import { storedItems } from "./item-references.ts";
import { inputFault } from "./read-input.ts";
import { findResponse } from "./read-response.ts";
import { placeOfItem } from "./transcript-items.ts";
import { mustBe, type WantedResponse, wantedOf } from "./wanted-response.ts";

/** Where the response is. */
export async function takeRequest(caller: Caller, request: CreateRequest): Promise<AnswerPlace> {
  const wanted = await wantedOf(caller, request);
  const { previous_response_id: previous, conversation, store } = request;
  if (previous !== undefined) return behind(caller, wanted, { id: previous, mustFork: store === false });
  if (conversation === undefined && store !== false) {
    const referred = await behindReferences(caller, wanted);
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
  const { choices, ...told } = wanted;
  const { agent } = choices;
  // A conversation that a client names is its own, and is not erased with a response.
  const made = session === undefined ? { choices } : { choices: agent === undefined ? {} : { agent }, session };
  return takeConversation(caller, { ...told, ...made });
}

/**
 * A conversation that is sent as references goes on in the session where its newest item is; where that says something
 * else by now, in a fork. `undefined` when nothing leads to a session.
 */
async function behindReferences(caller: Caller, wanted: WantedResponse): Promise<AnswerPlace | undefined> {
  const [approval] = wanted.approvals;
  if (approval !== undefined) return behindApproval(caller, wanted, approval);
  if (wanted.referred === undefined) return undefined;
  const items = wanted.items.filter(isSaid);
  mustBe(inputFault(items));
  return takeConversation(caller, { ...wanted, items, session: wanted.referred });
}

/** The answer about a call leads to the response that asked for it: what stands before it in the input is known there. */
async function behindApproval(
  caller: Caller,
  wanted: WantedResponse,
  approval: WantedResponse["approvals"][number],
): Promise<AnswerPlace | undefined> {
  const name = placeOfItem(approval.id)?.session;
  if (name === undefined) return undefined;
  const asked = (await storedItems(caller, name))?.find(({ item }) => item.id === approval.id);
  if (asked === undefined) mustBe(`No approval request found with id ${approval.id}.`);
  const last = wanted.items.findLastIndex((item) => item.role === "assistant" && isSaid(item));
  const history = wanted.items.slice(0, last + 1).filter(isSaid);
  const session = sessionOf(caller, name);
  const { same } = unwrap(await session.compare(history.map(itemDigest)));
  if (history.length > 0 && !same) mustBe(`The approval request ${approval.id} was made in another conversation.`);
  const isNew = (at: number) => at > last && (wanted.items[at]?.role === "tool" || at >= approval.at);
  const items = wanted.items.filter((item, at) => isNew(at) && item.role !== "assistant");
  return behind(caller, { ...wanted, items }, { id: asked?.response ?? "", mustFork: false });
}

/** Reasoning alone is no part of a conversation as it is compared. */
function isSaid(item: WantedResponse["items"][number]): boolean {
  return item.role !== "assistant" || item.content !== "" || item.calls.length > 0;
}

async function inConversation(caller: Caller, wanted: WantedResponse, name: string): Promise<AnswerPlace> {
  const session = sessionOf(caller, name);
  const known = await session.describe();
  if (!known.ok && known.code === "not_found") return inNewSession(caller, wanted, name);
  mustKeepAgent(unwrap(known).agent, wanted.agent);
  const place = wanted.items.findIndex(({ role }) => role === "assistant");
  mustBe(place < 0 ? undefined : "With conversation send what is new only: it knows what the model said.");
  const went = unwrap(await session.goOn({ ...goOnOf(wanted), ...allowedModels(caller) }));
  if (went.type === "moved_on") throw new Error("only a request behind an answer can find that others came first");
  const { type: _, ...taken } = went;
  return { session: name, ...taken };
}

async function behind(
  caller: Caller,
  wanted: WantedResponse,
  { id, mustFork }: { id: string; mustFork: boolean },
): Promise<AnswerPlace> {
  const { place, session } = await previousResponse(caller, id);
  if (wanted.agent !== undefined) mustKeepAgent(unwrap(await session.agent()), wanted.agent);
  const adds = wanted.items.some(({ role }) => role === "assistant");
  if (wanted.approvals.length > 0) mustBeAnsweredThere({ adds, mustFork });
  if (mustFork || adds) return forkBehind(caller, wanted, { from: place });
  const { turn, afterSeq } = place;
  const at = { turn, ...(afterSeq !== undefined && { afterSeq }) };
  const went = unwrap(await session.goOn({ ...goOnOf(wanted), behind: at, ...allowedModels(caller) }));
  if (went.type === "taken") {
    const { type: _, ...taken } = went;
    return { session: place.session, ...taken };
  }
  return forkBehind(caller, wanted, { from: place, ...(went.fork !== undefined && { fork: went.fork }) });
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
    throw new AppError("invalid_request", detail, { field: "previous_response_id" });
  }
}

function goOnOf({ items, approvals, options, metadata, receipt, agent }: WantedResponse): GoOn {
  const results = items.flatMap((item) =>
    item.role === "tool" ? [{ callId: item.callId, content: item.content, isError: false }] : [],
  );
  const messages = items.flatMap((item) => {
    if (item.role !== "user") return [];
    const { content, speaker } = item;
    return [{ content, ...(speaker !== undefined && { speaker }), metadata, options }];
  });
  return { results, approvals, messages, options, metadata, receipt, ...(agent !== undefined && { agent }) };
}
