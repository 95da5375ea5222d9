/**
 * Runs a case in this process: the app's real agent, loop, model client, checks and hooks, over a log in memory. Tools give
 * what the case says. Never reaches the network but for the model, and for tools that may really run.
 */
import type { Agent } from "../../../agent/agent.ts";
import { defined } from "../../../core/defined.ts";
import type { NewEntry, TurnOptions } from "../../../core/entry.ts";
import { openCalls } from "../../../core/waits.ts";
import type { Profile } from "../../../model/profile.ts";
import { MemorySession } from "../../../test-kit/memory-session.ts";
import { passWaits } from "../../../test-kit/pass-waits.ts";
import { createToolbox, type Tool } from "../../../tools/tool.ts";
import { type CaseMessage, type EvalCase, messagesOf } from "../dataset/case.ts";
import type { CaseRecordings } from "./case-recordings.ts";
import { outcomeOf } from "./outcome-of.ts";
import { CannotRun, type CaseOutcome } from "./result.ts";
import { Stubs } from "./stubs.ts";

/** A model as it is reached. */
export interface ReachedModel {
  profile: Profile;
  baseUrl: string;
  apiKey?: string | undefined;
  fetch: typeof fetch;
}

/** What a case is run with. `liveFetch`: for tools that really run. */
export interface CaseRunner {
  agent: Agent;
  models: readonly [ReachedModel, ...ReachedModel[]];
  secrets: Readonly<Record<string, string>>;
  liveTools: boolean;
  liveFetch: typeof fetch;
  recordings?: CaseRecordings | undefined;
}

/** Throws `CannotRun` when the provider could not be asked. */
export async function runInProcess(each: EvalCase, runner: CaseRunner): Promise<CaseOutcome> {
  const recording = runner.recordings?.of(each.id);
  const stubs = new Stubs(each, {
    allLive: runner.liveTools || recording?.mode === "strict",
    recorded: recording?.tools,
  });
  const session = sessionFor(each, {
    ...runner,
    ...(recording && {
      models: withFetch(runner.models, ({ fetch }) => recording.fetchAs("model", fetch)),
      liveFetch: recording.fetchAs("tool", runner.liveFetch),
    }),
    wrap: (tool) => stubs.of(tool),
  });
  const { history, asked } = splitMessages(messagesOf(each));
  if (history.length > 0) session.log.append(historyEntries(history, session.now()));
  const begunAt = session.log.lastSeq;
  const options: TurnOptions = each.response_format === undefined ? {} : { responseFormat: each.response_format };
  for (const { content, speaker } of asked) {
    await session.begin({ content, ...defined({ speaker }) }, options);
    await answerPeople(session, each.approve);
  }
  if (recording?.model.fault !== undefined) throw new CannotRun(recording.model.fault);
  const outcome = outcomeOf(session.entries.slice(begunAt), { tools: runner.agent.tools, stubs });
  if (outcome.error !== undefined && isOutside(outcome.error.code))
    throw new CannotRun(`${outcome.error.code}: ${outcome.error.detail}`);
  return outcome;
}

/** The provider, its key or its line failed: nothing is learnt about the agent. */
export function isOutside(code: string): boolean {
  return /^model_(?:unreachable|auth|payment|not_found|rate_limited|unavailable|stalled|truncated)$/.test(code);
}

type ReachedModels = CaseRunner["models"];

function withFetch([first, ...others]: ReachedModels, fetchOf: (model: ReachedModel) => typeof fetch): ReachedModels {
  const changed = (model: ReachedModel) => ({ ...model, fetch: fetchOf(model) });
  return [changed(first), ...others.map(changed)];
}

/** An empty session of the case's agent. `wrap`: what is put around each tool. `fetch`: of every model. */
export function sessionFor(
  each: EvalCase,
  {
    agent,
    models,
    secrets,
    liveFetch,
    fetch,
    wrap,
  }: CaseRunner & { wrap(tool: Tool): Tool; fetch?: typeof globalThis.fetch },
): MemorySession {
  const [first, ...fallbacks] = fetch === undefined ? models : withFetch(models, () => fetch);
  const own = Object.fromEntries(
    agent.tools.all.flatMap((tool) => tool.secrets).map((name) => [name, secrets[name] ?? `eval-${name}`]),
  );
  return new MemorySession({
    ...first,
    fallbacks,
    tools: createToolbox(agent.tools.all.map(wrap)),
    instructions: agent.instructions,
    agent,
    secrets: own,
    context: {
      account: "eval",
      agent: agent.name,
      session: { id: each.id, metadata: {} },
      secrets: own,
      fetch: liveFetch,
    },
    ...defined({ own: each.instructions }),
  });
}

/** A message of the user that another message follows with an answer is history; the others are really asked. */
export function splitMessages(messages: readonly CaseMessage[]): {
  history: CaseMessage[];
  asked: Extract<CaseMessage, { role: "user" }>[];
} {
  const last = messages.findLastIndex(({ role }) => role !== "user");
  return {
    history: messages.slice(0, last + 1),
    asked: messages.slice(last + 1).flatMap((message) => (message.role === "user" ? [message] : [])),
  };
}

const nothing = { usage: { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 }, costMicros: 0 };

/** The earlier conversation, as the log of a session would have it. */
export function historyEntries(history: readonly CaseMessage[], atMs: number): NewEntry[] {
  const entries: NewEntry[] = [];
  let [turns, step] = [0, 0];
  const names = new Map<string, string>();
  const placed = () => ({ turn: `past_${turns}`, atMs });
  for (const [at, message] of history.entries()) {
    if (message.role === "user") {
      if (history[at - 1]?.role !== "user") turns++;
      step = 0;
      const { content, speaker } = message;
      entries.push({ type: "user", ...placed(), content, options: {}, ...defined({ speaker }) });
    } else if (message.role === "assistant") {
      const { content, calls: toolCalls = [] } = message;
      for (const { id, name } of toolCalls) names.set(id, name);
      const finishReason = toolCalls.length > 0 ? "tool_calls" : "stop";
      const reply = { step: ++step, attempt: 1, model: "recorded", content, reasoning: "", toolCalls, ...nothing };
      entries.push({ type: "assistant", ...placed(), ...reply, finishReason });
      if (finishReason === "stop")
        entries.push({ type: "turn_ended", ...placed(), reason: "completed", steps: step, ...nothing });
    } else {
      const { call: callId, content, is_error: isError } = message;
      const name = names.get(callId) ?? "";
      entries.push({ type: "tool", ...placed(), step, callId, name, content, isError, durationMs: 0 });
    }
  }
  return entries;
}

/** Says the case's yes or no to each call that waits for a person; the sleeps of tools are over at once. */
async function answerPeople(session: MemorySession, approve: boolean): Promise<void> {
  for (;;) {
    await passWaits(session);
    const { entries } = session;
    if (entries.at(-1)?.type === "turn_ended") return;
    const turn = entries.slice(entries.findLastIndex(({ type }) => type === "user"));
    const { waiting } = openCalls(turn);
    const reply = turn.findLast((entry) => entry.type === "assistant");
    if (waiting.length === 0 || reply?.type !== "assistant") return;
    const of = { type: "approval", turn: reply.turn, step: reply.step, approve } as const;
    await session.append(waiting.map(({ id, name }) => ({ ...of, callId: id, name, atMs: session.now() })));
    await session.goOn();
  }
}
