/** The input of a tool as fields of a form, from its JSON schema; and what was entered as the arguments of a call. Pure. */

export interface FormField {
  name: string;
  kind: "text" | "number" | "boolean" | "choice" | "json";
  description: string;
  isRequired: boolean;
  /** Of a choice. */
  options: readonly string[];
}

type InputSchema = Readonly<Record<string, unknown>>;

/** Strict schemas require every field, and let those be null that may be left out. */
export function formFields(schema: unknown): FormField[] {
  const { properties, required } = objectOf(schema);
  const needed = new Set(Array.isArray(required) ? required : []);
  return Object.entries(objectOf(properties)).map(([name, value]) => {
    const field = objectOf(value);
    const kinds = kindsOf(field);
    const options = optionsOf(field);
    return {
      name,
      kind: options.length > 0 ? "choice" : kindOf(kinds),
      description: typeof field.description === "string" ? field.description : "",
      isRequired: needed.has(name) && !kinds.includes("null"),
      options,
    };
  });
}

/** The arguments as JSON text, or a sentence on the field that is wrong. `values`: the text of each field; `true` and `false` of a yes or no. */
export function argumentsText(fields: readonly FormField[], values: Readonly<Record<string, string>>) {
  const found: Record<string, unknown> = {};
  for (const { name, kind, isRequired } of fields) {
    const text = values[name] ?? "";
    if (text.trim() === "" && kind !== "boolean") {
      if (isRequired && kind !== "text") return { fault: `${name} must be given.` };
      if (isRequired) found[name] = text;
      continue;
    }
    const value = valueOfText(kind, text);
    if (value === undefined) return { fault: `${name} must be ${kind === "number" ? "a number" : "JSON"}.` };
    found[name] = value;
  }
  return { text: JSON.stringify(found) };
}

function valueOfText(kind: FormField["kind"], text: string): unknown {
  if (kind === "boolean") return text === "true";
  if (kind === "number") return Number.isFinite(Number(text)) ? Number(text) : undefined;
  if (kind !== "json") return text;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function kindOf(kinds: readonly string[]): FormField["kind"] {
  const [first, ...others] = kinds.filter((kind) => kind !== "null");
  if (others.length > 0) return "json";
  if (first === "string") return "text";
  if (first === "number" || first === "integer") return "number";
  return first === "boolean" ? "boolean" : "json";
}

/** The types that a field may have, those of its alternatives too. */
function kindsOf(field: InputSchema): string[] {
  const { type, anyOf } = field;
  if (typeof type === "string") return [type];
  if (Array.isArray(type)) return type.map(String);
  return Array.isArray(anyOf) ? anyOf.flatMap((each) => kindsOf(objectOf(each))) : [];
}

function optionsOf(field: InputSchema): string[] {
  const { enum: listed, anyOf } = field;
  if (Array.isArray(listed)) return listed.every((each) => typeof each === "string") ? listed : [];
  const some = Array.isArray(anyOf) ? anyOf.map(objectOf).find((each) => Array.isArray(each.enum)) : undefined;
  return some === undefined ? [] : optionsOf(some);
}

function objectOf(value: unknown): InputSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as InputSchema) : {};
}
