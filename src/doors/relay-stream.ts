/** Passes a session's stream of one answer on, in the manner that the client requested. */
import { sessionEvents } from "../session/session-object.ts";
import { formatManner, type Manner } from "../wire/manner.ts";
import type { Caller } from "./caller.ts";
import { hangUpQuery, stopsOnDisconnect } from "./on-disconnect.ts";
import { audienceQuery } from "./shown-to.ts";
import type { TakenTurn } from "./take-conversation.ts";

export interface RelayOptions {
  manner: Manner;
  headers: Record<string, string>;
  /** Unless the client says otherwise, its hang-up stops the turn. */
  stops?: boolean;
  /** The id of the last event of this answer that the client has. */
  seen?: string;
}

/** The bytes go through untouched; the reader's hang-up travels with the signal. */
export async function relayStream(caller: Caller, of: TakenTurn, how: RelayOptions): Promise<Response> {
  const seen = how.seen === undefined ? "" : `&seen=${encodeURIComponent(how.seen)}`;
  const query = `after=${of.afterSeq ?? ""}${seen}&turn=${of.turn}&as=${formatManner(how.manner)}${audienceQuery(caller)}`;
  const hangUp = hangUpQuery(stopsOnDisconnect(caller, of.session, how.stops));
  const address = { account: caller.account, name: of.session };
  const stream = await sessionEvents(caller.bindings, address, {
    query: `${query}${hangUp}`,
    signal: caller.request.signal,
  });
  const response = new Response(stream.body, stream);
  for (const [name, value] of Object.entries(how.headers)) response.headers.set(name, value);
  return response;
}
