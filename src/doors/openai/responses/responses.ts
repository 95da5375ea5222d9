/** `/v1/responses`: OpenAI's Responses API. A response is a turn of a session, or what comes in it after its client's answers. */
import * as z from "zod/mini";
import { unwrap } from "../../../account/outcome.ts";
import { defined } from "../../../core/defined.ts";
import { AppError } from "../../../core/errors.ts";
import { lazySchema } from "../../../core/lazy-schema.ts";
import { parseBody } from "../../../http/parse-body.ts";
import { readJson } from "../../../http/read-json.ts";
import { coercedNumber } from "../../../wire/zod-parts.ts";
import { type Caller, mustAdmit } from "../../caller.ts";
import { stoppingOnDisconnect, stopsOnDisconnect } from "../../on-disconnect.ts";
import { Routes } from "../../routes.ts";
import { failedTurn, notYet, openAiErrorResponse } from "../openai-error.ts";
import { countInput, countRequest } from "./count-input.ts";
import { createRequest, withDeclaredTools, withoutNulls } from "./create-request.ts";
import { itemList, itemReading } from "./item-list.ts";
import { storedItems } from "./item-references.ts";
import { mustAgree } from "./read-request.ts";
import { findResponse, idOf, madeBy, readResponse, streamResponse } from "./read-response.ts";
import { takeRequest } from "./take-response.ts";

/** How long an answer that does not stream is waited for. */
const longestWaitSeconds = 600;
/** How long a cancelled turn may take to end. */
const cancelWaitMs = 10_000;

export const responseReading = lazySchema(() =>
  z.strictObject({
    stream: z.optional(z.enum(["true", "false"])),
    starting_after: z.optional(coercedNumber().check(z.int(), z.minimum(0))),
    include: z.optional(z.array(z.literal("reasoning.encrypted_content"))),
    include_obfuscation: z.optional(z.enum(["true", "false"])),
  }),
);

export const responses = new Routes({ refuse: openAiErrorResponse })
  .post("/", "key", async (c, caller) => {
    const request = parseBody(createRequest, withDeclaredTools(withoutNulls(await readJson(c.req.raw))));
    mustAgree(request);
    await mustAdmit(caller);
    const place = await takeRequest(caller, request);
    const encrypted = request.include !== undefined && request.include.length > 0;
    // A response in a session of its own is known to no one whose client has gone before it heard of it.
    const isOwn = request.conversation === undefined && request.previous_response_id === undefined;
    const stops = isOwn && !request.background;
    if (request.stream) return streamResponse(caller, place, { encrypted, stops });
    const timeoutMs = request.background ? 0 : waitMs(caller);
    const wait = () => readResponse(caller, place, { timeoutMs, encrypted });
    const waits = !request.background && stopsOnDisconnect(caller, place.session, stops);
    const { response, ended, failure, rest } = waits ? await stoppingOnDisconnect(caller, place, wait) : await wait();
    if (failure !== undefined && !request.background) return failed(failure, idOf(place));
    if (ended || request.background) return c.json(response);
    return failed(notYet(`/v1/responses/${idOf(place)}`, rest), idOf(place));
  })
  .post("/input_tokens", "key", async (c, caller) => {
    const request = parseBody(countRequest, withDeclaredTools(withoutNulls(await readJson(c.req.raw, { empty: {} }))));
    return c.json({ object: "response.input_tokens", input_tokens: await countInput(caller, request) });
  })
  .get("/:id/input_items", "key", async (c, caller) => {
    const query = parseBody(itemReading, Object.fromEntries(new URL(c.req.url).searchParams));
    const { place } = await findResponse(caller, c.req.param("id"));
    const items = (await storedItems(caller, place.session)) ?? [];
    const own = items.filter(({ side, response }) => side === "input" && response === idOf(place));
    return c.json(itemList(own, query));
  })
  // OpenAI's POST /v1/responses/compact is not offered: it is no response that takes only GET and DELETE.
  .get("/:id{(?!compact$)[^/]+}", "key", async (c, caller) => {
    const query = readQuery(new URL(c.req.url));
    const { place } = await findResponse(caller, c.req.param("id"));
    const view = { encrypted: query.include !== undefined && query.include.length > 0 };
    const startingAfter = query.starting_after;
    if (query.stream === "true") {
      return streamResponse(caller, place, { ...view, ...defined({ startingAfter }) });
    }
    if (startingAfter === undefined)
      return c.json((await readResponse(caller, place, { ...view, timeoutMs: 0 })).response);
    const detail = "starting_after: it is for streams; send stream=true, too.";
    throw new AppError("invalid_request", detail, { field: "starting_after" });
  })
  .post("/:id/cancel", "key", async (c, caller) => {
    const { place, session } = await findResponse(caller, c.req.param("id"), { unstored: true });
    const { response, ended } = await readResponse(caller, place, { timeoutMs: 0 });
    if (ended) return c.json(response);
    unwrap(await session.cancel(place.turn));
    return c.json((await readResponse(caller, place, { timeoutMs: cancelWaitMs })).response);
  })
  .delete("/:id{(?!compact$)[^/]+}", "key", async (c, caller) => {
    const { place, session, found } = await findResponse(caller, c.req.param("id"));
    const { isAll } = unwrap(await session.withdraw(place, idOf(place)));
    if (isAll && found.metadataOfSession.made_by === madeBy) unwrap(await session.erase());
    return c.json({ id: idOf(place), object: "response", deleted: true });
  });

/** Lists come as `include=a`, `include[]=a` or `include[0]=a`. */
function readQuery(url: URL): z.infer<typeof responseReading> {
  const lists: Record<string, string[]> = {};
  const single: Record<string, string> = {};
  for (const [name, value] of url.searchParams) {
    const plain = name.replace(/\[\d*\]$/, "");
    if (plain === "include") lists.include = [...(lists.include ?? []), value];
    else single[name] = value;
  }
  return parseBody(responseReading, { ...single, ...lists });
}

/** `Prefer: wait=N` shortens the wait, as for messages. */
function waitMs(caller: Caller): number {
  const seconds = /\bwait=(\d{1,6})\b/i.exec(caller.request.headers.get("Prefer") ?? "")?.[1];
  return Math.min(Number(seconds ?? longestWaitSeconds), longestWaitSeconds) * 1000;
}

/** The Response itself is at its address. OpenAI's clients would send a 504 again, and begin a second turn. */
function failed(failure: Parameters<typeof failedTurn>[0], id: string): Response {
  const answer = failedTurn(failure);
  answer.headers.set("Location", `/v1/responses/${id}`);
  return answer;
}
