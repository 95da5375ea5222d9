/** Makes a call of a tool that the demo has no rules for: because the question names the tool, or because a tool must be used. Guesses arguments of the right types from the question. Pure. */
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
  const tools = (request.tools ?? []).flatMap((tool) => (tool.function?.name ? [tool.function] : []));
  const spoken = tools.find(({ name = "" }) => !known.has(name) && isNamed(name, ask));
  const wanted = must?.name === undefined ? undefined : tools.find(({ name }) => name === must.name);
  const tool = wanted ?? spoken ?? (must === undefined ? undefined : tools[0]);
  if (tool?.name === undefined) return undefined;
  const { properties = {} } = (tool.parameters ?? {}) as CallSchema;
  const args = Object.entries(properties).map(([name, schema]) => [name, guessFor(schema, ask)]);
  return { tool: tool.name, args: Object.fromEntries(args) };
}

function isNamed(name: string, ask: string): boolean {
  const words = name
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word.length >= 4 && !empty.has(word));
  return words.some((word) => new RegExp(`\\b${word}`, "i").test(ask));
}

function guessFor(schema: CallSchema, ask: string): unknown {
  const options = schema.anyOf?.filter(({ type }) => type !== "null");
  if (options?.[0] !== undefined) return guessFor(options[0], ask);
  if (schema.enum !== undefined) {
    return schema.enum.find((value) => typeof value === "string" && ask.includes(value)) ?? schema.enum[0];
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
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([name, each]) => [name, guessFor(each, ask)]),
      );
    default:
      return nameIn(ask) ?? ask;
  }
}

/** The last proper name after the first word: "the weather in New York?" is about New York. */
function nameIn(ask: string): string | undefined {
  const names = ask.slice(1).match(/(?<=[^\p{L}.!?]\s?)\p{Lu}[\p{L}'-]+(?: \p{Lu}[\p{L}'-]+)*/gu);
  return names?.at(-1);
}
