/** Makes calls of tools that the demo has no rules for: because the question asks them, or names one, or because a tool must be used. Guesses arguments of the right types from the question. Pure. */
import { parsed } from "./json-answer.ts";
import type { Want } from "./questions.ts";
import type { DemoRequest } from "./request-rules.ts";

type CallSchema = { type?: unknown; enum?: unknown[]; anyOf?: CallSchema[]; properties?: Record<string, CallSchema> };

/** Tools that have rules of their own: they are called when those rules decide so. */
const known = new Set("calculator current_time fetch_url read_entry search_transcript send_request".split(" "));
/** Words in tools' names that do not describe what the tools are for. */
const empty = new Set(
  "get set list fetch find search create make send read run show add new tool call the for and from with".split(" "),
);

/** The call of the tool that the question names; with `must`, of that tool, or of any. */
export function guessedCall(ask: string, request: DemoRequest, must?: { name?: string }): Want | undefined {
  const tools = toolsOf(request);
  const spoken = tools.find(({ name }) => !known.has(name) && isNamed(name, ask));
  const wanted = must?.name === undefined ? undefined : tools.find(({ name }) => name === must.name);
  const tool = wanted ?? spoken ?? (must === undefined ? undefined : tools[0]);
  return tool && { tool: tool.name, args: argumentsFrom(tool, ask) };
}

/** What a message asks is looked for in so many characters. */
const longestAsk = 2_000;

/**
 * Calls of what the message asks: "call lookup with {…}", "ask the researcher …, then ask writer to …". Names are those of tools, or of
 * choices that a tool offers, as the agents of `delegate` are. In the groups that are made one after the other: what comes after "then"
 * reads the `results` before it.
 */
export function askedCalls(message: string, request: DemoRequest, results: readonly { content: string }[]): Want[][] {
  const tools = toolsOf(request);
  const toolOf = new Map<string, NamedTool>();
  for (const tool of tools) for (const choice of choicesOf(tool)) toolOf.set(choice.toLowerCase(), tool);
  for (const tool of tools) toolOf.set(tool.name.toLowerCase(), tool);
  const groups: Want[][] = [];
  const asks = [...message.slice(0, longestAsk).matchAll(askPattern([...toolOf.keys()]))];
  for (const [n, { 0: ask, 1: then, 2: call, 3: name = "", index }] of asks.entries()) {
    const tool = toolOf.get(name.toLowerCase());
    const task = message.slice(index + ask.length, asks[n + 1]?.index).trim() || message;
    const given = call && parsed(/^with\s+(\{.*\})/is.exec(task)?.[1]);
    if (!tool || (!given && known.has(tool.name))) continue;
    if (groups.length === 0 || then) groups.push([]);
    const text = groups.length > 1 ? [task, ...results.map(({ content }) => content)].join("\n\n") : task;
    const args = given ? { ...given } : argumentsFrom(tool, `${name} ${task}`, text);
    groups.at(-1)?.push({ tool: tool.name, args });
  }
  return groups;
}

const askPattern = (names: string[]) =>
  new RegExp(
    String.raw`(?:\W{1,3}and)?(?:\W{1,3}(then))?\W{0,3}\b(?:(call|use|run)|ask)\s(?:the\s)?\W?(${names.filter((name) => /^[\w-]+$/.test(name)).join("|")})(?![\w-])\W?\s{0,3}(?:to\s)?`,
    "gi",
  );

interface NamedTool {
  name: string;
  parameters?: CallSchema;
}

function toolsOf({ tools }: DemoRequest): NamedTool[] {
  return (tools ?? []).flatMap(({ function: tool }) => (tool?.name ? [tool as NamedTool] : []));
}

function choicesOf({ parameters }: NamedTool): string[] {
  return Object.values(parameters?.properties ?? {}).flatMap((schema) => (schema.enum ?? []).map(String));
}

/** `text`: what a field gets that takes any text; else it is guessed, too. */
function argumentsFrom({ parameters }: Partial<NamedTool>, ask: string, text?: string): Record<string, unknown> {
  const { properties = {} } = parameters ?? {};
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, guessFor(schema, ask, text)]));
}

function isNamed(name: string, ask: string): boolean {
  const words = name
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word.length >= 4 && !empty.has(word));
  return words.some((word) => new RegExp(`\\b${word}`, "i").test(ask));
}

function guessFor(schema: CallSchema, ask: string, text?: string): unknown {
  const options = schema.anyOf?.filter(({ type }) => type !== "null");
  if (options?.[0] !== undefined) return guessFor(options[0], ask, text);
  if (schema.enum !== undefined) {
    const place = (value: unknown) => ask.toLowerCase().indexOf(String(value).toLowerCase());
    const spoken = schema.enum.filter((value) => place(value) >= 0);
    return spoken.toSorted((a, b) => place(a) - place(b))[0] ?? schema.enum[0];
  }
  const type = Array.isArray(schema.type) ? schema.type.find((each) => each !== "null") : schema.type;
  switch (type) {
    case "number":
    case "integer":
      return Number(/-?\d+/.exec(ask)?.[0] ?? 1);
    case "boolean":
      return true;
    case "array":
      return [];
    case "object":
      return argumentsFrom({ parameters: schema }, ask, text);
    default:
      return text ?? nameIn(ask) ?? ask;
  }
}

/** The last proper name after the first word: "the weather in New York?" is about New York. */
function nameIn(ask: string): string | undefined {
  const names = ask.slice(1).match(/(?<=[^\p{L}.!?]\s?)\p{Lu}[\p{L}'-]+(?: \p{Lu}[\p{L}'-]+)*/gu);
  return names?.at(-1);
}
