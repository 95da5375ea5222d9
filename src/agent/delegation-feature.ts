/** WHAT calling other agents is to an app, its sessions and its accounts: what the tools of `delegate`, `asTool` and `handoff` carry with them. An app that uses none of them carries none of its code. */
import type { Outlet } from "../channels/channel.ts";
import type { AccountShares } from "../core/account-shares.ts";
import type { Usage } from "../core/cost.ts";
import type { AssistantEntry, ChildOutcome, ChildSession, Entry, NewEntry, ResponseFormat } from "../core/entry.ts";
import type { ToolCall, ToolResult } from "../core/message.ts";
import type { Rules } from "../core/next-step.ts";
import type { WaitingCall } from "../core/waits.ts";
import type { Bindings } from "../env.ts";
import type { Tool } from "../tools/tool.ts";
import type { Agent, AgentDefinition } from "./agent.ts";
import type { DeliveryFeature } from "./delivery-feature.ts";

/** A tool that hands work, or the session, to other agents. */
export interface AgentTool extends Tool {
  readonly agents: AgentCalls | AgentHandoff;
}

/** `agents`: by the names that the model may say; a text is the name of an agent that the app lists. */
interface NamedAgents {
  readonly agents: Readonly<Record<string, AgentDefinition | string>>;
  readonly feature: DelegationFeature;
}

export interface AgentCalls extends NamedAgents {
  readonly kind: "call";
  /** How long a call waits for its answer, in ms; the agent's `waitSeconds` when absent. */
  readonly timeoutMs?: number;
  /** What a call asks, and of which of the `agents`. `input` must come from the tool's `parse`. */
  request(input: unknown): AgentRequest;
  /** What is wrong with an answer that is whole, where its form was asked for. */
  fault?(answer: string): string | undefined;
}

export interface AgentHandoff extends NamedAgents {
  readonly kind: "handoff";
}

export interface AgentRequest {
  agent: string;
  content: string;
  responseFormat?: ResponseFormat;
  /** The most that the agent and those that it calls may spend, in micro-dollars. */
  budgetMicros?: number;
}

/** `undefined` for a tool that calls no agent. */
export function agentsOf(tool: Tool | undefined): AgentTool["agents"] | undefined {
  return tool !== undefined && "agents" in tool ? (tool as AgentTool).agents : undefined;
}

/** The name of an agent that can give the session to another one. */
export function handingAgent({ name, tools }: Pick<Agent, "name" | "tools">): { agent?: string } {
  return tools.all?.some((tool) => agentsOf(tool)?.kind === "handoff") ? { agent: name } : {};
}

/** The call for which a session was made. */
export interface ParentCall {
  /** The parent, in the same account, and its `birth`: one that is made again by the same name is another. */
  session: string;
  birth: string | null;
  turn: string;
  callId: string;
  /** How many parents are above it: 1 for the child of a session that a caller made. */
  depth: number;
  /** The session above all of them. */
  root: string;
  /** The deepest that a child of it may be. */
  maxDepth: number;
  /** When the parent's wait ends, in ms since 1970. */
  untilMs: number;
  /** It spends from a share of a budget: its own, or that of a session above it. */
  hasShare: boolean;
}

/** A call that is handed to an agent now. */
export interface CallToOpen {
  call: ToolCall;
  reply: Pick<AssistantEntry, "seq" | "turn" | "step" | "toolCalls" | "atMs" | "children">;
  /** W3C trace context of the call's span. */
  traceparent?: string | undefined;
}

/** What a child asks of a person. */
export interface ChildAsk {
  ref: string;
  name: string;
  arguments: string;
  state: "open" | "approved" | "denied" | "void";
}

/** What was used, by one session or by several. */
export type ChildUse = Pick<ChildOutcome, "usage" | "costMicros" | "steps">;

/** What a child says of its turn, as often as it changes. */
export interface ChildReport extends Pick<ParentCall, "birth"> {
  /** Its own name. */
  child: string;
  /** What it does, in words. */
  progress: string;
  asks: ChildAsk[];
  ended?: Omit<ChildOutcome, "session" | "agent"> & { answer: string; why?: string };
  /** What sessions below it used that no result of its turn has, because no one waited for them any more: all of it so far. */
  late?: ChildUse;
}

/** The answer of a child that the agent's `after` hook sees before it is written. */
export interface ChildAnswer extends Pick<ToolResult, "content" | "isError"> {
  /** What the tool got, as `before` left it. */
  input: unknown;
  /** Writes it down, in the form that the hook gave it. */
  settle(result: Pick<ToolResult, "content" | "isError">): void;
}

/** An answer about a call that a child asked about, by the ref of its request. */
export interface GivenAsk {
  call: { ref: string } | { id: string };
  approve: boolean;
  reason?: string | undefined;
}

/** `left`: those that were not given before. `before`: where the turn goes on after the others. `other`: one that was decided otherwise. */
export interface AnsweredAsks<Given> {
  left: Given[];
  before?: { turn: string; afterSeq: number };
  other?: {
    given: Given;
    outcome: { kind: "approved"; by?: string; since: "running" } | { kind: "denied"; by?: string };
  };
}

/** The children of a session, in rows. */
export interface SessionChildren {
  /** How long calls of other agents wait, and which child works at each. */
  rules(agent: Pick<Agent, "tools" | "limits">): Required<Pick<Rules, "waitMsOf" | "childOf">>;
  /** Whether another agent is to work at the call. Arguments that are wrong are refused by the tool, before any agent is called. */
  isForAgent(agent: Pick<Agent, "tools">, call: ToolCall): boolean;
  /** What opens a call of the reply, where it is one of another agent. */
  opens(agent: Agent, call: ToolCall, opening: Omit<CallToOpen, "call">): ((input: unknown) => void) | undefined;
  /** The answer to the call, where it came and the agent has a hook for it. */
  answerOf(call: ToolCall, replySeq: number): ChildAnswer | undefined;
  /** The agent that a call which ran gives the session to. */
  handoffOf(agent: Pick<Agent, "tools">, call: ToolCall, result: ToolResult): { handoff?: string };
  /** Who answers from the next turn on, and the note about it, where a call of the turn gave the session away. */
  handedTo(entries: readonly Entry[], from: string): { agent: string; note: string } | undefined;
  /** Calls of the open turn at which an agent works. */
  opened(): ReadonlySet<string>;
  /** These entries were written: children whose calls have a result now are stopped, and answers are passed on to them. Runs in the transaction that writes them. */
  wrote(entries: readonly NewEntry[]): void;
  /** What children ask of a person, in the open turn. */
  waiting(): WaitingCall[];
  /** The same with what was answered, of one turn. */
  asked(turn: string): (ChildAsk & { step: number; agent: string })[];
  /** The call of this session for which the child works that asks for this approval, in the newest turn. */
  callOf(ref: string): string | undefined;
  /** Which of these approvals were given here before, in the newest turn. */
  answered<Given extends GivenAsk>(approvals: readonly Given[]): AnsweredAsks<Given>;
  /** A child reports. `gone`: no call of this session waits for it, and none did. What is taken is in the rows. */
  report(report: ChildReport): Promise<"taken" | "gone">;
  /** Does what is owed to children. Returns at once. */
  wake(): void;
  /** When it must be looked after, in ms since 1970. */
  dueMs(): number | undefined;
  readonly owes: boolean;
  /** Erases every child; to be called again where it fails. */
  erase(): Promise<void>;
  /** The session is being erased by itself: its parent must not wait for it. */
  leaveParent(): Promise<void>;
  /** The rows may differ from what is known of them, since a transaction was rolled back. */
  forget(): void;
}

/** A session, as its children are kept by it. The parts are those of an open session (`session/open-session`). */
export interface ChildrenSource {
  session: {
    storage: DurableObjectStorage;
    record: {
      read(): ChildSettings & {
        usage: Omit<ChildUse, "usage"> & Usage & { children?: Omit<ChildUse, "usage"> & Usage };
      };
      addChild(use: ChildUse, count: 0 | 1): void;
    };
    log: {
      readonly lastSeq: number;
      readonly last: { turn: string } | undefined;
      read(of: { after: number; limit: number }): Entry[];
      append(entries: NewEntry[]): unknown;
    };
    turns: {
      readonly open: { turn: string; firstSeq?: number | undefined } | undefined;
      entries(firstSeq: number): readonly Entry[];
      firstSeq(turn: string): number | undefined;
    };
    feed: {
      confirm(seq: number): void;
      changed(): void;
      readonly progress: {
        report(call: { callId: string; name: string; agent: ChildSession }, text: string): void;
        end(callId: string): void;
      };
    };
  };
  /** Takes the turn up again when a child has ended, and shows what children ask. */
  work: { start(): void; resume(): void; show(): void; arm(): void };
  /** Where the objects of sessions and of the account are found. */
  bindings: Bindings;
  /** The session's own, as it is now. */
  agent(): Agent;
  /** Keeps the object awake until the promise settles. */
  hold(work: Promise<void>): void;
}

export interface ChildSettings {
  account: string;
  name: string;
  birth: string | null;
  parent: ParentCall | null;
}

export interface DelegationFeature {
  /** Agents that only others call, by name. Throws an Error that names a circle of agents, or a name that two agents have. */
  hiddenAgents(listed: Readonly<Record<string, AgentDefinition>>): Record<string, AgentDefinition>;
  session(source: ChildrenSource): SessionChildren;
  shares(sql: SqlStorage): AccountShares;
  /** How a child reports to its parent. */
  readonly deliveries: DeliveryFeature;
  outlet(bindings: Bindings, account: string): Outlet;
}
