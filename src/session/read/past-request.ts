/** What a turn did: a request that was sent to a model, made again from what the log had then, and the turn's trace. Writes nothing and calls no model. */

import { accountObject } from "../../account/account-object.ts";
import type { Agent } from "../../agent/agent.ts";
import type { RemoteTools } from "../../agent/remote-tools.ts";
import type { SessionVersions } from "../../agent/rollout-feature.ts";
import type { TurnSchemas } from "../../agent/turn-schemas.ts";
import { defined } from "../../core/defined.ts";
import { fingerprint } from "../../core/digest.ts";
import type { AssistantEntry, Entry, StepFailedEntry, TurnOptions } from "../../core/entry.ts";
import { AppError } from "../../core/errors.ts";
import { type HeadFacts, shortfall } from "../../core/prefix.ts";
import type { Bindings, Settings } from "../../env.ts";
import type { SessionTraces } from "../../observe/telemetry.ts";
import type { KvCount } from "../../prefix-cache/kv-count.ts";
import type { Heads } from "../store/heads.ts";
import type { Inbox } from "../store/inbox.ts";
import type { Learned } from "../store/learned.ts";
import type { SessionRecord } from "../store/session-record.ts";
import type { TranscriptLog } from "../store/transcript-log.ts";
import { hiddenSeqs } from "../store/withdraw.ts";
import { RequestWindow } from "../turn/request-window.ts";
import { type RequestSources, RequestWriter } from "../turn/request-writer.ts";
import { turnModels } from "../turn/turn-model.ts";
import { TurnTools } from "../turn/turn-tools.ts";
import { noSuchTurn, type Turns } from "../turn/turns.ts";
import { userIdsOf } from "../turn/user-ids.ts";

export interface PastRequest {
  seq: number;
  model: string;
  /** The JSON text of the body. Keys go in headers, so there is none in it. */
  body: string;
  /** Why it may not be what was sent, to the byte; absent when it is. */
  differs?: string;
}

export interface PastSetup {
  agent: Agent;
  settings: Settings;
  remoteTools?: RemoteTools | undefined;
  schemas?: TurnSchemas | undefined;
  bindings: Bindings;
  /** Which version of the agent a turn had; absent: the code's. */
  version?: SessionVersions | undefined;
}

/** What a request is made again from. */
export interface PastSources {
  log: TranscriptLog;
  inbox: Inbox;
  turns: Turns;
  record: SessionRecord;
  heads: Heads;
  learned: Learned;
  kvCount: KvCount;
}

/** Throws `not_found` when entry `seq` is no reply of a model. */
export async function pastRequest(sources: PastSources, given: PastSetup, seq: number): Promise<PastRequest> {
  const [reply] = sources.log.read({ after: seq - 1, limit: 1 });
  if (reply === undefined || reply.seq !== seq || (reply.type !== "assistant" && reply.type !== "step_failed")) {
    throw new AppError("not_found", `Entry ${seq} is no reply of a model.`, { field: "seq" });
  }
  const [first] = sources.log.read({ after: (sources.turns.firstSeq(reply.turn) ?? 1) - 1, limit: 1 });
  const setup = { ...given, agent: (await given.version?.ofTurn(first)) ?? given.agent };
  const options = optionsOf(sources, reply.turn);
  const { account, name, model, stickyModel, prefix: prefixId } = sources.record.read();
  const models = turnModels({ ...setup, sessionModel: model, sticky: stickyModel, options, chance: 0 });
  const { profile } = models.find((each) => each.profile.id === reply.model) ?? models[0];
  const prefix = prefixId === null ? undefined : await accountObject(setup.bindings, account).readPrefix(prefixId);
  const agent = await equipped({ ...setup, kvCount: sources.kvCount }, options);
  const userIds = await userIdsOf({ account, name });
  const writer = new RequestWriter(sourcesBefore(sources, seq), {
    agent,
    options,
    prefix,
    userIds,
    schemas: setup.schemas,
  });
  const { head } = writer.prefix(profile, reply.atMs);
  const body = writer.next(profile, { step: reply.step, begun: "" });
  const differs = differenceOf(sources, reply, head);
  return { seq, model: profile.id, body, ...defined({ differs }) };
}

/** The agent with the tools that it would have now. */
async function equipped(setup: PastSetup & { kvCount: KvCount }, { tools = [] }: TurnOptions): Promise<Agent> {
  const all = new TurnTools({ ...setup, count: setup.kvCount });
  const names = tools.map(({ name }) => name);
  try {
    return { ...setup.agent, tools: await all.toolbox(names, new AbortController().signal) };
  } finally {
    await all.close();
  }
}

/** The options of the turn; in a copy only the transcript has them. */
function optionsOf({ inbox, turns, log }: Pick<PastSources, "inbox" | "turns" | "log">, turn: string): TurnOptions {
  const kept = inbox.byTurn(turn)?.message.options ?? {};
  if (Object.keys(kept).length > 0) return kept;
  const [first] = log.read({ after: (turns.firstSeq(turn) ?? 1) - 1, limit: 1 });
  return first?.type === "user" ? first.options : {};
}

/** The session as it was before entry `seq`. */
function sourcesBefore({ inbox, heads: kept, ...sources }: PastSources, seq: number): RequestSources {
  const log = logBefore(sources.log, seq);
  const summary = sources.log.newest("compaction", Number.MAX_SAFE_INTEGER).find((each) => each.seq < seq);
  const facts = new Map<string, HeadFacts>();
  const heads = {
    put(of: HeadFacts) {
      const id = fingerprint(JSON.stringify(of));
      facts.set(id, of);
      return id;
    },
    read: (id: string) => facts.get(id) ?? kept.read(id),
  };
  const { record, learned, turns } = sources;
  const window = new RequestWindow(log, () => summary?.throughSeq ?? 0, { hiddenSeqs: () => hiddenSeqs(inbox) });
  return { log, record, learned, turns, heads, window };
}

function logBefore(log: TranscriptLog, seq: number): TranscriptLog {
  const isBefore = (entry: Entry) => entry.seq < seq;
  return {
    lastSeq: seq - 1,
    last: log.read({ after: seq - 2, limit: 1 })[0],
    append: () => {
      throw new Error("read-only");
    },
    read: (range) => log.read(range).filter(isBefore),
    readLong: (seq, pause) => log.readLong(seq, pause),
    readBeginnings: (range) => log.readBeginnings(range).filter(isBefore),
    newest: (type, limit) => log.newest(type, Number.MAX_SAFE_INTEGER).filter(isBefore).slice(0, limit),
    hasCall: (callId) => log.hasCall(callId),
    size: () => log.size(),
  };
}

function differenceOf(
  { heads, record }: Pick<PastSources, "heads" | "record">,
  reply: AssistantEntry | StepFailedEntry,
  head: string,
): string | undefined {
  if (reply.seq <= record.read().copiedSeq) return "it was sent in another session";
  if (reply.type === "step_failed") return "what failed keeps no record of its request";
  if (reply.tries !== undefined) return "it is the last of several tries";
  if (reply.attempt > 1) return "an attempt before it broke off, and it may have gone on from there";
  if (reply.prefix === undefined || reply.prefix.head === head) return undefined;
  const before = heads.read(reply.prefix.head);
  return before === undefined ? "its head is not known any more" : "the agent has changed since";
}

export interface PrefixReport {
  /** Newest first. */
  requests: RequestReport[];
  /** What the newest request began with. */
  head: HeadFacts | undefined;
  /** The newest entry that it was not shown. */
  windowSeq: number;
}

export interface RequestReport {
  seq: number;
  turn: string;
  step: number;
  model: string;
  inputTokens: number;
  cachedTokens: number;
  expectedTokens: number;
  /** Why less than the request before was cached, where it was. */
  because: string | undefined;
}

export function prefixReport({ log, heads }: { log: TranscriptLog; heads: Heads }, limit: number): PrefixReport {
  const replies = log.newest("assistant", limit + 1).filter(({ prefix }) => prefix !== undefined);
  const requests = replies.slice(0, limit).map((reply, place): RequestReport => {
    const { seq, turn, step, model, usage, atMs, prefix } = reply;
    const expected = prefix ?? { expectedTokens: 0 };
    const idleMs = atMs - (replies[place + 1]?.atMs ?? atMs);
    const because = shortfall(expected, { cachedTokens: usage.cachedTokens, idleMs });
    const { inputTokens, cachedTokens } = usage;
    return { seq, turn, step, model, inputTokens, cachedTokens, expectedTokens: expected.expectedTokens, because };
  });
  const newest = replies[0]?.prefix;
  return { requests, head: newest && heads.read(newest.head), windowSeq: newest?.windowSeq ?? 0 };
}

/** An OTLP request in JSON. Throws `not_found` for a turn that never was, and where the app makes no traces. */
export function turnTrace({ turns, traces }: { turns: Turns; traces?: SessionTraces }, turn: string): Promise<string> {
  if (turns.state(turn) === undefined) throw noSuchTurn(turn);
  if (traces !== undefined) return traces.trace(turn);
  throw new AppError("not_found", "This app makes no traces: list `observe: traces()` in longline(…).");
}
