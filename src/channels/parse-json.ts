/** JSON that a messenger signed: what it is not able to write is `undefined`, not a throw. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
