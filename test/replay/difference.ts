/** Says where two recordings differ, in lines that a person reads: row, place in it, what it was and what it is. Pure. */

export interface Recorded {
  name: string;
  [part: string]: unknown;
}

const longestShown = 300;

/** Empty when they are equal. The order of rows counts for nothing, nor that of an object's members. */
export function differences(before: readonly Recorded[], after: readonly Recorded[]): string[] {
  const now = new Map(after.map((row) => [row.name, row]));
  const then = new Set(before.map(({ name }) => name));
  return [
    ...before.flatMap((row) => {
      const is = now.get(row.name);
      return is === undefined ? [`${row.name}: is not there any more`] : within(row, is, "").map(said(row.name));
    }),
    ...after.filter(({ name }) => !then.has(name)).map(({ name }) => `${name}: is new`),
  ];
}

interface Change {
  path: string;
  was: unknown;
  is: unknown;
}

function within(was: unknown, is: unknown, path: string): Change[] {
  if (Object.is(was, is)) return [];
  if (Array.isArray(was) !== Array.isArray(is) || !isObject(was) || !isObject(is)) return [{ path, was, is }];
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return names.flatMap((name) => within(was[name], is[name], path === "" ? name : `${path}.${name}`));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function said(row: string) {
  return ({ path, was, is }: Change) => {
    const from = firstDifference(was, is);
    return `${row}: ${path}\n    was ${shown(was, from)}\n    is  ${shown(is, from)}`;
  };
}

/** Of two long texts, where they begin to differ, a little before; else 0. */
function firstDifference(was: unknown, is: unknown): number {
  if (typeof was !== "string" || typeof is !== "string" || was.length <= longestShown) return 0;
  const at = [...was].findIndex((sign, place) => sign !== is[place]);
  return Math.max(0, (at < 0 ? was.length : at) - 60);
}

function shown(value: unknown, from: number): string {
  if (value === undefined) return "nothing";
  const text = from > 0 && typeof value === "string" ? `…${JSON.stringify(value.slice(from))}` : JSON.stringify(value);
  return text.length <= longestShown ? text : `${text.slice(0, longestShown)}… (${text.length} characters)`;
}
