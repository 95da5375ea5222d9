/** Finds a response by its id, and reads it: as the Response object from what its session recorded, or as the session's stream. */
import { unavailable } from "../../../account/call-object.ts";
import { type Outcome, unwrap } from "../../../account/outcome.ts";
import { defined } from "../../../core/defined.ts";
import { AppError } from "../../../core/errors.ts";
import { eventsOfEntry } from "../../../core/event.ts";
import type { TurnRest } from "../../../core/tool-steps.ts";
import type { FoundAnswer } from "../../../session/read/answer-request.ts";
import { sessionEvents, type sessionObject } from "../../../session/session-object.ts";
import { type AnswerPlace, formatAnswerId, parseAnswerId } from "../../../wire/answer-id.ts";
import { formatManner } from "../../../wire/manner.ts";
import { type Caller, sessionOf } from "../../caller.ts";
import { entriesInOneGo } from "../../make-copy.ts";
import { agentShown } from "../../named-agent.ts";
import { hangUpQuery, stopsOnDisconnect } from "../../on-disconnect.ts";
import { defaultModel } from "../named-model.ts";
import type { OpenAiFailure } from "../openai-failure.ts";
import { type ResponseManner, ResponseWriter, responsePrefix } from "./response-writer.ts";

/** In the metadata of sessions that were made for a response, and are erased with it. */
export const madeBy = "responses";

type SessionStub = ReturnType<typeof sessionObject>;

export function idOf(place: AnswerPlace): string {
  return formatAnswerId(responsePrefix, place);
}

/** The same 404 for what never was, is withdrawn, is another account's, or was not to be stored; `unstored` finds the last, too. */
export async function findResponse(
  caller: Caller,
  id: string,
  { unstored = false } = {},
): Promise<{ place: AnswerPlace; session: SessionStub; found: FoundAnswer }> {
  const place = parseAnswerId(responsePrefix, id);
  if (place !== undefined) {
    const session = sessionOf(caller, place.session);
    const asked = await askedOf(session, place, id);
    const isStored = asked.ok && asked.value.metadataOfSession.store !== "false";
    if (asked.ok && (isStored || unstored)) return { place, session, found: asked.value };
    if (!asked.ok && asked.code !== "not_found") unwrap(asked);
  }
  throw new AppError("not_found", `Response with id '${id.slice(0, 200)}' not found.`, { field: "response_id" });
}

/** `ended`: nothing more comes in it. Waits up to `timeoutMs` for that. */
export async function readResponse(
  caller: Caller,
  place: AnswerPlace,
  { timeoutMs, encrypted = false }: { timeoutMs: number; encrypted?: boolean },
): Promise<{ response: object; ended: boolean; failure?: OpenAiFailure | undefined; rest?: TurnRest | undefined }> {
  const session = sessionOf(caller, place.session);
  const state = unwrap(await session.wait(place.turn, timeoutMs, true));
  const asked = unwrap(await askedOf(session, place, idOf(place)));
  const writer = new ResponseWriter({ ...place, defaultModel: await modelIn(caller, place), encrypted }, asked);
  const firstSeq = state.status === "queued" ? undefined : state.firstSeq;
  if (firstSeq !== undefined) await writeEvents(writer, session, { ...place, firstSeq });
  if (state.status === "waiting") writer.waits(state.waitingFor);
  const { ended, failure } = writer;
  const rest = ended ? undefined : state.rest;
  const waits = rest && { longline: { waiting: rest.waiting } };
  return { response: { ...writer.object(), ...waits }, ended, failure, rest };
}

/** Hands the session's stream through untouched; the reader's hang-up travels with the signal. */
export async function streamResponse(
  caller: Caller,
  place: AnswerPlace,
  { stops, ...view }: { startingAfter?: number; encrypted: boolean; stops?: boolean },
): Promise<Response> {
  const { session, ...rest } = place;
  const wanted: ResponseManner = {
    as: "openai-responses",
    ...rest,
    ...view,
    defaultModel: await modelIn(caller, place),
  };
  const manner = formatManner(wanted);
  const query = `after=${place.afterSeq ?? ""}&turn=${place.turn}&as=${manner}${hangUpQuery(stopsOnDisconnect(caller, session, stops))}`;
  const address = { account: caller.account, name: place.session };
  const stream = await sessionEvents(caller.bindings, address, { query, signal: caller.request.signal });
  if (stream.ok) return stream;
  if (stream.status === 503) throw unavailable("transient");
  throw new AppError("not_found", `Response with id '${idOf(place)}' not found.`, { field: "response_id" });
}

/** Cloudflare's types make nothing of a schema's `unknown`, so the type is given again. */
async function askedOf(session: SessionStub, place: AnswerPlace, id: string): Promise<Outcome<FoundAnswer>> {
  const { turn, afterSeq } = place;
  return (await session.asked({ turn, ...defined({ afterSeq }) }, id)) as Outcome<FoundAnswer>;
}

async function writeEvents(
  writer: ResponseWriter,
  session: SessionStub,
  { turn, afterSeq = 0, firstSeq }: AnswerPlace & { firstSeq: number },
): Promise<void> {
  for (let after = Math.max(firstSeq - 1, afterSeq), isOpen = true; isOpen; ) {
    const { entries } = unwrap(await session.entries({ after, limit: entriesInOneGo }));
    const own = entries.filter((entry) => entry.turn === turn);
    writer.events(own.flatMap((entry) => eventsOfEntry(entry)));
    after = entries.at(-1)?.seq ?? after;
    isOpen = own.length > 0 && own.length === entries.length && !writer.ended;
  }
}

/** The model that answers where none was named: the first one of the session's agent. */
async function modelIn(caller: Caller, { session }: AnswerPlace): Promise<string> {
  return defaultModel(caller, await agentShown(caller, { session }));
}
