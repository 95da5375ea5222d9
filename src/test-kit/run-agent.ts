/** Runs an agent in a test: the real loop, model client, checks, approvals, hooks and tools, over a log in memory. No Worker, no network, no waiting. */
import { type AgentDefinition, resolveAgent } from "../agent/agent.ts";
import type { AssistantEntry, Entry, NewEntry, ToolEntry, TurnEndReason, TurnOptions } from "../core/entry.ts";
import type { ToolCall } from "../core/message.ts";
import { openCalls, type WaitingCall } from "../core/waits.ts";
import { profileFor } from "../model/catalog.ts";
import { createToolbox, type Tool, type Toolbox, type ToolContext } from "../tools/tool.ts";
import { MemorySession } from "./memory-session.ts";
import { type GivenSignals, passWaits } from "./pass-waits.ts";
import type { ScriptedModel } from "./scripted.ts";

/** What a person answers to a call that needs approval. */
export type Approve = boolean | ((call: AgentCall) => boolean | { approve: boolean; reason?: string });

/** A call that the model made. */
export interface AgentCall {
  id: string;
  name: string;
  /** As the tool gets it: checked, with defaults, coerced and transformed. Where it is wrong, as the model wrote it. */
  input: unknown;
}

/** A call that ran, or was refused, and what the model read of it. */
export interface FinishedCall extends AgentCall {
  /** A hook that changed the input does not change `input`. */
  result: string;
  isError: boolean;
}

export interface RunAgentOptions {
  /** Such as `scripted([…])`, or the model of a recording. `baseUrl`: whose request rules hold. */
  model: ScriptedModel | { fetch: typeof fetch; baseUrl?: string; readonly fault?: string | undefined };
  /** Answers calls that need approval; when absent, the run stops there with the status `waiting`. */
  approve?: Approve;
  /**
   * What comes for tools that wait for a signal (`step.waitFor`), by its name; with `undefined` none comes in time. Sleeps are
   * over at once, on the clock of the test. A tool that waits for a signal that is not named stops the run as `waiting`.
   */
  signals?: GivenSignals;
  /** What tools do instead, by name: a function of the input, or a value. Schema, effect and approval stay as they are. */
  tools?: Record<string, unknown>;
  /** Values of the tools' secrets; by default each is `test-<NAME>`. */
  secrets?: Record<string, string>;
  /** For tools that are not replaced; by default a call throws, so that no test reaches the network. */
  fetch?: typeof fetch;
  /** Who sends the message. */
  speaker?: string;
  account?: string;
  session?: { id?: string; metadata?: Record<string, string>; instructions?: string };
  /** Ms since 1970; by default it is fixed at 2026-01-01T00:00:00Z. */
  now?: () => number;
  /** Of the message, as `POST …/messages` takes them. */
  message?: Pick<TurnOptions, "responseFormat" | "thinking" | "model">;
  /**
   * A run that is continued: the message is the next one of its session. That run stays as it is, and can be continued
   * more than once. `account` and `session` are its own; every other option holds for this run alone. Where it waits for
   * approval, `approve` ends its turn first.
   */
  after?: AgentRun;
}

export interface AgentRun {
  /** The transcript, as the session would keep it. */
  entries: Entry[];
  /** Text of the last answer. */
  text: string;
  /** Calls that got their result in this run, in the order in which the model made them. */
  calls: FinishedCall[];
  /** `waiting`: calls wait for a person, and are `waiting`, or for signals, which are `waitingFor`. */
  status: TurnEndReason | "waiting";
  waiting: AgentCall[];
  /** Names of the signals that tools wait for. */
  waitingFor: string[];
  /** Why the turn failed, when it did. */
  error?: { code: string; detail: string };
  /** The progress that tools reported, in order. */
  progress: { name: string; text: string }[];
}

/** What a run leaves for the one that continues it. */
interface Kept {
  session: MemorySession;
  options: RunAgentOptions;
}

const kept = new WeakMap<AgentRun, Kept>();
const standing = Date.UTC(2026, 0, 1);

/**
 * Sends `message` to `agent`, and returns the result. Never throws for what the model or a tool does; throws for a
 * `tools` entry that is no tool of the agent, and for a script that is too short.
 *
 * @example
 * const run = await runAgent(assistant, "Refund order 17", { model: scripted([{ calls: [{ name: "refund", input: { order: "17" } }] }, "Done."]), approve: true });
 * expect(run.calls[0]).toMatchObject({ name: "refund", isError: false });
 */
export async function runAgent(agent: AgentDefinition, message: string, options: RunAgentOptions): Promise<AgentRun> {
  const { speaker, after, message: turn = {} } = options;
  const before = after && kept.get(after);
  if (after !== undefined && before === undefined)
    throw new Error("after: this is no run of runAgent, or a copy of one. Give what runAgent returned.");
  const own: RunAgentOptions = { ...pick(before?.options), ...options };
  const tools = resolveAgent("agent", agent).tools;
  const progress: AgentRun["progress"] = [];
  const session = sessionOf(agent, own, { progress, before: before?.session });
  const begunAt = session.log.lastSeq;
  if (before !== undefined) await endOpenTurn(session, tools, own);
  await session.begin({ content: message, ...(speaker !== undefined && { speaker }) }, turn);
  await answerAll(session, tools, own);
  const run = runOf(session, { begunAt, tools }, progress);
  kept.set(run, { session, options: own });
  return run;
}

/** What belongs to the session, not to a message. */
function pick(options: RunAgentOptions | undefined): Pick<RunAgentOptions, "account" | "session"> {
  const { account, session } = options ?? {};
  return { ...(account !== undefined && { account }), ...(session !== undefined && { session }) };
}

/** A message comes after the turn before it, as in the Worker. */
async function endOpenTurn(session: MemorySession, tools: Toolbox, options: RunAgentOptions): Promise<void> {
  const [first] = waitingOf(session);
  if (first !== undefined && options.approve === undefined)
    throw new Error(
      `after: that run waits for approval of ${first.name} (${first.id}). Give approve: its turn ends first.`,
    );
  await answerAll(session, tools, options);
}

/** Answers for the person, and lets waits end, until the turn ends or no one answers. */
async function answerAll(session: MemorySession, tools: Toolbox, options: RunAgentOptions): Promise<void> {
  const { approve, model, signals } = options;
  await passWaits(session, signals);
  for (let waiting = waitingOf(session); waiting.length > 0 && approve !== undefined; waiting = waitingOf(session)) {
    await session.append(waiting.map((call) => answered(call, approve, { session, tools })));
    await session.goOn();
    await passWaits(session, signals);
  }
  if ("fault" in model && model.fault !== undefined) throw new Error(model.fault);
}

/** `wrap`: what is put around each tool. */
interface KitSession {
  progress: AgentRun["progress"];
  before?: MemorySession | undefined;
  wrap?: (tool: Tool) => Tool;
}

/** A session of the agent, before its first message. */
export function sessionOf(
  definition: AgentDefinition,
  options: RunAgentOptions,
  { progress, before, wrap = (tool) => tool }: KitSession,
): MemorySession {
  const agent = resolveAgent("agent", definition);
  const { model, session = {}, now = () => standing, account = "test", speaker } = options;
  const secrets = secretsOf(agent.tools.all, options.secrets);
  const context = {
    account,
    agent: agent.name,
    session: { id: session.id ?? "test", metadata: session.metadata ?? {} },
    speaker,
    secrets,
    fetch: options.fetch ?? noNetwork,
  };
  const tools = agent.tools.all.map((tool) => wrap(reporting(replaced(tool, options.tools), progress)));
  const unknown = Object.keys(options.tools ?? {}).find((name) => agent.tools.get(name) === undefined);
  if (unknown !== undefined) throw new Error(`tools.${unknown}: the agent has no tool of that name.`);
  const base = ("baseUrl" in model ? model.baseUrl : undefined) ?? baseUrl;
  const [first, ...others] = agent.models.map(({ id, profile }) => ({
    profile: { ...profileFor({ modelId: id, baseUrl: base, demo: false }), ...profile },
    baseUrl: base,
    fetch: model.fetch,
  }));
  if (first === undefined) throw new Error("models: an agent needs one.");
  const setup = {
    ...first,
    fallbacks: others,
    tools: createToolbox(tools),
    instructions: agent.instructions,
    agent,
    context,
    secrets,
    now,
    ...(session.instructions !== undefined && { own: session.instructions }),
  };
  return new MemorySession(setup, before);
}

const baseUrl = "https://scripted.invalid/v1";

const noNetwork: typeof fetch = async (input) => {
  const url = input instanceof Request ? input.url : String(input);
  throw new Error(`This test has no network, and ${url} was requested. Replace the tool, or give runAgent a fetch.`);
};

function secretsOf(tools: readonly Tool[], given: Record<string, string> = {}): Record<string, string> {
  const names = tools.flatMap(({ secrets }) => secrets);
  return Object.fromEntries(names.map((name) => [name, given[name] ?? `test-${name}`]));
}

function replaced(tool: Tool, stubs: Record<string, unknown> = {}): Tool {
  const { name } = tool.declaration;
  if (!Object.hasOwn(stubs, name)) return tool;
  const stub = stubs[name];
  return { ...tool, run: (input, context) => (typeof stub === "function" ? stub(input, context) : stub) };
}

function reporting(tool: Tool, progress: AgentRun["progress"]): Tool {
  const { name } = tool.declaration;
  return {
    ...tool,
    run(input, context: ToolContext) {
      return tool.run(input, { ...context, progress: (text) => void progress.push({ name, text }) });
    },
  };
}

/** Those that wait for a person. */
function waitingOf({ entries }: MemorySession): WaitingCall[] {
  if (entries.at(-1)?.type === "turn_ended") return [];
  const turn = entries.slice(entries.findLastIndex(({ type }) => type === "user"));
  return openCalls(turn).waiting;
}

function answered(
  call: WaitingCall,
  approve: Approve,
  { session, tools }: { session: MemorySession; tools: Toolbox },
): NewEntry {
  const answer = typeof approve === "function" ? approve(callOf(call, tools)) : approve;
  const { approve: yes, reason } = typeof answer === "object" ? answer : { approve: answer, reason: undefined };
  const reply = session.entries.findLast((entry) => entry.type === "assistant");
  return {
    type: "approval",
    turn: reply?.turn ?? "",
    step: reply?.type === "assistant" ? reply.step : 1,
    callId: call.id,
    name: call.name,
    approve: yes,
    ...(reason !== undefined && { reason }),
    atMs: session.now(),
  };
}

function runOf(
  session: MemorySession,
  { begunAt, tools }: { begunAt: number; tools: Toolbox },
  progress: AgentRun["progress"],
): AgentRun {
  const { entries } = session;
  const results = entries.slice(begunAt).filter((entry) => entry.type === "tool");
  const end = entries.at(-1);
  const reply = entries.findLast((entry) => entry.type === "assistant");
  return {
    entries,
    text: reply?.type === "assistant" ? reply.content : "",
    calls: entries.flatMap((entry) => (entry.type === "assistant" ? finished(entry, results, tools) : [])),
    status: end?.type === "turn_ended" ? end.reason : "waiting",
    waiting: waitingOf(session).map((call) => callOf(call, tools)),
    waitingFor: session.suspended.flatMap(({ waits }) => waits.map(({ name }) => name)),
    ...(end?.type === "turn_ended" && end.failure && { error: { code: end.failure.code, detail: end.failure.detail } }),
    progress,
  };
}

/** The calls of a reply that have a result. Results are logged as they come in; a model may use an id again in a later reply. */
function finished(reply: AssistantEntry, results: readonly ToolEntry[], tools: Toolbox): FinishedCall[] {
  return reply.toolCalls.flatMap((call) => {
    const result = results.find(
      ({ turn, step, callId }) => turn === reply.turn && step === reply.step && callId === call.id,
    );
    if (result === undefined) return [];
    return [{ ...callOf(call, tools), result: result.content, isError: result.isError }];
  });
}

function callOf({ id, name, arguments: text }: ToolCall, tools: Toolbox): AgentCall {
  const parsed = tools.get(name)?.parse(text);
  return { id, name, input: parsed?.ok ? parsed.input : written(text) };
}

function written(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
