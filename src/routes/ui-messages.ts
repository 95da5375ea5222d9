/** `/v1/ui/messages`: sessions for the AI SDK's `useChat`. Only the last message of what it sends is taken in; the transcript has the others. */
import { type Context, Hono } from "hono";
import * as z from "zod";
import { mustMay } from "../account/access.ts";
import { unwrap } from "../account/outcome.ts";
import { fingerprint } from "../core/prefix.ts";
import { newsOf, type UiNews, uiFields } from "../dialects/ai-sdk-ui/request.ts";
import { parseBody } from "../http/parse-body.ts";
import { readJson } from "../http/read-json.ts";
import { sessionObject } from "../session/session-object.ts";
import { mustAdmit } from "./admit.ts";
import { allowedModels } from "./allowed-models.ts";
import { clientTools, clientToolsOf } from "./client-tools.ts";
import type { RouteContext } from "./context.ts";
import { stopsOnDisconnect } from "./on-disconnect.ts";
import { receiptOf } from "./receipt-of.ts";
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
    stopsOnDisconnect(c, body.id);
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
  body: z.infer<typeof uiRequest>,
  { id, content, speaker }: Extract<UiNews, { kind: "said" }>,
): Promise<Taken> {
  const { id: name, trigger, model, thinking, tools } = body;
  const receipt = await receiptOf(c, body);
  const known = model ? knownModel(c, model) : undefined;
  const declared = clientToolsOf(tools ?? []);
  await mustAdmit(c);
  const address = { account: c.var.account, name };
  const session = sessionObject(c.env, address);
  const newest = await session.newest();
  // Calls that nobody has answered are given up: the person has gone on.
  const { token } = c.var.caller;
  const mayLeave = token === undefined || token.rights.includes("cancel");
  const isLeft = mayLeave && newest.ok && newest.value?.state.status === "waiting";
  const options = {
    ...(known !== undefined && { model: known }),
    ...(typeof thinking !== "object" && thinking !== undefined && { thinking }),
    ...(declared.length > 0 && { tools: declared }),
  };
  const { turn } = unwrap(
    await session.send(address, {
      message: { content, ...(speaker !== undefined && { speaker }), options },
      receipt,
      ...allowedModels(c),
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
  return { session: name, ...unwrap(await session.giveAnswers({ approvals, results })) };
}
