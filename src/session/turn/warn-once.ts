/** Prints a warning once in each isolate, and not in each turn. */

const printed = new Set<string>();

export function warnOnce(text: string): void {
  if (printed.has(text)) return;
  printed.add(text);
  console.warn(text);
}
