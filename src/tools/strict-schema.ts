/**
 * Compiles a zod object into a JSON schema that DeepSeek's strict mode accepts, or refuses it with the path and the repair.
 * What strict mode cannot express goes into the description and is still enforced by zod. Rules: api-docs.deepseek.com/guides/tool_calls,
 * and probes of its beta endpoint in 2026.
 */
export type JsonSchema = { [keyword: string]: unknown };

/** The only argument of a tool that takes none: strict mode refuses objects without properties. */
export const noArguments = "proceed";

const formats = new Set(["email", "hostname", "ipv4", "ipv6", "uuid"]);
/** Names that zod gives to patterns of its own. */
const patterned = new Set(["starts_with", "ends_with", "includes", "lowercase", "uppercase"]);
const numeric = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
/** Keywords that strict mode refuses, and how a person would phrase them. */
const spoken: Record<string, (value: unknown) => string> = {
  minLength: (n) => `At least ${n} ${n === 1 ? "character" : "characters"}.`,
  maxLength: (n) => `At most ${n} ${n === 1 ? "character" : "characters"}.`,
  minItems: (n) => `At least ${n} ${n === 1 ? "item" : "items"}.`,
  maxItems: (n) => `At most ${n} ${n === 1 ? "item" : "items"}.`,
  uniqueItems: () => "No item twice.",
  default: (value) => `Default: ${JSON.stringify(value)}.`,
};

/** The strict form of a tool's input schema. Throws an Error that names the tool, the path and what to write instead. */
export function strictInput(input: JsonSchema, toolName: string): JsonSchema {
  const refuse: Refuse = (path, why) => {
    throw new Error(`Tool "${toolName}": the schema at ${path} cannot be expressed in strict mode. ${why}`);
  };
  if (input.type !== "object") refuse("(root)", "The input must be a z.object({ … }).");
  if (Object.keys(propertiesOf(input)).length === 0 && !isOpen(input)) {
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
  if (node.allOf !== undefined) {
    const text = "Several patterns on one string are unknown to it: use one z.string().regex(…).";
    return refuse(path, node.type === "string" ? text : "Intersections are unknown to it: use one schema.");
  }
  if (node.not !== undefined) return refuse(path, "z.never() accepts nothing: leave the field away.");
  const described = describe(node);
  const members = membersOf(node);
  if (members !== undefined && typeof node.type === "string" && members.some(({ type }) => type !== node.type))
    return refuse(path, "Its own type and those of its alternatives disagree: give the type to each alternative.");
  if (members !== undefined)
    return { ...described, anyOf: members.map((member, n) => strict(member, `${path}|${n + 1}`, refuse)) };
  if (node.type === undefined && node.enum !== undefined)
    return refuse(path, "Literals of several types have no type: use a z.union of z.literal.");
  if (!choicesFit(node))
    return refuse(path, "Its type and its literals disagree: all of them must be plain values of the type.");
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
  if (isOpen(node))
    return refuse(path, "Records and loose objects have unknown keys: use z.array(z.object({ key, value })).");
  const names = Object.keys(properties);
  if (names.length === 0) return refuse(path, "An object without properties is not allowed: leave the field away.");
  const required = requiredOf(node);
  if (required.some((name) => !Object.hasOwn(properties, name)))
    return refuse(path, "It requires a property that it does not have: declare it, or require it no more.");
  const entries = names.map((name) => {
    const property = strict(properties[name] ?? {}, path === "(root)" ? name : `${path}.${name}`, refuse);
    return [name, required.includes(name) ? property : nullable(property)];
  });
  return { type: "object", properties: Object.fromEntries(entries), required: names, additionalProperties: false };
}

function isOpen({ additionalProperties }: JsonSchema): boolean {
  return additionalProperties !== undefined && additionalProperties !== false;
}

function strictArray(node: JsonSchema, path: string, refuse: Refuse): JsonSchema {
  if (node.prefixItems !== undefined)
    return refuse(path, "Tuples are unknown to it: use a z.object with named fields.");
  return { type: "array", items: strict((node.items ?? {}) as JsonSchema, `${path}[]`, refuse) };
}

/** An optional field is written as "this or null"; `withoutNulls` takes the null away again. */
function nullable(property: JsonSchema): JsonSchema {
  const { description, ...rest } = property;
  const members = Array.isArray(rest.anyOf) ? (rest.anyOf as JsonSchema[]) : [rest];
  const anyOf = members.some((member) => member.type === "null") ? members : [...members, { type: "null" }];
  return description === undefined ? { anyOf } : { description, anyOf };
}

function describe(node: JsonSchema): JsonSchema {
  const dropped = Object.keys(spoken).filter((keyword) => node[keyword] !== undefined);
  const unexpressed = typeof node.format === "string" && !formats.has(node.format) && !patterned.has(node.format);
  const own = typeof node.description === "string" ? [node.description] : [];
  const added = [
    ...dropped.map((keyword) => spoken[keyword]?.(node[keyword]) ?? ""),
    ...(unexpressed ? [`Format: ${node.format}.`] : []),
  ];
  if (added.length > 0 && own[0] !== undefined) own[0] = own[0].replace(/[^.!?…:;]$/, "$&.");
  return own.length + added.length === 0 ? {} : { description: [...own, ...added].join(" ") };
}

/** Whether literals, and a default that is not null, are of the type that the schema names: strict mode takes no schema that contradicts itself. */
function choicesFit({ type, enum: several, const: only, default: preset }: JsonSchema): boolean {
  const isPlain = (value: unknown) => isOfType(value, type) && (typeof value !== "object" || value === null);
  if (preset !== undefined && preset !== null && typeof type === "string" && !isOfType(preset, type)) return false;
  if (only !== undefined && !isPlain(only)) return false;
  return several === undefined || (Array.isArray(several) && several.length > 0 && several.every(isPlain));
}

function isOfType(value: unknown, type: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    default:
      // A type that strict mode does not know is refused as such.
      return type === undefined || !["string", "number", "boolean"].includes(String(type)) || typeof value === type;
  }
}

function choices(node: JsonSchema): JsonSchema {
  if (node.const !== undefined) return { enum: [node.const] };
  return node.enum === undefined ? {} : { enum: node.enum };
}

/** The pattern that zod adds to a format is dropped, except where the pattern is all that the format means. */
function stringRules({ format, pattern }: JsonSchema): JsonSchema {
  if (typeof format === "string" && !patterned.has(format)) return formats.has(format) ? { format } : {};
  return pattern === undefined ? {} : { pattern };
}

/** zod bounds every integer by what a double can hold; that is noise to a model. */
function numberRules(node: JsonSchema): JsonSchema {
  const present = numeric.filter(
    (key) => node[key] !== undefined && Math.abs(Number(node[key])) !== Number.MAX_SAFE_INTEGER,
  );
  return Object.fromEntries(present.map((key) => [key, node[key]]));
}

/** The schemas of which one must fit; `undefined` when there is only this one. */
export function membersOf(schema: JsonSchema): JsonSchema[] | undefined {
  const several = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(several)) return several;
  return Array.isArray(schema.type) ? schema.type.map((type) => ({ type })) : undefined;
}

export function propertiesOf(schema: JsonSchema): Record<string, JsonSchema> {
  return (schema.properties ?? {}) as Record<string, JsonSchema>;
}

export function requiredOf(schema: JsonSchema): string[] {
  return (schema.required ?? []) as string[];
}
