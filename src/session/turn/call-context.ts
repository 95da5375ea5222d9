/** What a tool may know and use while it runs for a session. */
import type { Agent } from "../../agent/agent.ts";
import { sha256Hex } from "../../core/digest.ts";
import type { ToolCall } from "../../core/message.ts";
import { textLimits } from "../../core/window.ts";
import type { Profile } from "../../model/profile.ts";
import type { SessionTraces } from "../../observe/telemetry.ts";
import type { TraceHeaders } from "../../observe/traceparent.ts";
import { withoutSecrets } from "../../tools/run-tool.ts";
import type { CallContext, EntryPiece } from "../../tools/tool.ts";
import type { Feed } from "../read/feed.ts";
import type { Outbox } from "../store/outbox.ts";
import type { SessionRecord } from "../store/session-record.ts";
import type { TranscriptLog } from "../store/transcript-log.ts";
import type { TranscriptSearch } from "../store/transcript-search.ts";
import type { Subrequests } from "./subrequests.ts";
import type { Turns } from "./turns.ts";

/** What a tool's context is made from. */
interface CallSources {
  record: SessionRecord;
  search: TranscriptSearch;
  log: TranscriptLog;
  feed: Feed;
  turns: Turns;
  outbox: Outbox;
  traces?: SessionTraces;
}

interface CallOf {
  call: ToolCall;
  agent: Agent;
  /** Values of the app's secrets for tools, by name. */
  secrets: Readonly<Record<string, string>>;
  /** Id of the call that the key is made of: of the first of equal calls in one reply. */
  keyOf: string;
  place: { turn: string; step: number };
  turn: { firstSeq: number; message: { speaker?: string } };
  /** Of the model that will read the result. */
  profile: Profile;
  signal: AbortSignal;
  subrequests: Subrequests;
}

/**
 * The key is a digest of session, turn, step and call: the same however often the call is run. The birth is part of it, so
 * that a session that was erased and made again by the same name has other keys; sessions without one keep the keys they had.
 */
export async function callContext(sources: CallSources, of: CallOf): Promise<CallContext> {
  const { record, search, log, feed, outbox } = sources;
  const { account, name, birth, metadata } = record.read();
  const { call, place, signal, agent } = of;
  const own = agent.tools.get(call.name)?.secrets ?? [];
  const { resultChars } = textLimits(of.profile.contextTokens);
  const trace = await callTrace(sources, of);
  const replyTo = outbox.addressOf(place.turn);
  return {
    secrets: Object.fromEntries(own.map((secret) => [secret, of.secrets[secret] ?? ""])),
    account,
    agent: agent.name,
    session: { id: name, metadata },
    turn: place.turn,
    callId: call.id,
    ...(replyTo && { replyTo }),
    speaker: of.turn.message.speaker,
    idempotencyKey: await sha256Hex(`${account}:${name}${birthPart(birth)} ${place.turn} ${place.step} ${of.keyOf}`),
    signal,
    now: () => Date.now(),
    ...trace,
    fetch: tracedFetch(of.subrequests.fetch, trace),
    progress: (text) =>
      feed.progress.report({ callId: call.id, name: call.name }, withoutSecrets(String(text), of.secrets)),
    transcript: {
      search: async (query, limit) => search.find(query, { limit, beforeSeq: of.turn.firstSeq }),
      read: async (seq, offset) => readEntry(log, { seq, offset, mostChars: Math.floor(resultChars * 0.8) }),
    },
  };
}

/** Of the call's span, which has its name before it has a result. */
async function callTrace({ traces, turns }: CallSources, { turn, call, place }: CallOf) {
  const reply = turns.entries(turn.firstSeq).findLast((entry) => entry.type === "assistant");
  return reply && traces?.callParent(place.turn, { replySeq: reply.seq, callId: call.id });
}

/** What the tool says itself stays. */
function tracedFetch(fetch: typeof globalThis.fetch, trace: TraceHeaders | undefined): typeof globalThis.fetch {
  if (trace === undefined) return fetch;
  return (input, init) => {
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
    if (!headers.has("traceparent")) for (const [name, value] of Object.entries(trace)) headers.set(name, value);
    return fetch(input, { ...init, headers });
  };
}

/** A name holds no colon, so no session without a birth can have the key of one with it. */
function birthPart(birth: string | null): string {
  return birth === null ? "" : `:${birth}`;
}

/** At most `mostChars` characters from `offset` on; `undefined` when there is no such entry, or it has no text. */
function readEntry(
  log: TranscriptLog,
  { seq, offset, mostChars }: { seq: number; offset: number; mostChars: number },
): EntryPiece | undefined {
  const [entry] = log.read({ after: seq - 1, limit: 1 });
  if (entry?.seq !== seq || !("content" in entry)) return undefined;
  const text = entry.content.slice(offset, offset + mostChars).toWellFormed();
  return { role: entry.type, text, totalChars: entry.content.length };
}
