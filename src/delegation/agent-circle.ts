/** Which agents an app has besides those that it lists, because others call them, and whether they call one another in a circle. Looked at once, at the start. Pure. */
import type { AgentDefinition } from "../agent/agent.ts";
import { agentsOf } from "../agent/delegation-feature.ts";

type Definitions = Readonly<Record<string, AgentDefinition>>;

/** By name. Throws an Error that names a circle, a name that the app does not list, or one that two agents have. */
export function hiddenAgents(listed: Definitions): Record<string, AgentDefinition> {
  const known = new Map(Object.entries(listed));
  for (const [name, definition] of known) for (const called of namedBy(name, definition)) add(known, called);
  for (const name of known.keys()) mustNotCircle([name], known);
  return Object.fromEntries([...known].filter(([name]) => listed[name] === undefined));
}

/** An agent that a tool of another one names. */
interface CalledAgent {
  /** The agent that has the tool. */
  by: string;
  tool: string;
  kind: "call" | "handoff";
  name: string;
  target: AgentDefinition | string;
}

function namedBy(by: string, { tools = [] }: AgentDefinition): CalledAgent[] {
  return tools.flatMap((tool) => {
    const { agents = {}, kind = "call" } = agentsOf(tool) ?? {};
    return Object.entries(agents).map(([name, target]) => ({ by, tool: tool.declaration.name, kind, name, target }));
  });
}

/** A map takes in what is added while it is walked. */
function add(known: Map<string, AgentDefinition>, { by, tool, name, target }: CalledAgent): void {
  const cannot = (why: string): never => {
    throw new Error(`Longline cannot start: the tool ${tool} of the agent "${by}" ${why}`);
  };
  if (typeof target === "string") {
    if (!known.has(target)) cannot(`names the agent "${target}", which the app does not list. Add it to \`agents\`.`);
    if (target !== name) cannot(`calls the agent "${target}" by the name "${name}". Use one name.`);
    return;
  }
  const other = [...known].find(([, definition]) => definition === target)?.[0];
  if (other !== undefined && other !== name)
    cannot(`calls "${name}" the agent that the app lists as "${other}". Use one name.`);
  const before = known.get(name);
  if (before !== undefined && before !== target)
    cannot(`calls "${name}" another agent than the one that has this name already. Rename one of them.`);
  known.set(name, target);
}

/** A handoff may lead back: it is one step for each message of a person. */
function mustNotCircle(path: readonly string[], known: ReadonlyMap<string, AgentDefinition>): void {
  const last = path.at(-1) ?? "";
  const definition = known.get(last);
  if (definition === undefined) return;
  for (const { name, kind } of namedBy(last, definition)) {
    if (kind === "handoff") continue;
    const from = path.indexOf(name);
    if (from >= 0)
      throw new Error(
        `Longline cannot start: these agents call one another in a circle: ${[...path.slice(from), name].join(" → ")}. Take one of them out of the tools of the agent before it.`,
      );
    mustNotCircle([...path, name], known);
  }
}
