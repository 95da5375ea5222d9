/** Reads text that may be JSON or not, as models, hosts and clients write it. */

/** The value, or `undefined` where the text is no JSON: no JSON text is `undefined`. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The object, or `undefined` where the text is no JSON, or no object. */
export function parsedObject(text: string): object | undefined {
  const value = parsed(text);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}
