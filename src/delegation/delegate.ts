/** Tools that call other agents: `delegate`, which takes any of several, and `asTool`, which is one of them with a form of its own; `handoff` gives the session away. What a call does is in `children.ts`. */
import * as z from "zod/mini";
import type { AgentDefinition } from "../agent/agent.ts";
import type { AgentRequest, AgentTool, DelegationFeature } from "../agent/delegation-feature.ts";
import { courier } from "../session/deliver/courier.ts";
import { inputSchema } from "../tools/input-schema.ts";
import { defineTool, type Tool } from "../tools/tool.ts";
import { hiddenAgents } from "./agent-circle.ts";
import { Children } from "./children.ts";
import { childrenHost } from "./children-host.ts";
import { parentOutlet } from "./parent-outlet.ts";
import { Shares } from "./shares.ts";

/** Agents by their names. A text is the name of an agent that the app lists. */
export type CalledAgents = Readonly<Record<string, AgentDefinition | string>>;

export interface CallLimits {
  /** How long a call waits for the answer, in seconds; then the agent is stopped. The caller's `limits.waitSeconds` when absent. */
  timeoutSeconds?: number;
  /** What one call may cost at most, in micro-dollars, with all that the called agent calls itself. It is set aside before the call, and what is left is free again after it. */
  budgetMicros?: number;
}

export interface DelegateOptions extends CallLimits {
  /** The tool's name; `delegate`. */
  name?: string;
}

/** Everything that calling other agents adds to an app, its sessions and its accounts: the tools carry it with them. */
const delegation: DelegationFeature = {
  hiddenAgents,
  session: (source) => new Children(childrenHost(source)),
  shares: (sql) => new Shares(sql),
  deliveries: courier,
  outlet: parentOutlet,
};

/** The name that a tool is given, or the one that it has without. */
type NameIn<Options, Default extends string> = Options extends { name: infer Name extends string } ? Name : Default;

const alone = "It knows nothing of this conversation: say all that it needs.";

/**
 * A tool that hands a task to one of these agents. Each call is a session of its own, which the agent works in by itself; its
 * last answer is the result. Several calls in one reply work side by side. Throws an Error for a name or a limit that is none.
 *
 * @example
 * export const editor = defineAgent({
 *   instructions: "You publish one article a day. Have it researched, then written.",
 *   tools: [delegate({ researcher, writer })],
 * });
 */
export function delegate<const Options extends DelegateOptions>(
  agents: CalledAgents,
  options?: Options,
): Tool<NameIn<Options, "delegate">, { agent: string; task: string }> {
  const names = namesIn(agents, "delegate");
  const { name = "delegate", ...limits }: DelegateOptions = options ?? {};
  const description = `Hands a task to another agent, which works at it by itself and answers. ${alone}\n\n${list(agents)}`;
  const input = z.object({ agent: z.enum(names), task: z.string().check(z.minLength(1)) });
  const request = ({ agent, task }: z.infer<typeof input>): AgentRequest => ({ agent, content: task });
  return callTool({ name: name as NameIn<Options, "delegate">, description, input, agents, limits, request });
}

export interface AgentToolOptions<
  Input extends z.core.$ZodObject,
  Output extends z.core.$ZodObject,
  Name extends string = string,
> extends CallLimits {
  /** Of the tool, and of the agent where the app does not list it. */
  name: Name;
  /** Explains to the model when and how to call it. */
  description: string;
  /** What a call says; `{ task: string }` when absent. The agent is sent it as JSON, a `task` alone as it is. */
  input?: Input;
  /** The form of the answer: the agent is held to it, and the result is its JSON. Text when absent. */
  output?: Output;
}

/**
 * One agent as a tool, with a form of its own for the question and for the answer.
 *
 * @example
 * const review = asTool(reviewer, {
 *   name: "reviewer",
 *   description: "Reviews a text, and says whether it may be published.",
 *   input: z.object({ text: z.string() }),
 *   output: z.object({ publish: z.boolean(), faults: z.array(z.string()) }),
 * });
 */
export function asTool<
  Input extends z.core.$ZodObject = z.core.$ZodObject<{ task: z.core.$ZodString }>,
  Output extends z.core.$ZodObject = z.core.$ZodObject,
  const Name extends string = string,
>(agent: AgentDefinition | string, options: AgentToolOptions<Input, Output, Name>): Tool<Name, z.infer<Input>> {
  const { name, description, input, output, ...limits } = options;
  const schema = output && inputSchema(output);
  const form = schema && { responseFormat: { type: "json_schema" as const, schema } };
  const request = (given: object): AgentRequest => ({ agent: name, content: contentOf(given, input), ...form });
  const agents = { [name]: agent };
  const shape = input ?? z.object({ task: z.string().check(z.minLength(1)) });
  const fault = output && ((answer: string) => formFault(output, answer));
  return callTool({
    ...{ name, agents, limits, request, input: shape, ...(fault && { fault }) },
    description: input === undefined ? `${description} ${alone}` : description,
  }) as Tool<Name, z.infer<Input>>;
}

export interface HandoffOptions {
  /** The agents that the session may be given to: by name, or with their definitions. */
  to: CalledAgents | readonly string[];
  /** The tool's name; `handoff`. */
  name?: string;
}

/**
 * A tool that gives the session to another agent. That one answers from the next message on, and reads the whole conversation.
 *
 * @example
 * export const front = defineAgent({ instructions: "You find out what it is about.", tools: [handoff({ to: ["billing"] })] });
 */
export function handoff<const Options extends HandoffOptions>(
  options: Options,
): Tool<NameIn<Options, "handoff">, { agent: string; reason: string }> {
  const { to, name = "handoff" }: HandoffOptions = options;
  const agents = Array.isArray(to) ? Object.fromEntries(to.map((each) => [each, each])) : (to as CalledAgents);
  const names = namesIn(agents, "handoff");
  const description = `Gives this conversation to another agent, which answers from the next message on and reads all of it.\n\n${list(agents)}`;
  const tool = defineTool({
    name: name as NameIn<Options, "handoff">,
    description,
    input: z.object({ agent: z.enum(names), reason: z.string().check(z.minLength(1)) }),
    effect: "none",
    run: ({ agent }) =>
      `When this turn has ended, "${agent}" answers in this conversation. Say in one sentence who goes on, and do nothing else.`,
  });
  const handed: AgentTool & typeof tool = { ...tool, agents: { kind: "handoff", agents, feature: delegation } };
  return handed;
}

interface CallTool<Name extends string, Input extends z.core.$ZodObject> {
  name: Name;
  description: string;
  input: Input;
  agents: CalledAgents;
  limits: CallLimits;
  request(input: z.infer<Input>): AgentRequest;
  fault?(answer: string): string | undefined;
}

function callTool<Name extends string, Input extends z.core.$ZodObject>(
  of: CallTool<Name, Input>,
): Tool<Name, z.infer<Input>> {
  const { name, description, input, agents, request, fault } = of;
  const { timeoutSeconds, budgetMicros } = of.limits;
  mustBePositive(name, { timeoutSeconds, budgetMicros });
  const tool = defineTool({ name, description, input, effect: "none", run: cannotRun(name) });
  const calls = {
    kind: "call" as const,
    agents,
    feature: delegation,
    ...(timeoutSeconds !== undefined && { timeoutMs: timeoutSeconds * 1000 }),
    ...(fault && { fault }),
    request: (given: unknown) => ({
      ...request(given as z.infer<Input>),
      ...(budgetMicros !== undefined && { budgetMicros }),
    }),
  };
  const called: AgentTool & typeof tool = { ...tool, agents: calls };
  return called;
}

/** A session opens the call instead of running it. */
function cannotRun(name: string): () => never {
  return () => {
    throw new Error(`"${name}" calls an agent, which needs a session. In a test, say in \`tools\` what it returns.`);
  };
}

function namesIn(agents: CalledAgents, maker: string): [string, ...string[]] {
  const [first, ...others] = Object.keys(agents);
  if (first === undefined) throw new Error(`${maker} needs at least one agent: ${maker}({ … }).`);
  return [first, ...others];
}

function list(agents: CalledAgents): string {
  const lines = Object.entries(agents).map(([name, agent]) => {
    const what = typeof agent === "string" ? undefined : agent.description;
    return what === undefined ? `- ${name}` : `- ${name}: ${what}`;
  });
  return `The agents are:\n${lines.join("\n")}`;
}

function mustBePositive(name: string, limits: Record<string, number | undefined>): void {
  for (const [field, value] of Object.entries(limits)) {
    if (value === undefined || (Number.isSafeInteger(value) && value > 0)) continue;
    throw new Error(`Tool "${name}": ${field} must be a whole number above 0.`);
  }
}

function contentOf(given: object, input: z.core.$ZodObject | undefined): string {
  return input === undefined && "task" in given ? String(given.task) : JSON.stringify(given);
}

/** What zod finds in an answer that passed the JSON schema: that cannot say everything. */
function formFault(output: z.core.$ZodObject, answer: string): string | undefined {
  try {
    const { error } = z.safeParse(output, JSON.parse(answer));
    return error && z.prettifyError(error);
  } catch {
    return "it is not JSON.";
  }
}
