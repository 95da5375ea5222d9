/** Makes a tool of what a remote server lists: a strict schema where it can be one, arguments checked here before anything is sent. Sends nothing itself. */
import { Validator } from "@cfworker/json-schema";
import { type ArgumentRules, type Checked, parseArguments } from "../parse-arguments.ts";
import { type JsonSchema, strictInput } from "../strict-schema.ts";
import type { OfferedTool, Tool, ToolContext } from "../tool.ts";
import { cleanSchema } from "./clean-schema.ts";
import { type CallResult, resultText } from "./result-text.ts";
import type { McpServerRules } from "./server-rules.ts";
import type { ListedTool } from "./tool-list.ts";

/** What a listed tool comes to, whoever calls it. */
export interface PreparedTool {
  listed: ListedTool;
  declaration: OfferedTool;
  schema: JsonSchema;
  /** Why its schema is not strict, if it is not. */
  dirty?: string;
}

/** Most characters of a strict schema: it is part of every request. */
const longestParameters = 40_000;

export function prepareTool(listed: ListedTool, name: string): PreparedTool {
  const schema = cleanSchema({ type: "object", ...listed.inputSchema });
  const { description } = listed;
  try {
    const parameters = strictInput(schema, name);
    if (JSON.stringify(parameters).length > longestParameters)
      throw new Error(`Tool "${name}": the schema is too long once its references are put in their place.`);
    return { listed, schema, declaration: { name, description, parameters } };
  } catch (error) {
    // Sent as it is: a provider that is not told "strict" takes any object schema.
    const parameters = { ...listed.inputSchema, type: "object" };
    return { listed, schema, declaration: { name, description, parameters, strict: false }, dirty: wordsOf(error) };
  }
}

/** Sends the call to the server. */
export type RemoteCall = (args: Record<string, unknown>, context: ToolContext) => Promise<CallResult>;

export function remoteTool(
  { listed, declaration, schema }: PreparedTool,
  rules: McpServerRules,
  call: RemoteCall,
): Tool {
  const { effect = "unsafe", approval, timeoutMs = 30_000 } = rules;
  const argumentRules: ArgumentRules = { schema, check: checkOf(listed.inputSchema), mayMend: effect !== "unsafe" };
  const parse = (raw: string) => parseArguments(raw, argumentRules);
  return {
    effect,
    timeoutMs,
    declaration,
    needsApproval: (raw) => approval === "always" && parse(raw).ok,
    parse,
    async run(input, context) {
      const result = await call(input as Record<string, unknown>, context);
      const text = resultText(result);
      if (result.isError) throw new Error(text);
      return text;
    },
  };
}

/** Checks against the server's own schema. One that cannot be read is left to the server. */
function checkOf(schema: JsonSchema): (value: object) => Checked {
  let validator: Validator | undefined;
  return (input) => {
    try {
      validator ??= new Validator(schema, draftOf(schema), false);
      const { valid, errors } = validator.validate(input);
      if (valid) return { ok: true, input };
      // The innermost errors say most; those above only say that something inside is wrong.
      const deepest = Math.max(...errors.map(({ instanceLocation }) => instanceLocation.length));
      const worst = errors.filter(({ instanceLocation }) => instanceLocation.length === deepest).slice(0, 3);
      return {
        ok: false,
        detail: worst.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`).join("\n"),
      };
    } catch {
      return { ok: true, input };
    }
  };
}

function draftOf({ $schema }: JsonSchema): "4" | "7" | "2019-09" | "2020-12" {
  const named = typeof $schema === "string" ? $schema : "";
  if (named.includes("draft-04")) return "4";
  if (named.includes("draft-07") || named.includes("draft-06")) return "7";
  return named.includes("2019-09") ? "2019-09" : "2020-12";
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
