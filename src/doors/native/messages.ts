/** `/v1/sessions/:id/…`: say something to a session and read what becomes of it, by stream, by waiting or by asking again later. */
import * as z from "zod/mini";
import { mustMay } from "../../account/access.ts";
import { unwrap } from "../../account/outcome.ts";
import type { Agent } from "../../agent/agent.ts";
import { defined } from "../../core/defined.ts";
import { AppError } from "../../core/errors.ts";
import { lazySchema } from "../../core/lazy-schema.ts";
import { parseBody, parseQuery } from "../../http/parse-body.ts";
import { readJson } from "../../http/read-json.ts";
import { turnJson } from "../../session/read/turn-json.ts";
import { sessionEvents, sessionObject, submitForStream } from "../../session/session-object.ts";
import type { InboxMessage } from "../../session/store/inbox.ts";
import type { SessionAddress } from "../../session/store/session-record.ts";
import type { Submission } from "../../session/submit/submit-rows.ts";
import type { TurnState } from "../../session/turn/turns.ts";
import { shownEntry } from "../../wire/native.ts";
import type { CancellationJson, SearchHitJson } from "../../wire/shapes.ts";
import { coercedNumber } from "../../wire/zod-parts.ts";
import { allowedModels } from "../allowed-models.ts";
import { callbackOf } from "../callback-of.ts";
import { type Caller, mustAdmit } from "../caller.ts";
import type { MessageSchemas } from "../message-schemas.ts";
import { agentFor, namedAgent } from "../named-agent.ts";
import { hangUpQuery, stoppingOnDisconnect, stopsOnDisconnect } from "../on-disconnect.ts";
import { plainMessage } from "../plain-message.ts";
import { receiptOf } from "../receipt-of.ts";
import { accepted } from "../refusal-words.ts";
import { Routes } from "../routes.ts";
import type { SentMessage } from "../sent-message.ts";
import { addressOf, knownModel, sessionAt } from "../session-fields.ts";
import { audienceQuery, entryShownTo, stateShownTo } from "../shown-to.ts";
import { traceOf } from "../trace-of.ts";

export const sending = lazySchema(() =>
  z.strictObject({
    on_busy: z._default(z.enum(["queue", "join", "interrupt", "reject"]), "queue"),
  }),
);
export const entryRange = lazySchema(() =>
  z.strictObject({
    after: z._default(coercedNumber().check(z.int(), z.minimum(0)), 0),
    limit: z._default(coercedNumber().check(z.int(), z.minimum(1), z.maximum(500)), 100),
  }),
);

export const searching = lazySchema(() =>
  z.strictObject({
    q: z.string().check(z.minLength(1), z.maxLength(300)),
    limit: z._default(coercedNumber().check(z.int(), z.minimum(1), z.maximum(100)), 20),
  }),
);

export const messages = new Routes()
  .post("/:id/messages", "append", async (c, caller) => {
    const address = addressOf(caller, c.req.param("id"));
    const { on_busy } = hasQuery(c.req.raw) ? parseQuery(sending, new URL(c.req.url)) : {};
    if (on_busy === "interrupt") mustMay(caller, address.name, "cancel");
    const stops = stopsOnDisconnect(caller, address.name);
    const schemas = c.get("schemas");
    const body = readMessage(await readJson(c.req.raw), schemas);
    const named = namedAgent(caller, body.agent);
    // Only what is checked by the session's own agent needs to know it here.
    const isChecked = body.model !== undefined || (body.tools ?? []).length > 0;
    const agent = isChecked
      ? await agentFor(caller, { session: address.name, named: named.agent })
      : caller.app.agents.first;
    const request = {
      ...named,
      messages: [toInbox(caller, body, { agent, schemas })],
      receipt: await receiptOf(caller, body),
      ...defined({ onBusy: on_busy }),
      ...allowedModels(caller),
      ...callbackOf(caller, body.callback_url),
    };
    await mustAdmit(caller);
    const how = answerMode(c.req.raw.headers);
    if (how.mode === "stream") return streamedAnswer(caller, address, request);
    const session = sessionObject(c.env, address);
    const { turn, state } = accepted(await session.submit(address, request));
    switch (how.mode) {
      case "async":
        return turnResponse(caller, turn, { session: address.name, state, isLater: true });
      case "wait": {
        const wait = async () => unwrap(await session.wait(turn, how.timeoutMs));
        const place = { session: address.name, turn };
        const ended = stops ? await stoppingOnDisconnect(caller, place, wait) : await wait();
        return turnResponse(caller, turn, { session: address.name, state: ended });
      }
    }
  })
  .get("/:id/turns/:turn", "read", async (c, caller) => {
    const turn = c.req.param("turn");
    const state = unwrap(await sessionAt(caller, c.req.param("id")).wait(turn, 0));
    return c.json(turnJson(addressOf(caller, c.req.param("id")).name, turn, stateShownTo(caller, state)));
  })
  // It says where models are reached and what they cost: no session's token opens it.
  .get("/:id/turns/:turn/trace", "key", async (c, caller) => {
    const body = unwrap(await sessionAt(caller, c.req.param("id")).trace(c.req.param("turn")));
    return c.body(body, 200, { "Content-Type": "application/json" });
  })
  .get("/:id/events", "read", (c, caller) =>
    relay(caller, addressOf(caller, c.req.param("id")), `live=${liveness(c.req.raw)}`),
  )
  .get("/:id/entries", "read", async (c, caller) => {
    const { after, limit } = parseQuery(entryRange, new URL(c.req.url));
    const { entries, lastSeq } = unwrap(await sessionAt(caller, c.req.param("id")).shownEntries({ after, limit }));
    return c.json({
      entries: entries.map(entryShownTo(caller)).map(shownEntry),
      last_seq: lastSeq,
    });
  })
  .get("/:id/search", "read", async (c, caller) => {
    const { q, limit } = parseQuery(searching, new URL(c.req.url));
    const hits = unwrap(await sessionAt(caller, c.req.param("id")).search(q, limit));
    return c.json({
      results: hits.map(({ seq, role, snippet, at }): SearchHitJson => ({ seq, type: role, snippet, created_at: at })),
    });
  })
  .post("/:id/cancel", "cancel", async (c, caller) => {
    const { turn } = unwrap(
      await sessionAt(caller, c.req.param("id")).cancel(new URL(c.req.url).searchParams.get("turn") ?? undefined),
    );
    return c.json<CancellationJson>(
      { session: addressOf(caller, c.req.param("id")).name, turn, status: turn === null ? "idle" : "cancelling" },
      turn === null ? 200 : 202,
    );
  });

/** The message is taken and answered by one call to the session; by two where its object is of an earlier version. */
async function streamedAnswer(caller: Caller, address: SessionAddress, submission: Submission): Promise<Response> {
  const answer = await submitForStream(caller.bindings, address, { submission, ...relayed(caller, address, "") });
  if (answer instanceof Response) return answer;
  const submitted = () => sessionObject(caller.bindings, address).submit(address, submission, { isStreamed: true });
  const { turn } = accepted(answer ?? (await submitted()));
  return relay(caller, address, `turn=${turn}`);
}

/** Hands the session's stream through untouched. */
function relay(caller: Caller, address: SessionAddress, query: string): Promise<Response> {
  return sessionEvents(caller.bindings, address, relayed(caller, address, query));
}

/** The reader's hang-up travels with the signal. */
function relayed(caller: Caller, address: SessionAddress, query: string): { query: string; signal: AbortSignal } {
  const { request } = caller;
  const after = request.headers.get("Last-Event-ID") ?? placeInUrl(request);
  const hangUp = hangUpQuery(stopsOnDisconnect(caller, address.name));
  return {
    query: `after=${encodeURIComponent(after)}&${query}${hangUp}${audienceQuery(caller)}`,
    signal: request.signal,
  };
}

/** Most requests have no query, and parsing a URL takes longer than parsing their body. */
function hasQuery({ url }: Request): boolean {
  return url.includes("?");
}

/** Other names in this query are those of polyfills, so it has no schema. */
function liveness({ url }: Request): string {
  return parseBody(z.enum(["true", "false"]), new URL(url).searchParams.get("live") ?? "true", "live");
}

/** Polyfills of EventSource cannot send the header, and append the id of the newest event to the address that they were given. */
function placeInUrl(request: Request): string {
  if (!hasQuery(request)) return "";
  const query = new URL(request.url).searchParams;
  const names = ["lastEventId", "last_event_id", "Last-Event-ID", "after"];
  return names.map((name) => query.get(name)).find((value) => value !== null && value !== "") ?? "";
}

/** An app without a door for JSON schemas refuses them by name. */
function readMessage(body: unknown, schemas: MessageSchemas | undefined): SentMessage {
  const given = isObject(body) ? withoutNone(body) : body;
  if (schemas !== undefined) return schemas.readMessage(given);
  const field = ["tools", "response_format"].find((name) => Object.hasOwn(Object(given), name));
  if (field === undefined) return parseBody(plainMessage, given);
  const detail = `${field}: this app takes no JSON schemas. Add jsonSchemas() to its doors.`;
  throw new AppError("invalid_request", detail, { field });
}

/** Without the fields by which clients that always send them say that they want no tools, or plain text. */
function withoutNone({ tools, response_format: form, ...body }: Record<string, unknown>): Record<string, unknown> {
  const isNone = tools === null || (Array.isArray(tools) && tools.length === 0);
  const isText = form === null || (isObject(form) && form.type === "text" && Object.keys(form).length === 1);
  return { ...body, ...(!isNone && defined({ tools })), ...(!isText && defined({ response_format: form })) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function toInbox(
  caller: Caller,
  body: SentMessage,
  { agent, schemas }: { agent: Agent; schemas: MessageSchemas | undefined },
): InboxMessage {
  const { content, speaker, metadata, thinking, model } = body;
  return {
    content,
    ...defined({ speaker }),
    ...(metadata && { metadata }),
    ...traceOf(caller),
    options: {
      ...schemas?.optionsOf(agent, body),
      ...(body.cache && { cacheSeconds: body.cache.ttl_seconds }),
      ...(model !== undefined && { model: knownModel(caller, model, agent) }),
      ...(thinking !== undefined && {
        thinking: typeof thinking === "object" ? thinking.type === "enabled" : thinking,
      }),
    },
  };
}

type AnswerMode = { mode: "stream" } | { mode: "async" } | { mode: "wait"; timeoutMs: number };

/** `Accept` and `Prefer` (RFC 7240) say how the caller wants the answer; by default it waits 60 s, at most 300 s. */
export function answerMode(headers: Headers): AnswerMode {
  if (/\btext\/event-stream\b/i.test(headers.get("Accept") ?? "")) return { mode: "stream" };
  const prefer = headers.get("Prefer") ?? "";
  if (/\brespond-async\b/i.test(prefer)) return { mode: "async" };
  const seconds = /\bwait=(\d{1,6})\b/i.exec(prefer)?.[1];
  return { mode: "wait", timeoutMs: Math.min(Number(seconds ?? 60), 300) * 1000 };
}

/** 200 for an ended turn, else 202 and where to ask again; 202 in any case where the caller wants to ask later (`isLater`), also of a message that was answered before. */
function turnResponse(
  caller: Caller,
  turn: string,
  { session, state, isLater }: { session: string; state: TurnState; isLater?: true },
): Response {
  const body = turnJson(session, turn, stateShownTo(caller, state));
  if (state.status === "ended" && !isLater) return Response.json(body);
  return Response.json(body, { status: 202, headers: { Location: `/v1/sessions/${session}/turns/${turn}` } });
}
