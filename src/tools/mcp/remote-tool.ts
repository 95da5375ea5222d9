/** Makes a tool of what a remote server lists: a strict schema where it can be one, arguments checked here before anything is sent. Sends nothing itself. */
import { Validator } from "@cfworker/json-schema";
import { joinedName, markedName } from "../../core/joined-name.ts";
import { costFault } from "../../core/schema-cost.ts";
import { faultText, schemaFault } from "../../core/schema-measure.ts";
import { withoutCredentials, withoutSecret } from "../../core/secrets.ts";
import { type ArgumentRules, type Checked, parseArguments } from "../parse-arguments.ts";
import { type JsonSchema, strictInput } from "../strict-schema.ts";
import type { OfferedTool, Tool, ToolContext } from "../tool.ts";
import { cleanSchema } from "./clean-schema.ts";
import { type CallResult, resultText } from "./result-text.ts";
import type { McpServerRules } from "./server-rules.ts";
import type { ListedTool } from "./tool-list.ts";

/** What a listed tool becomes for every caller. */
export interface PreparedTool {
  listed: ListedTool;
  declaration: OfferedTool;
  schema: JsonSchema;
  /** Why its schema is not strict, if it is not. */
  dirty?: string;
  /** Why arguments are not checked here against its schema, if they are not: the server must do it. */
  unchecked?: string;
}

/** Most characters of a strict schema: it is part of every request. */
const longestParameters = 40_000;
/** Messages of the validator repeat the schema's own lists. */
const longestFault = 2_000;

export function prepareTool(listed: ListedTool, name: string): PreparedTool {
  const fault = schemaFault(listed.inputSchema);
  const unchecked = fault && `Tool "${name}": its arguments are not checked, since its schema ${faultText(fault)}.`;
  // One that cannot be measured is not rewritten either.
  const schema = fault?.kind === "size" ? {} : cleanSchema({ type: "object", ...listed.inputSchema });
  return { ...prepared(listed, name, schema), ...(unchecked && { unchecked }) };
}

function prepared(listed: ListedTool, name: string, schema: JsonSchema): PreparedTool {
  const { description } = listed;
  try {
    const parameters = strictInput(schema, name);
    if (JSON.stringify(parameters).length > longestParameters)
      throw new Error(`Tool "${name}": the schema is too long once its references are put in their place.`);
    return { listed, schema, declaration: { name, description, parameters } };
  } catch (error) {
    // Sent as it is: without "strict" a provider accepts any object schema.
    const parameters = { ...listed.inputSchema, type: "object" };
    return { listed, schema, declaration: { name, description, parameters, strict: false }, dirty: wordsOf(error) };
  }
}

/** Sends the call to the server. */
export type RemoteCall = (args: Record<string, unknown>, context: ToolContext) => Promise<CallResult>;

/** `bearer`: what the server is sent with each request; it must not come back into a result. */
export function remoteTool(
  { listed, declaration, schema, unchecked }: PreparedTool,
  rules: McpServerRules & { bearer?: string },
  call: RemoteCall,
): Tool {
  const { effect = "unsafe", approval, timeoutMs = 30_000, bearer } = rules;
  const check = unchecked === undefined ? checkOf(listed.inputSchema) : unchanged;
  const argumentRules: ArgumentRules = { schema, check, mayRepair: effect !== "unsafe" };
  const parse = (raw: string) => parseArguments(raw, argumentRules);
  return {
    effect,
    timeoutMs,
    secrets: [],
    declaration,
    approval: approval ?? null,
    needsApproval: (raw) => approval === "always" && parse(raw).ok,
    parse,
    async run(input, context) {
      const result = await call(input as Record<string, unknown>, context);
      const text = withoutSecret(resultText(result), bearer);
      if (result.isError) throw new Error(withoutCredentials(text));
      return text;
    },
  };
}

const unchanged = (input: object): Checked => ({ ok: true, input });

/** Checks against the server's own schema, which was measured. One that cannot be read is left to the server. */
export function checkOf(schema: JsonSchema): (value: object) => Checked {
  let validator: Validator | undefined;
  return (input) => {
    const tooMuch = costFault(schema, input);
    if (tooMuch !== undefined) return { ok: false, detail: tooMuch };
    try {
      validator ??= new Validator(schema, draftOf(schema), false);
      const { valid, errors } = validator.validate(input);
      if (valid) return { ok: true, input };
      // The innermost errors are the most exact; those above only report that something inside is wrong.
      const deepest = errors.reduce((most, { instanceLocation }) => Math.max(most, instanceLocation.length), 0);
      const worst = errors.filter(({ instanceLocation }) => instanceLocation.length === deepest).slice(0, 3);
      return {
        ok: false,
        detail: worst
          .map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`.slice(0, longestFault))
          .join("\n"),
      };
    } catch (error) {
      // More errors than fit on the stack.
      return error instanceof RangeError ? { ok: false, detail: "The arguments are wrong." } : { ok: true, input };
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

/** The offered name of each of the server's tools. Where several would have one name, those that had to be changed for it end in a fingerprint of their own. */
export function toolNames(server: string, tools: readonly string[]): Map<string, string> {
  const plain = tools.map((tool) => joinedName(server, tool));
  const named = tools.map((tool, place): [string, string] => {
    const name = plain[place] ?? "";
    const alone = plain.indexOf(name) === plain.lastIndexOf(name);
    return [tool, alone || name === `${server}__${tool}` ? name : markedName(name, tool)];
  });
  return new Map(named);
}
