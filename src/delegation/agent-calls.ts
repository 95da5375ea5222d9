/** What a turn must know of its tools that call other agents, or give the session to one: which calls those are, who works at them, how long they wait. Pure. */
import type { Agent } from "../agent/agent.ts";
import { type AgentCalls, agentsOf, type ChildSettings } from "../agent/delegation-feature.ts";
import type { AssistantEntry, Entry } from "../core/entry.ts";
import type { ToolCall, ToolResult } from "../core/message.ts";
import type { Rules } from "../core/next-step.ts";
import { firstEqual } from "../core/settle-calls.ts";
import { sha256 } from "../core/sha256.ts";
import { inputOf } from "../tools/tool.ts";

type Toolset = Pick<Agent, "tools">;

/** `undefined` for a tool that calls no agent. */
export function callsOf({ tools }: Toolset, toolName: string): AgentCalls | undefined {
  const agents = agentsOf(tools.get(toolName));
  return agents?.kind === "call" ? agents : undefined;
}

/** Whether another agent is to work at the call. Arguments that are wrong are refused by the tool, before any agent is called. */
export function isForAgent(agent: Toolset, { name, arguments: text }: ToolCall): boolean {
  return callsOf(agent, name) !== undefined && agent.tools.get(name)?.parse(text).ok === true;
}

/** Which child works at a call: the same whenever it is asked, and never another session's. Equal calls of a reply have one. */
export function childName(
  { account, name, birth }: Pick<ChildSettings, "account" | "name" | "birth">,
  call: ToolCall,
  { turn, step, toolCalls }: Pick<AssistantEntry, "turn" | "step" | "toolCalls">,
): string {
  const text = `${account}:${name}:${birth ?? ""} ${turn} ${step} ${firstEqual(toolCalls, call)}`;
  return `agent_${sha256(text).slice(0, 40)}`;
}

/** How long such calls wait, and which child works at each. */
export function agentRules(
  agent: Pick<Agent, "tools" | "limits">,
  settings: () => ChildSettings,
): Required<Pick<Rules, "waitMsOf" | "childOf">> {
  return {
    waitMsOf({ kind, name, sinceMs }) {
      if (kind !== "agent") return undefined;
      const ownMs = callsOf(agent, name)?.timeoutMs ?? agent.limits.waitSeconds * 1000;
      // The call for which this session was made waits no longer.
      return Math.min(ownMs, (settings().parent?.untilMs ?? Number.POSITIVE_INFINITY) - sinceMs);
    },
    childOf(call, reply) {
      const calls = callsOf(agent, call.name);
      if (calls === undefined) throw new Error(`${call.name} calls no agent`);
      const { agent: called } = calls.request(inputOf(agent.tools.get(call.name), call.arguments));
      return { session: childName(settings(), call, reply), agent: called };
    },
  };
}

/** Who answers from the next turn on, and the note about it, where a call of the turn gave the session away. `entries`: of the turn. */
export function handedTo(entries: readonly Entry[], from: string): { agent: string; note: string } | undefined {
  const given = entries.findLast((entry) => entry.type === "tool" && entry.handoff !== undefined);
  if (given?.type !== "tool" || given.handoff === undefined || given.handoff === from) return undefined;
  const { handoff: agent, callId, step } = given;
  const reply = entries.findLast((entry) => entry.type === "assistant" && entry.step === step);
  const call = reply?.type === "assistant" ? reply.toolCalls.find(({ id }) => id === callId) : undefined;
  const note = `From here on the agent "${agent}" answers in this conversation, in place of "${from}".${whyOf(call)}`;
  return { agent, note };
}

function whyOf(call: ToolCall | undefined): string {
  try {
    const { reason } = JSON.parse(call?.arguments ?? "{}") as { reason?: unknown };
    return typeof reason === "string" ? ` Why: ${reason}` : "";
  } catch {
    return "";
  }
}

/** The agent that a call which ran gives the session to. */
export function handoffOf({ tools }: Toolset, { name, arguments: text }: ToolCall, { isError }: ToolResult) {
  const tool = tools.get(name);
  const input = agentsOf(tool)?.kind === "handoff" && !isError ? inputOf(tool, text) : undefined;
  return input === undefined ? {} : { handoff: (input as { agent: string }).agent };
}
