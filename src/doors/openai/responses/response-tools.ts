/** The `tools` of a request for a response that run at its client, as a turn keeps them: functions, alone and in namespaces. */
import type { Agent } from "../../../agent/agent.ts";
import { defined } from "../../../core/defined.ts";
import type { ClientTool, ToolNamespace } from "../../../core/entry.ts";
import { AppError } from "../../../core/errors.ts";
import { clientToolsOf, mostClientTools } from "../../client-tools.ts";
import type { CreateRequest, FunctionDeclaration } from "./create-request.ts";
import { flatNames } from "./namespaces.ts";

interface Declared {
  declaration: FunctionDeclaration;
  /** Of its name in the request. */
  field: string;
  namespace?: Omit<ToolNamespace, "tool">;
}

/** Throws an AppError when there are too many, or two of one name in one place. */
export function responseTools(agent: Agent, { tools = [] }: Pick<CreateRequest, "tools">): ClientTool[] {
  const declared = tools.flatMap(declaredIn);
  const most = mostClientTools(agent);
  if (declared.length > most) {
    const detail = `tools: at most ${most}, since the agent has tools of its own.`;
    throw new AppError("invalid_request", detail, { field: "tools" });
  }
  mustDiffer(declared);
  const own = agent.tools.declarations.map(({ name }) => name);
  const names = flatNames(declared.map(writtenName), own);
  const nested = declared.map(({ declaration: { description, parameters, strict } }, place) => {
    const about = { ...defined({ description }), ...(parameters && { parameters }) };
    const called = { name: names[place] ?? "", ...about, ...defined({ strict }) };
    return { type: "function" as const, function: called };
  });
  return clientToolsOf(agent, nested, { at: "name", replaces: true }).map((tool, place) => {
    const { namespace, declaration } = declared[place] ?? {};
    if (namespace === undefined || declaration === undefined) return tool;
    return { ...tool, namespace: { ...namespace, tool: declaration.name } };
  });
}

function declaredIn(tool: NonNullable<CreateRequest["tools"]>[number], place: number): Declared[] {
  if (tool.type === "mcp") return [];
  if (tool.type === "function") return [{ declaration: tool, field: `tools.${place}.name` }];
  const { name, description, tools } = tool;
  return tools.map((declaration, within) => ({
    declaration,
    field: `tools.${place}.tools.${within}.name`,
    namespace: { name, ...(within === 0 && description !== undefined && { description }) },
  }));
}

function mustDiffer(declared: readonly Declared[]): void {
  const known = new Set<string>();
  for (const each of declared) {
    const { name, namespace } = writtenName(each);
    const key = JSON.stringify([namespace, name]);
    if (known.has(key)) {
      const { field } = each;
      throw new AppError("invalid_request", `${field}: "${name}" is taken. Use another name.`, { field });
    }
    known.add(key);
  }
}

function writtenName({ declaration: { name }, namespace }: Declared) {
  return { name, ...(namespace !== undefined && { namespace: namespace.name }) };
}
