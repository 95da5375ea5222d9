/** Refuses tools and strict schemas that DeepSeek refuses, in its words as far as they are recorded (guide tool_calls; probes of the beta endpoint, 2026). */

interface WireTool {
  type?: string | undefined;
  function?: { name?: string | undefined; strict?: boolean | null | undefined; parameters?: unknown } | undefined;
}

/** Most tools of a request. */
const mostTools = 128;
/** `$def` is how the guide spells it; `$defs` was not probed. */
const known =
  "type description enum const default anyOf $ref $def properties required additionalProperties items pattern format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf".split(
    " ",
  );
const formats = "email hostname ipv4 ipv6 uuid".split(" ");

/** What is wrong with the tools of a request; `undefined` when they are taken. Schemas are checked where `strict` is set. */
export function toolsRefusal(tools: readonly WireTool[]): string | undefined {
  if (tools.length > mostTools) return `Invalid tools: at most ${mostTools} are supported.`;
  const odd = tools.find((tool) => tool.type !== "function");
  if (odd !== undefined)
    return `Failed to deserialize the JSON body into the target type: tools: unknown variant \`${odd.type}\`, expected \`function\``;
  const unnamed = tools.findIndex((tool) => !/^[\w-]{1,64}$/.test(tool.function?.name ?? ""));
  if (unnamed >= 0) return `Invalid 'tools[${unnamed}].function.name': it does not match '^[a-zA-Z0-9_-]{1,64}$'.`;
  const strict = tools.filter((tool) => tool.function?.strict === true);
  if (strict.length === 0) return undefined;
  if (strict.length < tools.length) return "All tools must be strict when one of them is.";
  return firstOf(tools.map((tool) => schemaRefusal(tool.function?.parameters, tool.function?.name ?? "")));
}

function schemaRefusal(schema: unknown, at: string): string | undefined {
  const refuse = (why: string) => `Invalid schema at ${at}: ${why}`;
  const node = nodeOf(schema);
  const odd = Object.keys(node).find((keyword) => !known.includes(keyword));
  if (odd !== undefined) return refuse(`${odd} is not supported.`);
  const defined = Object.entries(nodeOf(node.$def));
  const within = firstOf(defined.map(([name, each]) => schemaRefusal(each, `${at}#${name}`)));
  if (within !== undefined) return within;
  if (Array.isArray(node.anyOf)) return firstOf(node.anyOf.map((member, n) => schemaRefusal(member, `${at}|${n}`)));
  if (node.$ref !== undefined) return undefined;
  if (node.type === undefined) return refuse("missing field type");
  if (Array.isArray(node.type) && node.type.some((type) => type === "object" || type === "array"))
    return refuse("object and array are not supported in a list of types.");
  if (typeof node.format === "string" && !formats.includes(node.format))
    return refuse(`format ${node.format} is not supported.`);
  if (node.type === "array")
    return node.items === undefined ? refuse("missing field items") : schemaRefusal(node.items, `${at}[]`);
  return node.type === "object" ? objectRefusal(node, at) : undefined;
}

function objectRefusal(node: Record<string, unknown>, at: string): string | undefined {
  const refuse = (why: string) => `Invalid schema at ${at}: ${why}`;
  const properties = Object.entries(nodeOf(node.properties));
  if (properties.length === 0) return "An object with no properties is not allowed.";
  if (typeof node.additionalProperties === "object") return refuse("invalid type: map, expected a boolean");
  if (node.additionalProperties !== false) return refuse("additionalProperties must be false.");
  const required = Array.isArray(node.required) ? node.required : [];
  const missing = properties.find(([name]) => !required.includes(name));
  if (missing !== undefined) return refuse(`${missing[0]} must be in required.`);
  return firstOf(properties.map(([name, property]) => schemaRefusal(property, `${at}.${name}`)));
}

/** What is no JSON object has no fields. */
function nodeOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function firstOf(refusals: (string | undefined)[]): string | undefined {
  return refusals.find((refusal) => refusal !== undefined);
}
