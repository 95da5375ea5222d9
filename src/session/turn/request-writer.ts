/** Writes what a turn asks the model: head, window and tail. Sends nothing. */
import type { Agent } from "../../agent/agent.ts";
import { handingAgent } from "../../agent/delegation-feature.ts";
import type { TurnSchemas } from "../../agent/turn-schemas.ts";
import { isAllowed } from "../../core/allowed-tools.ts";
import { summaryQuestion } from "../../core/compact.ts";
import type {
  AllowedTools,
  ClientTool,
  CompactionCause,
  Entry,
  PrefixRecord,
  Sampling,
  ToolChoice,
  TurnOptions,
} from "../../core/entry.ts";
import type { Sent } from "../../core/estimate-usage.ts";
import { outline, outlineLines } from "../../core/outline.ts";
import { forecast, type HeadFacts } from "../../core/prefix.ts";
import type { Readers } from "../../core/request.ts";
import { estimateTokens, mostTokens, nearlyFills } from "../../core/window.ts";
import { inPieces, pace, pausing, toolsWorkMs } from "../../http/pace.ts";
import type { Profile } from "../../model/profile.ts";
import {
  type Head,
  headFacts,
  isAnswerShort,
  requestBody,
  serializeHead,
  serializeTail,
  type Tail,
} from "../../model/serialize.ts";
import type { OfferedTool } from "../../tools/tool.ts";
import type { Heads } from "../store/heads.ts";
import type { Learned } from "../store/learned.ts";
import type { SessionSettings } from "../store/session-record.ts";
import { scan, type TranscriptLog } from "../store/transcript-log.ts";
import type { RequestWindow } from "./request-window.ts";
import { sentEstimate } from "./sent-estimate.ts";
import type { Turns } from "./turns.ts";
import { type UserIds, userIdFor } from "./user-ids.ts";
import { warnOnce } from "./warn-once.ts";

/** What a turn asks with. `prefix`: the text of the session's registered prefix. */
export interface RequestBasis {
  agent: Agent;
  options: TurnOptions;
  prefix: string | undefined;
  /** Opaque names of the account and the session, for providers that take them. */
  userIds: UserIds;
  /** Of an app whose doors take JSON schemas. */
  schemas?: TurnSchemas | undefined;
}

/** What requests are written from. */
export interface RequestSources {
  log: TranscriptLog;
  record: { read(): Pick<SessionSettings, "account" | "instructions" | "windowSeq"> };
  window: RequestWindow;
  heads: Pick<Heads, "put" | "read">;
  learned: Learned;
  turns: Pick<Turns, "open" | "entries">;
}

/** About how long it takes to measure and rewrite the largest strict schema that is offered, in ms. */
const strictMs = 4;

export class RequestWriter {
  readonly #sources: RequestSources;
  readonly #of: RequestBasis;
  readonly #readers: Readers;
  /** The head stays the same as long as the model does: it may hold a whole handbook. */
  #written: Written | undefined;
  readonly #offers = new Map<ClientTool, OfferedTool>();

  constructor(sources: RequestSources, of: RequestBasis) {
    this.#sources = sources;
    const { agent, options } = of;
    // What the message chose replaces what the agent has.
    const sampling = agent.sampling && { ...agent.sampling, ...options.sampling };
    this.#of = sampling === undefined ? of : { ...of, options: { ...options, sampling } };
    const isOffered = (tool: string) => of.agent.tools.declarations.some(({ name }) => name === tool);
    this.#readers = { search: isOffered("search_transcript"), read: isOffered("read_entry") };
  }

  /** The body of step `step`'s request. `begun`: half an answer that the model is to go on with. */
  next(model: Profile, { step, begun }: { step: number; begun: string }): string {
    const read = this.#read(model);
    const { sampling } = this.#of.options;
    const { head, tail } = this.#fitted(read, { sampling, toolChoice: this.#choice(step) }, begun);
    return requestBody(head, this.#sources.window.messages(), { begun, tail });
  }

  /** Asks for a summary of what is up to entry `throughSeq`. It begins with the bytes of the requests before. */
  summary(model: Profile, throughSeq: number): string {
    const { head, tail } = this.#fitted(this.#read(model), {}, summaryQuestion);
    return requestBody(head, this.#sources.window.messagesAsking(summaryQuestion, throughSeq), { tail });
  }

  /** What the next request is in tokens. `begun`: half an answer that goes with it. `expectedTokens`: of them in the provider's cache. */
  sent(model: Profile, { begun, expectedTokens }: { begun: string; expectedTokens: number }): Sent {
    return this.#sent(model, { more: begun, expectedTokens });
  }

  /** What the request for a summary is in tokens. */
  sentSummary(model: Profile, throughSeq: number): Sent {
    const more = summaryQuestion;
    return this.#sent(model, { more, throughSeq, expectedTokens: this.#sources.window.last?.tokens ?? 0 });
  }

  #sent(model: Profile, of: { more: string; throughSeq?: number; expectedTokens: number }): Sent {
    const { more, throughSeq, expectedTokens } = of;
    const { head } = this.#read(model);
    const { window, log } = this.#sources;
    const beside = [head, more];
    return sentEstimate(window, log, {
      model: model.id,
      beside,
      messages: window.messages(throughSeq),
      expectedTokens,
    });
  }

  /** Whether the next request and the longest answer to it take nearly all of the model's window. */
  nearlyFills(model: Profile): boolean {
    const { profile } = this.#read(model);
    return nearlyFills(this.#sources.window.tokens, profile);
  }

  /** Tokens that the next request and its answer cannot have more of. */
  most(model: Profile): { requestTokens: number; maxTokens: number } {
    const { head, profile } = this.#read(model);
    const texts = [head, summaryQuestion, ...this.#sources.window.messages()];
    const requestTokens = texts.reduce((sum, text) => sum + mostTokens(text), 0);
    return { requestTokens, maxTokens: Math.max(profile.maxTokens, profile.maxTokensThinking) };
  }

  /** What the next request begins with, compared with the request before it. */
  prefix(model: Profile, nowMs: number): PrefixRecord {
    const written = this.#read(model);
    const { profile } = written;
    const { window, heads } = this.#sources;
    const facts = this.#factsOf(written);
    const { last } = window;
    const before = last && { ...last, head: heads.read(last.head) };
    const now = { head: facts, windowSeq: window.windowSeq, atMs: nowMs };
    const known = before?.head === undefined ? undefined : { ...before, head: before.head };
    const { cacheBlockTokens } = profile;
    const expected = forecast(known, now, { blockTokens: cacheBlockTokens });
    return { head: heads.put(facts), windowSeq: now.windowSeq, ...expected };
  }

  /** Reads a long conversation in pieces before its first request is written. `isOver`: nothing of it is wanted any more. */
  async readAhead(model: Profile, isOver: () => boolean): Promise<void> {
    // A megabyte of tools is written into the head: as much work as reading it was.
    const { tools } = this.#of.options;
    const workMs = toolsWorkMs(tools);
    await pace(workMs);
    const pieces = inPieces();
    for (const tool of tools ?? []) {
      if (tool.strict) await pieces(strictMs);
      if (isOver()) return;
      this.#offered(tool);
    }
    const written = this.#head(model);
    await pace(workMs);
    this.#factsOf(written);
    await pace(workMs);
    if (isOver()) return;
    const { head, profile } = written;
    await this.#sources.window.readAhead(profile, head, pausing(isOver));
  }

  /** Whether the next request comes near to filling the model's window. Called between steps only. */
  isFull(model: Profile): boolean {
    this.#read(model);
    return this.#sources.window.isFull;
  }

  /** The newest entry that should leave the window; `undefined` when none can. */
  cut(model: Profile, why: CompactionCause): number | undefined {
    this.#read(model);
    return this.#sources.window.cut(why);
  }

  /** What is in the window up to entry `throughSeq`, in lines. */
  outline(throughSeq: number): string {
    const { log, record, window } = this.#sources;
    const lines: string[] = [];
    for (const entries of scan(log, { after: record.read().windowSeq, throughSeq })) {
      lines.push(...outlineLines(entries));
    }
    return outline(window.summary, lines);
  }

  /** A tool that must be used is used in the first step: asked again, the model could never answer. */
  #choice(step: number): ToolChoice | undefined {
    const { toolChoice, allowedTools, tools = [] } = this.#of.options;
    if (toolChoice === "none" || toolChoice === undefined) return toolChoice;
    if (toolChoice === "required" && allowedTools !== undefined) return this.#allowedChoice(allowedTools);
    if (toolChoice !== "required" || tools.length === 0) return step === 1 ? toolChoice : undefined;
    // Its sender means one of its own tools, of which it reads the call: the agent's do not count.
    if (this.#hasHandedOver) return undefined;
    const [only, ...others] = tools;
    return only !== undefined && others.length === 0 ? { name: only.name } : toolChoice;
  }

  /** One of the allowed tools is asked for in each step until the model calls one: a call of another is refused. */
  #allowedChoice({ names, own }: AllowedTools): ToolChoice | undefined {
    const calls = this.#turnEntries.flatMap((entry) => (entry.type === "assistant" ? entry.toolCalls : []));
    if (calls.some(({ name }) => isAllowed(name, this.#of.options))) return undefined;
    const [only, ...others] = names;
    return only !== undefined && others.length === 0 && !own ? { name: only } : "required";
  }

  /** A call of the turn went to the client. */
  get #hasHandedOver(): boolean {
    return this.#turnEntries.some(
      (entry) => entry.type === "assistant" && Object.values(entry.waits ?? {}).some((kind) => kind === "client"),
    );
  }

  get #turnEntries(): readonly Entry[] {
    const { turns } = this.#sources;
    return turns.entries(turns.open?.firstSeq ?? Number.MAX_SAFE_INTEGER);
  }

  #read(model: Profile): Written {
    const written = this.#head(model);
    this.#sources.window.read(written.profile, written.head);
    return written;
  }

  #head(model: Profile): Written {
    this.#sources.window.offer(this.#readers);
    const profile = this.#sources.learned.of(model);
    if (this.#written?.profile !== profile) this.#written = this.#write(profile);
    return this.#written;
  }

  #factsOf(written: Written): HeadFacts {
    const { headParts, profile } = written;
    const { prefix = "", agent } = this.#of;
    written.facts ??= { ...headFacts({ ...headParts, profile }, prefix), ...handingAgent(agent) };
    return written.facts;
  }

  #offered(tool: ClientTool): OfferedTool {
    const known = this.#offers.get(tool) ?? offered(tool, this.#of.schemas);
    this.#offers.set(tool, known);
    return known;
  }

  #write(profile: Profile): Written {
    const { agent, options, prefix, userIds } = this.#of;
    const { instructions, account } = this.#sources.record.read();
    const { responseFormat, tools = [], sampling } = options;
    const headParts = {
      thinking: mustNotThink(profile, options) ? false : options.thinking,
      tools: [...agent.tools.declarations, ...tools.map((tool) => this.#offered(tool))],
      instructions: instructionsOf(agent.instructions, prefix, options.instructions ?? instructions),
      responseFormat,
      userId: userIdFor(profile.userId, account, userIds),
    };
    const of = { ...headParts, profile };
    return { profile, headParts, head: serializeHead({ ...of, maxTokensInTail: isAnswerShort(of, { sampling }) }) };
  }

  /** The head and the tail, with the longest answer that the window leaves. `more`: text that is not in the conversation. */
  #fitted({ profile, head, headParts }: Written, of: Tail, more: string): { head: string; tail: string } {
    const requested = this.#sources.window.tokens + (more === "" ? 0 : estimateTokens(more));
    const sampling: Sampling | undefined = of.sampling ?? this.#of.options.sampling;
    const maxTokensInTail = isAnswerShort({ ...headParts, profile }, { sampling, requested });
    const parts = { ...headParts, profile, maxTokensInTail };
    const tail = serializeTail(parts, { ...of, requested });
    // In a window that is nearly full the head says no length: its bytes change, but the request is taken.
    const fits = maxTokensInTail === isAnswerShort({ ...headParts, profile }, { sampling });
    return { head: fits ? head : serializeHead(parts), tail };
  }
}

/** A client's tool, with a word in the log when it is offered otherwise than its sender wants. One of an earlier deployment, where the app took such tools, is offered as it is. */
function offered(tool: ClientTool, schemas: TurnSchemas | undefined): OfferedTool {
  const { name, description, parameters } = tool;
  const { dirty, ...declared } = schemas?.offered(tool) ?? { name, description, parameters, strict: false as const };
  if (dirty !== undefined) warnOnce(`${dirty} It is sent without strict mode, and its calls are checked here.`);
  return declared;
}

/** A head, and what it was written of. */
interface Written {
  /** As it holds for the model's host. */
  profile: Profile;
  head: string;
  headParts: Omit<Head, "profile">;
  /** In short; all steps of a turn have the same. */
  facts?: HeadFacts;
}

/** Some models cannot be made to use a tool while they think. */
function mustNotThink({ forcedTool }: Profile, { toolChoice }: TurnOptions): boolean {
  return forcedTool === "not_thinking" && toolChoice !== undefined && toolChoice !== "none";
}

/** The system message of a session's requests: what many share first, what is its own last, so that the provider's cache holds as much as it can. */
export function instructionsOf(agent: string, prefix: string | undefined, own: string | null): string {
  return [agent, prefix ?? "", own ?? ""].filter((part) => part !== "").join("\n\n");
}
