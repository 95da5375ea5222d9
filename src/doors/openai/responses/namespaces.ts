/**
 * Functions inside tools of type "namespace". Providers know flat names alone, so each function gets one,
 * `namespace__name`; clients send and get its own name beside `namespace`. Pure. Source: `NamespaceTool` and
 * `ResponseFunctionToolCall.namespace` of OpenAI's client, openai 7.57.0.
 */
import type { ClientTool } from "../../../core/entry.ts";
import { joinedName, markedName } from "../../../core/joined-name.ts";

/** The name of a function as clients write it; without `namespace` for a function that is in none. */
export interface FunctionName {
  name: string;
  namespace?: string;
}

/** The names for the model, in the order of `functions`. `taken`: names of other tools, which no function in a namespace gets. */
export function flatNames(functions: readonly FunctionName[], taken: readonly string[]): string[] {
  const plain = functions.map(({ name, namespace }) =>
    namespace === undefined ? undefined : joinedName(namespace, name),
  );
  const bare = functions.flatMap(({ name, namespace }) => (namespace === undefined ? [name] : []));
  const used = new Set([...taken, ...bare]);
  return functions.map(({ name, namespace }, place) => {
    const joined = plain[place];
    if (joined === undefined) return name;
    const alone = plain.indexOf(joined) === plain.lastIndexOf(joined) && !used.has(joined);
    return alone ? joined : markedName(joined, JSON.stringify([namespace, name]));
  });
}

/** The name for the model of a call that a client sends back; also of one whose tool is not offered any more. */
export function flatNameOf({ name, namespace }: FunctionName, tools: readonly ClientTool[]): string {
  if (namespace === undefined) return name;
  const found = tools.find((tool) => tool.namespace?.name === namespace && tool.namespace.tool === name);
  return found?.name ?? joinedName(namespace, name);
}

/** The name for the client of a call of the model. */
export function functionNameOf(name: string, tools: readonly ClientTool[]): FunctionName {
  const within = tools.find((tool) => tool.name === name)?.namespace;
  return within === undefined ? { name } : { name: within.tool, namespace: within.name };
}

/**
 * The name for the model of the tool that `tool_choice` names. A function in a namespace is named `namespace.name`, as
 * `@openai/agents` does, or by its own name where no other tool has that name.
 */
export function chosenName(choice: string, tools: readonly ClientTool[]): string {
  if (tools.some(({ name, namespace }) => name === choice && namespace === undefined)) return choice;
  const qualified = tools.find(({ namespace: at }) => at !== undefined && `${at.name}.${at.tool}` === choice);
  if (qualified !== undefined) return qualified.name;
  const [only, ...others] = tools.filter(({ namespace }) => namespace?.tool === choice);
  return only !== undefined && others.length === 0 ? only.name : choice;
}

/** The functions as they were declared: those of a namespace in one tool, at the place of its first function. */
export function declaredTools(tools: readonly ClientTool[]): object[] {
  const declared: object[] = [];
  const groups = new Map<string, object[]>();
  for (const { name, namespace, description, parameters, strict = false } of tools) {
    const declaration = { type: "function", name: namespace?.tool ?? name, description, parameters, strict };
    if (namespace === undefined) {
      declared.push(declaration);
      continue;
    }
    const group = groups.get(namespace.name) ?? [];
    if (group.length === 0) {
      const about = { name: namespace.name, description: namespace.description ?? "" };
      declared.push({ type: "namespace", ...about, tools: group });
    }
    group.push(declaration);
    groups.set(namespace.name, group);
  }
  return declared;
}
