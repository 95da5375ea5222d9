/** `/v1/ui/messages`: sessions for the AI SDK's `useChat`. Only the last message of what it sends is taken in; the transcript has the others. */
import { type Context, Hono } from "hono";
import * as z from "zod";
import { mustMay } from "../account/access.ts";
import { unwrap } from "../account/outcome.ts";
import { AppError } from "../core/errors.ts";
import { fingerprint } from "../core/prefix.ts";
import { turnOfMessage, type UiManner } from "../dialects/ai-sdk-ui/chunks.ts";
import { UiMessages } from "../dialects/ai-sdk-ui/messages.ts";
import { isAgain, newsOf, type UiNews, uiFields } from "../dialects/ai-sdk-ui/request.ts";
import { parseBody } from "../http/parse-body.ts";
import { readJson } from "../http/read-json.ts";
import { sessionObject } from "../session/session-object.ts";
import { feedbackJson } from "../session/turn-json.ts";
import { mustAdmit } from "./admit.ts";
import { allowedModels } from "./allowed-models.ts";
import { feedback, givenFeedback } from "./answers.ts";
import type { RouteContext } from "./context.ts";
import { agentFor, namedAgent } from "./named-agent.ts";
import { stopsOnDisconnect } from "./on-disconnect.ts";
import { newName, receiptOf } from "./receipt-of.ts";
import { relayStream } from "./relay-stream.ts";
import { agentName, sessionName } from "./sessions.ts";
import type { Taken } from "./take-conversation.ts";
import { traceOf } from "./trace-of.ts";
import { uiOptions, uiSettings } from "./ui-settings.ts";

export const uiRequest = z.looseObject({
  ...uiFields,
  ...uiSettings,
  id: sessionName.nullish(),
  agent: agentName.nullish(),
});

/** What a person thinks of an answer, by the id of its message. */
export const uiFeedback = feedback.omit({ turn: true }).extend({ message_id: z.string().min(1).max(64) });

/** A conversation comes whole each time. */
const mostBytes = 8 * 1024 * 1024;

export const uiMessages = new Hono<RouteContext>()
  .post("/", async (c) => {
    const body = parseBody(uiRequest, await readJson(c.req.raw, { maxBytes: mostBytes }));
    mustMay(c.var.caller, body.id ?? undefined, "append");
    stopsOnDisconnect(c, body.id ?? "");
    const news = newsOf(body.messages);
    if (news.kind === "answers" && !body.id) {
      throw new AppError("invalid_request", "id: answers need the id of the chat.", { field: "id" });
    }
    const taken = news.kind === "said" ? await say(c, body, news) : await answer(c, body.id ?? "", news);
    return stream(c, taken);
  })
  .get("/:id", async (c) => {
    const name = parseBody(sessionName, c.req.param("id"), "id");
    const session = sessionObject(c.env, { account: c.var.account, name });
    const { names, queued, open, ...range } = unwrap(await session.uiHistory());
    const messages = new UiMessages({
      session: name,
      names: new Map(names.map(({ turn, id }) => [turn, id])),
      queued,
      open,
    });
    // Up to where the session was then: what is queued there must not be among the entries, too.
    for (let after = range.afterSeq; after < range.lastSeq; ) {
      const limit = Math.min(500, range.lastSeq - after);
      const { entries } = unwrap(await session.shownEntries({ after, limit }));
      for (const entry of entries) messages.add(entry);
      after = entries.at(-1)?.seq ?? range.lastSeq;
    }
    return c.json(messages.end());
  })
  .get("/:id/stream", async (c) => {
    const name = parseBody(sessionName, c.req.param("id"), "id");
    const known = await sessionObject(c.env, { account: c.var.account, name }).newest();
    if (!known.ok && known.code !== "not_found") unwrap(known);
    if (!known.ok || known.value === null || known.value.state.status === "ended") return c.body(null, 204);
    return stream(c, { session: name, turn: known.value.turn });
  })
  .post("/:id/feedback", async (c) => {
    const name = parseBody(sessionName, c.req.param("id"), "id");
    const { message_id, ...given } = parseBody(uiFeedback, await readJson(c.req.raw));
    const turn = turnOfMessage(message_id);
    if (turn === undefined)
      throw new AppError("invalid_request", "message_id: must be the id of an answer.", { field: "message_id" });
    const rated = givenFeedback(given);
    unwrap(await sessionObject(c.env, { account: c.var.account, name }).giveFeedback(turn, rated));
    return c.json({ session: name, turn, message_id, feedback: feedbackJson(rated) });
  })
  .delete("/:id/stream", async (c) => {
    const name = parseBody(sessionName, c.req.param("id"), "id");
    const { turn } = unwrap(await sessionObject(c.env, { account: c.var.account, name }).cancel());
    return c.json({ session: name, turn, status: turn === null ? "idle" : "cancelling" }, turn === null ? 200 : 202);
  });

/** A message is told from its start, also where it goes on: what the client has of it already is written over. */
function stream(c: Context<RouteContext>, taken: Taken): Promise<Response> {
  const headers = { "X-Vercel-AI-UI-Message-Stream": "v1", "X-Session-Id": taken.session };
  const manner: UiManner = { as: "ai-sdk-ui", turn: taken.turn };
  return relayStream(c, taken, { manner, headers });
}

/** The same message sent again is answered by the same turn; asked to, the model answers it anew. */
async function say(
  c: Context<RouteContext>,
  body: z.infer<typeof uiRequest>,
  { id, content, speaker }: Extract<UiNews, { kind: "said" }>,
): Promise<Taken> {
  const { trigger, thinking } = body;
  const receipt = await receiptOf(c, body);
  // A client that names no chat finds the name of the new one in `X-Session-Id`.
  const name = body.id ?? (await newName(receipt, "POST /v1/ui/messages"));
  const named = namedAgent(c, body.agent);
  const settings = uiOptions(c, body, await agentFor(c, { session: name, named: named.agent }));
  await mustAdmit(c);
  const address = { account: c.var.account, name };
  const session = sessionObject(c.env, address);
  const newest = await session.newest();
  // Calls that nobody has answered are given up: the person has gone on.
  const { token } = c.var.caller;
  const mayLeave = token === undefined || token.rights.includes("cancel");
  const isLeft = mayLeave && newest.ok && newest.value?.state.status === "waiting";
  const options = {
    ...settings,
    ...(typeof thinking !== "object" && thinking !== undefined && { thinking }),
  };
  const { turn } = unwrap(
    await session.send(address, {
      ...named,
      message: { content, ...(speaker !== undefined && { speaker }), ...traceOf(c), options },
      receipt,
      ...allowedModels(c),
      // An edited message keeps its id.
      claims: isAgain(trigger) ? [] : [`ui:${id}:${fingerprint(content)}`],
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
  return { session: name, ...unwrap(await session.giveAnswers({ approvals, results })) };
}
