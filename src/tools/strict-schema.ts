/**
 * Compiles a zod object into a JSON schema that DeepSeek's strict mode accepts, or refuses it with the path and the mend.
 * What strict mode cannot say goes into the description and is still enforced by zod. Rules: api-docs.deepseek.com/guides/tool_calls,
 * and probes of its beta endpoint in 2026.
 */
import * as z from "zod";

export type JsonSchema = { [keyword: string]: unknown };

/** The only argument of a tool that takes none: strict mode refuses objects without properties. */
export const noArguments = "proceed";

const formats = new Set(["email", "hostname", "ipv4", "ipv6", "uuid"]);
const numeric = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
/** Keywords that strict mode refuses, and how a person would say them. */
const spoken: Record<string, (value: unknown) => string> = {
  minLength: (n) => `At least ${n} characters.`,
  maxLength: (n) => `At most ${n} characters.`,
  minItems: (n) => `At least ${n} items.`,
  maxItems: (n) => `At most ${n} items.`,
  uniqueItems: () => "No item twice.",
  default: (value) => `Default: ${JSON.stringify(value)}.`,
};

/** The JSON schema of what zod takes in, before it is made strict. */
export function inputSchema(schema: z.ZodType): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any", reused: "inline" });
  return rest;
}

/** The strict schema of a tool's input. Throws an Error that names the tool, the path and what to write instead. */
export function strictSchema(schema: z.ZodType, toolName: string): JsonSchema {
  const input = inputSchema(schema);
  const refuse: Refuse = (path, why) => {
    throw new Error(`Tool "${toolName}": the schema at ${path} cannot be said in strict mode. ${why}`);
  };
  if (input.type !== "object") refuse("(root)", "The input must be a z.object({ … }).");
  if (Object.keys(propertiesOf(input)).length === 0) {
    const only = { description: "This tool takes no arguments.", type: "string", enum: ["yes"] };
    return {
      type: "object",
      properties: { [noArguments]: only },
      required: [noArguments],
      additionalProperties: false,
    };
  }
  return strict(input, "(root)", refuse);
}

type Refuse = (path: string, why: string) => never;

function strict(node: JsonSchema, path: string, refuse: Refuse): JsonSchema {
  if (node.$ref !== undefined) return refuse(path, "It refers to itself: use a flat list with ids instead.");
  if (node.allOf !== undefined || node.oneOf !== undefined)
    return refuse(path, "Intersections are unknown to it: use one z.object.");
  if (node.not !== undefined) return refuse(path, "z.never() accepts nothing: leave the field away.");
  const described = describe(node);
  if (Array.isArray(node.anyOf)) {
    return {
      ...described,
      anyOf: node.anyOf.map((member: JsonSchema, n) => strict(member, `${path}|${n + 1}`, refuse)),
    };
  }
  if (Array.isArray(node.type)) {
    return {
      ...described,
      anyOf: node.type.map((type) => strict({ ...node, type, description: undefined }, path, refuse)),
    };
  }
  switch (node.type) {
    case "object":
      return { ...described, ...strictObject(node, path, refuse) };
    case "array":
      return { ...described, ...strictArray(node, path, refuse) };
    case "string":
      return { ...described, type: "string", ...choices(node), ...stringRules(node) };
    case "number":
    case "integer":
      return { ...described, type: node.type, ...choices(node), ...numberRules(node) };
    case "boolean":
      return { ...described, type: "boolean", ...choices(node) };
    case "null":
      return { ...described, type: "null" };
    default:
      return refuse(
        path,
        "It has no plain JSON type (z.unknown, z.any, z.date, a transform?): use z.string() and parse it in run().",
      );
  }
}

function strictObject(node: JsonSchema, path: string, refuse: Refuse): JsonSchema {
  const properties = propertiesOf(node);
  const free = node.additionalProperties !== undefined && node.additionalProperties !== false;
  if (free) return refuse(path, "Records and loose objects have unknown keys: use z.array(z.object({ key, value })).");
  const names = Object.keys(properties);
  if (names.length === 0) return refuse(path, "An object without properties is not allowed: leave the field away.");
  const required = requiredOf(node);
  const entries = names.map((name) => {
    const property = strict(properties[name] ?? {}, path === "(root)" ? name : `${path}.${name}`, refuse);
    return [name, required.includes(name) ? property : nullable(property)];
  });
  return { type: "object", properties: Object.fromEntries(entries), required: names, additionalProperties: false };
}

function strictArray(node: JsonSchema, path: string, refuse: Refuse): JsonSchema {
  if (node.prefixItems !== undefined)
    return refuse(path, "Tuples are unknown to it: use a z.object with named fields.");
  return { type: "array", items: strict((node.items ?? {}) as JsonSchema, `${path}[]`, refuse) };
}

/** An optional field is said as "this or null"; `withoutNulls` takes the null away again. */
function nullable(property: JsonSchema): JsonSchema {
  const { description, ...rest } = property;
  const members = Array.isArray(rest.anyOf) ? (rest.anyOf as JsonSchema[]) : [rest];
  const anyOf = members.some((member) => member.type === "null") ? members : [...members, { type: "null" }];
  return description === undefined ? { anyOf } : { description, anyOf };
}

function describe(node: JsonSchema): JsonSchema {
  const dropped = Object.keys(spoken).filter((keyword) => node[keyword] !== undefined);
  const format = typeof node.format === "string" && !formats.has(node.format) ? [`Format: ${node.format}.`] : [];
  const own = typeof node.description === "string" ? [node.description] : [];
  const sentences = [...own, ...dropped.map((keyword) => spoken[keyword]?.(node[keyword]) ?? ""), ...format];
  return sentences.length === 0 ? {} : { description: sentences.join(" ") };
}

function choices(node: JsonSchema): JsonSchema {
  if (node.const !== undefined) return { enum: [node.const] };
  return node.enum === undefined ? {} : { enum: node.enum };
}

/** The pattern that zod adds to a format is sent with formats that strict mode knows, and dropped with the others. */
function stringRules({ format, pattern }: JsonSchema): JsonSchema {
  if (typeof format === "string") return formats.has(format) ? { format } : {};
  return pattern === undefined ? {} : { pattern };
}

/** zod bounds every integer by what a double can hold; that is noise to a model. */
function numberRules(node: JsonSchema): JsonSchema {
  const said = numeric.filter(
    (key) => node[key] !== undefined && Math.abs(Number(node[key])) !== Number.MAX_SAFE_INTEGER,
  );
  return Object.fromEntries(said.map((key) => [key, node[key]]));
}

/** `value` with the nulls taken away that stand for absent optional fields, and without the placeholder of `noArguments`. */
export function withoutNulls(value: unknown, schema: JsonSchema): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item, (schema.items ?? {}) as JsonSchema));
  if (typeof value !== "object" || value === null) return value;
  const shape = objectShape(schema);
  if (shape === undefined) return value;
  const properties = propertiesOf(shape);
  const required = requiredOf(shape);
  const kept = Object.entries(value).filter(([name, field]) => {
    if (name === noArguments && Object.keys(properties).length === 0) return false;
    return (
      field !== null || required.includes(name) || !Object.hasOwn(properties, name) || acceptsNull(properties[name])
    );
  });
  return Object.fromEntries(kept.map(([name, field]) => [name, withoutNulls(field, properties[name] ?? {})]));
}

/** The one object a schema allows, also where it may be null; `undefined` when there are several. */
function objectShape(schema: JsonSchema): JsonSchema | undefined {
  if (schema.type === "object") return schema;
  const members = Array.isArray(schema.anyOf)
    ? schema.anyOf.filter((member: JsonSchema) => member.type === "object")
    : [];
  return members.length === 1 ? (members[0] as JsonSchema) : undefined;
}

function acceptsNull(schema: JsonSchema | undefined): boolean {
  if (schema?.type === "null") return true;
  return Array.isArray(schema?.anyOf) && schema.anyOf.some((member: JsonSchema) => member.type === "null");
}

function propertiesOf(schema: JsonSchema): Record<string, JsonSchema> {
  return (schema.properties ?? {}) as Record<string, JsonSchema>;
}

function requiredOf(schema: JsonSchema): string[] {
  return (schema.required ?? []) as string[];
}
