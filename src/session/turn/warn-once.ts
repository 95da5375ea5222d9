/** Warns of what would else be said anew in each turn: once in each isolate. */

const said = new Set<string>();

export function warnOnce(text: string): void {
  if (said.has(text)) return;
  said.add(text);
  console.warn(text);
}
