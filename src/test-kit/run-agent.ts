/** Runs an agent in a test: the real loop, model client, checks, approvals, hooks and tools, over a log in memory. No Worker, no network, no waiting. */
import { type AgentDefinition, resolveAgent } from "../agent/agent.ts";
import type { Entry, TurnEndReason, TurnOptions } from "../core/entry.ts";
import type { ToolCall } from "../core/message.ts";
import { openCalls, type WaitingCall } from "../core/waits.ts";
import { profileFor } from "../model/catalog.ts";
import { createToolbox, type Tool, type ToolContext } from "../tools/tool.ts";
import { MemorySession } from "./memory-session.ts";
import type { ScriptedModel } from "./scripted.ts";

/** What a person says to a call that needs approval. */
export type Approve = boolean | ((call: AgentCall) => boolean | { approve: boolean; reason?: string });

/** A call of the run, with its input as the tool got it, or as text where it was wrong. */
export interface AgentCall {
  id: string;
  name: string;
  input: unknown;
}

/** A call that ran, or was refused, and what the model read of it. */
export interface FinishedCall extends AgentCall {
  result: string;
  isError: boolean;
}

export interface RunAgentOptions {
  /** Such as `scripted([…])`. */
  model: ScriptedModel | { fetch: typeof fetch };
  /** Answers calls that need approval; when absent, the run stops there with the status `waiting`. */
  approve?: Approve;
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
  /** Ms since 1970; by default it stands at 2026-01-01T00:00:00Z. */
  now?: () => number;
  /** Of the message, as `POST …/messages` takes them. */
  message?: Pick<TurnOptions, "responseFormat" | "thinking" | "model">;
  /** A run that is continued: the message is the next one of its session. */
  after?: AgentRun;
}

export interface AgentRun {
  /** The transcript, as the session would keep it. */
  entries: Entry[];
  /** Text of the last answer. */
  text: string;
  /** Calls of this message that have a result, in order. */
  calls: FinishedCall[];
  /** `waiting`: calls wait for a person; they are `waiting`. */
  status: TurnEndReason | "waiting";
  waiting: AgentCall[];
  /** Why the turn failed, when it did. */
  error?: { code: string; detail: string };
  /** What tools said of how far they were, in order. */
  progress: { name: string; text: string }[];
}

const sessions = new WeakMap<AgentRun, MemorySession>();
const standing = Date.UTC(2026, 0, 1);

/**
 * Sends `message` to `agent`, and returns what came of it. Never throws for what the model or a tool does; throws for a
 * `tools` entry that is no tool of the agent, and for a script that is too short.
 *
 * @example
 * const run = await runAgent(assistant, "Refund order 17", { model: scripted([{ calls: [{ name: "refund", input: { order: "17" } }] }, "Done."]), approve: true });
 * expect(run.calls[0]).toMatchObject({ name: "refund", isError: false });
 */
export async function runAgent(agent: AgentDefinition, message: string, options: RunAgentOptions): Promise<AgentRun> {
  const { approve, speaker, after, message: turn = {} } = options;
  const progress: AgentRun["progress"] = [];
  const session = (after && sessions.get(after)) ?? sessionOf(agent, options, progress);
  const begunAt = session.log.lastSeq;
  await session.begin({ content: message, ...(speaker !== undefined && { speaker }) }, turn);
  for (let waiting = waitingOf(session); waiting.length > 0 && approve !== undefined; waiting = waitingOf(session)) {
    await session.append(waiting.map((call) => answered(call, approve, session)));
    await session.goOn();
  }
  if ("fault" in options.model && options.model.fault !== undefined) throw new Error(options.model.fault);
  const run = runOf(session, begunAt, progress);
  sessions.set(run, session);
  return run;
}

function sessionOf(
  definition: AgentDefinition,
  options: RunAgentOptions,
  progress: AgentRun["progress"],
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
  const tools = agent.tools.all.map((tool) => reporting(replaced(tool, options.tools), progress));
  const unknown = Object.keys(options.tools ?? {}).find((name) => agent.tools.get(name) === undefined);
  if (unknown !== undefined) throw new Error(`tools.${unknown}: the agent has no tool of that name.`);
  const [{ id, profile }] = agent.models;
  return new MemorySession({
    profile: { ...profileFor({ modelId: id, baseUrl, demo: false }), ...profile },
    baseUrl,
    fetch: model.fetch,
    tools: createToolbox(tools),
    instructions: agent.instructions,
    agent,
    context,
    secrets,
    now,
    ...(session.instructions !== undefined && { own: session.instructions }),
  });
}

const baseUrl = "https://scripted.invalid/v1";

const noNetwork: typeof fetch = async (input) => {
  const url = input instanceof Request ? input.url : String(input);
  throw new Error(`This test has no network, and ${url} was asked for. Replace the tool, or give runAgent a fetch.`);
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

function answered(call: WaitingCall, approve: Approve, session: MemorySession) {
  const said = typeof approve === "function" ? approve(callOf(call)) : approve;
  const { approve: yes, reason } = typeof said === "object" ? said : { approve: said, reason: undefined };
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
  } as const;
}

function runOf(session: MemorySession, begunAt: number, progress: AgentRun["progress"]): AgentRun {
  const { entries } = session;
  const own = entries.slice(begunAt);
  const end = own.at(-1);
  const reply = own.findLast((entry) => entry.type === "assistant");
  return {
    entries,
    text: reply?.type === "assistant" ? reply.content : "",
    calls: own.flatMap((entry) => (entry.type === "tool" ? [finished(entry, own)] : [])),
    status: end?.type === "turn_ended" ? end.reason : "waiting",
    waiting: waitingOf(session).map(callOf),
    ...(end?.type === "turn_ended" && end.failure && { error: { code: end.failure.code, detail: end.failure.detail } }),
    progress,
  };
}

function finished(entry: Extract<Entry, { type: "tool" }>, entries: readonly Entry[]): FinishedCall {
  const reply = entries.find((each) => each.type === "assistant" && each.step === entry.step);
  const call = reply?.type === "assistant" ? reply.toolCalls.find(({ id }) => id === entry.callId) : undefined;
  const { callId: id, name, content: result, isError } = entry;
  return { ...callOf(call ?? { id, name, arguments: "" }), result, isError };
}

function callOf({ id, name, arguments: text }: ToolCall): AgentCall {
  try {
    return { id, name, input: JSON.parse(text) };
  } catch {
    return { id, name, input: text };
  }
}
