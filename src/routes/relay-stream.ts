/** Hands a session's stream of one answer through, told in the manner of the asking client. */
import type { Context } from "hono";
import { formatManner, type Manner } from "../dialects/manner.ts";
import { sessionEvents } from "../session/session-object.ts";
import type { RouteContext } from "./context.ts";
import { hangUpQuery, stopsOnDisconnect } from "./on-disconnect.ts";
import type { Taken } from "./take-conversation.ts";
import { audience } from "./turn-response.ts";

export interface RelayOptions {
  manner: Manner;
  headers: Record<string, string>;
  /** Without a word of the client its hang-up stops the turn. */
  stops?: boolean;
  /** The id of the last event of this answer that the client has. */
  seen?: string;
}

/** The bytes go through untouched; the reader's hang-up travels with the signal. */
export async function relayStream(c: Context<RouteContext>, of: Taken, how: RelayOptions): Promise<Response> {
  const seen = how.seen === undefined ? "" : `&seen=${encodeURIComponent(how.seen)}`;
  const query = `after=${of.afterSeq ?? ""}${seen}&turn=${of.turn}&as=${formatManner(how.manner)}${audience(c)}`;
  const hangUp = hangUpQuery(stopsOnDisconnect(c, of.session, how.stops));
  const address = { account: c.var.account, name: of.session };
  const stream = await sessionEvents(c.env, address, { query: `${query}${hangUp}`, signal: c.req.raw.signal });
  const response = new Response(stream.body, stream);
  for (const [name, value] of Object.entries(how.headers)) response.headers.set(name, value);
  return response;
}
