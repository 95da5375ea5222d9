/** Puts an answer into the requested JSON. It knows nothing but the text, so a schema's fields get the text, the numbers in it, or the least that fits. Pure. */

/** The last paragraph of a message where that one requests JSON: where it begins, and the schema below it. */
function formIn(content: string): { at: number; schema: string } | undefined {
  const text = content.trimEnd();
  const at = text.lastIndexOf("\n\n");
  const [request = "", schema = "", ...more] = at < 0 ? [] : text.slice(at + 2).split("\n");
  const isForm = more.length === 0 && /\bJSON\b/.test(request) && (schema === "" || /^\{.*\}$/.test(schema));
  return isForm ? { at, schema } : undefined;
}

/** The message without its last paragraph, where that one requests JSON. */
export function withoutForm(content: string): string {
  return content.slice(0, formIn(content)?.at);
}

/** JSON text: as the schema at the end of `message` wants it, `{"answer": text}` without one. */
export function jsonAnswer(text: string, message: string): string {
  const schema = parsed(formIn(message)?.schema);
  if (schema === undefined) return JSON.stringify({ answer: text });
  const numbers = (text.match(/-?\d+(?:\.\d+)?/g) ?? []).map(Number);
  return JSON.stringify(filled(schema, { text, numbers }));
}

/** `undefined` where the text is no JSON. */
export function parsed(text = ""): Schema | undefined {
  try {
    return JSON.parse(text) as Schema;
  } catch {
    return undefined;
  }
}

type Schema = Record<string, unknown>;

/** A schema may ask for any number. */
const mostItems = 100;

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
      return Array.from({ length: Math.min(Number(schema.minItems ?? 1), mostItems) }, () =>
        filled((schema.items ?? {}) as Schema, matter),
      );
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
