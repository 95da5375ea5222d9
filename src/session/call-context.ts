/** What a tool may know and use while it runs for a session. */
import { sha256Hex } from "../core/digest.ts";
import type { ToolCall } from "../core/message.ts";
import { textLimits } from "../core/window.ts";
import type { Profile } from "../model/profile.ts";
import type { ToolContext } from "../tools/tool.ts";
import { readEntry } from "./read-entry.ts";
import type { SessionParts } from "./session-parts.ts";
import type { Subrequests } from "./subrequests.ts";

interface CallOf {
  call: ToolCall;
  /** Id of the call that the key is made of: of the first of equal calls in one reply. */
  keyOf: string;
  place: { turn: string; step: number };
  turn: { firstSeq: number };
  /** Of the model that will read the result. */
  profile: Profile;
  signal: AbortSignal;
  subrequests: Subrequests;
}

/**
 * The key is a digest of session, turn, step and call: the same however often the call is run. The birth is part of it, so
 * that a session that was erased and made again by the same name has other keys; sessions without one keep the keys they had.
 */
export async function callContext({ record, search, log }: SessionParts, of: CallOf): Promise<ToolContext> {
  const { account, name, birth } = record.read();
  const { call, place, signal } = of;
  const { resultChars } = textLimits(of.profile.contextTokens);
  return {
    sessionId: name,
    turn: place.turn,
    callId: call.id,
    idempotencyKey: await sha256Hex(`${account}:${name}${birthPart(birth)} ${place.turn} ${place.step} ${of.keyOf}`),
    signal,
    now: () => Date.now(),
    fetch: of.subrequests.fetch,
    transcript: {
      search: async (query, limit) => search.find(query, { limit, beforeSeq: of.turn.firstSeq }),
      read: async (seq, offset) => readEntry(log, { seq, offset, mostChars: Math.floor(resultChars * 0.8) }),
    },
  };
}

/** A name holds no colon, so no session without a birth can have the key of one with it. */
function birthPart(birth: string | null): string {
  return birth === null ? "" : `:${birth}`;
}
