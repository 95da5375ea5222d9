/** `/v1/sessions/:id/…`: say something to a session and read what becomes of it, by stream, by waiting or by asking again later. */
import { type Context, Hono } from "hono";
import * as z from "zod";
import { mustMay } from "../account/access.ts";
import { unwrap } from "../account/outcome.ts";
import type { Agent } from "../agent/agent.ts";
import type { CallbackAddress } from "../channels/callback.ts";
import { type TurnOptions, thinkingLevels } from "../core/entry.ts";
import { AppError } from "../core/errors.ts";
import { speakerFault } from "../core/speaker.ts";
import { shownEntry } from "../dialects/native.ts";
import { parseBody, parseQuery } from "../http/parse-body.ts";
import { readJson } from "../http/read-json.ts";
import type { InboxMessage } from "../session/inbox.ts";
import { sessionEvents, sessionObject } from "../session/session-object.ts";
import type { ShownEntry } from "../session/shown-entries.ts";
import { turnJson } from "../session/turn-json.ts";
import { urlFault } from "../session/url-fault.ts";
import { mustAdmit } from "./admit.ts";
import { allowedModels } from "./allowed-models.ts";
import { clientTools, clientToolsOf } from "./client-tools.ts";
import type { RouteContext } from "./context.ts";
import { agentFor, namedAgent } from "./named-agent.ts";
import { hangUpQuery, stoppingOnDisconnect, stopsOnDisconnect } from "./on-disconnect.ts";
import { receiptOf } from "./receipt-of.ts";
import { formatOf, responseFormat } from "./response-format.ts";
import { addressOf, agentName, knownModel, metadata, sessionAt } from "./sessions.ts";
import { traceOf } from "./trace-of.ts";
import { turnResponse } from "./turn-response.ts";

export const sentMessage = z.strictObject({
  content: z.string().min(1, "must not be empty"),
  speaker: z
    .string()
    .refine((name) => speakerFault(name) === undefined, {
      error: ({ input }) => speakerFault(String(input)) ?? "is not valid",
    })
    .optional(),
  metadata: metadata.optional(),
  thinking: z
    .union([z.boolean(), z.enum(thinkingLevels), z.strictObject({ type: z.enum(["enabled", "disabled"]) })])
    .optional(),
  agent: agentName.optional(),
  model: z.string().optional(),
  response_format: responseFormat.optional(),
  tools: clientTools.optional(),
  callback_url: z.string().max(2_000).optional(),
  cache: z.strictObject({ ttl_seconds: z.int().min(60).max(2_592_000) }).optional(),
});
export const sending = z.strictObject({ on_busy: z.enum(["queue", "join", "interrupt", "reject"]).default("queue") });
export const entryRange = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

export const searching = z.strictObject({
  q: z.string().min(1).max(300),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});

export const messages = new Hono<RouteContext>()
  .post("/:id/messages", async (c) => {
    const address = addressOf(c);
    const { on_busy } = parseQuery(sending, new URL(c.req.url));
    if (on_busy === "interrupt") mustMay(c.var.caller, address.name, "cancel");
    const stops = stopsOnDisconnect(c, address.name);
    const body = parseBody(sentMessage, await readJson(c.req.raw));
    const named = namedAgent(c, body.agent);
    // Only what is checked by the session's own agent needs to know it here.
    const isChecked = body.model !== undefined || (body.tools ?? []).length > 0;
    const agent = isChecked ? await agentFor(c, { session: address.name, named: named.agent }) : c.var.app.agents.first;
    const request = {
      ...named,
      message: toInbox(c, body, agent),
      receipt: await receiptOf(c, body),
      onBusy: on_busy,
      ...allowedModels(c),
      ...callbackOf(c, body.callback_url),
    };
    await mustAdmit(c);
    const session = sessionObject(c.env, address);
    const how = answerMode(c.req.raw.headers);
    const { turn, state } = unwrap(await session.send(address, request, { isStreamed: how.mode === "stream" }));
    switch (how.mode) {
      case "stream":
        return relay(c, `turn=${turn}`);
      case "async":
        return turnResponse(c, address.name, turn, state);
      case "wait": {
        const wait = async () => unwrap(await session.wait(turn, how.timeoutMs));
        const place = { session: address.name, turn };
        return turnResponse(c, address.name, turn, stops ? await stoppingOnDisconnect(c, place, wait) : await wait());
      }
    }
  })
  .get("/:id/turns/:turn", async (c) => {
    const turn = c.req.param("turn");
    const state = unwrap(await sessionAt(c).wait(turn, 0));
    return c.json(turnJson(addressOf(c).name, turn, state));
  })
  .get("/:id/turns/:turn/trace", async (c) => {
    const body = unwrap(await sessionAt(c).trace(c.req.param("turn")));
    return c.body(body, 200, { "Content-Type": "application/json" });
  })
  .get("/:id/events", (c) => relay(c, new URL(c.req.url).searchParams.get("live") === "false" ? "live=false" : ""))
  .get("/:id/entries", async (c) => {
    const { after, limit } = parseQuery(entryRange, new URL(c.req.url));
    const { entries, lastSeq } = unwrap(await sessionAt(c).shownEntries({ after, limit }));
    return c.json({
      entries: entries.map(c.var.caller.token === undefined ? shownEntry : withoutInstructions),
      last_seq: lastSeq,
    });
  })
  .get("/:id/search", async (c) => {
    const { q, limit } = parseQuery(searching, new URL(c.req.url));
    const hits = unwrap(await sessionAt(c).search(q, limit));
    return c.json({
      results: hits.map(({ seq, role, snippet, at }) => ({ seq, type: role, snippet, created_at: at })),
    });
  })
  .post("/:id/cancel", async (c) => {
    const { turn } = unwrap(await sessionAt(c).cancel(new URL(c.req.url).searchParams.get("turn") ?? undefined));
    return c.json(
      { session: addressOf(c).name, turn, status: turn === null ? "idle" : "cancelling" },
      turn === null ? 200 : 202,
    );
  });

/** For a session's token: what the model was instructed is the account's own. */
function withoutInstructions(entry: ShownEntry): Record<string, unknown> {
  const { options, ...shown } = shownEntry(entry);
  if (options === undefined) return shown;
  const { instructions: _, ...others } = options as TurnOptions;
  return { ...shown, options: others };
}

/** Hands the session's stream through untouched; the reader's hang-up travels with the signal. */
function relay(c: Context<RouteContext>, query: string): Promise<Response> {
  const after = c.req.header("Last-Event-ID") ?? placeInUrl(new URL(c.req.url).searchParams);
  const hangUp = hangUpQuery(stopsOnDisconnect(c, addressOf(c).name));
  const asked = { query: `after=${encodeURIComponent(after)}&${query}${hangUp}`, signal: c.req.raw.signal };
  return sessionEvents(c.env, addressOf(c), asked);
}

/** Polyfills of EventSource cannot send the header, and put the id of the newest event behind the address that they were given. */
function placeInUrl(query: URLSearchParams): string {
  const names = ["lastEventId", "last_event_id", "Last-Event-ID", "after"];
  return names.map((name) => query.get(name)).find((value) => value !== null && value !== "") ?? "";
}

/** The answer is owed to that address, too. */
function callbackOf(c: Context<RouteContext>, url: string | undefined): { replyTo?: CallbackAddress } {
  if (url === undefined) return {};
  const fault = urlFault(url, c.var.settings.isDev);
  if (fault !== undefined) throw new AppError("invalid_request", fault, { field: "callback_url" });
  return { replyTo: { channel: "callback", url } };
}

function toInbox(c: Context<RouteContext>, body: z.infer<typeof sentMessage>, agent: Agent): InboxMessage {
  const { content, speaker, metadata, thinking, model } = body;
  const form = formatOf(body.response_format);
  const tools = clientToolsOf(agent, body.tools ?? []);
  return {
    content,
    ...(speaker !== undefined && { speaker }),
    ...(metadata && { metadata }),
    ...traceOf(c),
    options: {
      ...(form && { responseFormat: form }),
      ...(tools.length > 0 && { tools }),
      ...(body.cache && { cacheSeconds: body.cache.ttl_seconds }),
      ...(model !== undefined && { model: knownModel(c, model, agent) }),
      ...(thinking !== undefined && {
        thinking: typeof thinking === "object" ? thinking.type === "enabled" : thinking,
      }),
    },
  };
}

type AnswerMode = { mode: "stream" } | { mode: "async" } | { mode: "wait"; timeoutMs: number };

/** `Accept` and `Prefer` (RFC 7240) say how the caller wants the answer; by default it waits 60 s, at most 300 s. */
function answerMode(headers: Headers): AnswerMode {
  if (/\btext\/event-stream\b/i.test(headers.get("Accept") ?? "")) return { mode: "stream" };
  const prefer = headers.get("Prefer") ?? "";
  if (/\brespond-async\b/i.test(prefer)) return { mode: "async" };
  const seconds = /\bwait=(\d{1,6})\b/i.exec(prefer)?.[1];
  return { mode: "wait", timeoutMs: Math.min(Number(seconds ?? 60), 300) * 1000 };
}
