/** `/v1/ui/messages`: sessions for the AI SDK's `useChat`. Only the last message of what it sends is taken in; the transcript has the others. */
import * as z from "zod/mini";
import { mustMay } from "../../account/access.ts";
import { unwrap } from "../../account/outcome.ts";
import { defined } from "../../core/defined.ts";
import { fingerprint } from "../../core/digest.ts";
import { AppError } from "../../core/errors.ts";
import { lazySchema } from "../../core/lazy-schema.ts";
import { parseBody } from "../../http/parse-body.ts";
import { readJson } from "../../http/read-json.ts";
import { feedbackJson } from "../../session/read/turn-json.ts";
import { sessionObject } from "../../session/session-object.ts";
import type { CancellationJson } from "../../wire/shapes.ts";
import { allowedModels } from "../allowed-models.ts";
import { type Caller, mustAdmit, sessionOf } from "../caller.ts";
import { agentFor, namedAgent } from "../named-agent.ts";
import { stopsOnDisconnect } from "../on-disconnect.ts";
import { givenFeedback, rating } from "../rating.ts";
import { newName, receiptOf } from "../receipt-of.ts";
import { accepted } from "../refusal-words.ts";
import { relayStream } from "../relay-stream.ts";
import { Routes } from "../routes.ts";
import { agentName, sessionName } from "../session-fields.ts";
import { entryShownTo } from "../shown-to.ts";
import type { TakenTurn } from "../take-conversation.ts";
import { traceOf } from "../trace-of.ts";
import { turnOfMessage, type UiManner } from "./chunks.ts";
import { UiMessages } from "./messages.ts";
import { isAgain, newsOf, type UiNews, uiFields } from "./request.ts";
import { uiOptions, uiSettings } from "./ui-settings.ts";

export const uiRequest = lazySchema(() =>
  z.looseObject({
    ...uiFields.shape,
    ...uiSettings.shape,
    id: z.nullish(sessionName),
    agent: z.nullish(agentName),
  }),
);

/** What a person thinks of an answer, by the id of its message. */
export const uiFeedback = lazySchema(() =>
  z.strictObject({ message_id: z.string().check(z.minLength(1), z.maxLength(64)), ...rating() }),
);

/** A conversation comes whole each time. */
const mostBytes = 8 * 1024 * 1024;

export const uiMessages = new Routes()
  .post("/", "named_in_body", async (c, caller) => {
    const body = parseBody(uiRequest, await readJson(c.req.raw, { maxBytes: mostBytes }));
    mustMay(caller, body.id ?? undefined, "append");
    stopsOnDisconnect(caller, body.id ?? "");
    const news = newsOf(body.messages);
    if (news.kind === "answers" && !body.id) {
      throw new AppError("invalid_request", "id: answers need the id of the chat.", { field: "id" });
    }
    const taken = news.kind === "message" ? await say(caller, body, news) : await answer(caller, body.id ?? "", news);
    return stream(caller, taken);
  })
  .get("/:id", "read", async (c, caller) => {
    const name = parseBody(sessionName, c.req.param("id"), "id");
    const session = sessionOf(caller, name);
    const { names, queued, open, ...range } = unwrap(await session.uiHistory());
    const messages = new UiMessages({
      session: name,
      names: new Map(names.map(({ turn, id }) => [turn, id])),
      queued,
      open,
    });
    const shown = entryShownTo(caller);
    // Up to where the session was then: what is queued there must not be among the entries, too.
    for (let after = range.afterSeq; after < range.lastSeq; ) {
      const limit = Math.min(500, range.lastSeq - after);
      const { entries } = unwrap(await session.shownEntries({ after, limit }));
      for (const entry of entries) messages.add(shown(entry));
      after = entries.at(-1)?.seq ?? range.lastSeq;
    }
    return c.json(messages.end());
  })
  .get("/:id/stream", "read", async (c, caller) => {
    const name = parseBody(sessionName, c.req.param("id"), "id");
    const known = await sessionOf(caller, name).newest();
    if (!known.ok && known.code !== "not_found") unwrap(known);
    if (!known.ok || known.value === null || known.value.state.status === "ended") return c.body(null, 204);
    return stream(caller, { session: name, turn: known.value.turn });
  })
  .post("/:id/feedback", "append", async (c, caller) => {
    const name = parseBody(sessionName, c.req.param("id"), "id");
    const { message_id, ...rated } = parseBody(uiFeedback, await readJson(c.req.raw));
    const turn = turnOfMessage(message_id);
    if (turn === undefined)
      throw new AppError("invalid_request", "message_id: must be the id of an answer.", { field: "message_id" });
    const given = givenFeedback(rated);
    unwrap(await sessionOf(caller, name).giveFeedback(turn, given));
    return c.json({ session: name, turn, message_id, feedback: feedbackJson(given) });
  })
  .delete("/:id/stream", "cancel", async (c, caller) => {
    const name = parseBody(sessionName, c.req.param("id"), "id");
    const { turn } = unwrap(await sessionOf(caller, name).cancel());
    const status = turn === null ? "idle" : "cancelling";
    return c.json<CancellationJson>({ session: name, turn, status }, turn === null ? 200 : 202);
  });

/** A message is sent from its start, also where it goes on: what the client has of it already is written over. */
function stream(caller: Caller, taken: TakenTurn): Promise<Response> {
  const headers = { "X-Vercel-AI-UI-Message-Stream": "v1", "X-Session-Id": taken.session };
  const manner: UiManner = { as: "ai-sdk-ui", turn: taken.turn };
  return relayStream(caller, taken, { manner, headers });
}

/** The same message sent again is answered by the same turn; asked to, the model answers it anew. */
async function say(
  caller: Caller,
  body: z.infer<typeof uiRequest>,
  { id, content, speaker }: Extract<UiNews, { kind: "message" }>,
): Promise<TakenTurn> {
  const { trigger, thinking } = body;
  const receipt = await receiptOf(caller, body);
  // A client that names no chat finds the name of the new one in `X-Session-Id`.
  const name = body.id ?? (await newName(receipt, "POST /v1/ui/messages"));
  const named = namedAgent(caller, body.agent);
  const settings = uiOptions(caller, body, await agentFor(caller, { session: name, named: named.agent }));
  await mustAdmit(caller);
  const address = { account: caller.account, name };
  // Calls that no one has answered are given up: the person has gone on.
  const { token } = caller;
  const mayInterrupt = token === undefined || token.rights.includes("cancel");
  const options = {
    ...settings,
    ...(typeof thinking !== "object" && thinking !== undefined && { thinking }),
  };
  const { turn } = accepted(
    await sessionObject(caller.bindings, address).submit(address, {
      ...named,
      messages: [{ content, ...defined({ speaker }), ...traceOf(caller), options }],
      receipt,
      ...allowedModels(caller),
      // An edited message keeps its id.
      claims: isAgain(trigger) ? [] : [`ui:${id}:${fingerprint(content)}`],
      onBusy: mayInterrupt ? "interrupt_wait" : "queue",
    }),
  );
  return { session: name, turn };
}

/** Answers about calls of the newest turn, which goes on. What was answered before, and the same way, is not answered again. */
async function answer(
  caller: Caller,
  name: string,
  { approvals, results }: Extract<UiNews, { kind: "answers" }>,
): Promise<TakenTurn> {
  if (approvals.length > 0) mustMay(caller, name, "approve");
  const address = { account: caller.account, name };
  const given = approvals.map(({ callId, ...decided }) => ({ call: { id: callId }, ...decided }));
  const submission = { approvals: given, results, answers: "resent" as const };
  const { turn, afterSeq } = accepted(await sessionObject(caller.bindings, address).submit(address, submission));
  return { session: name, turn, ...defined({ afterSeq }) };
}
