/** `/v1/chat/completions`: the agent at OpenAI's best known address. What came is a turn of a durable session; the answer is the turn, or its part up to a call that the client is to run. */
import * as z from "zod/mini";
import { unwrap } from "../../../account/outcome.ts";
import { defined } from "../../../core/defined.ts";
import { AppError } from "../../../core/errors.ts";
import { eventsOfEntry } from "../../../core/event.ts";
import { lazySchema } from "../../../core/lazy-schema.ts";
import { parseBody, parseQuery } from "../../../http/parse-body.ts";
import { readJson } from "../../../http/read-json.ts";
import type { sessionObject } from "../../../session/session-object.ts";
import type { TurnState } from "../../../session/turn/turns.ts";
import { type AnswerPlace, formatAnswerId, parseAnswerId } from "../../../wire/answer-id.ts";
import { type Caller, mustAdmit, sessionOf } from "../../caller.ts";
import { clientTools, clientToolsOf } from "../../client-tools.ts";
import { entriesInOneGo } from "../../make-copy.ts";
import { agentFor } from "../../named-agent.ts";
import { stoppingOnDisconnect, stopsOnDisconnect } from "../../on-disconnect.ts";
import { receiptOf } from "../../receipt-of.ts";
import { relayStream } from "../../relay-stream.ts";
import { formatOf, responseFormat } from "../../response-format.ts";
import { Routes } from "../../routes.ts";
import { sessionName } from "../../session-fields.ts";
import { type SentConversation, type TakenTurn, takeConversation } from "../../take-conversation.ts";
import { hasLevels, namedModel } from "../named-model.ts";
import { mustOfferChosen } from "../offered-tools.ts";
import { failedTurn, notYet, openAiErrorResponse } from "../openai-error.ts";
import { failureOf } from "../openai-failure.ts";
import type { ChatManner } from "./chunks.ts";
import { chatCompletion } from "./completion.ts";
import { readMessages } from "./messages.ts";
import { approvalNeeded } from "./notes.ts";
import { chatFields, metadataOf, samplingOf, thinkingOf, toolChoiceOf } from "./request.ts";
import { Segment } from "./segment.ts";

export const chatRequest = lazySchema(() =>
  z.strictObject({
    ...chatFields.shape,
    tools: z.nullish(clientTools),
    response_format: z.nullish(responseFormat),
  }),
);
export const completionReading = lazySchema(() => z.strictObject({ stream: z.optional(z.enum(["true", "false"])) }));

/** A conversation comes whole each time. */
const mostBytes = 8 * 1024 * 1024;
/** OpenAI's clients give up after 10 minutes. */
const patienceMs = 570_000;
/** What has no name lives for a day. */
const unnamedSeconds = 86_400;
const prefix = "chatcmpl-";

export const chatCompletions = new Routes({ refuse: openAiErrorResponse })
  .post("/", "key", async (c, caller) => {
    const body = parseBody(chatRequest, await readJson(c.req.raw, { maxBytes: mostBytes }));
    const { waited, ...conversation } = await conversationOf(caller, body);
    await mustAdmit(caller);
    const taken = waited ?? (await takeConversation(caller, conversation));
    const headers = headersOf(taken);
    const facts = {
      id: formatAnswerId(prefix, taken),
      created: Math.floor(Date.now() / 1000),
      model: body.model,
      isPart: taken.afterSeq !== undefined,
    };
    // Without a name no one finds the session again whose client has gone.
    const stops = stopsOnDisconnect(caller, taken.session, conversation.session === undefined && waited === undefined);
    if (!body.stream) {
      const wait = () => completed(caller, taken, { ...facts, headers, timeoutMs: patienceMs });
      return stops ? stoppingOnDisconnect(caller, taken, wait) : wait();
    }
    const hasForm = conversation.options.responseFormat !== undefined;
    const includeUsage = body.stream_options?.include_usage ?? false;
    const showTools = /^(1|true|yes)$/i.test(c.req.header("X-Show-Tools") ?? "");
    const manner: ChatManner = { as: "openai-chat", ...facts, includeUsage, showTools, hasForm };
    return relayStream(caller, taken, { manner, headers, stops });
  })
  .get("/:id", "key", async (c, caller) => {
    const { stream } = parseQuery(completionReading, new URL(c.req.url));
    const id = c.req.param("id");
    const place = parseAnswerId(prefix, id);
    if (place === undefined) throw noCompletion(id);
    const session = sessionOf(caller, place.session);
    const { beganMs, segment } = await readSegment(session, { ...place, timeoutMs: 0 });
    const model = segment.steps.at(-1)?.model ?? "";
    const facts = { id, created: Math.floor(beganMs / 1000), model, isPart: place.afterSeq !== undefined };
    if (stream !== "true") return completed(caller, place, { ...facts, headers: headersOf(place), timeoutMs: 0 });
    const seen = c.req.header("Last-Event-ID");
    const manner: ChatManner = {
      as: "openai-chat",
      ...facts,
      includeUsage: true,
      showTools: false,
      hasForm: segment.hasForm,
    };
    return relayStream(caller, place, { manner, headers: headersOf(place), ...defined({ seen }) });
  });

/** `waited`: the answer that waited for a person, of which the rest is asked for. */
async function conversationOf(
  caller: Caller,
  body: z.infer<typeof chatRequest>,
): Promise<SentConversation & { waited?: AnswerPlace }> {
  const { items, instructions, waited } = readMessages(body.messages);
  const place = waited === undefined ? undefined : parseAnswerId(prefix, waited);
  if (waited !== undefined && place === undefined) throw noCompletion(waited);
  const named = caller.request.headers.get("X-Session-Id") ?? undefined;
  const session = named === undefined ? undefined : parseBody(sessionName, named, "X-Session-Id");
  const own = await agentFor(caller, { session });
  const { agent: chosen, model, thinking } = namedModel(caller, body.model, own);
  const agent = chosen === undefined ? own : caller.app.agents.mustHave(chosen, "model");
  const tools = clientToolsOf(agent, body.tools ?? [], { replaces: true });
  const sampling = samplingOf(body);
  const choice = toolChoiceOf(body);
  mustOfferChosen(agent, { ...choice, tools });
  const format = formatOf(body.response_format ?? undefined);
  const thinks = thinkingOf(body, hasLevels(caller, agent, model)) ?? thinking;
  const metadata = metadataOf(body);
  return {
    ...(place && { waited: place }),
    items,
    model: body.model,
    receipt: await receiptOf(caller, body),
    isStreamed: body.stream === true,
    ...defined({ session, agent: chosen }),
    choices: {
      ...(session === undefined && { ttlSeconds: unnamedSeconds }),
      ...defined({ agent: chosen }),
    },
    ...(Object.keys(metadata).length > 0 && { metadata }),
    options: {
      via: "openai",
      ...defined({ model, instructions }),
      ...(tools.length > 0 && { tools }),
      ...(sampling && { sampling }),
      ...choice,
      ...(body.parallel_tool_calls === false && { oneCall: true as const }),
      ...(format && { responseFormat: format }),
      ...defined({ thinking: thinks }),
    },
  };
}

interface Completing {
  id: string;
  created: number;
  model: string;
  isPart: boolean;
  headers: Record<string, string>;
  timeoutMs: number;
}

/** The answer as one JSON, once it has ended. */
async function completed(caller: Caller, place: TakenTurn, of: Completing): Promise<Response> {
  const session = sessionOf(caller, place.session);
  const { segment, state } = await readSegment(session, { ...place, timeoutMs: of.timeoutMs });
  const failure = segment.turnEnd && failureOf(segment.turnEnd);
  if (failure !== undefined) return withHeaders(failedTurn(failure), of.headers);
  const isDone = segment.turnEnd !== undefined || segment.isOver;
  if (isDone || (state.status === "waiting" && state.waitingFor.some(({ kind }) => kind === "client"))) {
    return Response.json(chatCompletion(segment, of), { headers: of.headers });
  }
  const calls = state.status === "waiting" ? state.waitingFor : [];
  if (calls.length === 0) {
    return withHeaders(failedTurn(notYet(`/v1/chat/completions/${of.id}`, state.rest)), of.headers);
  }
  throw new AppError("approval_required", approvalNeeded(calls, { session: place.session, id: of.id }));
}

function headersOf({ session, forkedFrom }: TakenTurn): Record<string, string> {
  return { "X-Session-Id": session, ...(forkedFrom !== undefined && { "X-Session-Forked-From": forkedFrom }) };
}

function withHeaders(response: Response, headers: Record<string, string>): Response {
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  return response;
}

function noCompletion(id: string): AppError {
  return new AppError("not_found", `There is no completion "${id}".`, { field: "id" });
}

/** What a session has recorded of one answer, the state of its turn, and when that began in ms since 1970. `state` may be newer than `segment`, never older. */
export interface ReadSegment {
  segment: Segment;
  state: TurnState;
  beganMs: number;
}

/** Waits up to `timeoutMs` for the turn to end, or to wait for an answer of its client or of a person. Throws `not_found` for a turn that never was. */
async function readSegment(
  session: ReturnType<typeof sessionObject>,
  { turn, afterSeq, timeoutMs }: { turn: string; afterSeq?: number | undefined; timeoutMs: number },
): Promise<ReadSegment> {
  const state = unwrap(await session.wait(turn, timeoutMs, true));
  let beganMs = Date.now();
  if (state.status === "queued") return { segment: new Segment(), state, beganMs };
  const [first] = unwrap(await session.entries({ after: state.firstSeq - 1, limit: 1, lean: true })).entries;
  const segment = new Segment({ hasForm: first?.type === "user" && first.options.responseFormat !== undefined });
  let seq = Math.max(state.firstSeq - 1, afterSeq ?? 0);
  let own: string | undefined;
  // It is read once: its message may be a megabyte.
  let known = seq < state.firstSeq && first !== undefined ? [first] : undefined;
  for (let isOpen = true; isOpen; ) {
    const range = { after: seq, limit: entriesInOneGo, lean: true };
    const entries = known ?? unwrap(await session.entries(range)).entries;
    known = undefined;
    own ??= entries[0]?.turn;
    beganMs = Math.min(beganMs, entries[0]?.atMs ?? beganMs);
    for (const entry of entries) {
      if (entry.turn === own) for (const { event } of eventsOfEntry(entry)) segment.take(event);
    }
    const last = entries.at(-1);
    seq = last?.seq ?? seq;
    isOpen = last !== undefined && last.turn === own && last.type !== "turn_ended" && !segment.isOver;
  }
  return { segment, state, beganMs };
}
