/** What a tool may know and use while it runs for a session. */
import { sha256Hex } from "../core/digest.ts";
import type { ToolCall } from "../core/message.ts";
import { textLimits } from "../core/window.ts";
import type { Profile } from "../model/profile.ts";
import type { ToolContext } from "../tools/tool.ts";
import { readEntry } from "./read-entry.ts";
import type { SessionParts } from "./session-parts.ts";

interface CallOf {
  call: ToolCall;
  /** Id of the call that the key is made of: of the first of equal calls in one reply. */
  keyOf: string;
  place: { turn: string; step: number };
  turn: { firstSeq: number };
  /** Of the model that will read the result. */
  profile: Profile;
  signal: AbortSignal;
}

/** The key is a digest of session, turn, step and call: the same however often the call is run. */
export async function callContext({ record, search, log }: SessionParts, of: CallOf): Promise<ToolContext> {
  const { account, name } = record.read();
  const { call, place, signal } = of;
  const { resultChars } = textLimits(of.profile.contextTokens);
  return {
    sessionId: name,
    turn: place.turn,
    callId: call.id,
    idempotencyKey: await sha256Hex(`${account}:${name} ${place.turn} ${place.step} ${of.keyOf}`),
    signal,
    now: () => Date.now(),
    fetch: (input, init) => globalThis.fetch(input, init),
    transcript: {
      search: async (query, limit) => search.find(query, { limit, beforeSeq: of.turn.firstSeq }),
      read: async (seq, offset) => readEntry(log, { seq, offset, mostChars: Math.floor(resultChars * 0.8) }),
    },
  };
}
