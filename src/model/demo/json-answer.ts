/** Puts an answer into the JSON that was asked for. It knows nothing but the text, so a schema's fields get the text, the numbers in it, or the least that fits. Pure. */

/** Where the form of the answer stands in a message. */
const form = /\n\n[^\n]*\bJSON\b[^\n]*(?:\n(\{.*\}))?\s*$/;

/** The message without its last paragraph, where that one asks for JSON. */
export function withoutForm(content: string): string {
  return content.replace(form, "");
}

/** JSON text: as the schema at the end of `asked` wants it, `{"answer": text}` without one. */
export function jsonAnswer(text: string, asked: string): string {
  const schema = schemaIn(asked);
  if (schema === undefined) return JSON.stringify({ answer: text });
  const numbers = (text.match(/-?\d+(?:\.\d+)?/g) ?? []).map(Number);
  return JSON.stringify(filled(schema, { text, numbers }));
}

function schemaIn(asked: string): Schema | undefined {
  try {
    return JSON.parse(form.exec(asked)?.[1] ?? "") as Schema;
  } catch {
    return undefined;
  }
}

type Schema = Record<string, unknown>;

interface Matter {
  text: string;
  /** Taken one by one. */
  numbers: number[];
}

function filled(schema: Schema, matter: Matter): unknown {
  const { enum: choices, anyOf, type } = schema;
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(choices)) return choices[0];
  if (Array.isArray(anyOf)) return filled(anyOf[0] as Schema, matter);
  switch (Array.isArray(type) ? type[0] : type) {
    case "object":
      return filledObject(schema, matter);
    case "array":
      return Array.from({ length: Number(schema.minItems ?? 1) }, () => filled((schema.items ?? {}) as Schema, matter));
    case "integer":
      return Math.round(numberIn(schema, matter));
    case "number":
      return numberIn(schema, matter);
    case "boolean":
      return true;
    case "null":
      return null;
    default:
      return matter.text.slice(0, Number(schema.maxLength ?? Number.POSITIVE_INFINITY));
  }
}

function filledObject({ properties = {} }: Schema, matter: Matter): Schema {
  return Object.fromEntries(
    Object.entries(properties as Schema).map(([name, property]) => [name, filled(property as Schema, matter)]),
  );
}

function numberIn({ minimum, maximum }: Schema, { numbers }: Matter): number {
  const least = Number(minimum ?? Number.NEGATIVE_INFINITY);
  return Math.min(Math.max(numbers.shift() ?? 0, least), Number(maximum ?? Number.POSITIVE_INFINITY));
}
