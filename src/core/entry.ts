/** The transcript's vocabulary: one entry is one row of the append-only log. Everything a session knows about its conversation is stored in these entries. */
import type { Usage } from "./cost.ts";
import type { Failure } from "./errors.ts";
import type { ToolCall, ToolDeclaration } from "./message.ts";
import type { PrefixForecast } from "./prefix.ts";

interface EntryPlace {
  /** Order in the log, from 1, without gaps. */
  seq: number;
  /** The turn it belongs to; entries of one turn are contiguous. */
  turn: string;
  /** When it was recorded, in ms since 1970. */
  atMs: number;
}

/** The form an answer must have. `schema` is a JSON schema. */
export type ResponseFormat = { type: "json_object" } | { type: "json_schema"; schema: Record<string, unknown> };

/** How the model samples its tokens, and where it must stop. Absent values are the profile's defaults. */
export interface Sampling {
  /** Most tokens of one model call, reasoning and answer together; never more than the profile allows. */
  maxTokens?: number;
  temperature?: number;
  topP?: number;
  frequencyPenalty?: number;
  presencePenalty?: number;
  /** Texts before which the answer ends. */
  stop?: string[];
}

/** Whether the first model call of a turn may use tools, must use one, or must use this one. */
export type ToolChoice = "none" | "required" | { name: string };

/** The tools that a turn may use; all others are offered and refused. `names`: as the model knows them. `own`: each of the agent's own, too, with those of its MCP servers. */
export interface AllowedTools {
  names: string[];
  own?: true;
}

/** How hard a model thinks: DeepSeek V4's levels (api-docs.deepseek.com, thinking mode). */
export const thinkingLevels = ["low", "high", "max"] as const;
export type ThinkingLevel = (typeof thinkingLevels)[number];
export type Thinking = boolean | ThinkingLevel;

/** Choices a person made with a message; they hold for its turn. */
export interface TurnOptions {
  /** Replaces the session's own instructions, which follow the agent's. */
  instructions?: string;
  sampling?: Sampling;
  toolChoice?: ToolChoice;
  /** Every tool when absent. With `toolChoice: "required"` one of these must be called. */
  allowedTools?: AllowedTools;
  /** Only the first call of each reply is used; the model requests the others again. */
  oneCall?: true;
  /** It came by a dialect whose clients keep a copy of the conversation, or from such a copy. */
  via?: "openai" | "history";
  /** Id of one of the agent's models; the first one when absent. */
  model?: string;
  /** Thinking on or off, or how hard where the model has levels; the profile's default when absent. */
  thinking?: Thinking;
  /** Free text when absent. */
  responseFormat?: ResponseFormat;
  /** An equal request that was answered within so many seconds is answered the same, without a call of the model. */
  cacheSeconds?: number;
  /** Tools that run at the client: the turn waits for their results. */
  tools?: ClientTool[];
}

/** A tool of the sender, declared with the message as OpenAI declares functions. */
export interface ClientTool extends ToolDeclaration {
  /** The sender vouches that `parameters` keep the rules of strict mode. */
  strict?: boolean;
  /** Where its sender groups its tools: the group, and the tool's name in it. `name` is what the model is shown. */
  namespace?: ToolNamespace;
}

/** `description`: of the whole group, at its first tool alone. */
export interface ToolNamespace {
  name: string;
  tool: string;
  description?: string;
}

/** What a call waits for before it can have a result: a person's yes or no, the client that runs it, or another agent that works at it. */
export type WaitKind = "approval" | "client" | "agent";

/** The agent that a call is handed to, and the session in which it works: the child of this one. */
export interface ChildSession {
  session: string;
  agent: string;
}

/** How a child's turn ended: as a turn does, or `erased` with its session. `usage` and `costMicros` are those of the child and of all its own children. */
export interface ChildOutcome extends ChildSession {
  reason: TurnEndReason | "erased";
  usage: Usage;
  costMicros: number;
  /** How many model calls it took. */
  steps: number;
}

/** What a request began with, for the prefix doctor. */
export interface PrefixRecord extends PrefixForecast {
  /** Names the head (`heads` in the session's database). */
  head: string;
  /** The newest entry that was not shown any more. */
  windowSeq: number;
}

/** A model call that was tried again, or elsewhere. */
export interface FailedTry {
  model: string;
  failure: Failure;
  /** How much text readers had seen of it, in UTF-16 units; 0 once it had begun a call. */
  textChars: number;
  /** The model had begun to answer, so the call is paid for. */
  paid?: true;
  /** The same failure with the same bytes as the try before it. */
  repeats?: true;
  /** What this try used and cost, where it did; absent in entries of earlier versions. It is in the entry's sums, too. */
  usage?: Usage;
  costMicros?: number;
  /** When it was over, in ms since 1970, and how long it took; absent where a crash cut it off, and in entries of earlier versions. */
  atMs?: number;
  durationMs?: number;
}

/** How a rollout assigned a turn. */
export interface RolloutMark {
  id: string;
  arm: "baseline" | "candidate";
  /** The stage when the turn began, from 0. */
  stage: number;
  /** What was assigned as one: a session's name, or a speaker. A copy of a session has the key of its source. */
  key: string;
  /** The turn is the first of its session: no provider has cached anything of it, with any version. */
  opens?: true;
}

export interface UserEntry extends EntryPlace {
  type: "user";
  content: string;
  speaker?: string;
  metadata?: Record<string, string>;
  options: TurnOptions;
  /** Which agent the turn ran with, and which version of it. Only where it begins the turn; absent in entries of earlier versions. */
  agent?: string;
  agentVersion?: string;
  /** The rollout that chose the version. */
  rollout?: RolloutMark;
  /** It came while the turn was open, and became part of it. */
  joined?: true;
  /** The question of the turn before, which had no answer, was sent once more: the model is shown it once. */
  again?: true;
  /** The span of the request that brought it, as the W3C header `traceparent` (version 00). */
  traceparent?: string;
  /** What other tracing systems have noted about its trace, as the W3C header `tracestate`. */
  tracestate?: string;
}

export interface AssistantEntry extends EntryPlace {
  type: "assistant";
  /** Counts the turn's model calls from 1. */
  step: number;
  /** Counts the tries at this step from 1; what a client saw of an earlier try is void. */
  attempt: number;
  model: string;
  content: string;
  reasoning: string;
  toolCalls: ToolCall[];
  /** The calls that wait for a person or a client, by id. Decided when the reply is recorded, so that a deploy changes nothing about them. */
  waits?: Record<string, WaitKind>;
  /** Which child works at each of the calls that wait for an `agent`, by the call's id. */
  children?: Record<string, ChildSession>;
  /** Ids of the calls that were found in the text as leaked markup, and did not come as calls. */
  salvaged?: string[];
  /** Calls that are not run because they are the same as another call of this reply: the id of that one, by their id. */
  copies?: Record<string, string>;
  /** It ended to call a tool, and there is no call. */
  noCall?: true;
  /** The model wrote its whole answer as reasoning, twice: `content` is that reasoning. */
  fromReasoning?: true;
  /** `stop`, `tool_calls`, `length`, `refusal` when the model refused to answer, or `cancelled` when it was stopped half-way. */
  finishReason: FinishReason;
  /** Where in `content` its refusal begins, in UTF-16 units, when `finishReason` is `refusal`. */
  refusalFrom?: number;
  /** It is an earlier answer to the same request: no model was called. */
  replayed?: true;
  /** What of its request should have been cached; what was is `usage.cachedTokens`. */
  prefix?: PrefixRecord;
  /** How many calls were dropped because the reply was cut off before it ended. They are never run. */
  cutCalls?: number;
  /** What had to be repaired in it before it could be used, in words. */
  repairs?: string[];
  /** Tries of this step that failed before. */
  tries?: FailedTry[];
  /** From the request to the first event, and to the last, in ms. */
  firstEventMs?: number;
  durationMs?: number;
  /** Of all tries of this step. */
  usage: Usage;
  costMicros: number;
}

export interface ToolEntry extends EntryPlace {
  type: "tool";
  step: number;
  callId: string;
  name: string;
  content: string;
  isError: boolean;
  /** What had to be repaired in the call's arguments, in words. */
  repairs?: string[];
  durationMs: number;
  /** What its sender noted about it, when it ran at a client. */
  metadata?: Record<string, string>;
  /** It is the answer of a child. */
  child?: ChildOutcome;
  /** Name of the agent that answers from the next turn on. */
  handoff?: string;
}

/** A person's answer about a call that needed one. The call is run, or gets a result that says it was denied. */
export interface ApprovalEntry extends EntryPlace {
  type: "approval";
  step: number;
  callId: string;
  name: string;
  approve: boolean;
  /** Why, in the person's words; the model receives them. */
  reason?: string;
  /** Who answered, where that is known. */
  by?: string;
  metadata?: Record<string, string>;
  /** The call is not one of this session, but of this child: `callId` is its ref, and the answer is passed on. */
  child?: string;
  /** What that call would run with. */
  arguments?: string;
}

/** Why a conversation is put into a summary: before it fills the window, because the host reported that it was too long, or because the host refused a request that nearly fills the window, for a reason that could not be recognised. */
export type CompactionCause = "in_time" | "overflow" | "unclear";

/** What came before was put into a summary: from here on the model sees the summary and the entries after `throughSeq`. */
export interface CompactionEntry extends EntryPlace {
  type: "compaction";
  /** The newest entry that left the model's window. */
  throughSeq: number;
  summary: string;
  /** Why it was made; absent in older entries. */
  cause?: CompactionCause;
  /** Who wrote the summary; absent when it was put together without a model, because `failure`. */
  model?: string;
  failure?: Failure;
  durationMs: number;
  usage: Usage;
  costMicros: number;
}

/** A note from Longline to the model, shown to it like a message of the person: what is wrong with its answer. */
export interface NoteEntry extends EntryPlace {
  type: "note";
  content: string;
}

/** A model call that failed. The text that it had already brought is kept for readers, and not sent to the model again. */
export interface StepFailedEntry extends EntryPlace {
  type: "step_failed";
  step: number;
  attempt: number;
  model: string;
  content: string;
  reasoning: string;
  failure: Failure;
  /** Tries of this step that failed before this one. */
  tries?: FailedTry[];
  firstEventMs?: number;
  durationMs?: number;
  usage: Usage;
  costMicros: number;
}

/** What a turn used besides tokens. Absent: it was not counted, or there was none. */
export interface TurnCounts {
  /** Tokens that should have been cached, over all its model calls. */
  expectedCachedTokens?: number;
  /** Rows written for it, as far as this instance of the session saw them: what Durable Objects bill. */
  rowsWritten?: number;
  /** The reads and writes of Workers KV that it took. */
  kvReads?: number;
  kvWrites?: number;
}

export interface TurnEndedEntry extends EntryPlace, TurnCounts {
  type: "turn_ended";
  reason: TurnEndReason;
  /** Why, when `reason` is `failed` or `budget_exhausted`. Absent in the latter's entries of earlier versions. */
  failure?: Failure;
  /** Its answer is a refusal of the model. */
  refused?: true;
  /** Sum over the turn's model calls. */
  usage: Usage;
  costMicros: number;
  /** How many model calls the turn took. */
  steps: number;
  /** What its children used and cost, and theirs, as far as they had ended; not part of the sums above. */
  children?: ChildrenUsage;
}

/** Sums over the children of a turn or of a session. */
export interface ChildrenUsage extends Usage {
  costMicros: number;
  steps: number;
  /** How many ended. */
  count: number;
}

export type FinishReason = "stop" | "tool_calls" | "length" | "refusal" | "cancelled";
export const turnEndReasons = [
  "completed",
  "length",
  "step_limit",
  "cancelled",
  "failed",
  "budget_exhausted",
  "interrupted",
] as const;
export type TurnEndReason = (typeof turnEndReasons)[number];

/** Whether a turn that ended so has no whole answer. */
export function endsWithoutAnswer(reason: TurnEndReason): boolean {
  switch (reason) {
    case "failed":
    case "cancelled":
    case "interrupted":
    case "budget_exhausted":
      return true;
    case "completed":
    case "length":
    case "step_limit":
      return false;
  }
}

export type Entry =
  | UserEntry
  | AssistantEntry
  | ToolEntry
  | ApprovalEntry
  | CompactionEntry
  | NoteEntry
  | StepFailedEntry
  | TurnEndedEntry;

type WithoutSeq<T> = T extends Entry ? Omit<T, "seq"> : never;
/** An entry that has not got its place in the log yet. */
export type NewEntry = WithoutSeq<Entry>;
