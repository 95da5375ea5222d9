/** `/v1/ui/messages`: sessions for the AI SDK's `useChat`. Only the last message of what it sends is taken in; the transcript has the others. */
import { type Context, Hono } from "hono";
import * as z from "zod";
import { mustMay } from "../account/access.ts";
import { unwrap } from "../account/outcome.ts";
import { AppError } from "../core/errors.ts";
import { fingerprint } from "../core/prefix.ts";
import { newsOf, type UiNews, uiFields } from "../dialects/ai-sdk-ui/request.ts";
import { parseBody } from "../http/parse-body.ts";
import { readJson } from "../http/read-json.ts";
import { sessionObject } from "../session/session-object.ts";
import { mustAdmit } from "./admit.ts";
import { clientTools, clientToolsOf } from "./client-tools.ts";
import type { RouteContext } from "./context.ts";
import { entriesInOneGo } from "./make-copy.ts";
import { relayStream } from "./relay-stream.ts";
import { knownModel, sessionName } from "./sessions.ts";
import type { Taken } from "./take-conversation.ts";

export const uiRequest = z.looseObject({ ...uiFields, id: sessionName, tools: clientTools.nullish() });

/** A conversation comes whole each time. */
const mostBytes = 8 * 1024 * 1024;

export const uiMessages = new Hono<RouteContext>()
  .post("/", async (c) => {
    const body = parseBody(uiRequest, await readJson(c.req.raw, { maxBytes: mostBytes }));
    mustMay(c.var.caller, body.id, "append");
    const news = newsOf(body.messages);
    const taken = news.kind === "said" ? await say(c, body, news) : await answer(c, body.id, news);
    return stream(c, taken);
  })
  .get("/:id/stream", async (c) => {
    const name = parseBody(sessionName, c.req.param("id"), "id");
    const known = await sessionObject(c.env, { account: c.var.account, name }).newest();
    if (!known.ok && known.code !== "not_found") unwrap(known);
    if (!known.ok || known.value === null || known.value.state.status === "ended") return c.body(null, 204);
    return stream(c, { session: name, turn: known.value.turn });
  })
  .delete("/:id/stream", async (c) => {
    const name = parseBody(sessionName, c.req.param("id"), "id");
    const { turn } = unwrap(await sessionObject(c.env, { account: c.var.account, name }).cancel());
    return c.json({ session: name, turn, status: turn === null ? "idle" : "cancelling" }, turn === null ? 200 : 202);
  });

/** A message is told from its start, also where it goes on: what the client has of it already is written over. */
function stream(c: Context<RouteContext>, taken: Taken): Promise<Response> {
  const headers = { "X-Vercel-AI-UI-Message-Stream": "v1", "X-Session-Id": taken.session };
  return relayStream(c, taken, { manner: { as: "ai-sdk-ui", turn: taken.turn }, headers });
}

/** The same message sent again is answered by the same turn; asked to, the model answers it anew. */
async function say(
  c: Context<RouteContext>,
  { id: name, trigger, model, thinking, tools }: z.infer<typeof uiRequest>,
  { id, content, speaker }: Extract<UiNews, { kind: "said" }>,
): Promise<Taken> {
  const known = model ? knownModel(c, model) : undefined;
  const declared = clientToolsOf(tools ?? []);
  await mustAdmit(c);
  const address = { account: c.var.account, name };
  const session = sessionObject(c.env, address);
  const newest = await session.newest();
  // Calls that nobody has answered are given up: the person has gone on.
  const isLeft = newest.ok && newest.value?.state.status === "waiting";
  const options = {
    ...(known !== undefined && { model: known }),
    ...(typeof thinking !== "object" && thinking !== undefined && { thinking }),
    ...(declared.length > 0 && { tools: declared }),
  };
  const { turn } = unwrap(
    await session.send(address, {
      message: { content, ...(speaker !== undefined && { speaker }), options },
      receipt: {},
      // An edited message keeps its id.
      claims: trigger === "regenerate-message" ? [] : [`ui:${id}:${fingerprint(content)}`],
      onBusy: isLeft ? "interrupt" : "queue",
    }),
  );
  return { session: name, turn };
}

/** Answers about calls of the newest turn, which goes on. What was answered before, and the same way, is not answered again. */
async function answer(
  c: Context<RouteContext>,
  name: string,
  { approvals, results }: Extract<UiNews, { kind: "answers" }>,
): Promise<Taken> {
  if (approvals.length > 0) mustMay(c.var.caller, name, "approve");
  const session = sessionObject(c.env, { account: c.var.account, name });
  const ids = [...approvals, ...results].map(({ callId }) => callId);
  const asked = await callsOf(session, ids);
  for (const { callId, approve, reason } of approvals) {
    const before = asked.decided.get(callId);
    if (before === approve) continue;
    unwrap(await session.approve(callId, { approve, ...(reason !== undefined && { reason }) }));
  }
  const open = results.filter(({ callId }) => !asked.finished.has(callId));
  if (open.length > 0) unwrap(await session.giveResults(open));
  return { session: name, turn: asked.turn, afterSeq: asked.seq };
}

interface AskedCalls {
  turn: string;
  /** The reply that made the calls. */
  seq: number;
  /** What persons have said about them. */
  decided: Map<string, boolean>;
  /** Those that have a result. */
  finished: Set<string>;
}

/** The newest reply that made one of these calls, in the newest turn. Throws `not_found` when there is none. */
async function callsOf(session: ReturnType<typeof sessionObject>, ids: readonly string[]): Promise<AskedCalls> {
  const newest = unwrap(await session.newest());
  let found: AskedCalls | undefined;
  for (
    let seq = newest === null || newest.state.status === "queued" ? undefined : newest.state.firstSeq - 1;
    seq !== undefined;
  ) {
    const { entries } = unwrap(await session.entries({ after: seq, limit: entriesInOneGo }));
    for (const entry of entries) {
      if (entry.type === "assistant" && entry.toolCalls.some(({ id }) => ids.includes(id))) {
        found = { turn: entry.turn, seq: entry.seq, decided: new Map(), finished: new Set() };
      }
      if (entry.type === "approval") found?.decided.set(entry.callId, entry.approve);
      if (entry.type === "tool") found?.finished.add(entry.callId);
    }
    seq = entries.at(-1)?.seq;
  }
  if (found !== undefined) return found;
  throw new AppError("not_found", "None of the calls in the last message is one of the session's newest turn.");
}
