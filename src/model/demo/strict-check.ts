/** Refuses tool schemas that DeepSeek's strict mode refuses, in its words as far as they are recorded (guide tool_calls; probes of the beta endpoint, 2026). */

interface WireTool {
  type?: string;
  function?: { name?: string; strict?: boolean; parameters?: unknown };
}

const known = [
  "type",
  "description",
  "enum",
  "const",
  "anyOf",
  "$ref",
  "$def",
  "properties",
  "required",
  "additionalProperties",
  "items",
  "pattern",
  "format",
  "default",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
];
const formats = ["email", "hostname", "ipv4", "ipv6", "uuid"];

/** What is wrong with the tools of a request; `undefined` when strict mode takes them or none asks for it. */
export function toolsRefusal(tools: readonly WireTool[]): string | undefined {
  const odd = tools.find((tool) => tool.type !== "function");
  if (odd !== undefined)
    return `Failed to deserialize the JSON body into the target type: tools: unknown variant \`${odd.type}\`, expected \`function\``;
  const strict = tools.filter((tool) => tool.function?.strict === true);
  if (strict.length === 0) return undefined;
  if (strict.length < tools.length) return "All tools must be strict when one of them is.";
  for (const tool of tools) {
    const refusal = schemaRefusal(tool.function?.parameters ?? {}, tool.function?.name ?? "");
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function schemaRefusal(schema: unknown, at: string): string | undefined {
  const node = schema as Record<string, unknown>;
  const odd = Object.keys(node).find((keyword) => !known.includes(keyword));
  if (odd !== undefined) return `Invalid schema at ${at}: ${odd} is not supported.`;
  if (Array.isArray(node.anyOf)) return firstOf(node.anyOf.map((member, n) => schemaRefusal(member, `${at}|${n}`)));
  if (node.$ref !== undefined) return undefined;
  if (node.type === undefined) return `Invalid schema at ${at}: missing field type`;
  if (typeof node.format === "string" && !formats.includes(node.format))
    return `Invalid schema at ${at}: format ${node.format} is not supported.`;
  if (node.type === "array")
    return node.items === undefined
      ? `Invalid schema at ${at}: missing field items`
      : schemaRefusal(node.items, `${at}[]`);
  return node.type === "object" ? objectRefusal(node, at) : undefined;
}

function objectRefusal(node: Record<string, unknown>, at: string): string | undefined {
  const properties = Object.entries((node.properties ?? {}) as Record<string, unknown>);
  if (properties.length === 0) return "An object with no properties is not allowed.";
  if (typeof node.additionalProperties === "object")
    return `Invalid schema at ${at}: invalid type: map, expected a boolean`;
  if (node.additionalProperties !== false) return `Invalid schema at ${at}: additionalProperties must be false.`;
  const required = Array.isArray(node.required) ? node.required : [];
  const missing = properties.find(([name]) => !required.includes(name));
  if (missing !== undefined) return `Invalid schema at ${at}: ${missing[0]} must be in required.`;
  return firstOf(properties.map(([name, property]) => schemaRefusal(property, `${at}.${name}`)));
}

function firstOf(refusals: (string | undefined)[]): string | undefined {
  return refusals.find((refusal) => refusal !== undefined);
}
