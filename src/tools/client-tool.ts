/**
 * A tool that runs at the client, as the model is offered it, and the check of its calls. Helpers of client libraries write
 * schemas that the provider's strict mode refuses: such a schema is rewritten where that changes no value the client gets,
 * else it is offered without strict mode. Sends nothing, runs nothing.
 */

import type { ClientTool } from "../core/entry.ts";
import { parsedObject } from "../core/parsed.ts";
import { faultText, schemaFault } from "../core/schema-measure.ts";
import { cleanSchema } from "./mcp/clean-schema.ts";
import { checkOf } from "./mcp/remote-tool.ts";
import { type JsonSchema, membersOf, propertiesOf, requiredOf, strictInput } from "./strict-schema.ts";
import type { OfferedTool, Tool } from "./tool.ts";

/** Most characters of a strict schema: it is part of every request. */
const longestParameters = 40_000;

/** `dirty`: why a tool that its sender calls strict is offered without strict mode. */
export function offeredClientTool(tool: ClientTool): OfferedTool & { dirty?: string } {
  const { name, parameters, strict } = tool;
  const description = describe(tool);
  const plain = { name, description, parameters: { ...parameters, type: "object" }, strict: false } as const;
  if (!strict) return { ...plain, parameters };
  try {
    const fault = schemaFault(parameters);
    if (fault !== undefined) throw new Error(`Tool "${name}": its schema ${faultText(fault)}.`);
    const schema = cleanSchema({ type: "object", ...parameters });
    mustKeepValues(schema, name);
    const fitted = strictInput(schema, name);
    if (JSON.stringify(fitted).length > longestParameters) throw new Error(`Tool "${name}": the schema is too long.`);
    return { name, description, parameters: fitted };
  } catch (error) {
    return { ...plain, dirty: error instanceof Error ? error.message : String(error) };
  }
}

/** The model knows no groups: the description of a group is added to its first tool. */
function describe({ description, namespace }: ClientTool): string {
  if (!namespace?.description) return description;
  return `About all tools of ${namespace.name}: ${namespace.description}\n\n${description}`.trimEnd();
}

/** Strict mode has a placeholder for no arguments and null for an absent field: a client that never heard of them would get them. */
function mustKeepValues(schema: JsonSchema, name: string, path = "(root)"): void {
  const fail = (why: string): never => {
    throw new Error(`Tool "${name}": the schema at ${path} cannot be expressed in strict mode. ${why}`);
  };
  const members = membersOf(schema);
  if (members !== undefined) {
    for (const member of members) mustKeepValues(member, name, path);
    return;
  }
  if (schema.type === "array") mustKeepValues((schema.items ?? {}) as JsonSchema, name, `${path}[]`);
  if (schema.type !== "object") return;
  const names = Object.keys(propertiesOf(schema));
  if (names.length === 0) fail("It takes no arguments.");
  const optional = names.find((each) => !requiredOf(schema).includes(each));
  if (optional !== undefined) fail(`"${optional}" is optional: strict mode wants every field in "required".`);
  for (const [each, property] of Object.entries(propertiesOf(schema)))
    mustKeepValues(property, name, path === "(root)" ? each : `${path}.${each}`);
}

/** For a tool that its sender calls strict: a call whose arguments do not fit gets a result that explains the fault, and the client never sees it. */
export function strictClientTool(tool: ClientTool): Tool {
  return {
    effect: "none",
    timeoutMs: 1_000,
    secrets: [],
    get declaration() {
      return offeredClientTool(tool);
    },
    approval: null,
    needsApproval: () => false,
    parse(rawArguments) {
      const value = parsedObject(rawArguments === "" ? "{}" : rawArguments);
      if (value === undefined) return { ok: false, detail: "The arguments must be one JSON object." };
      // Only now: a turn may have 128 such tools, and call none. What would take too long to check is left to the client.
      const check = schemaFault(tool.parameters) === undefined ? checkOf(tool.parameters) : undefined;
      const checked = check?.(value) ?? { ok: true, input: value };
      return checked.ok ? { ok: true, input: checked.input, repairs: [] } : checked;
    },
    run() {
      throw new Error("This tool runs at the client.");
    },
  };
}
